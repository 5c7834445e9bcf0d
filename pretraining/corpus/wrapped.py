"""Prices of one look whose wrapper alone tells which is which: `<div class="old-price"><span class="price">`."""

from pretraining.corpus.markup import collapse, plain
from pretraining.corpus.offers import twin
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick

SHARE = 0.3  # of the pairs of old and current on sites whose class names tell
ALONE = 0.08  # of the prices without an old one
CLEAR = ("bem", "hyphen", "camel", "snake", "module")
LEAVES = ("price", "price", "price value", "product price", "price currency value", "")
TAXED = (
    ("with-vat", "without-vat"),
    ("with-tax", "without-tax"),
    ("incl", "excl"),
    ("gross", "net"),
    ("including-tax", "excluding-tax"),
    ("vat", "novat"),
)


def tells(page: Page) -> bool:
    """Whether the site's class names say what an element holds."""
    names = page.m.names
    known = names.scheme == "platform" and {"price old", "price current"} <= set(names.platform)
    return page.m.attributes != "bare" and (names.scheme in CLEAR or known)


def prices(page: Page, amount_markup: str, old: int) -> tuple[str, str]:
    """The old price and the current one, in the same elements, each in one of its own role."""
    r, p = page.r, page.product
    draw = _Wrapper(page)
    shown = p.money.show(old)
    drawn = twin(amount_markup, p.money, p.cents, old)
    if not drawn or _squashed(shown) not in _squashed(plain(drawn)):
        drawn = page.m.text(shown)
    both = draw("old", drawn), draw("current", amount_markup)
    if chance(r, 0.1):  # only one of them is told
        return both[0], page.m.el("span", draw.leaf, amount_markup)
    return both


def told(page: Page, old: int, current: int) -> tuple[str, str]:
    """Two plain prices, each in a wrapper that tells which it is."""
    draw, show = _Wrapper(page), page.product.money.show
    return draw("old", page.m.text(show(old))), draw("current", page.m.text(show(current)))


def alone(page: Page, amount_markup: str) -> str:
    """The current price in a wrapper that says so."""
    return _Wrapper(page)("current", amount_markup)


def _squashed(text: str) -> str:
    return collapse(text).replace(" ", "")


class _Wrapper:
    """The elements of a block: an outer one of a telling role, a leaf whose role is the same for all."""

    def __init__(self, page: Page) -> None:
        r = page.r
        self.m = page.m
        self.outer = pick(r, ("div", "span", "p", "div", "li", "span"))
        self.tag = pick(r, ("span", "span", "bdi", "strong", "b", "span"))
        self.leaf = pick(r, LEAVES)
        self.between = chance(r, 0.25)

    def __call__(self, role: str, html: str) -> str:
        html = self.m.el(self.tag, self.leaf, html)
        html = self.m.el("span", "price wrapper", html) if self.between else html
        return self.m.el(self.outer, f"price {role}", html)
