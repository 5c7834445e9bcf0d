"""Where the category stands: breadcrumb trails of all kinds, labels, eyebrows, tags."""

from typing import NamedTuple

from pretraining.corpus.goods import brand, category
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import LISTS, words

SEPARATORS = (">", ">", "›", "»", "/", "/", "|", "→", "·", "-", "–", ":", "\\", "<", "•", ">>", "▸", "::")
PHRASES = LISTS["phrases"]["category"]
PHRASES_ELSEWHERE = LISTS["phrases"]["category_elsewhere"]


class Look(NamedTuple):
    """How a trail's links are written: their role, the form of their titles, how often there are none."""

    link: str
    title: str
    plain: float


USUAL = Look("breadcrumb link", "{}", 0.12)


def shop_trail(page: Page) -> str:
    """A trail that names no category: home or the shop, then the product itself or nothing."""
    r, p = page.r, page.product
    first = pick(r, words(p.lang, "home")) if chance(r, 0.6) else p.shop
    if chance(r, 0.3):
        return draw(page, [first], last_is_page=False)
    page.in_trail = True
    return draw(page, [first, p.name], last_is_page=True)


def draw(page: Page, texts: list[str], last_is_page: bool, look: Look = USUAL) -> str:
    """The trail as markup."""
    r, m = page.r, page.m
    kind = weighted(r, {"list": 0.52, "flat": 0.22, "spans": 0.18, "table": 0.04, "dl": 0.04})
    if kind == "list" or kind == "spans":
        body = _listed(page, texts, last_is_page, kind == "list", look)
    elif kind == "dl":
        body = m.el(
            "dl", "breadcrumb", *[m.el("dd", "breadcrumb item", m.leaf("a", "breadcrumb link", t)) for t in texts]
        )
    else:
        body = _flat(page, texts, last_is_page, look)
        if kind == "table":
            body = m.el("tr", "breadcrumb", m.el("td", "breadcrumb item", body))
            body = m.el("table", "breadcrumb table", body) if chance(r, 0.5) else body
    if chance(r, 0.12):
        heading = pick(
            r,
            (
                "Breadcrumbs",
                "You are here:",
                "Breadcrumb",
                "Sie sind hier:",
                "Vous êtes ici :",
                "Breadcrumb navigation",
                "Fil d'Ariane",
                "Sei qui:",
            ),
        )
        body = m.join([m.leaf(pick(r, ("h2", "h3", "span", "div", "p", "strong")), "breadcrumb label", heading), body])
    return m.wrap(body, "breadcrumb", pick(r, (0, 0, 1, 1, 2, 3)))


def _listed(page: Page, texts: list[str], last_is_page: bool, as_list: bool, look: Look) -> str:
    r, m = page.r, page.m
    outer, inner = (
        pick(r, (("ol", "li"), ("ul", "li"), ("ul", "li")))
        if as_list
        else pick(r, (("div", "span"), ("div", "div"), ("nav", "span"), ("p", "span"), ("nav", "div")))
    )
    where = weighted(r, {"none": 0.55, "inside": 0.2, "before": 0.1, "between": 0.15})
    sign = pick(r, SEPARATORS)
    separator = (
        m.leaf(pick(r, ("span", "span", "i", "em")), "breadcrumb separator", sign)
        if chance(r, 0.85)
        else m.el("i", "separator")
    )
    inner_span, titled, bold, linked = chance(r, 0.4), chance(r, 0.2), chance(r, 0.12), chance(r, 0.85)
    link_last = chance(r, 0.35 if last_is_page else 0.65)  # shops leave the last category unlinked too
    items = []
    for i, t in enumerate(texts):
        last = i == len(texts) - 1
        if last and not link_last:
            item = (
                m.leaf(pick(r, ("span", "strong", "label", "span")), "breadcrumb current", t)
                if chance(r, 0.7)
                else m.text(t)
            )
        else:
            given = {"title": look.title.format(t)} if titled else {}
            if m.microdata:
                given["itemprop"] = "item"
            link = m.text(t) if not inner_span else m.leaf("label" if bold else "span", "breadcrumb label", t)
            item = m.el("a", look.link, link, **given) if linked else link
        parts = [item]
        if where == "inside" and not last:
            parts = [item, separator]
        elif where == "before" and i:
            parts = [separator, item]
        items.append(m.el(inner, "breadcrumb current" if last and chance(r, 0.5) else "breadcrumb item", m.join(parts)))
        if where == "between" and not last:
            items.append(m.leaf(inner, "separator", sign) if as_list else f" {m.text(sign)} ")
    body = m.el(outer, "breadcrumb list", *items)
    return m.el("nav", "breadcrumb", body, aria_label="breadcrumb") if as_list and chance(r, 0.4) else body


def _flat(page: Page, texts: list[str], last_is_page: bool, look: Look) -> str:
    r, m = page.r, page.m
    sign = m.text(pick(r, SEPARATORS))
    joint = pick(r, (f" {sign} ", f" {sign} ", f"&nbsp;{sign}&nbsp;", f" <b>{sign}</b> ", sign, f" {sign}\n", " "))
    as_text, link_last = joint != " " and chance(r, look.plain), not last_is_page and chance(r, 0.65)
    parts = [
        m.text(t)
        if as_text or (not link_last and i == len(texts) - 1)
        else m.el("a", "breadcrumb link" if chance(r, 0.5) else "", m.text(t))
        for i, t in enumerate(texts)
    ]
    return m.el(pick(r, ("div", "p", "nav", "span", "td", "font", "small")), "breadcrumb", joint.join(parts))


def label(page: Page) -> str:
    """The category behind a label: "Category: X", "Posted in X", in a meta line, a spec row."""
    r, m, p = page.r, page.m, page.product
    value = p.path[-1]
    page.show("category", value)
    word = pick(r, words(p.lang, "category"))
    link = (
        m.el("a", "category link", m.text(value))
        if chance(r, 0.6)
        else m.leaf("span", "category value", value)
        if chance(r, 0.5)
        else m.text(value)
    )
    colon = pick(r, (":", ": ", " : ", "", " ", ":&nbsp;"))
    kind = r.randrange(6)
    if kind < 3:
        head = (
            m.leaf(
                pick(r, ("span", "b", "strong", "label")), "category label", word + colon.strip().replace("&nbsp;", "")
            )
            if chance(r, 0.6)
            else word + (colon or " ")
        )
        return m.el(pick(r, ("div", "p", "span", "li")), "product category", f"{head} {link}")
    if kind == 3:
        return m.el(
            "div",
            "product note",
            m.el("span", "", f"{word}{colon or ' '}{link}"),
            m.leaf("span", "", f"{pick(r, words(p.lang, 'sku'))}: {page.code()}"),
        )
    if kind == 4:
        return page.rows([(None, word, value)])
    tags = [category(r, p.lang) for _ in range(r.randint(1, 3))]
    return m.join(
        [
            m.el("span", "category", f"{word}: {link}"),
            m.el("span", "tag", "Tags: " + ", ".join(m.el("a", "tag", m.text(t)) for t in tags)),
        ]
    )


def eyebrow(page: Page) -> str:
    """The category alone, above the title or near it."""
    r, m, p = page.r, page.m, page.product
    page.show("category", p.path[-1])
    tag = pick(r, ("span", "div", "p", "a", "h2", "h3", "h4", "small"))
    role = "neutral" if chance(r, 0.2) else "product category"
    return (
        m.leaf(tag, role, p.path[-1])
        if chance(r, 0.7)
        else m.el("div", role, m.leaf("a", pick(r, ("category link", "link", "")), p.path[-1]))
    )


def phrase(page: Page) -> str:
    """The category inside a phrase that leads back to it or on to more of it."""
    r, m, p = page.r, page.m, page.product
    value = p.path[-1]
    page.show("category", value)
    text = pick(r, PHRASES if p.lang == "en" or chance(r, 0.3) else PHRASES_ELSEWHERE)
    if chance(r, 0.5):
        return m.leaf(pick(r, ("a", "a", "span", "div")), "category link", text.format(value))
    head, _, end = text.partition("{}")
    return m.el(
        pick(r, ("div", "p", "span")),
        "category",
        m.text(head) + m.el("a", "category link", m.text(value)) + m.text(end),
    )


def menu(page: Page) -> str:
    """A navigation menu: categories that are not the product's, or other makers."""
    r, m, p = page.r, page.m, page.product
    texts = [category(r, p.lang) if chance(r, 0.8) else brand(r, p.lang) for _ in range(r.randint(3, 9))]
    items = [m.el("li", "menu item", m.el("a", "menu link", m.text(t))) for t in texts]
    body = m.el("ul", "menu list", *items)
    return m.el("nav", "menu", body) if chance(r, 0.6) else m.wrap(body, "menu", r.randint(0, 2))
