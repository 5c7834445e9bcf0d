"""The price block: current and old price, savings, taxes, instalments and all the numbers that are not the price."""

from pretraining.corpus import offers, wrapped
from pretraining.corpus.extras import extra
from pretraining.corpus.markup import plain
from pretraining.corpus.money import amount
from pretraining.corpus.page import Page, Row
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import words

WITH_TAX = 0.85  # of the prices with and without tax: the price is the one with it
AMONG_OTHERS = {False: 0.12, True: 0.45}  # of snippets and of whole pages: other amounts that words alone tell apart


def block(page: Page) -> str:
    """The product's price with what stands around it. The gold is the current price as it reads."""
    r, m, p = page.r, page.m, page.product
    kind = weighted(r, {"range": 0.04, "taxes": 0.06, "rows": 0.06, "hidden": 0.03, "plain": 0.81})
    if kind == "hidden" and m.attributes == "rich":
        return _hidden(page)
    current, gold = amount_of(page)
    page.show("price", gold)
    if chance(r, AMONG_OTHERS[page.whole]):
        return offers.block(page, _current(page, current), current)
    if kind == "taxes":
        return _taxes(page, current)
    if kind == "rows":
        return _rows(page, gold)
    parts = [_current(page, current)]
    if kind == "range":
        dearer = m.leaf("span", "price", p.money.show(amount(r, p.money) + p.cents))
        return m.el("div", "price", f"{parts[0]}{pick(r, (' - ', ' – ', '-', ' bis ', ' to '))}{dearer}")
    if p.old:
        parts = _with_old(page, parts[0], current)
    extras = [extra(page) for _ in range(pick(r, (0, 0, 0, 1, 1, 2, 3)))]
    parts += extras
    tag = pick(r, ("div", "div", "div", "p", "span", "li", "td", "section"))
    return m.wrap(m.el(tag, "product price", *parts), "price", pick(r, (0, 0, 1, 1, 2)))


def amount_of(page: Page) -> tuple[str, str]:
    """Markup of the current price and what it reads."""
    html, gold = _amount(page, page.product.cents)
    page.price_markup = html
    page.show("currency", page.product.money.mark) if page.product.money.mark in gold else None
    page.show("amount", page.product.cents)
    return html, gold


def _amount(page: Page, cents: int) -> tuple[str, str]:
    r, m, mo = page.r, page.m, page.product.money
    shown = mo.show(cents)
    kind = weighted(r, {"text": 0.58, "mark": 0.19, "number": 0.05, "split": 0.10, "reader": 0.05, "sup": 0.03})
    number = mo.number(cents)
    if kind == "text" or (kind in ("split", "sup", "reader") and (mo.places == 0 or mo.point not in number)):
        return m.text(shown), " ".join(shown.split())
    if kind == "number":  # the mark is not beside it at all, or stands in an element of its own further on
        html = m.text(number)
        if chance(r, 0.5):
            html += m.join(["", m.leaf("span", "price currency", mo.mark)])
        return html, plain(html)
    space = pick(r, ("", m.nl)) if mo.space else ""
    mark = (
        m.leaf(pick(r, ("span", "span", "sup", "small", "b", "div", "i")), "price currency", mo.mark)
        if m.pad in ("", "end")
        else m.el("span", "price currency", m.text(mo.mark))
    )
    if kind == "mark":
        inner = m.el("span", "price value", m.text(number)) if chance(r, 0.6) else m.text(number)
        joint = m.text(mo.space) or space
        html = f"{mark}{joint}{inner}" if mo.before else f"{inner}{joint}{mark}"
        return html, plain(html)
    whole, _, fraction = number.rpartition(mo.point)
    big = m.el(pick(r, ("span", "strong", "b", "big", "div", "em")), "price integer", m.text(whole))
    small_tag = pick(r, ("sup", "span", "small", "small", "i"))
    if kind == "reader":  # whole for screen readers, then in pieces for the eye
        hidden = m.el("span", "hidden", m.text(shown))
        return f"{hidden}{mark}{big}{m.el(small_tag, 'price fraction', fraction)}", " ".join(shown.split())
    if kind == "split" and not mo.before and chance(r, 0.3):  # cents and mark in one element
        rest = m.el(small_tag, "price fraction", m.text(f"{mo.point}{fraction}{mo.space}{mo.mark}"))
        return big + rest, " ".join(mo.show(cents).split())
    if kind == "sup":  # no separator at all: it reads as the number that it is
        small = m.el(small_tag, "price fraction", fraction)
        gold = mo.show(cents)
    else:
        small = (
            m.el(small_tag, "price fraction", mo.point + fraction)
            if chance(r, 0.6)
            else m.el("span", "price separator", mo.point) + m.el(small_tag, "price fraction", fraction)
        )
        gold = mo.show(cents)
    joint = m.text(mo.space)
    if mo.before and chance(r, 0.25):  # only the cents have an element of their own
        return m.text(f"{mo.mark}{mo.space}{whole}") + small, " ".join(gold.split())
    return (f"{mark}{joint}{big}{small}" if mo.before else f"{big}{small}{joint}{mark}"), " ".join(gold.split())


def _current(page: Page, html: str) -> str:
    r, m, p = page.r, page.m, page.product
    if chance(r, wrapped.ALONE) and wrapped.tells(page):
        return wrapped.alone(page, html)
    given = {}
    if m.microdata:
        given = {"itemprop": "price", "content": f"{p.cents / 100:.2f}"}
    tag = pick(r, ("span", "span", "span", "div", "strong", "b", "p", "ins", "em", "h2", "h3", "bdi", "h4"))
    role = pick(r, ("price current", "price", "price value", "product price", "current"))
    if not p.old and chance(r, 0.05):  # shop systems that keep the class of a crossed-out price
        role = "price old"
    if m.pad == "\n":
        html = f"\n{html}\n"
    out = m.el(tag, role, html, **given)
    if chance(r, 0.16):
        out = f"{m.leaf('span', 'price label', pick(r, words(p.lang, 'price')) + ':')} {out}"
    elif chance(r, 0.07):
        out = f"{m.leaf('span', 'price note', pick(r, words(p.lang, 'from')))} {out}"
    elif chance(r, 0.05):
        text, role = (
            pick(r, words(p.lang, "clearance")),
            pick(r, ("clearance label", "price label", "tag", "save label")),
        )
        out = f"{m.leaf(pick(r, ('span', 'div', 'p')), role, text)} {out}"
    if chance(r, 0.1):
        out = f"{out} {m.leaf('span', 'price note', '/ ' + pick(r, words(p.lang, 'unit')).strip('/ '))}"
    if chance(r, 0.02):
        joint = pick(r, (" – ", " - ", " ", ": ", " · ", "<br>"))
        return m.el(pick(r, ("button", "a")), "button", f"{m.text(pick(r, words(p.lang, 'cart')))}{joint}{out}")
    return m.wrap(out, "price", 1) if chance(r, 0.15) else out


def _with_old(page: Page, current: str, amount_markup: str) -> list[str]:
    """The current price with the old one, its label, the saving."""
    r, m, p = page.r, page.m, page.product
    assert p.old
    old = p.money.show(p.old)
    page.show("old_price", " ".join(old.split()))
    if chance(r, wrapped.SHARE) and wrapped.tells(page):
        html, current = wrapped.prices(page, amount_markup, p.old)
    else:
        html, current = _marked(page, current, old)
    parts = [html, current] if chance(r, 0.55) else [current, html]
    percent = max(1, round(100 * (1 - p.cents / p.old)))
    saved = p.money.show(p.old - p.cents)
    badge = m.leaf(
        pick(r, ("span", "div", "b", "em")),
        "price save",
        pick(
            r,
            (
                f"-{percent}%",
                f"- {percent} %",
                f"-{percent} %",
                f"{percent}% off",
                f"{pick(r, words(p.lang, 'save'))} {saved}",
                f"{pick(r, words(p.lang, 'save'))} {percent}%",
                f"({percent}%)",
                *_tenths(p.lang, percent),
            ),
        ),
    )
    if chance(r, 0.55):
        if "%" in plain(badge):
            page.show("discount", f"{percent}%") if f"{percent}%" in badge else None
        parts.insert(r.randrange(3), badge)
    return parts


def _marked(page: Page, current: str, old: str) -> tuple[str, str]:
    """The old price, marked by its element, its class or a word, and the current one."""
    r, m, p = page.r, page.m, page.product
    labelled = chance(r, 0.4)
    clear = m.names.scheme in wrapped.CLEAR and m.attributes != "bare"
    tag = pick(r, ("s", "del", "strike", "s", "del")) if not (labelled or clear) or chance(r, 0.4) else "span"
    text = f"{pick(r, words(p.lang, 'was'))} {old}" if labelled and chance(r, 0.5) else old
    html = m.leaf(tag, "price old", text)
    if labelled and text == old:
        html = f"{m.leaf('span', 'old label', pick(r, words(p.lang, 'was')))} {html}"
    if chance(r, 0.3):
        current = f"{m.leaf('span', 'current label', pick(r, words(p.lang, 'now')))} {current}"
    return html, current


def _tenths(lang: str, percent: int) -> tuple[str, ...]:
    """The share of the old price that is left, in tenths, as Chinese shops write it."""
    left = f"{100 - percent}".rstrip("0") or "1"
    return (f"{left}折", f"{left} 折", f"{left}\n折", f"{left}折起") if lang in ("zh", "tw") else ()


def _rows(page: Page, gold: str) -> str:
    """Old price, price and saving as labelled rows."""
    r, p, mo = page.r, page.product, page.product.money
    rows: list[Row] = [(None, pick(r, words(p.lang, "now" if p.old and chance(r, 0.5) else "price")), gold)]
    if p.old:
        old = mo.show(p.old)
        page.show("old_price", " ".join(old.split()))
        rows.insert(0 if chance(r, 0.7) else 1, (None, pick(r, words(p.lang, "was")), old))
        if chance(r, 0.7):
            rows.append(
                (
                    None,
                    pick(r, words(p.lang, "save")),
                    f"{mo.show(p.old - p.cents)} ({max(1, round(100 - 100 * p.cents / p.old))}%)",
                )
            )
    if chance(r, 0.4):
        rows.append((None, pick(r, words(p.lang, "shipping")), mo.show(amount(r, mo, 1, 30))))
    return page.m.wrap(page.rows(rows), "price", r.randint(0, 1))


def _hidden(page: Page) -> str:
    """A price that only an attribute carries."""
    r, m, p = page.r, page.m, page.product
    number = f"{p.cents / 100:.2f}"
    shown = " ".join(p.money.show(p.cents).split())
    kind = r.randrange(4)
    page.show("price", shown if kind == 3 else number)
    page.show("amount", p.cents)
    if kind == 0:
        return m.el(
            "div",
            "product price",
            m.el("meta", "", itemprop="price", content=number),
            m.el("meta", "", itemprop="priceCurrency", content=p.money.mark),
        )
    if kind == 1:
        return m.el(
            "form",
            "button wrapper",
            m.el("input", "", type="hidden", name="price", value=number),
            m.leaf("button", "button", pick(r, words(p.lang, "cart"))),
        )
    if kind == 2:
        return m.el(
            "div", "product wrapper", m.leaf("button", "button", pick(r, words(p.lang, "cart"))), data_price=number
        )
    return m.el("div", "product price", m.el("span", "price", aria_label=shown))


def _taxes(page: Page, current: str) -> str:
    """With and without tax. The one with tax is the price; of business shops, the one that stands first."""
    r, m, p = page.r, page.m, page.product
    rate, keys = pick(r, (1.07, 1.1, 1.19, 1.2, 1.21, 1.22, 1.23, 1.25)), ["vat", "novat"]
    if not chance(r, WITH_TAX):
        keys, rate = keys[::-1], 1 / rate
    other = p.money.show(round(p.cents / rate) // 100 * 100 + r.randrange(100))
    told = dict(zip(("vat", "novat"), pick(r, wrapped.TAXED), strict=True)) if wrapped.tells(page) else {}
    told = told if chance(r, 0.4) else {}
    first = m.el("span", "price", current) if told and chance(r, 0.6) else _current(page, current)
    if chance(r, 0.35 if told else 0.5):
        label = m.leaf("span", "price label", pick(r, words(p.lang, keys[0])))
        first = m.join([first, label] if chance(r, 0.6) else [label, first])
    second = m.leaf("span", "price", other)
    if not told or chance(r, 0.4):
        second = m.join([m.leaf("span", "price label", pick(r, words(p.lang, keys[1]))), second])
    both = [
        m.el("div", f"price {told[keys[0]]}" if told else "price", first),
        m.el("div", f"price {told[keys[1]]}" if told else "price note", second),
    ]
    if keys[0] == "vat" and chance(r, 0.35):
        both.reverse()
    return m.el("div", "product price", *both)
