"""The product's name, the shop's own, and other headings."""

from pretraining.corpus import wrapped
from pretraining.corpus.goods import brand, noun
from pretraining.corpus.noise import sentence
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import words

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

NOT_FIRST = 0.11  # of the names stand below another heading, or after another product's name
SECTIONS = ("Product Details", "Product", "Single Product", "Shop", "Shop Detail", "Product Page", "Our products")


def name(page: Page) -> str:
    """The name as a heading. A composite name stands in several elements and reads with single spaces between."""
    r, m, p = page.r, page.m, page.product
    if chance(r, NOT_FIRST):
        return _beside_another(page)
    tag = weighted(r, HEADINGS)
    role = pick(r, ("product title", "product title", "title", "product brand title"))
    given = {"itemprop": "name"} if m.microdata else {}
    if chance(r, 0.06):
        given["title"] = p.name
    page.show("name", p.name)
    # Outside a heading, two blocks one after the other are seldom one name.
    if len(p.pieces) > 1 and chance(r, 0.16 if tag.startswith("h") else 0.02):
        return _composite(page, tag, role)
    if chance(r, 0.09 if tag.startswith("h") else 0.03):
        return _annotated(page, tag, role)
    kind = r.randrange(12)
    if kind < 8:
        return m.leaf(tag, role, p.name, **given)
    if kind < 10:
        inner = pick(r, ("span", "a", "span", "strong", "font"))
        return m.el(tag, role, m.leaf(inner, pick(r, ("title", "title", "", "link")), p.name), **given)
    if kind == 10:
        note = m.leaf(pick(r, ("span", "small")), "tag", pick(r, words(p.lang, "noise")))
        return m.join([m.leaf(tag, role, p.name, **given), note])
    return m.el("div", "product title", m.leaf(tag, role, p.name, **given))


def _beside_another(page: Page) -> str:
    """The name in a lower heading while the first one is a claim or the shop's section, or after a neighbour's name."""
    r, m, p = page.r, page.m, page.product
    page.show("name", p.name)
    if chance(r, 0.3):
        return _after_neighbour(page)
    tag = pick(r, ("h2", "h2", "h3", "h3", "h4", "h5", "h6", "p"))
    name = m.leaf(tag, pick(r, ("product title", "title", "product title")), p.name)
    name = m.el("a", pick(r, ("link", "")), name) if chance(r, 0.15) else name
    widest = p.path[:1] if "category" in page.shown else []
    sections = (*words(p.lang, "description")[:3], *words(p.lang, "name")[:3], *widest, p.shop, *SECTIONS)
    claims = wrapped.tells(page) and chance(r, 0.5)
    text = sentence(page, 3, 9) if claims else pick(r, sections)
    first = m.leaf("h1", pick(r, ("main heading", "header", "main", "")), text)
    return m.join([name, first] if claims and chance(r, 0.5) else [first, name])


def _after_neighbour(page: Page) -> str:
    """Links to the shop's previous and next product, with their names, before the name itself."""
    r, m, p = page.r, page.m, page.product
    parts = []
    for _ in range(pick(r, (1, 1, 2))):
        other = f"{brand(r, p.lang)} {noun(r, p.lang)}" if chance(r, 0.5) else noun(r, p.lang)
        if len(p.pieces) > 1 and chance(r, 0.4):
            other = f"{' '.join(p.pieces[:-1])} {noun(r, p.lang)}"
        word = pick(r, words(p.lang, "nextitem"))
        role = pick(r, ("product title", "title", "related title"))
        title = m.leaf(pick(r, ("h3", "span", "p", "h4", "div", "h2")), role, other)
        link = m.leaf("a", "link", word) if chance(r, 0.5) else m.el("a", "link", m.el("i", "separator"), title=word)
        parts += [link, title] if other != p.name else [link]
    return m.join([*parts, m.leaf("h1", pick(r, ("product title", "title", "")), p.name)])


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


def _annotated(page: Page, tag: str, role: str) -> str:
    """A heading that ends with what is not of the name: a word for screen readers, a number, a badge."""
    r, m, p = page.r, page.m, page.product
    texts = (
        pick(r, words(p.lang, "tabs")), pick(r, words(p.lang, "tabs")), pick(r, words(p.lang, "description")),
        page.code(), f"{pick(r, words(p.lang, 'sku'))} {page.code()}", f"({r.randint(1, 900)})", "NEW", "-20%",
        pick(r, words(p.lang, "noise")), pick(r, words(p.lang, "stock")),
    )  # fmt: skip
    note = m.leaf(pick(r, ("span", "small", "span", "em")), pick(r, ("hidden", "note", "tag", "label")), pick(r, texts))
    name = m.text(p.name) if chance(r, 0.7) else m.leaf("span", "title", p.name)
    parts = [name, note] if chance(r, 0.9) else [note, name]
    return m.el(tag, role, pick(r, ("", " ", m.nl)).join(parts))


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
    price_first, with_brand, sale = chance(r, 0.3), chance(r, 0.4), wrapped.tells(page) and chance(r, 0.15)
    tag = pick(r, ("a", "h3", "div", "span", "p", "h4", "h2"))
    for _ in range(r.randint(1, 4)):
        other = noun(r, p.lang) + (f" {page.code()}" if chance(r, 0.4) else "")
        maker_name = brand(r, p.lang)
        cents = max(100, int(p.cents * (0.3 + r.random() * 2)) // 100 * 100)
        price = m.leaf("span", "card price", p.money.show(cents))
        if sale and chance(r, 0.6):
            price = m.el("div", "card price", *wrapped.told(page, cents + pick(r, (100, 500, cents)), cents))
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
