"""Pages of the other domains: a record drawn slot by slot, then laid out in one of many generic ways."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from trainer.base.corpus import ask, facts
from trainer.base.corpus.crumbs import menu
from trainer.base.corpus.domains import DOMAINS, Slot
from trainer.base.corpus.goods import product
from trainer.base.corpus.markup import collapse
from trainer.base.corpus.noise import noise
from trainer.base.corpus.page import Page
from trainer.base.corpus.pick import chance, pick, weighted
from trainer.base.corpus.words import SHOPS

Json = dict[str, Any]
NAMES = tuple(DOMAINS)
BULLETS = ("", "- ", "* ", "• ", "– ")


@dataclass(slots=True)
class Draft:
    """A record on its way to a page: `values` holds what the page states."""

    page: Page
    lang: str
    slots: dict[str, Slot]
    values: dict[str, Any]

    def label(self, slot: str) -> str:
        """A label of the slot; the language's own where it has one is left to chance, as on real pages."""
        labels = self.slots[slot].labels
        return labels[0] if chance(self.page.r, 0.4) else pick(self.page.r, labels)


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one record."""
    domain = pick(r, NAMES)
    slots = DOMAINS[domain]
    goods = product(r)
    page = Page(r, goods)
    lang = pick(r, facts.LANGS)
    goods.lang = lang if lang in SHOPS else "en"
    names = list(slots)
    stated = names[:1] + r.sample(names[1:], r.randint(min(3, len(names) - 1), len(names) - 1))
    values: Json = {name: _value(r, slots[name], lang) for name in stated}
    draft = Draft(page, lang, slots, values)
    text = LAYOUTS[weighted(r, SHARES)](draft)
    schema, record = question(r, slots, values)
    return text, schema, record, domain


def _value(r: Random, slot: Slot, lang: str) -> Any:
    if slot.many:
        return list(dict.fromkeys(collapse(slot.make(r, lang)) for _ in range(pick(r, (1, 2, 3, 3, 4, 6)))))
    return collapse(slot.make(r, lang))


def question(r: Random, slots: dict[str, Slot], values: Json) -> tuple[Json, Json]:
    """1 to 12 fields about the record, some of them absent from it."""
    absent = [name for name in slots if name not in values]
    keys = r.sample(list(values), r.randint(1, len(values))) + r.sample(
        absent, min(len(absent), pick(r, (0, 0, 1, 1, 2, 3)))
    )
    if chance(r, 0.6):
        r.shuffle(keys)
    properties: Json = {}
    record: Json = {}
    for key in keys[:12]:
        slot = slots[key]
        field = slot.fields[0] if chance(r, 0.3) else pick(r, slot.fields)
        field = _cased(r, field)
        if field not in properties:
            properties[field], record[field] = _typed(r, slot, values.get(key))
    if len(properties) > 3 and chance(r, 0.12):
        return _nested(r, properties, record)
    return ask.schema_of(properties), record


def _cased(r: Random, field: str) -> str:
    """snake_case, camelCase, now and then Title case or with a space."""
    kind = r.randrange(20)
    if kind < 3 and "_" in field:
        head, *rest = field.split("_")
        return head + "".join(part.capitalize() for part in rest)
    if kind == 3:
        return field.replace("_", " ").capitalize()
    return field.upper() if kind == 4 and chance(r, 0.3) else field


def _typed(r: Random, slot: Slot, value: Any) -> tuple[Json, Any]:
    if slot.many:
        return {"type": ["array", "null"], "items": {"type": "string"}}, value
    if slot.number and chance(r, 0.35):
        kind = "integer" if value is None or value.isdigit() else "number"
        return {"type": [kind, "null"]}, None if value is None else int(value) if value.isdigit() else float(value)
    return ask.TEXT, value


def _nested(r: Random, properties: Json, record: Json) -> tuple[Json, Json]:
    """Some of the fields moved into an object of their own."""
    inner = r.sample(list(properties), r.randint(2, 3))
    name = pick(r, ("details", "info", "data", "meta", "contact", "properties", "item"))
    if name in properties:
        return ask.schema_of(properties), record
    part = {key: properties.pop(key) for key in inner}
    properties[name] = {**ask.schema_of(part), "type": ["object", "null"]}
    values = {key: record.pop(key) for key in inner}
    record[name] = None if all(value is None for value in values.values()) else values
    return ask.schema_of(properties), record


def _show(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _split(d: Draft) -> tuple[str, list[str], list[str]]:
    """(title slot, slots that stand beside it without a label, slots with labels)."""
    first, *rest = d.values
    d.page.r.shuffle(rest)
    beside = [name for name in rest if d.slots[name].plain and chance(d.page.r, 0.6)]
    return first, beside, [name for name in rest if name not in beside]


def _head(d: Draft, first: str, beside: list[str]) -> list[str]:
    m, r = d.page.m, d.page.r
    parts = [m.leaf(pick(r, ("h1", "h1", "h2", "h3", "div", "a", "strong")), "title", d.values[first])]
    for name in beside:
        leaf = m.leaf(
            pick(r, ("div", "span", "p", "a", "h2", "h3", "small", "em")),
            pick(r, (name, f"{name} value", "note", "label")),
            _show(d.values[name]),
        )
        parts.insert(0 if chance(r, 0.2) else len(parts), leaf)
    return parts


def _list(d: Draft, name: str) -> str:
    """A list of values under its label."""
    m, r = d.page.m, d.page.r
    values = d.values[name]
    label = m.leaf(pick(r, ("h2", "h3", "h4", "strong", "p", "span")), "label", d.label(name))
    tag = pick(r, ("ul", "ul", "ol", "div"))
    return m.join(
        [
            label,
            m.el(
                tag,
                f"{name} list",
                *[m.leaf("li" if tag != "div" else pick(r, ("span", "a", "p")), f"{name} item", v) for v in values],
            ),
        ]
    )


def _body(d: Draft, names: list[str]) -> list[str]:
    """Labelled values as rows; lists in lists of their own."""
    lists = [name for name in names if isinstance(d.values[name], list) and chance(d.page.r, 0.7)]
    rows = [name for name in names if name not in lists]
    cut = d.page.r.randint(0, len(rows))
    parts = [
        d.page.rows([(None, d.label(n), _show(d.values[n])) for n in part], d.page.look if i == 0 else "")
        for i, part in enumerate((rows[:cut], rows[cut:]))
        if part
    ]
    return parts + [_list(d, name) for name in lists]


def _page(d: Draft) -> str:
    """Title, what stands beside it, rows of labels and values, furniture."""
    page, r = d.page, d.page.r
    first, beside, rest = _split(d)
    parts = [
        page.m.wrap(page.m.el("div", "product", *_head(d, first, beside)), "product", r.randint(0, 1)),
        *_body(d, rest),
    ]
    for _ in range(pick(r, (0, 0, 1, 2, 5))):
        parts.insert(r.randint(0, len(parts)), noise(page) if chance(r, 0.85) else menu(page))
    html = "\n".join(parts)
    return page.m.wrap(html, "wrapper", r.randint(1, 2)) if chance(r, 0.4) else html


def _table(d: Draft) -> str:
    """Everything in one table or list, the title included."""
    names = list(d.values)
    if chance(d.page.r, 0.5):
        d.page.r.shuffle(names)
    return d.page.rows([(None, d.label(name), _show(d.values[name])) for name in names])


def _roles(d: Draft) -> str:
    """No labels: each value in an element whose class or property says what it is."""
    m, r = d.page.m, d.page.r
    by = pick(r, ("itemprop", "data-field", "class", "class", "id"))
    tag = pick(r, ("div", "span", "p", "li"))
    parts = []
    for name in d.values:
        field = pick(r, d.slots[name].fields)
        for value in d.values[name] if isinstance(d.values[name], list) else [d.values[name]]:
            inner = m.text(value)
            parts.append(
                f'<meta {by}="{field}" content="{inner}">'
                if chance(r, 0.06) and '"' not in inner
                else f'<{tag} {by}="{field}">{inner}</{tag}>'
            )
    return m.el("div", "card", *parts)


def _grid(d: Draft) -> str:
    """A table with a row of headings and a row of values; now and then rows of others after it."""
    m, r = d.page.m, d.page.r
    names = list(d.values)
    head = m.el("tr", "", *[m.leaf("th", "", d.label(name)) for name in names])
    rows = [m.el("tr", "row", *[m.leaf("td", "", _show(d.values[name])) for name in names])]
    return (
        m.el("table", "table", m.el("thead", "", head), m.el("tbody", "", *rows))
        if chance(r, 0.6)
        else m.el("table", "table", head, *rows)
    )


def _lines(d: Draft) -> str:
    """Plain text: a title, then a line each."""
    r = d.page.r
    first, beside, rest = _split(d)
    bullet, colon = pick(r, BULLETS), pick(r, (": ", ": ", " : ", " - ", "\t", " = ", ":\n"))
    lines = [d.values[first], *[_show(d.values[name]) for name in beside]]
    if chance(r, 0.3):
        lines[0] = f"# {lines[0]}" if chance(r, 0.5) else f"{d.label(first)}{colon}{lines[0]}"
    lines += [""] if chance(r, 0.4) else []
    for name in rest:
        value = d.values[name]
        if isinstance(value, list) and chance(r, 0.6):
            lines += [d.label(name) + ":", *[f"{bullet or '- '}{v}" for v in value]]
        else:
            lines.append(f"{bullet}{d.label(name)}{colon}{_show(value)}")
    if chance(r, 0.2):
        lines.append(facts.sentence(r, d.lang))
    return "\n".join(lines)


def _prose(d: Draft) -> str:
    """Running text: labels and values in sentences, with other sentences between."""
    m, r = d.page.m, d.page.r
    first, beside, rest = _split(d)
    said = [f"{d.values[first]}{pick(r, ('.', ' –', ',', ' |', ''))}"]
    for name in [*beside, *rest]:
        value, label = _show(d.values[name]), d.label(name)
        said.append(
            pick(
                r,
                ("{l}: {v}.", "{l} {v}.", "The {f} is {v}.", "{l} – {v}.", "Its {f}: {v};", "({l}: {v})", "{l} = {v},"),
            ).format(l=label, f=d.slots[name].fields[0].replace("_", " "), v=value)
        )
        if chance(r, 0.15):
            said.append(facts.sentence(r, d.lang))
    text = " ".join(said)
    return text if chance(r, 0.5) else m.wrap(m.leaf("p", "description", text), "description", r.randint(0, 2))


LAYOUTS: dict[str, Callable[[Draft], str]] = {
    "page": _page,
    "table": _table,
    "roles": _roles,
    "grid": _grid,
    "lines": _lines,
    "prose": _prose,
}
SHARES = {"page": 0.48, "table": 0.10, "roles": 0.12, "grid": 0.05, "lines": 0.15, "prose": 0.10}
