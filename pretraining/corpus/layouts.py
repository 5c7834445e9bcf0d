"""How a record stands on its page: rows, tables, elements with telling names, plain lines, sentences, linked data."""

import json
from collections.abc import Callable
from typing import Any

from pretraining.corpus import facts
from pretraining.corpus.crumbs import menu
from pretraining.corpus.domains import HELD_OUT
from pretraining.corpus.draft import Draft
from pretraining.corpus.noise import noise
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import LISTS

BULLETS = ("", "", "- ", "* ", "• ", "– ", "> ")
JOINTS = (" | ", " | ", " · ", " • ", " / ", " — ", ", ", " - ")
HEADS = ("h1", "h1", "h1", "h2", "h3", "div", "a", "strong")
RARE_HEADS = ("p", "span", "b", "legend", "summary", "h4", "figcaption", "em")
SAID = LISTS["said"]
BEFORE = LISTS["before"]
TYPES = LISTS["types"]


def beside_title(d: Draft, first: str, beside: list[str]) -> list[str]:
    """The title, and beside it values without labels: one element each, or one line of them all."""
    m, r = d.page.m, d.page.r
    tags = HEADS if d.domain in HELD_OUT else (*HEADS, *RARE_HEADS)
    parts = [m.leaf(pick(r, tags), "title", d.values[first])]
    if len(beside) > 1 and chance(r, 0.4):
        return [*parts, _byline(d, beside)]
    for name in beside:
        tag = pick(r, ("div", "span", "p", "a", "h2", "h3", "small", "em", "time", "address"))
        leaf = m.leaf(tag, pick(r, (name, f"{name} value", "note", "label")), _introduced(d, name))
        parts.insert(0 if chance(r, 0.2) else len(parts), leaf)
    return parts


def _introduced(d: Draft, name: str) -> str:
    """By Anna Reed"""
    value, r = d.text_of(name), d.page.r
    if name not in BEFORE or chance(r, 0.5):
        return value
    word = pick(r, BEFORE[name])
    return f"{word}{value}" + (")" if word == "(" else "")


def _byline(d: Draft, names: list[str]) -> str:
    """By Anna Reed | 12 May 2024 | 5 min read"""
    m, r = d.page.m, d.page.r
    texts = [_introduced(d, name) for name in names]
    if chance(r, 0.4):
        more = (f"{r.randint(1, 20)} min read", f"{r.randint(0, 90)} comments", "Share", f"{r.randint(2, 999)} views")
        texts.insert(r.randint(0, len(texts)), pick(r, more))
    if chance(r, 0.6):
        return m.leaf(pick(r, ("p", "div", "span", "small")), "note", pick(r, JOINTS).join(texts))
    return m.el("div", "note", *[m.leaf(pick(r, ("span", "time", "a")), "note value", text) for text in texts])


def _list(d: Draft, name: str) -> str:
    """A list of values under its label."""
    m, r = d.page.m, d.page.r
    label = m.leaf(pick(r, ("h2", "h3", "h4", "strong", "p", "span")), "label", d.label(name))
    tag = pick(r, ("ul", "ul", "ol", "div"))
    item = "li" if tag != "div" else pick(r, ("span", "a", "p"))
    return m.join([label, m.el(tag, f"{name} list", *[m.leaf(item, f"{name} item", v) for v in d.values[name]])])


def _body(d: Draft, names: list[str]) -> list[str]:
    """Labelled values as rows; lists in lists of their own, long texts in paragraphs."""
    m, r = d.page.m, d.page.r
    lists = [name for name in names if isinstance(d.values[name], list) and chance(r, 0.7)]
    long = [n for n in names if n not in lists and len(d.text_of(n)) > 80 and chance(r, 0.6)]
    pairs = d.pairs([name for name in names if name not in lists and name not in long])
    cut = r.randint(0, len(pairs))
    looks = (d.page.look, "")
    parts = [
        d.page.rows([(None, label, value) for label, value in part], look)
        for part, look in zip((pairs[:cut], pairs[cut:]), looks, strict=True)
        if part
    ]
    for name in long:
        heading = [m.leaf(pick(r, ("h2", "h3", "strong")), "label", d.label(name))] if chance(r, 0.7) else []
        parts.append(m.join([*heading, m.leaf(pick(r, ("p", "div")), f"{name} description", d.text_of(name))]))
    return parts + [_list(d, name) for name in lists]


def page(d: Draft) -> str:
    """Title, what stands beside it, rows of labels and values, furniture."""
    r = d.page.r
    first, beside, rest = d.split()
    top = d.page.m.el("div", "product", *beside_title(d, first, beside))
    parts = [d.page.m.wrap(top, "product", r.randint(0, 1)), *_body(d, rest)]
    for _ in range(pick(r, (0, 0, 1, 2, 5))):
        parts.insert(r.randint(0, len(parts)), noise(d.page) if chance(r, 0.85) else menu(d.page))
    html = "\n".join(parts)
    return d.page.m.wrap(html, "wrapper", r.randint(1, 2)) if chance(r, 0.4) else html


def table(d: Draft) -> str:
    """Everything in one table or list, the title included."""
    names = list(d.values)
    if chance(d.page.r, 0.5):
        d.page.r.shuffle(names)
    return d.page.rows([(None, label, value) for label, value in d.pairs(names)])


def roles(d: Draft) -> str:
    """No labels: each value in an element whose class or property says what it is."""
    m, r = d.page.m, d.page.r
    by = pick(r, ("itemprop", "itemprop", "data-field", "class", "class", "id", "property"))
    tag = pick(r, ("div", "span", "p", "li", "dd"))
    parts = []
    for name in d.values:
        field = pick(r, d.slots[name].fields)
        for value in d.values[name] if isinstance(d.values[name], list) else [d.values[name]]:
            if chance(r, 0.06):
                parts.append(f'<meta {by}="{field}" content="{_attribute(m.text(value))}">')
            else:
                parts.append(f'<{tag} {by}="{field}">{m.text(value)}</{tag}>')
    if by != "itemprop":
        return m.el("div", "card", *parts)
    kind = TYPES.get(d.domain, ("Thing",))[0]
    return f'<div itemscope itemtype="https://schema.org/{kind}">{m.nl}{m.nl.join(parts)}{m.nl}</div>'


def grid(d: Draft) -> str:
    """A table with a row of headings and a row of values."""
    m, r = d.page.m, d.page.r
    names = list(d.values)
    head = m.el("tr", "", *[m.leaf("th", "", d.label(name)) for name in names])
    row = m.el("tr", "row", *[m.leaf("td", "", d.text_of(name)) for name in names])
    if chance(r, 0.6):
        return m.el("table", "table", m.el("thead", "", head), m.el("tbody", "", row))
    return m.el("table", "table", head, row)


def lines(d: Draft) -> str:
    """Plain text: a title, then a line each; bullets, dotted leaders, Markdown."""
    r = d.page.r
    first, beside, rest = d.split()
    bullet, colon = pick(r, BULLETS), pick(r, (": ", ": ", ": ", " : ", " - ", "\t", " = ", ":\n", " .... ", ":"))
    if chance(r, 0.12):
        bullet, colon = pick(r, (("| ", " | "), ("**", ":** "), ("- **", "**: "), ("", ":   ")))
    if len(beside) > 1 and chance(r, 0.4):
        out = [d.values[first], pick(r, JOINTS).join(_introduced(d, name) for name in beside)]
    else:
        out = [d.values[first], *[_introduced(d, name) for name in beside]]
    if chance(r, 0.3):
        out[0] = f"# {out[0]}" if chance(r, 0.5) else f"{d.label(first)}{colon}{out[0]}"
    out += [pick(r, ("", "=" * 20, "---", ""))] if chance(r, 0.4) else []
    lists = [name for name in rest if isinstance(d.values[name], list) and chance(r, 0.6)]
    out += [f"{bullet}{label}{colon}{value}".rstrip() for label, value in d.pairs([n for n in rest if n not in lists])]
    for name in lists:
        out += [d.label(name) + ":", *[f"{bullet or '- '}{v}" for v in d.values[name]]]
    if chance(r, 0.2):
        out.append(facts.sentence(r, d.lang))
    return "\n".join(out)


def prose(d: Draft) -> str:
    """Running text: values in sentences, with other sentences between."""
    m, r = d.page.m, d.page.r
    first, *rest = d.values
    r.shuffle(rest)
    english = d.lang == "en" or chance(r, 0.5)
    sentences = [f"{d.values[first]}{pick(r, ('.', ' –', ',', ' |', '', ':'))}"]
    for name in rest:
        sentences.append(_sentence(d, name, english))
        if chance(r, 0.15):
            sentences.append(facts.sentence(r, d.lang))
    text = " ".join(sentences)
    if chance(r, 0.5):
        return text
    cut = r.randint(1, len(sentences))
    halves = [" ".join(part) for part in (sentences[:cut], sentences[cut:]) if part]
    return m.wrap("\n".join(m.leaf("p", "description", half) for half in halves), "description", r.randint(0, 2))


def _sentence(d: Draft, name: str, english: bool) -> str:
    r, value = d.page.r, d.text_of(name)
    if english and name in SAID and chance(r, 0.7):
        text = pick(r, SAID[name]).replace("{v}", value)
        return (
            text[:1].upper() + text[1:] + "."
            if chance(r, 0.45) and not text.startswith(value)
            else text + pick(r, (",", ".", ";"))
        )
    shapes = ("{l}: {v}.", "{l} {v}.", "The {f} is {v}.", "{l} – {v}.", "Its {f}: {v};", "({l}: {v})", "{l} = {v},")
    field = d.slots[name].fields[0].replace("_", " ")
    return pick(r, shapes).format(l=d.label(name), f=field, v=value)


def data(d: Draft) -> str:
    """Linked data and meta elements that say most of it; the title alone, and little else, is visible."""
    m, r = d.page.m, d.page.r
    first, *rest = d.values
    metas = [f"<title>{m.text(d.values[first])}{pick(r, ('', ' | ', ' - '))}</title>"]
    linked = chance(r, 0.75)
    named = [name for name in rest if not linked or chance(r, 0.15)]
    for name in named:
        key = pick(r, ("", "", "og:", "article:")) + _camel(pick(r, d.slots[name].fields))
        by = pick(r, ("name", "property", "name"))
        metas.append(f'<meta {by}="{key}" content="{_attribute(m.text(d.text_of(name)))}">')
    if linked:
        graph = _linked(d, [name for name in d.values if name not in named])
        indent = pick(r, (None, None, 1, 2))
        metas.append(
            f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False, indent=indent)}</script>'
        )
    if chance(r, 0.5):
        r.shuffle(metas)
    shown = [m.leaf(pick(r, ("h1", "h1", "h2", "div")), "title", d.values[first])]
    shown += [noise(d.page) for _ in range(pick(r, (0, 1, 2)))]
    if chance(r, 0.5):
        return "\n".join([*metas, *shown])
    return "\n".join(["<!DOCTYPE html>\n<html>\n<head>", *metas, "</head>\n<body>", *shown, "</body>\n</html>"])


def _linked(d: Draft, names: list[str]) -> dict[str, Any]:
    r = d.page.r
    graph: dict[str, Any] = {"@context": "https://schema.org", "@type": TYPES.get(d.domain, ("Thing",))[0]}
    for name in names:
        value = d.values[name]
        if name in ("author", "company", "organizer", "venue", "publisher", "artist", "director") and chance(r, 0.5):
            value = {"@type": pick(r, ("Person", "Organization", "Thing")), "name": value}
        graph[_camel(pick(r, d.slots[name].fields))] = value
    return graph


def _camel(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _attribute(text: str) -> str:
    return text.replace('"', "&quot;")


LAYOUTS: dict[str, Callable[[Draft], str]] = {
    "page": page, "table": table, "roles": roles, "grid": grid, "lines": lines, "prose": prose, "data": data,
}  # fmt: skip
SHARES = {"page": 0.40, "table": 0.08, "roles": 0.11, "grid": 0.04, "lines": 0.17, "prose": 0.13, "data": 0.07}
