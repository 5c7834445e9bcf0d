"""What a whole page has around its product: head, linked data, menus, reviews, teasers, footer columns."""

import json

from extraction.json import Json
from pretraining.corpus.goods import brand, category, noun, thing
from pretraining.corpus.letters import digits
from pretraining.corpus.markup import collapse
from pretraining.corpus.noise import noise, sentence
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.titles import other_heading, related
from pretraining.corpus.words import words


def surround(page: Page, parts: list[str], times: int = 1) -> None:
    """Put the product's parts into a whole page: what stands above it in a shop and what follows, many times over."""
    r = page.r
    above = [head(page)] if chance(r, 0.7) else []
    above += [utility_bar(page)] if chance(r, 0.6) else []
    above += [mega_menu(page) for _ in range(pick(r, (0, 1, 1, 2)) * r.randint(1, times))]
    above += [teasers(page)] if chance(r, 0.06) else []
    kinds = (reviews, teasers, related, tabs, other_heading, noise)
    below = [pick(r, kinds)(page) for _ in range(r.randint(1, 8) * times)]
    below += [columns(page)] if chance(r, 0.8) else []
    for _ in range(r.randint(0, 4)):
        parts.insert(r.randint(0, len(parts)), noise(page))
    parts[:0] = above
    parts += below


def head(page: Page) -> str:
    """Title, meta elements and linked data; where the page shows no price or maker, these may be the only ones."""
    r, m, p = page.r, page.m, page.product
    if "name" not in page.shown:
        return ""
    title = pick(r, ("{n} | {s}", "{n} - {s}", "{s}: {n}", "{n} – {c} | {s}", "{n}", "{n} online | {s}"))
    lines = [f"<title>{m.text(title.format(n=p.name, s=p.shop, c=p.path[-1]))}</title>"]
    described = m.text(sentence(page)).replace('"', "&quot;")
    named = m.text(p.name).replace('"', "&quot;")
    metas = [
        f'<meta name="description" content="{named}: {described}">',
        f'<meta property="og:title" content="{named}">',
        f'<meta property="og:site_name" content="{m.text(p.shop)}">',
        f'<meta property="product:price:amount" content="{p.cents / 100:.2f}">' if "amount" in page.shown else "",
        f'<meta name="keywords" content="{", ".join(m.text(thing(r, p.lang)) for _ in range(4))}">',
    ]
    lines += [line for line in metas if line and '""' not in line and chance(r, 0.5)]
    if chance(r, 0.55):
        data = json.dumps(linked_data(page), ensure_ascii=chance(r, 0.1))
        lines.append(f'<script type="application/ld+json">{data}</script>')
    return "\n".join(lines)


def linked_data(page: Page) -> Json:
    """schema.org's Product as this page says it. What it states alone is stated too."""
    r, p = page.r, page.product
    data: Json = {"@context": "https://schema.org/", "@type": "Product", "name": p.name}
    if chance(r, 0.5):
        data["sku"] = digits(r, 6)
    if p.brand and (page.shown.get("manufacturer") in (p.brand, None)) and chance(r, 0.7):
        page.show("manufacturer", p.brand)
        data["brand"] = {"@type": pick(r, ("Brand", "Thing", "Organization")), "name": p.brand}
    if "category" in page.shown and chance(r, 0.2):
        data["category"] = page.shown["category"]
    if "price" in page.shown and "amount" in page.shown and chance(r, 0.8):
        offer: Json = {"@type": "Offer", "price": pick(r, (f"{p.cents / 100:.2f}", p.cents / 100))}
        offer["availability"] = "https://schema.org/InStock"
        data["offers"] = offer if chance(r, 0.7) else [offer]
    if chance(r, 0.3):
        data["aggregateRating"] = {"@type": "AggregateRating", "ratingValue": f"{r.randint(30, 50) / 10}"}
    return data


def utility_bar(page: Page) -> str:
    """The strip at the top: the shop, account, basket with a sum, languages, telephone."""
    r, m, p = page.r, page.m, page.product
    sums = p.money.show(pick(r, (0, 0, 4990, 12900)))
    texts = [p.shop, *[pick(r, words(p.lang, "noise")) for _ in range(r.randint(1, 5))], f"0 / {sums}", sums]
    texts += [*("DE", "EN", "FR")[: r.randint(0, 3)], f"+{digits(r, 2)} {digits(r, 3)} {digits(r, 5)}"]
    shown = r.sample(texts, r.randint(2, len(texts)))
    return m.el("header", "menu wrapper", *[m.leaf(pick(r, ("a", "span", "div")), "menu link", t) for t in shown])


def mega_menu(page: Page) -> str:
    """Departments with their categories: 8 to 60 links, none of which says what this product is."""
    r, m, p = page.r, page.m, page.product
    groups = []
    for _ in range(r.randint(2, 8)):
        top = m.leaf(pick(r, ("a", "span", "h4")), "menu link", category(r, p.lang))
        links = [m.el("li", "menu item", m.el("a", "", m.text(category(r, p.lang)))) for _ in range(r.randint(2, 7))]
        groups.append(m.el("li", "menu item", top, m.el("ul", "menu list", *links)))
    if chance(r, 0.2):
        makers = [m.el("li", "menu item", m.el("a", "", m.text(brand(r, p.lang)))) for _ in range(r.randint(4, 12))]
        groups.append(m.el("li", "menu item", m.text(pick(r, words(p.lang, "brand"))), m.el("ul", "", *makers)))
    return m.el(pick(r, ("nav", "div")), "menu", m.el("ul", "menu list", *groups))


def reviews(page: Page) -> str:
    """What customers wrote: names, dates, stars, sentences."""
    r, m, p = page.r, page.m, page.product
    items = []
    for _ in range(r.randint(1, 5)):
        who = f"{pick(r, words(p.lang, 'first'))} {pick(r, words(p.lang, 'last'))[:1]}."
        when = pick(
            r, (f"{r.randint(1, 28)}.{r.randint(1, 12)}.{r.randint(2012, 2026)}", f"{r.randint(1, 11)} days ago")
        )
        parts = [m.leaf("span", "title", who), m.leaf("span", "note", when)]
        parts.insert(r.randint(0, 2), m.leaf("span", "rating value", f"{r.randint(1, 5)}/5"))
        text = sentence(page) + (f" {p.name}" if chance(r, 0.15) and "name" in page.shown else "")
        items.append(m.el(pick(r, ("div", "li", "article")), "rating item", *parts, m.leaf("p", "description", text)))
    return m.el("section", "rating list", m.leaf("h2", "title", pick(r, words(p.lang, "reviews"))), *items)


def teasers(page: Page) -> str:
    """A row of other products: their names, old and new prices, makers, buttons."""
    r, m, p = page.r, page.m, page.product
    cards = []
    crossed, buttons, makers = chance(r, 0.4), chance(r, 0.4), chance(r, 0.3)
    for _ in range(r.randint(2, 10)):
        cents = max(100, int(p.cents * (0.2 + r.random() * 3)) // 100 * 100)
        parts = [m.leaf(pick(r, ("a", "h3")), "card title", noun(r, p.lang))]
        parts += [m.leaf("span", "card brand", brand(r, p.lang))] if makers else []
        parts += [m.leaf("del", "price old", p.money.show(cents + 1000))] if crossed and chance(r, 0.6) else []
        parts += [m.leaf("span", "card price", p.money.show(cents))]
        parts += [m.leaf("button", "button", pick(r, words(p.lang, "cart")))] if buttons else []
        cards.append(m.el(pick(r, ("div", "li")), "card", *parts))
    return m.el("section", "related", m.leaf("h2", "related title", pick(r, words(p.lang, "related"))), *cards)


def tabs(page: Page) -> str:
    """Long text about the product, its maker and its use."""
    r, m, p = page.r, page.m, page.product
    paragraphs = [" ".join(sentence(page) for _ in range(r.randint(1, 5))) for _ in range(r.randint(1, 4))]
    if chance(r, 0.3) and "name" in page.shown:
        paragraphs[0] = f"{p.name}: {paragraphs[0]}"
    return m.el(
        "div",
        "description",
        m.leaf(pick(r, ("h2", "h3")), "title", pick(r, words(p.lang, "description"))),
        *[m.leaf("p", "description", text) for text in paragraphs],
    )


def columns(page: Page) -> str:
    """The footer: columns of links, an address, the shop's name once more."""
    r, m, p = page.r, page.m, page.product
    groups = []
    for _ in range(r.randint(2, 5)):
        texts = [
            pick(r, words(p.lang, "noise")) if chance(r, 0.6) else category(r, p.lang) for _ in range(r.randint(2, 8))
        ]
        links = [m.el("li", "footer item", m.el("a", "", m.text(text))) for text in texts]
        groups.append(m.el("div", "footer", m.leaf("h4", "title", category(r, p.lang)), m.el("ul", "", *links)))
    address = f"{p.shop}, {pick(r, words(p.lang, 'street')) if chance(r, 0.5) else digits(r, 5)}"
    return m.el("footer", "footer", *groups, m.leaf("p", "note", collapse(f"© {r.randint(2001, 2026)} {address}")))
