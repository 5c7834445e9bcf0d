"""What stands around a record and is not it: other records of its kind, dates and people of the page itself, a head."""

from pretraining.corpus import facts
from pretraining.corpus.domains import Slot
from pretraining.corpus.draft import Draft, value
from pretraining.corpus.layouts import JOINTS
from pretraining.corpus.markup import collapse
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import LISTS

PLAIN = ("lines", "prose")
STRAY = LISTS["stray"]
MAKERS = {
    "date": facts.date,
    "person": facts.person,
    "company": facts.company,
    "cash": facts.cash,
    "code": facts.code,
    "year": facts.number(1998, 2026),
    "count": facts.number(9, 90000),
}


def surround(d: Draft, text: str, layout: str) -> str:
    """The record's text with what its page has before and after it."""
    r = d.page.r
    marked = text.lstrip().startswith("<")
    parts = [text]
    if chance(r, 0.22) and (marked or layout in PLAIN):
        before = marked and layout in ("page", "roles", "data") and chance(r, 0.25)
        parts.insert(0 if before else 1, others(d, marked))
    for _ in range(pick(r, (0, 0, 0, 0, 1, 1, 2))):
        parts.insert(r.choice((0, len(parts), len(parts))), stray(d, marked))
    if marked and layout == "page" and chance(r, 0.15):
        parts.insert(
            0, f"<title>{d.page.m.text(d.text_of(next(iter(d.values))))} | {d.page.m.text(d.page.product.shop)}</title>"
        )
    return "\n".join(parts)


def others(d: Draft, marked: bool) -> str:
    """1 to 5 other records of the domain under a heading, each with a few of its values."""
    m, r = d.page.m, d.page.r
    names = list(d.slots)
    shown = r.sample(names[1:], min(len(names) - 1, r.randint(0, 3)))
    shown = [name for name in shown if not d.slots[name].many]
    records = [[_value_text(d, d.slots[name]) for name in (names[0], *shown)] for _ in range(r.randint(1, 5))]
    heading = pick(r, STRAY["headings"]).format(d.domain)
    if not marked:
        joint = pick(r, JOINTS)
        return "\n".join(
            ["", heading + pick(r, (":", "")), *[pick(r, ("- ", "* ", "")) + joint.join(rec) for rec in records]]
        )
    tag, head = pick(r, ("a", "h3", "h4", "strong", "div")), pick(r, ("h2", "h3", "div", "h4"))
    cards = []
    for title, *rest in records:
        values = [
            m.leaf(pick(r, ("span", "p", "div")), f"card {name}", text) for name, text in zip(shown, rest, strict=True)
        ]
        cards.append(m.el(pick(r, ("li", "div", "article")), "card", m.leaf(tag, "card title", title), *values))
    return m.el(pick(r, ("aside", "section", "div", "ul")), "related", m.leaf(head, "related title", heading), *cards)


def stray(d: Draft, marked: bool) -> str:
    """A date, person, firm or sum that belongs to the page, not to the record."""
    r = d.page.r
    kind = pick(r, tuple(MAKERS))
    text = pick(r, STRAY[kind]).format(collapse(MAKERS[kind](r, d.lang)))
    return d.page.m.leaf(pick(r, ("p", "div", "footer", "small", "span")), "note", text) if marked else text


def _value_text(d: Draft, slot: Slot) -> str:
    found = value(d.page.r, slot, d.lang)
    return ", ".join(found) if isinstance(found, list) else str(found)
