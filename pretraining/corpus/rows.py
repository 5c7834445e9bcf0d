"""Pages that list things of one kind (ingredients, sessions, reviews, results) and are asked for all of them.

Read from `words/rows.txt`: `[names of the list ; the page's domain ; headings]`, then slots as in `domains.txt`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from extraction.json import Json
from pretraining.corpus import ask, facts
from pretraining.corpus.asked import named, typed
from pretraining.corpus.domains import COMMON, DOMAINS, Slot, read
from pretraining.corpus.draft import Draft, value
from pretraining.corpus.layouts import BULLETS, JOINTS
from pretraining.corpus.noise import noise
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import product
from pretraining.corpus.steady import column
from pretraining.corpus.words import SHOPS

KINDS = tuple((key.split(" ; "), slots) for key, slots in read("rows.txt", COMMON).items())
APART = tuple(joint for joint in JOINTS if joint != ", ")  # values have commas of their own
FURNITURE = 0.25


@dataclass(slots=True)
class Listing:
    """Rows of values (None where a cell is empty) under the columns that the page shows."""

    draft: Draft
    heading: str
    slots: dict[str, Slot]
    columns: list[str]
    rows: list[dict[str, Any]]
    labels: dict[str, str]


def sample(r: Random) -> tuple[str, Json, Json, str]:
    """(text, schema, record, domain) of one page with a list."""
    listing, names = drawn(r)
    present = chance(r, 0.95)
    text = page(listing, present)
    schema, record = question(r, listing, pick(r, names), present)
    return text, schema, record, f"{names[0]}[]"


def drawn(r: Random) -> tuple[Listing, list[str]]:
    """A list under its page's own record, and what the list is called."""
    (names, domain, headings), slots = pick(r, KINDS)
    return _listing(r, _parent(r, domain), pick(r, headings.split("|")), slots), names.split()


def _parent(r: Random, domain: str) -> Draft:
    """The page's own record: its title and a few slots, so that the list is not all there is."""
    lang = pick(r, facts.LANGS)
    goods = product(r)
    goods.lang = lang if lang in SHOPS else "en"
    slots = DOMAINS[domain]
    names = [name for name in slots if not slots[name].many]
    stated = names[:1] + r.sample(names[1:], pick(r, (0, 0, 1, 2, 4)))
    return Draft(Page(r, goods), lang, domain, slots, {name: value(r, slots[name], lang) for name in stated}, [])


def _listing(r: Random, draft: Draft, heading: str, slots: dict[str, Slot]) -> Listing:
    names = list(slots)
    columns = names[:2] + [name for name in names[2:] if chance(r, 0.6)]
    if chance(r, 0.25):
        r.shuffle(columns)
    cells = {c: column(r, slots[c], draft.lang) for c in columns}
    rows: list[dict[str, Any]] = [{c: cells[c]() for c in columns} for _ in range(_count(r))]
    if chance(r, 0.2) and len(columns) > 2:
        for row in rows:
            row[columns[-1]] = None if chance(r, 0.4) else row[columns[-1]]
    labels = {c: slots[c].labels[0] if chance(r, 0.5) else pick(r, slots[c].labels) for c in columns}
    return Listing(draft, heading, slots, columns, rows, labels)


def _count(r: Random) -> int:
    return pick(r, (1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8))


def question(r: Random, listing: Listing, name: str, present: bool) -> tuple[Json, Json]:
    """The list with some of its columns (now and then one that the page lacks), alone or beside the page's fields."""
    lacking = [c for c in listing.slots if c not in listing.columns]
    shown = [c for c in listing.columns if chance(r, 0.8)] or listing.columns[:1]
    asked = shown + [c for c in lacking if chance(r, 0.15)]
    items: Json = {}
    records: list[Json] = [{} for _ in listing.rows]
    for asked_for in asked:
        field = named(r, listing.slots[asked_for])
        values = [row.get(asked_for) for row in listing.rows]
        if field in items:
            continue
        state = r.getstate()
        for record, text in zip(records, values, strict=True):
            r.setstate(state)  # one type for the whole column
            items[field], record[field] = typed(r, listing.slots[asked_for], text)
    array = {"type": ["array", "null"], "items": ask.schema_of(items)}
    properties: Json = {name: array}
    answer: Json = {name: records if present else None}
    for slot in listing.draft.slots if chance(r, 0.6) else ():
        wanted = chance(r, 0.7 if slot in listing.draft.values else 0.03)
        field = named(r, listing.draft.slots[slot])
        if wanted and field not in properties:
            properties[field], answer[field] = typed(r, listing.draft.slots[slot], listing.draft.values.get(slot))
    if chance(r, 0.6):
        keys = list(reversed(properties))
        properties, answer = {k: properties[k] for k in keys}, {k: answer[k] for k in keys}
    return ask.schema_of(properties), answer


def page(listing: Listing, present: bool, looks: tuple[str, ...] = ()) -> str:
    """The page's title and fields, the list in one of its looks (or of these), and furniture around them."""
    d = listing.draft
    m, r = d.page.m, d.page.r
    look = pick(r, looks) if looks else weighted(r, LOOKS)
    first, *rest = d.values
    body = [DRAWN[look](listing)] if present else [facts.paragraph(r, d.lang)]
    pairs = [(d.label(name), d.text_of(name)) for name in rest]
    if look in ("lines", "columns"):
        head = [pick(r, ("{}", "# {}", "{}\n")).format(d.text_of(first))] + [
            f"{label}: {value}" for label, value in pairs
        ]
        title = [pick(r, ("{}:", "{}", "## {}", "\n{}")).format(listing.heading)] if chance(r, 0.7) else []
        tail = [facts.sentence(r, d.lang)] if chance(r, FURNITURE) else []
        return "\n".join([*head, *title, *body, *tail])
    head = [m.leaf(pick(r, ("h1", "h1", "h2", "div")), "title", d.text_of(first))]
    head += [d.page.rows([(None, label, value) for label, value in pairs])] if pairs else []
    title = [m.leaf(pick(r, ("h2", "h3", "h2", "strong")), "label", listing.heading)] if chance(r, 0.7) else []
    parts = [*head, *title, *body] if chance(r, 0.85) else [*title, *body, *head]
    for _ in range(pick(r, (0, 0, 1, 2))):
        parts.insert(pick(r, (0, len(parts))), noise(d.page))
    return "\n".join(parts)


def _cells(listing: Listing, row: dict[str, Any]) -> list[str]:
    return [row[c] or "" for c in listing.columns]


def _table(listing: Listing) -> str:
    """A table with headings."""
    m, r = listing.draft.page.m, listing.draft.page.r
    head = m.el("tr", "", *[m.leaf("th", "", listing.labels[c]) for c in listing.columns])
    rows = [m.el("tr", "row", *[m.leaf("td", "", cell) for cell in _cells(listing, row)]) for row in listing.rows]
    if chance(r, 0.12):
        rows.append(
            m.el("tr", "row", *[m.leaf("td", "", cell) for cell in ("Total", *[""] * (len(listing.columns) - 1))])
        )
    if chance(r, 0.5):
        return m.el("table", "table", m.el("thead", "", head), m.el("tbody", "", *rows))
    return m.el("table", "table", *([head] if chance(r, 0.85) else []), *rows)


def _cards(listing: Listing) -> str:
    """A block for each row, its values in elements with telling classes, with labels or without."""
    m, r = listing.draft.page.m, listing.draft.page.r
    outer, inner = pick(r, (("div", "div"), ("li", "span"), ("article", "p"), ("div", "span"), ("tr", "td")))
    labelled = chance(r, 0.3)
    named = {c: pick(r, (c, pick(r, listing.slots[c].fields), f"{c} value")) for c in listing.columns}
    cards = []
    for row in listing.rows:
        cells = [
            m.leaf(inner, named[c], f"{listing.labels[c]}: {row[c]}" if labelled else row[c])
            for c in listing.columns
            if row[c]
        ]
        cards.append(m.el(outer, "card", *cells))
    return m.el("table" if outer == "tr" else pick(r, ("div", "section", "ul")), "list", *cards)


def _list(listing: Listing) -> str:
    """List items of joined values."""
    m, r = listing.draft.page.m, listing.draft.page.r
    joint = pick(r, (*APART, ": "))
    items = [m.leaf("li", "item", joint.join(cell for cell in _cells(listing, row) if cell)) for row in listing.rows]
    return m.el(pick(r, ("ul", "ul", "ol")), "list", *items)


def _dl(listing: Listing) -> str:
    """The first column as terms, the others as their descriptions."""
    m = listing.draft.page.m
    parts = []
    for row in listing.rows:
        first, *rest = _cells(listing, row)
        parts += [m.leaf("dt", "label", first), *[m.leaf("dd", "value", cell) for cell in rest if cell]]
    return m.el("dl", "list", *parts)


def _lines(listing: Listing) -> str:
    """Plain lines: one a row, or one a value with its label."""
    r = listing.draft.page.r
    bullet, joint = pick(r, BULLETS), pick(r, (*APART, "\t", " .... ", "  ", ": "))
    if chance(r, 0.35):
        blocks = [
            "\n".join(f"{bullet}{listing.labels[c]}: {row[c]}" for c in listing.columns if row[c])
            for row in listing.rows
        ]
        return pick(r, ("\n\n", "\n---\n", "\n\n")).join(blocks)
    numbered = chance(r, 0.15)
    lines = [joint.join(cell for cell in _cells(listing, row) if cell) for row in listing.rows]
    return "\n".join(f"{i}. {line}" if numbered else bullet + line for i, line in enumerate(lines, 1))


def _columns(listing: Listing) -> str:
    """Plain text in columns: Markdown, tabs, semicolons, or padded with spaces."""
    r = listing.draft.page.r
    table = [[listing.labels[c] for c in listing.columns], *[_cells(listing, row) for row in listing.rows]]
    style = r.randrange(4)
    if style == 0:
        rule = "|" + "---|" * len(listing.columns)
        lines = ["| " + " | ".join(cells) + " |" for cells in table]
        return "\n".join([lines[0], rule, *lines[1:]])
    if style == 3:
        widths = [max(len(cells[i]) for cells in table) for i in range(len(listing.columns))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip() for cells in table)
    return "\n".join(("\t", ";")[style - 1].join(cells) for cells in table)


DRAWN: dict[str, Callable[[Listing], str]] = {
    "table": _table, "cards": _cards, "list": _list, "dl": _dl, "lines": _lines, "columns": _columns,
}  # fmt: skip
LOOKS = {"table": 0.30, "cards": 0.27, "list": 0.09, "dl": 0.05, "lines": 0.18, "columns": 0.11}
