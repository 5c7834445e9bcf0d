"""A price among others that a reader tells apart only by their words or their order: bids, tiers, instalments, plans.

The gold stays the current price; of an old one that nothing marks, the lower is current.
"""

import re
from collections.abc import Callable

from pretraining.corpus.markup import plain
from pretraining.corpus.money import Money, amount, money
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import LANGUAGES
from pretraining.corpus.words import words

KINDS = {
    "alike": 0.09, "variants": 0.10, "instalments": 0.10, "taxes": 0.11, "plans": 0.07, "member": 0.08,
    "delivered": 0.06, "tiers": 0.06, "foreign": 0.05, "lowest": 0.05, "bids": 0.05, "cashback": 0.03,
    "coupon": 0.05, "unit": 0.04, "bundle": 0.02, "conditions": 0.05,
}  # fmt: skip
# The price may have a label of its own beside theirs.
LABELLED = ("member", "delivered", "lowest", "taxes", "coupon", "bundle")
TEXT = re.compile(r">([^<]+)<")

Line = tuple[str, int]  # label (may be empty), amount in hundredths


def block(page: Page, current: str, amount_markup: str) -> str:
    """The product's price (`current` is its markup) among other amounts; `amount_markup` is what its number reads."""
    r, m = page.r, page.m
    kind = weighted(r, KINDS)
    if kind == "alike":
        parts = _alike(page, current, amount_markup)
    elif kind == "conditions":
        parts = _conditions(page, amount_markup)
    elif kind == "foreign":
        parts = [current, _foreign(page)]
    else:
        parts = _among(page, kind, current, amount_markup)
    tag = pick(r, ("div", "div", "section", "ul", "td", "form"))
    return m.wrap(m.el(tag, "product price", *parts), "price", pick(r, (0, 0, 1, 2)))


def others(page: Page, kind: str) -> list[Line]:
    """The other amounts of a kind with their labels; none is the price."""
    return [(label, cents) for label, cents in OTHERS[kind](page) if cents != page.product.cents]


def _word(page: Page, key: str) -> str:
    return pick(page.r, words(page.product.lang, key))


def _about(page: Page, low: float, high: float) -> int:
    """An amount between these shares of the price."""
    return _round(page, page.product.cents * (low + page.r.random() * (high - low)))


def _bids(page: Page) -> list[Line]:
    return [(_word(page, "bidding"), _about(page, 0.1, 1.8)) for _ in range(page.r.randint(1, 4))]


def _tiers(page: Page) -> list[Line]:
    counts = sorted(page.r.sample((2, 3, 5, 6, 10, 12, 20, 25, 50, 100, 500), page.r.randint(1, 4)))
    cheaper = [_about(page, 0.9 - 0.1 * i, 0.96 - 0.1 * i) for i in range(len(counts))]
    return [(_word(page, "tier").format(n), cents) for n, cents in zip(counts, cheaper, strict=True)]


def _instalments(page: Page) -> list[Line]:
    lines = []
    for _ in range(pick(page.r, (1, 1, 2))):
        n = pick(page.r, (2, 3, 4, 6, 10, 12, 24, 36))
        form = pick(page.r, ("{n} x", "{n}×", "{m} ({n})", "{m}", "{n} x / {m}"))
        lines.append((form.format(n=n, m=_word(page, "month")), _round(page, page.product.cents / n)))
    return lines


def _plans(page: Page) -> list[Line]:
    kinds = [_word(page, "service" if chance(page.r, 0.6) else "warranty") for _ in range(page.r.randint(1, 4))]
    return [(kind, _about(page, 0.03, 0.6)) for kind in kinds]


def _variants(page: Page) -> list[Line]:
    sizes = ("S", "M", "L", "XL", "250 ml", "500 ml", "1 l", "2 kg", "64 GB", "128 GB")
    names = dict.fromkeys((*words(page.product.lang, "colours"), *sizes))
    return [(name, _about(page, 0.4, 2.5)) for name in page.r.sample(list(names), page.r.randint(2, 5))]


def _taxes(page: Page) -> list[Line]:
    rate = pick(page.r, (1.07, 1.1, 1.19, 1.2, 1.21, 1.23, 1.25))
    return [(_word(page, "novat"), _round(page, page.product.cents / rate))]


def _member(page: Page) -> list[Line]:
    return [(_word(page, "member"), _about(page, 0.7, 0.95)) for _ in range(pick(page.r, (1, 1, 2)))]


def _delivered(page: Page) -> list[Line]:
    fee = _round(page, amount(page.r, page.product.money, 2, 30))
    lines = [(_word(page, "shipping"), fee), (_word(page, "delivered"), page.product.cents + fee)]
    return lines[page.r.randrange(2) :]


def _lowest(page: Page) -> list[Line]:
    return [(_word(page, "lowest"), _about(page, 0.8, 1.2))]


def _coupon(page: Page) -> list[Line]:
    return [(_word(page, "coupon"), _about(page, 0.6, 0.97)) for _ in range(pick(page.r, (1, 1, 2)))]


def _unit(page: Page) -> list[Line]:
    return [(_word(page, "unit"), _about(page, 0.02, 9)) for _ in range(pick(page.r, (1, 1, 2)))]


def _bundle(page: Page) -> list[Line]:
    return [(_word(page, "bundle"), _about(page, 1.2, 4)) for _ in range(pick(page.r, (1, 2)))]


def _cashback(page: Page) -> list[Line]:
    return [(_word(page, "cashback"), _about(page, 0.01, 0.1))]


OTHERS: dict[str, Callable[[Page], list[Line]]] = {
    "bids": _bids, "tiers": _tiers, "instalments": _instalments, "plans": _plans, "variants": _variants,
    "taxes": _taxes, "member": _member, "delivered": _delivered, "lowest": _lowest, "cashback": _cashback,
    "coupon": _coupon, "unit": _unit, "bundle": _bundle,
}  # fmt: skip


def twin(html: str, m: Money, old: int, new: int) -> str | None:
    """Markup of an amount, made to read another in the same elements; None if that is not possible."""
    whole, _, fraction = m.number(old).rpartition(m.point)
    other_whole, _, other_fraction = m.number(new).rpartition(m.point)
    if any(m.number(old) in text.replace("&nbsp;", "\u00a0") for text in TEXT.findall(f">{html}<")):
        old_texts, new_texts = [m.number(old)], [m.number(new)]
    elif whole and other_whole and m.places:
        old_texts, new_texts = [whole, fraction], [other_whole, other_fraction]
    else:
        return None
    pieces = list(zip(old_texts, new_texts, strict=True))

    def changed(match: re.Match[str]) -> str:
        text = match[1].replace("&nbsp;", "\u00a0")
        if pieces and pieces[0][0] in text:
            text = text.replace(*pieces.pop(0), 1)
        return f">{text}<".replace("\u00a0", "&nbsp;")

    drawn = TEXT.sub(changed, f">{html}<")[1:-1]
    return drawn if not pieces and _digits(drawn) == _digits(m.number(new)) else None


def _digits(text: str) -> str:
    return "".join(c for c in plain(text) if c.isdigit())


def _round(page: Page, cents: float) -> int:
    """An amount as the shop writes them, one unit at least."""
    step = 100 if page.product.money.places == 0 or page.product.money.whole else 1
    return max(step, int(cents) // step * step)


def _alike(page: Page, current: str, amount_markup: str) -> list[str]:
    """An old price that looks as the current one does: in the same elements, at most with words that few see."""
    r, m, p = page.r, page.m, page.product
    old = p.old or _round(page, p.cents * (1.05 + r.random()))
    if old <= p.cents:
        old = p.cents + 100
    role = pick(r, ("price", "price current", "price value", "price wrapper"))
    html = twin(amount_markup, p.money, p.cents, old) or m.text(p.money.show(old))
    page.show("old_price", plain(p.money.show(old)))
    tag = pick(r, ("span", "div", "p", "del", "s", "span", "h4", "h3", "h2", "h5"))
    if tag.startswith("h"):  # a heading of its own before the price, unmarked
        return [m.el(tag, role, html), current]
    if chance(r, 0.45):
        label = m.leaf("span", "hidden", pick(r, words(p.lang, "reduced")))
        end = m.leaf("span", "hidden", pick(r, words(p.lang, "reducedto")))
        return [m.el(tag, role, label, html, end if chance(r, 0.5) else ""), current]
    return pick(r, ([m.el(tag, role, html), current], [current, m.el(tag, role, html)]))


def _foreign(page: Page) -> str:
    """The same in another currency, which stands after the shop's own."""
    r, m, p = page.r, page.m, page.product
    other = money(r, pick(r, LANGUAGES))
    if other.mark == p.money.mark:
        other = money(r, "pl" if p.lang != "pl" else "en")
    shown = m.text(other.show(amount(r, other, 1.5, 900)))
    forms = ("({})", "/ {}", "≈ {}", "{}", "ca. {}", "| {}")
    return m.el(pick(r, ("span", "small", "div")), pick(r, ("price note", "price")), pick(r, forms).format(shown))


def _conditions(page: Page, amount_markup: str) -> list[str]:
    """New, used, digital: a cell each, some empty. The price is the new one's, or that of the only one to be had."""
    r, m, p = page.r, page.m, page.product
    new, *rest = words(p.lang, "conditions")
    rows = [(new, amount_markup)]
    if chance(r, 0.15):
        rows = [(new, ""), (pick(r, rest), amount_markup)]
    for label in r.sample(rest, r.randint(1, 3)):
        if label not in dict(rows):
            empty = not rows[0][1] or chance(r, 0.6)
            rows.append((label, "" if empty else m.text(p.money.show(_about(page, 0.3, 0.9)))))
    if chance(r, 0.4):
        r.shuffle(rows)
    empty_text = m.text(pick(r, words(p.lang, "notavailable")))
    outer, left, right = pick(r, (("label", "div", "strong"), ("tr", "td", "td"), ("li", "span", "span"),
                                  ("div", "span", "b"), ("div", "h4", "p"), ("p", "span", "strong")))  # fmt: skip
    role = pick(r, ("price", "price value", "swatch value", "value"))
    drawn = [
        m.el(outer, "swatch", m.leaf(left, "swatch label", a), m.el(right, role, b or empty_text)) for a, b in rows
    ]
    return [m.el("table", "swatch", *drawn)] if outer == "tr" else drawn


def _among(page: Page, kind: str, current: str, amount_markup: str) -> list[str]:
    """The price and the lines of other amounts, all in one look, or the price apart from them."""
    r, p = page.r, page.product
    draw = _look(page, amount_markup)
    lines = [draw(label, cents, "") for label, cents in others(page, kind)]
    if kind == "bids":
        current = draw(pick(r, words(p.lang, "bid")), p.cents, current)
    elif kind == "taxes":
        current = draw(pick(r, words(p.lang, "vat")), p.cents, current)
    elif kind in LABELLED and chance(r, 0.4):
        current = draw(pick(r, words(p.lang, "price")), p.cents, current)
    elif kind == "member" and chance(r, 0.6):
        current = draw(pick(r, words(p.lang, pick(r, ("once", "regular")))), p.cents, current)
    first = 0.9 if kind in ("variants", "tiers", "plans") else 0.6
    return [current, *lines] if chance(r, first) else [*lines, current]


class _look:  # noqa: N801  used as a function with a memory
    """How this block writes a label and an amount; the same for all of its lines."""

    def __init__(self, page: Page, amount_markup: str) -> None:
        r = page.r
        self.page, self.markup = page, amount_markup
        self.kind = r.randrange(6)
        self.tag = pick(r, ("div", "li", "p", "label", "span"))
        self.role = pick(r, ("price", "price note", "price current", "price value", "swatch value", "neutral"))
        self.same = chance(r, 0.5)  # the amounts are written in the price's own elements

    def __call__(self, label: str, cents: int, drawn: str) -> str:
        """One line; `drawn` is the markup of an amount that is drawn already."""
        m, p = self.page.m, self.page.product
        html = drawn or (self.same and twin(self.markup, p.money, p.cents, cents)) or m.text(p.money.show(cents))
        valued = html if drawn else m.el("span", self.role, html)
        match self.kind:
            case 0:
                return m.el(self.tag, "price row", m.text(label), " ", valued)
            case 1:
                return m.el(self.tag, "price row", m.leaf("span", "price label", label), valued)
            case 2:
                return m.el("dl", "price", m.leaf("dt", "price label", label), m.el("dd", "price value", html))
            case 3:
                row = m.el("tr", "row", m.leaf("td", "price label", label), m.el("td", "price value", html))
                return m.el("table", "price table", row)
            case 4:
                return m.el(self.tag, "price row", valued, m.leaf("span", "price note", label))
        return m.el(self.tag, self.role, m.text(f"{label} "), html)
