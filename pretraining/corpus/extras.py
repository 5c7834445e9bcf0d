"""What stands beside a price: the amounts, numbers and remarks that are not the price."""

from pretraining.corpus.letters import digits
from pretraining.corpus.money import amount
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import words


def extra(page: Page) -> str:  # noqa: C901  one flat list of kinds
    """Amounts and numbers beside the price that are not the price."""
    r, m, p = page.r, page.m, page.product
    lang, mo = p.lang, p.money
    small = mo.show(amount(r, mo, 1, 60))
    tag, role = pick(r, ("span", "div", "p", "small", "div")), "price note"
    kind = r.randrange(12)
    if kind == 0:
        text = f"{pick(r, words(lang, 'vat'))}"
    elif kind == 1:
        text = (
            f"{pick(r, words(lang, 'shipping'))}: {small}"
            if chance(r, 0.6)
            else f"{pick(r, words(lang, 'vat'))} + {small} {pick(r, words(lang, 'shipping'))}"
        )
        role = "shipping"
    elif kind == 2:
        text = (
            f"{pick(r, (3, 4, 6, 10, 12, 24, 36))} x {mo.show(max(100, p.cents // 12))} {pick(r, words(lang, 'month'))}"
        )
    elif kind == 3:
        text = f"({small} {pick(r, words(lang, 'unit'))})"
    elif kind == 4:
        text = f"+{r.randint(1, 900)} {pick(r, ('points', 'pts', 'Punkte', 'bonus', 'ポイント', 'баллов'))}"
    elif kind == 5:
        text, role = pick(r, words(lang, "stock")), "stock"
    elif kind == 6:
        return rating(page)
    elif kind == 7:
        text = f"{pick(r, words(lang, 'cart'))}"
        tag, role = pick(r, ("button", "a", "button")), "button"
    elif kind == 8:
        if chance(r, 0.3):
            return m.el(
                "input", "", type="hidden", name=pick(r, ("id", "sku", "product_id", "item")), value=page.code()
            )
        text = f"{pick(r, words(lang, 'sku'))}: {page.code()}"
    elif kind == 9:
        text = pick(r, ("*", "1)", "²", "(?)", "i"))
        tag = pick(r, ("sup", "span"))
    elif kind == 10:
        text = f"{pick(r, ('Tel.', 'Call', '☎', 'Hotline'))} {r.randint(100, 999)}-{digits(r, 7)}"
    else:
        text = pick(r, words(lang, "noise"))
    return m.leaf(tag, role, text)


def rating(page: Page) -> str:
    """Stars and review count."""
    r, m, p = page.r, page.m, page.product
    score = f"{r.randint(10, 50) / 10:.1f}"
    count = str(r.randint(0, 4000) if chance(r, 0.4) else r.randint(0, 60))
    page.show("review_count", count)
    kind = r.randrange(4)
    if kind == 0:
        page.show("rating", score)
        return m.el(
            "div", "rating", m.leaf("span", "rating value", score), m.leaf("span", "rating count", f"({count})")
        )
    if kind == 1:
        return m.el("div", "rating", m.leaf("a", "rating count", f"{count} {pick(r, words(p.lang, 'reviews'))}"))
    if kind == 2:
        page.show("rating", score)
        return m.el(
            "div",
            "rating",
            m.el("div", "rating", title=f"{score} / 5"),
            m.leaf("span", "rating count", f"({count} {pick(r, words(p.lang, 'reviews'))})"),
        )
    return m.el("span", "rating", m.leaf("span", "rating count", f"({count})"))


def no_price(page: Page) -> str:
    """A block where a price could stand, without one."""
    r, m, p = page.r, page.m, page.product
    parts = [m.leaf("span", "stock", pick(r, words(p.lang, "stock")))]
    if chance(r, 0.5):
        parts.append(
            m.leaf(
                "div", "shipping", f"{pick(r, words(p.lang, 'shipping'))}: {p.money.show(amount(r, p.money, 1, 30))}"
            )
        )
    if chance(r, 0.4):
        parts.append(m.leaf("button", "button", pick(r, words(p.lang, "cart"))))
    if chance(r, 0.5):  # numbers that are no price
        parts.insert(
            r.randint(0, len(parts)), m.leaf("span", "note", f"{pick(r, words(p.lang, 'sku'))}: {page.code()}")
        )
    if chance(r, 0.3):
        parts.append(
            m.leaf(
                "span",
                "price",
                pick(
                    r,
                    (
                        "Call for price",
                        "Price on request",
                        "Preis auf Anfrage",
                        "Prix sur demande",
                        "Log in to see prices",
                        "POA",
                        "Consultar precio",
                        "Цена по запросу",
                        "Not available",
                    ),
                ),
            )
        )
    if chance(r, 0.4):  # numbers of other kinds
        label = pick(r, words(p.lang, "dilution"))
        ratios = r.sample((2, 5, 10, 20, 50, 100, 200), pick(r, (1, 2)))
        parts.append(page.rows([(None, label, f"1:{ratio}") for ratio in ratios]))
    if chance(r, 0.4):  # an empty basket
        text = pick(r, ("0", p.money.show(0), f"0 / {p.money.show(0)}", "(0)", f"0 × {p.money.show(0)}"))
        parts.insert(0, m.leaf(pick(r, ("span", "a", "div")), "basket", text))
    return m.el("div", "product stock", *parts)
