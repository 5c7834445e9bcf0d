"""The product's name, and the many ways to say who made it."""

from pretraining.corpus.goods import brand, noun
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import LISTS, words

HEADINGS = {
    "h1": 0.66,
    "h2": 0.10,
    "h3": 0.03,
    "div": 0.08,
    "span": 0.05,
    "strong": 0.02,
    "td": 0.02,
    "p": 0.02,
    "b": 0.02,
}


def name(page: Page) -> str:
    """The name as a heading. A composite name stands in several elements and reads with single spaces between."""
    r, m, p = page.r, page.m, page.product
    tag = weighted(r, HEADINGS)
    role = pick(r, ("product title", "product title", "title", "product brand title"))
    given = {"itemprop": "name"} if m.microdata else {}
    if chance(r, 0.06):
        given["title"] = p.name
    page.show("name", p.name)
    # Outside a heading, two blocks one after the other are seldom one name.
    if len(p.pieces) > 1 and chance(r, 0.16 if tag.startswith("h") else 0.02):
        return _composite(page, tag, role)
    kind = r.randrange(12)
    if kind < 8:
        return m.leaf(tag, role, p.name, **given)
    if kind < 10:
        return m.el(tag, role, m.leaf(pick(r, ("span", "a", "span", "strong", "font")), "title", p.name), **given)
    if kind == 10:
        note = m.leaf(pick(r, ("span", "small")), "tag", pick(r, words(p.lang, "noise")))
        return m.join([m.leaf(tag, role, p.name, **given), note])
    return m.el("div", "product title", m.leaf(tag, role, p.name, **given))


def _composite(page: Page, tag: str, role: str) -> str:
    r, m, p = page.r, page.m, page.product
    inner = pick(r, ("span", "div", "span", "b", "small", "a", "em"))
    one = m.nl or (" " if inner != "div" and chance(r, 0.6) else "")
    if p.brand and p.brand in p.pieces:
        page.show("manufacturer", p.brand)
    roles = [
        ("brand" if piece == p.brand else pick(r, ("title", "description", "product label"))) for piece in p.pieces
    ]
    if chance(r, 0.12):
        return m.el(tag, role, pick(r, ("<br>", "<br />", " <br> ")).join(m.text(piece) for piece in p.pieces))
    parts = [
        m.text(piece) if chance(r, 0.15) else m.el(inner, role, m.text(piece))
        for piece, role in zip(p.pieces, roles, strict=True)
    ]
    return m.el(tag, role, one.join(parts) if one else "".join(_apart(parts)))


def _apart(parts: list[str]) -> list[str]:
    """Pieces of bare text get a space, so that no two words of a name touch."""
    return [part if part.startswith("<") and i else (" " + part if i else part) for i, part in enumerate(parts)]


def untitled(page: Page) -> str:
    """A name that no heading carries: an image's alt, a link's title, a property."""
    r, m, p = page.r, page.m, page.product
    page.show("name", p.name)
    kind = r.randrange(4)
    if kind == 0:
        return m.el("div", "product image", m.el("img", "image", alt=p.name, src=m.url()))
    if kind == 1:
        return m.el("a", "product link", m.el("img", "image", alt=""), title=p.name)
    if kind == 2:
        return (
            m.el("meta", "", itemprop="name", content=p.name)
            if m.attributes == "rich"
            else m.el("img", "product image", alt=p.name, title=p.name)
        )
    return m.leaf("span", "product title", p.name, itemprop="name")


def maker(page: Page) -> str:
    """One statement of who made the product."""
    r, m, p = page.r, page.m, page.product
    assert p.brand
    page.show("manufacturer", p.brand)
    kind = weighted(
        r,
        {
            "line": 0.22,
            "by": 0.11,
            "label": 0.19,
            "logo": 0.09,
            "row": 0.13,
            "meta": 0.04,
            "bare": 0.06,
            "inline": 0.05,
            "among": 0.03,
            "link": 0.08,
        },
    )
    match kind:
        case "line":
            return _line(page, p.brand)
        case "by":
            return _by(page, p.brand)
        case "label":
            return _labelled(page, p.brand)
        case "logo":
            return _logo(page, p.brand)
        case "row":
            return page.rows([(None, pick(r, words(p.lang, "brand")), p.brand)])
        case "inline":
            return _inline(page, p.brand)
        case "among" if p.brand in p.name:
            return _among(page, p.brand)
        case "meta" if m.attributes == "rich":
            return _property(page, p.brand)
        case "bare":
            return m.leaf(pick(r, ("dd", "li", "a", "td", "p", "span")), "table value", p.brand)
    return _link(page, p.brand)


def _line(page: Page, text: str) -> str:
    r, m = page.r, page.m
    tag = pick(r, ("h2", "h3", "a", "span", "p", "div", "div", "h4", "strong"))
    role = pick(r, ("product brand", "brand", "brand title", "product brand", "neutral"))
    if chance(r, 0.35):
        return m.el(tag, role, m.leaf(pick(r, ("a", "span")), "brand link", text))
    return m.leaf(tag, role, text, **({"itemprop": "brand"} if m.microdata else {}))


def _by(page: Page, text: str) -> str:
    r, m, p = page.r, page.m, page.product
    by = pick(r, words(p.lang, "by"))
    link = m.el(pick(r, ("a", "span", "b")), "brand link", m.text(text)) if chance(r, 0.75) else m.text(text)
    after = p.lang in ("ja", "tr") or (p.lang == "en" and chance(r, 0.08))
    if after:
        return m.el("div", "brand", f"{link}{by if p.lang != 'en' else ' Store'}")
    if chance(r, 0.12) and p.lang == "en":
        return m.leaf(
            "a",
            "brand link",
            pick(r, ("Visit the {} Store", "Shop the {} store", "Explore the {} collection", "{} brand page")).format(
                text
            ),
        )
    return m.el(pick(r, ("div", "span", "p", "h2", "h3", "small")), "product brand", f"{m.text(by)} {link}")


def _labelled(page: Page, text: str) -> str:
    r, m, p = page.r, page.m, page.product
    word, colon = pick(r, words(p.lang, "brand")).rstrip(": "), pick(r, (":", ":", ":", " :", "", ":&nbsp;"))
    link = (
        m.el("a", "brand link", m.text(text))
        if chance(r, 0.5)
        else m.leaf("span", "brand value", text)
        if chance(r, 0.5)
        else m.text(text)
    )
    tag = pick(r, ("div", "p", "span", "li", "td"))
    kind = r.randrange(6)
    if kind < 2:
        return m.el(tag, "product brand", f"{word}{colon} {link}")
    if kind < 4:
        return m.el(
            tag,
            "product brand",
            f"{m.el(pick(r, ('span', 'strong', 'b', 'label')), 'brand label', word + colon)} {link}",
        )
    if kind == 4:
        image = m.el("span", "brand image", m.el("img", "image", alt=text))
        return m.el(
            "p",
            "product brand",
            m.el("a", "brand link", f"{word}{colon} {m.el('span', 'brand title', m.text(text))}", image),
        )
    others = [f"{pick(r, words(p.lang, 'sku'))}: {page.code()}", pick(r, words(p.lang, "stock"))]
    return m.el(
        "ul",
        "product list",
        m.el("li", "", f"{m.el('strong', '', word + colon)} {link}"),
        *[m.leaf("li", "", t) for t in others],
    )


def _logo(page: Page, text: str) -> str:
    r, m = page.r, page.m
    given = {"alt": text} | ({"title": text} if chance(r, 0.3) else {})
    image = m.el("img", "brand image", **given, src=m.url())
    kind = r.randrange(4)
    if kind == 0:
        return m.el("div", "brand logo", m.el("a", "brand link", m.el("span", "", m.text(text)), image))
    if kind == 1:
        return m.el("a", "brand link", image, title=text)
    if kind == 2:
        word = pick(r, words(page.product.lang, "brand"))
        return m.el(
            "div", "brand", m.el("div", "", image), m.el("div", "", m.leaf("p", "label", word), m.leaf("p", "", text))
        )
    return m.el("div", "brand logo", image)


def _property(page: Page, text: str) -> str:
    r, m = page.r, page.m
    if chance(r, 0.5):
        return m.el("meta", "", itemprop="brand", content=text)
    return m.el(
        "div",
        "",
        m.el("span", "", m.text(text), itemprop="name"),
        itemprop="brand",
        itemscope="",
        itemtype="http://schema.org/Brand",
    )


def _inline(page: Page, text: str) -> str:
    """One item of a line of facts."""
    r, m, p = page.r, page.m, page.product
    items = [f"{m.text(pick(r, words(p.lang, 'brand')).rstrip(': '))}: {m.text(text)}"]
    items += [
        f"{m.text(pick(r, words(p.lang, key)))}: {page.code()}"
        for key in r.sample(("sku", "ean", "weight"), r.randint(1, 2))
    ]
    items += [m.text(pick(r, words(p.lang, "stock")))] if chance(r, 0.4) else []
    r.shuffle(items)
    if chance(r, 0.5):
        return m.el(
            pick(r, ("p", "div", "small")),
            "product note",
            pick(r, (" | ", " · ", ", ", " / ", "<br>", " &nbsp; ")).join(items),
        )
    return m.el("ul", "product list", *[m.el("li", "product item", item) for item in items])


def _among(page: Page, text: str) -> str:
    """A list of makers; the product's own is the one that its name begins with."""
    r, m, p = page.r, page.m, page.product
    names = [brand(r, p.lang) for _ in range(r.randint(2, 6))]
    names.insert(r.randint(0, len(names)), text)
    return m.el("ul", "menu list", *[m.el("li", "menu item", m.el("a", "menu link", m.text(name))) for name in names])


def _link(page: Page, text: str) -> str:
    r, m = page.r, page.m
    what = pick(r, LISTS["phrases"]["maker"])
    return (
        m.leaf("a", "brand link", what.format(text))
        if chance(r, 0.7)
        else m.el("div", "brand", m.leaf("a", "link", what.format(text)))
    )


def shop_logo(page: Page) -> str:
    """The shop's own logo and name."""
    r, m, p = page.r, page.m, page.product
    image = m.el("img", "logo", alt=p.shop, title=p.shop)
    text = m.el("span", "hidden", m.text(p.shop))
    return m.el("div", "logo", m.el("a", "logo link", *([image] if chance(r, 0.5) else [image, text])))


def other_heading(page: Page) -> str:
    """A heading or line that is not the name."""
    r, m, p = page.r, page.m, page.product
    texts = words(p.lang, pick(r, ("related", "description", "noise", "stock", "cart")))
    return m.leaf(pick(r, ("h2", "h3", "h4", "div", "h5", "span")), "title", pick(r, texts))


def related(page: Page) -> str:
    """Other products with their own names, makers and prices."""
    r, m, p = page.r, page.m, page.product
    cards = []
    price_first, with_brand = chance(r, 0.3), chance(r, 0.4)
    tag = pick(r, ("a", "h3", "div", "span", "p", "h4", "h2"))
    for _ in range(r.randint(1, 4)):
        other = noun(r, p.lang) + (f" {page.code()}" if chance(r, 0.4) else "")
        maker_name = brand(r, p.lang)
        price = m.leaf("span", "card price", p.money.show(max(100, int(p.cents * (0.3 + r.random() * 2)) // 100 * 100)))
        title = m.leaf(tag, "card title", other if with_brand else f"{maker_name} {other}")
        parts = [m.el("img", "card image", alt=other)] if chance(r, 0.4) else []
        parts += [m.leaf("span", "card brand", maker_name)] if with_brand else []
        parts += [price, title] if price_first else [title, price]
        cards.append(m.el("div", "card", *parts))
    return m.el(
        "div",
        "related",
        m.leaf(pick(r, ("h2", "h3", "div", "h4")), "related title", pick(r, words(p.lang, "related"))),
        *cards,
    )
