"""The many ways in which pages say who made a product."""

import re
from collections.abc import Callable

from pretraining.corpus.goods import brand
from pretraining.corpus.letters import digits
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import LISTS, words

ALTS = (
    "{}",
    "{}",
    "{} logo",
    "Logo {}",
    "{} Logo",
    "logo_{}",
    "{} brand logo",
    "Logo: {}",
    "Logo der Marke {}",
    "{}-Logo",
)

KINDS = {
    "line": 0.17, "by": 0.10, "label": 0.16, "logo": 0.08, "row": 0.10, "heading": 0.05, "meta": 0.03,
    "bare": 0.05, "inline": 0.05, "among": 0.03, "wordmark": 0.06, "titled": 0.04, "panel": 0.03, "link": 0.05,
}  # fmt: skip


def maker(page: Page) -> str:
    """One statement of who made the product."""
    maker = page.product.brand
    assert maker
    page.show("manufacturer", maker)
    kind = weighted(page.r, KINDS)
    if (kind == "among" and maker not in page.product.name) or (kind == "meta" and page.m.attributes != "rich"):
        kind = "link"
    return DRAWN[kind](page, maker)


def _row(page: Page, text: str) -> str:
    return page.rows([(None, label(page), text)])


def label(page: Page) -> str:
    """What a row calls the maker: a word for it as it is, in capitals, or with another."""
    r, known = page.r, words(page.product.lang, "brand")
    word = pick(r, known)
    kind = r.randrange(12)
    if kind < 2:
        return word.rstrip(": ").upper()
    if kind == 2:
        other = pick(r, known).rstrip(": ")
        return pick(r, ("{}/{}", "{} / {}", "{} & {}", "{} - {}")).format(word.rstrip(": "), other)
    return word


def part_maker(page: Page) -> tuple[str, str]:
    """Label and value of a row that names the maker of a part, not of the product."""
    r, lang = page.r, page.product.lang
    what, word = pick(r, words(lang, "nouns")), pick(r, words(lang, "brand")).rstrip(": ")
    return pick(r, (f"{word} ({what})", f"{what} {word}" if lang == "en" else f"{what}: {word}")), brand(r, lang)


def seller(page: Page) -> str:
    """Who sells it and who ships it, which need not be who made it."""
    r, m, p = page.r, page.m, page.product
    who = p.shop if chance(r, 0.4) else brand(r, p.lang)
    page.show("seller", who)
    lines = [(pick(r, words(p.lang, "seller")), who)]
    if chance(r, 0.4):
        lines.insert(r.randrange(2), (pick(r, words(p.lang, "ships")), who if chance(r, 0.6) else brand(r, p.lang)))
    tag, role = pick(r, ("div", "p", "span", "li")), pick(r, ("note", "product", "label", "shipping"))
    inner, colon = pick(r, ("", "span", "a", "strong", "b")), pick(r, ("", ":"))
    drawn = []
    for word, text in lines:
        head = m.text(word.rstrip(": ") + colon)
        head = m.el("span", "label", head) if chance(r, 0.25) else head
        value = m.el(inner, pick(r, ("value", "link", "")), m.text(text)) if inner else m.text(text)
        drawn.append(m.el(tag, role, f"{head} {value}"))
    return m.join(drawn)


def _bare(page: Page, text: str) -> str:
    return page.m.leaf(pick(page.r, ("dd", "li", "a", "td", "p", "span")), "table value", text)


def _line(page: Page, text: str) -> str:
    r, m = page.r, page.m
    tag = pick(r, ("h2", "h3", "a", "span", "p", "div", "div", "h4", "strong"))
    role = pick(r, ("product brand", "brand", "brand title", "product brand", "neutral"))
    if chance(r, 0.35):
        return m.el(tag, role, m.leaf(pick(r, ("a", "span")), pick(r, ("brand link", "link", "", "value")), text))
    return m.leaf(tag, role, text, **({"itemprop": "brand"} if m.microdata else {}))


def _heading(page: Page, text: str) -> str:
    """A heading that looks as the name's own."""
    r, m = page.r, page.m
    tag, role = pick(r, ("h1", "h2", "h2", "h3", "p")), pick(r, ("product title", "title", "product brand title"))
    return m.el(tag, role, m.leaf("span", "title", text)) if chance(r, 0.4) else m.leaf(tag, role, text)


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
        f"{m.text(pick(r, words(p.lang, key)))}: {page.code()}" for key in r.sample(("sku", "ean"), r.randint(1, 2))
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


def _wordmark(page: Page, text: str) -> str:
    """Only a logo's alternative text, in the words that editors use for it."""
    r, m = page.r, page.m
    alt = pick(r, ALTS).format(text)
    image = m.el("img", pick(r, ("brand image", "logo", "image", "")), alt=alt, src=m.url())
    if chance(r, 0.6):
        image = m.el("a", pick(r, ("brand link", "link", "")), image, href=f"/{_slug(page, text)}")
    return m.el(pick(r, ("div", "p", "span", "figure")), pick(r, ("brand", "logo", "product brand", "neutral")), image)


def _titled(page: Page, text: str) -> str:
    """A link whose title or label alone names the maker; what is in it is a picture or a word."""
    r, m = page.r, page.m
    title = pick(r, LISTS["phrases"]["maker"]).format(text)
    inner = pick(
        r, (m.el("img", "image", alt="", src=m.url()), m.el("i", "logo"), m.text(pick(r, words("en", "viewall"))))
    )
    where = "title" if m.attributes == "bare" else pick(r, ("title", "title", "aria_label"))
    if m.attributes == "lean":
        where = "title"
    given = {where: pick(r, (text, text, title)), "href": f"/{_slug(page, text)}"}
    return m.el("a", pick(r, ("brand link", "link", "product link", "logo link")), inner, **given)


def _panel(page: Page, text: str) -> str:
    """The maker's own box: a heading, the name, an address, a link."""
    r, m, p = page.r, page.m, page.product
    heading = pick(r, words(p.lang, "brand")).rstrip(": ")
    street = f"{pick(r, words(p.lang, 'street'))} {r.randint(1, 200)}"
    town = f"{digits(r, 5)} {pick(r, words(p.lang, 'city'))}"
    lines = [text, street, town, f"info@{_slug(page, text)}.com"]
    lines = lines[: r.randint(1, 4)]
    tag = pick(r, ("p", "li", "div", "span"))
    body = ["<br>".join(map(m.text, lines))] if chance(r, 0.4) else [m.leaf(tag, "", line) for line in lines]
    title = m.leaf(pick(r, ("h3", "h4", "strong", "dt", "div")), "label", heading)
    return m.el("div", pick(r, ("brand wrapper", "note", "product brand")), title, m.el("div", "value", *body))


def _slug(page: Page, text: str) -> str:
    """The maker as a target writes it, or a number."""
    plain = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return plain if plain and chance(page.r, 0.7) else f"b/{digits(page.r, 4)}"


DRAWN: dict[str, Callable[[Page, str], str]] = {
    "line": _line, "heading": _heading, "by": _by, "label": _labelled, "logo": _logo, "row": _row,
    "meta": _property, "bare": _bare, "inline": _inline, "among": _among, "wordmark": _wordmark, "titled": _titled,
    "panel": _panel, "link": _link,
}  # fmt: skip
