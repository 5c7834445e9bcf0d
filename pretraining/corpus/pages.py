"""Endless whole pages as sites serve them: 5 to 300 KB of furniture around one product or record, with what it states.

Menus, consent banners, shelves of other products, reviews and footers say much that looks like an answer and is none.
`heldout` pages have domains and layouts that no other page has: what is read in them was not learned by heart.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from pretraining.corpus import (
    Sample,
    ask,
    attribution,
    buybox,
    crumbs,
    detail,
    layers,
    products,
    record_pages,
    rows,
    shelves,
    wild,
)
from pretraining.corpus.frames import Content, assemble
from pretraining.corpus.goods import category
from pretraining.corpus.page import Page, Row
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import sold
from pretraining.corpus.site import Site
from pretraining.corpus.state import state
from pretraining.corpus.words import words

SHARES = {"product": 0.52, "record": 0.48}
LISTS = 0.1  # of the records' pages ask for a list of objects
ALIKE = 0.2  # of the products' pages have others whose prices look as the product's does
QUICK = 0.06  # of them have a layer with another product
PUBLISHED = (8_000, 0.3)  # characters from which on, and share of, records' pages are articles
SITE_ASKED = {True: 0.3, False: 0.1}  # of articles and of other records' pages ask for the site's name
SITE_ASKED_SHOP = 0.03  # of the products' pages do
LOOKS = ("table", "cards", "list", "dl")
CATEGORY = {
    "trail": 0.74,
    "label": 0.05,
    "eyebrow": 0.03,
    "phrase": 0.03,
    "row": 0.02,
    "shop_trail": 0.05,
    "none": 0.08,
}


def pages(
    seed: int, kind: str | None = None, characters: tuple[int, int] = (5_000, 300_000), heldout: bool = False
) -> Iterator[Sample]:
    """Whole pages, the same for the same arguments; `characters` bounds their sizes, which are
    about log-uniform between; the median of the default is 60,000.

    `kind` is "product" or "record"; None gives both. A domain ends in ", page".
    """
    r = Random(f"whole pages {seed} {heldout}")
    low, high = characters
    while True:
        make = {"product": _product, "record": _record}[kind or weighted(r, SHARES)]
        yield make(r, int(low * (high / low) ** r.random() ** 0.75), heldout)


def _product(r: Random, size: int, heldout: bool) -> Sample:
    page = Page(r, sold(r), whole=True)
    site = Site(page)
    text = assemble(site, _content(site, size), size, heldout).strip()
    schema, record = ask.standard(page.shown) if chance(r, 0.7) else ask.product(r, page.shown)
    if not heldout and chance(r, SITE_ASKED_SHOP) and not any(name in record for name in ask.NAMES["seller"]):
        schema, record = record_pages.with_site(r, schema, record, page, text)
    return Sample(text, schema, record, "product, page")


def _record(r: Random, size: int, heldout: bool) -> Sample:
    if not heldout and chance(r, LISTS):
        return _listing(r, size, heldout)
    published = not heldout and size > PUBLISHED[0] and chance(r, PUBLISHED[1])
    draft = record_pages.draft(r, heldout, published)
    site = Site(draft.page)
    content = (
        record_pages.published(site, draft, size) if published else record_pages.content(site, draft, size, heldout)
    )
    text = assemble(site, content, size, heldout).strip()
    schema, record = record_pages.question(r, draft)
    if not heldout and chance(r, SITE_ASKED[published]):
        schema, record = record_pages.with_site(r, schema, record, draft.page, text, draft.slots)
    return Sample(text, schema, record, f"{draft.domain}, page")


def _listing(r: Random, size: int, heldout: bool) -> Sample:
    listing, names = rows.drawn(r)
    site = Site(listing.draft.page)
    block = rows.page(listing, True, LOOKS)
    text = assemble(
        site, Content([], block, name=listing.draft.text_of(next(iter(listing.draft.values)))), size, heldout
    )
    schema, record = rows.question(r, listing, pick(r, names), True)
    return Sample(text.strip(), schema, record, f"{names[0]}[], page")


def _content(site: Site, size: int) -> Content:
    """The product's trail, block, table and the shelf that it stands in itself."""
    r, page = site.r, site.page
    odd = chance(r, 0.06)
    trail = [] if odd else _trails(site)
    main = [wild.compose(page)] if odd else products.shown(page, chance(r, 0.3))
    copy = list(main)
    if chance(r, 0.04):
        main.append(state(site))
    price = _shown_price(site)
    main = buybox.furnish(site, main, size // 2)
    block = _block(site, main, copy)
    below = _below(site, size, price)
    if price and page.price_markup and chance(r, ALIKE):
        others = site.deep(shelves.alike(site), "related", 2)
        if chance(r, 0.4):
            block = others + block
        else:
            below.insert(0, others)
    if chance(r, QUICK) and {"name", "price"} <= set(page.shown):
        below.append(site.deep(layers.quick_view(site), "layout", 2))
    return Content(trail, block, below, page.shown.get("name", ""), page.shown.get("manufacturer", ""))


def _trails(site: Site) -> list[str]:
    """The category; beside a trail now and then a way back to the wider one for phones, or a trail to elsewhere."""
    r, page = site.r, site.page
    path = page.product.path
    trail = products.category(page, CATEGORY)
    if trail and len(path) > 1 and chance(r, 0.15):
        back = site.el("a", "breadcrumb link", site.m.text(pick(r, ("{}", "< {}", "« {}")).format(path[-2])))
        trail.insert(0, site.el("div", "hidden breadcrumb", back))
    if trail and chance(r, 0.05):
        other = [pick(r, words(site.lang, "home")), *(category(r, site.lang) for _ in range(r.randint(1, 3)))]
        trail.append(crumbs.draw(page, other, last_is_page=False))
    return trail


def _block(site: Site, main: list[str], copy: list[str]) -> str:
    """Gallery and facts in columns; some sites write title and price twice, for desks and for phones, or in a bar."""
    r = site.r
    if chance(r, 0.3) and len(main) > 3:
        cut = r.randint(1, len(main) - 1)
        main = [
            site.deep(site.el("div", "product wrapper", *map(_sound, part)), "product", 2)
            for part in (main[:cut], main[cut:])
        ]
    facts = site.deep(site.el(pick(r, ("div", "section", "div")), "product", *map(_sound, main)), "product", 4)
    columns = [buybox.gallery(site), facts] if chance(r, 0.8) else [facts, buybox.gallery(site)]
    if chance(r, 0.22):
        again = site.el("div", pick(r, ("hidden product", "product wrapper", "hidden")), *map(_sound, copy))
        columns.insert(r.randint(0, len(columns)), again)
    return site.el(pick(r, ("div", "section", "article", "main")), "product", *columns)


def _sound(part: str) -> str:
    """A part that needs a parent of its own kind, in one."""
    start = part[:4].lower()
    if start.startswith(("<td", "<tr", "<th")):
        return f"<table><tbody><tr>{part}</tr></tbody></table>" if start[2] != "r" else f"<table>{part}</table>"
    return f"<ul>{part}</ul>" if start.startswith("<li") and start[3] in " >" else part


def _below(site: Site, size: int, price: str) -> list[str]:
    r, page = site.r, site.page
    parts = []
    facts = _facts(page)
    if facts or (size > 12_000 and chance(r, 0.3)):
        parts.append(detail.table(site, facts, r.randint(0, min(5_000, size // 10))))
    if price and "name" in page.shown and chance(r, 0.12):
        parts.append(pick(r, (shelves.bundle, shelves.compare))(site, page.shown["name"], price))
    if "manufacturer" in page.shown and chance(r, 0.1):
        heading = site.leaf("h3", "related title", f"{site.say('by')} {site.m.text(page.shown['manufacturer'])}")
        parts.append(heading + shelves.shelf(site, min(4_000, size // 8)))
    return parts


def _facts(page: Page) -> list[Row]:
    """Rows of the product's table; now and then only they say who made it."""
    r, p = page.r, page.product
    facts: list[Row] = [*p.specs] if chance(r, 0.45) else []
    shown: Any = page.shown.get("manufacturer")
    if shown and chance(r, 0.35):
        facts.append((None, attribution.label(page), shown))
    elif p.brand and not shown and (page.maker_below or chance(r, 0.45)):
        facts.append(("manufacturer", attribution.label(page), p.brand))
    if facts and chance(r, 0.08):
        facts.insert(r.randint(0, len(facts)), (None, *attribution.part_maker(page)))
    return facts


def _shown_price(site: Site) -> str:
    """The price as the product's own block reads, for the places that repeat it."""
    return site.m.text(str(site.page.shown.get("price", "")))
