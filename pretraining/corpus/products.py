"""Product pages and fragments: a shop's page, cut down or whole, with the gold that it states."""

from html import unescape
from random import Random
from typing import Any

from pretraining.corpus import ask, attribution, crumbs, extras, prices, tiles, titles, trails, whole, wild
from pretraining.corpus.goods import brand, noun
from pretraining.corpus.markup import INLINE_TAG, TAG, collapse
from pretraining.corpus.noise import noise, sentence
from pretraining.corpus.page import Page, Row
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import sold
from pretraining.corpus.words import BRANDS, words

CATEGORY = {
    "trail": 0.62,
    "label": 0.08,
    "eyebrow": 0.07,
    "phrase": 0.05,
    "row": 0.04,
    "shop_trail": 0.04,
    "none": 0.10,
}
MAKER = {"one": 0.48, "two": 0.08, "shop": 0.06, "name": 0.21, "below": 0.08, "none": 0.09}
SELLER = 0.08  # of the products have a seller beside the price


def sample(r: Random) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(markup, schema, record) of one product."""
    page = Page(r, sold(r))
    make = weighted(r, {_elsewhere: 0.015, tiles.compose: 0.03, wild.compose: 0.28, compose: 0.675})
    html = make(page)
    schema, record = ask.standard(page.shown) if chance(r, 0.60) else ask.product(r, page.shown)
    return (_as_text(html, record) if chance(r, 0.04) else html), schema, record


def _as_text(html: str, record: dict[str, Any]) -> str:
    """The page as a reader copies it, if all that is asked for can be read there."""
    lines = [collapse(unescape(line)) for line in TAG.sub("\n", INLINE_TAG.sub("", html)).split("\n")]
    text = "\n".join(line for line in lines if line)
    collapsed = collapse(text)
    return text if all(value in collapsed for value in record.values() if isinstance(value, str)) else html


def _elsewhere(page: Page) -> str:
    """A part of a page that the product itself is not in."""
    parts: list[str] = []
    whole.surround(page, parts, pick(page.r, (1, 1, 3)))
    return _join(page, parts)


def compose(page: Page) -> str:
    """The page's fragments, joined."""
    r, m = page.r, page.m
    parts = category(page)
    main = shown(page)
    if len(parts) == 1 and not page.in_trail and chance(r, 0.1):  # between the name and what follows it
        main.insert(r.randint(1, len(main)), parts.pop())
    if chance(r, 0.30):  # one block around name, maker and price
        main = [m.wrap(m.el("div", "product", *main), "product", r.randint(0, 2))]
    elif chance(r, 0.5):
        main = [m.wrap(part, "product", pick(r, (0, 1, 1, 2))) for part in main]
    parts = parts + main if chance(r, 0.75) else main + parts
    rows = _rows(page)
    if rows:
        parts.insert(len(parts) if chance(r, 0.8) else r.randint(0, len(parts)), rows)
    size = weighted(r, {"cut": 0.47, "part": 0.29, "page": 0.11, "whole": 0.07, "long": 0.06})
    if size == "cut" and chance(r, 0.25):
        r.shuffle(parts)
    _furnish(page, parts, size)
    return _join(page, parts)


def category(page: Page, shares: dict[str, float] = CATEGORY) -> list[str]:
    """The category, stated in one of the ways that `shares` weighs, or not at all."""
    r = page.r
    match weighted(r, shares):
        case "trail":
            return [trails.trail(page)]
        case "label":
            return [crumbs.label(page)]
        case "phrase":
            return [crumbs.phrase(page)]
        case "row":
            page.show("category", page.product.path[-1])
            label = pick(r, words(page.product.lang, "category"))
            return [page.rows([(None, label, page.product.path[-1])])]
        case "eyebrow":
            return [crumbs.eyebrow(page)]
        case "shop_trail":
            return (
                [crumbs.shop_trail(page)]
                if page.product.brand is None or page.product.brand in page.product.name
                else []
            )
    return []


def shown(page: Page, logo: bool = True) -> list[str]:
    """Name, maker and price, in the order of this shop. Where the shop is the maker, `logo` says so among them."""
    r, p = page.r, page.product
    if not page.in_trail and not (p.brand and p.brand.casefold() in p.name.casefold()) and chance(r, 0.03):
        title = ""
    elif page.named_by_trail and chance(r, 0.28):
        page.show("name", p.name)
        title = ""
    else:
        title = titles.name(page) if chance(r, 0.95) else titles.untitled(page)
    makers = _makers(page, logo)
    price = prices.block(page) if chance(r, 0.93) else extras.no_price(page)
    titled = [title] if title else []
    parts = [*titled, *makers] if chance(r, 0.5) else [*makers, *titled]
    if chance(r, 0.08):
        parts.insert(r.randint(0, len(parts)), extras.rating(page))
    parts.insert(len(parts) if chance(r, 0.7) else r.randint(0, len(parts)), price)
    if chance(r, SELLER):
        parts.append(attribution.seller(page))
    return parts


def _makers(page: Page, logo: bool) -> list[str]:
    """Statements of who made the product. A name that holds the maker says it too, if nothing else does.

    Only a maker that a reader knows or that is written like one (KORG, TomTom, Tri-X), though: no reader can tell Pramo
    from a noun.
    """
    p = page.product
    if p.brand is None:
        return []
    first = _brand_in_name(p.brand, p.name)
    within = p.brand.casefold() in p.name.casefold()
    how = weighted(page.r, MAKER)
    if how == "name" or (within and how in ("shop", "none")):
        how = "name" if first else "below" if page.whole and chance(page.r, 0.3) else "one"
    if how == "below":
        page.maker_below = page.whole
        how = "none" if page.whole else "name" if first else "one"
    if how == "name":
        page.show("manufacturer", first)
        return []
    if how == "shop":
        p.shop = p.brand
        page.show("manufacturer", p.brand)
        return [titles.shop_logo(page)] if logo else []
    return [attribution.maker(page) for _ in range({"one": 1, "two": 2}.get(how, 0))]


def _brand_in_name(brand: str, name: str) -> str | None:
    """The maker as the product's name writes it, where the name alone tells it."""
    forms = [text for text in (brand, brand.upper()) if text in name]
    if brand not in BRANDS:
        forms = [text for text in forms if name.startswith(text) or name.endswith(f" by {text}")]
    first = next(iter(forms), None)
    # In a name that is all in capitals a word's capitals say nothing.
    plain = (
        first
        and not name.endswith(f" by {first}")
        and (name.isupper() or first.islower() or (first.istitle() and first.isalpha()))
    )
    return first if brand in BRANDS or not plain else None


def _rows(page: Page) -> str:
    """A specification table, which may name maker or category again."""
    r, p = page.r, page.product
    if not chance(r, 0.32):
        return ""
    rows: list[Row] = [(slot, label, value) for slot, label, value in p.specs]
    if "manufacturer" in page.shown and chance(r, 0.5):
        rows.append((None, attribution.label(page), page.shown["manufacturer"]))
    if chance(r, 0.2):
        rows.append((None, noun(r, p.lang), pick(r, words(p.lang, "words"))))
    if "manufacturer" not in page.shown and p.brand and chance(r, 0.3):
        rows.append(("manufacturer", attribution.label(page), p.brand))
    r.shuffle(rows)
    return page.rows(rows)


def _furnish(page: Page, parts: list[str], size: str) -> None:
    """Put furniture between the parts: little in a cut-down snippet, much in a whole page."""
    r = page.r
    if size == "cut":
        parts.insert(r.randint(0, len(parts)), noise(page)) if chance(r, 0.35) else None
        return
    if size in ("whole", "long"):
        return whole.surround(page, parts, r.randint(2, 6) if size == "long" else 1)
    for _ in range(r.randint(1, 4) if size == "part" else pick(r, (5, 8, 12, 20))):
        parts.insert(r.randint(0, len(parts)), noise(page))
    if chance(r, 0.25):
        parts.insert(r.randint(0, len(parts)), titles.other_heading(page))
    if chance(r, 0.3 if size == "part" else 0.7):
        parts.insert(0, crumbs.menu(page))
    if chance(r, 0.3) and "manufacturer" in page.shown and page.shown["manufacturer"] != page.product.shop:
        parts.insert(0, titles.shop_logo(page))
    _follow(page, parts)


def _follow(page: Page, parts: list[str]) -> None:
    """What comes after the product: a description, a seller, other products; and the document's title before it."""
    r = page.r
    if chance(r, 0.4):
        parts.append(page.m.leaf("div", "description", _blurb(page)))
    if chance(r, 0.12):
        parts.insert(0, _head(page))
    if chance(r, 0.2):
        word = pick(r, words(page.product.lang, "seller"))
        parts.append(page.rows([("seller", word, pick(r, (page.product.shop, brand(r, page.product.lang))))]))
    if "price" in page.shown and chance(r, 0.45):
        parts.append(titles.related(page)) if chance(r, 0.85) else parts.insert(0, titles.related(page))


def _blurb(page: Page) -> str:
    """Running text, which may speak of the product and its maker."""
    r, p = page.r, page.product
    sentences = [sentence(page) for _ in range(r.randint(1, 6))]
    if chance(r, 0.4) and "name" in page.shown:
        sentences.insert(0, f"{p.name} {sentence(page)}")
    if chance(r, 0.3) and "manufacturer" in page.shown:
        sentences.append(f"{page.shown['manufacturer']}: {sentence(page)}")
    return " ".join(sentences)


def _head(page: Page) -> str:
    """The document's own title, which carries more than the name."""
    r, p = page.r, page.product
    if "name" not in page.shown:
        return ""
    extra = pick(
        r,
        (
            f"{p.name} | {p.shop}",
            f"{p.name} - {p.shop}",
            f"{p.shop}: {p.name}",
            f"{p.name} kaufen | {p.shop}",
            f"Buy {p.name} online",
            p.name,
        ),
    )
    return f"<title>{page.m.text(extra)}</title>"


def _join(page: Page, parts: list[str]) -> str:
    r, m = page.r, page.m
    joint = "\n" if chance(r, 0.7) else m.nl
    html = joint.join(part for part in parts if part)
    if chance(r, 0.15):
        html = m.wrap(html, "wrapper", r.randint(1, 3))
    if m.blank:
        html = html.replace("\n", "\n\n", r.randint(1, 6))
    if chance(r, 0.03):
        html = _broken(r, html)
    return html


def _broken(r: Random, html: str) -> str:
    """Stray or missing end tags."""
    ends = [i for i in range(len(html) - 6) if html.startswith("</div>", i)]
    if ends and chance(r, 0.7):
        i = pick(r, ends)
        return html[:i] + html[i + 6 :]
    return html + pick(r, ("</div>", "</span></div>", "</td></tr>", "</li>"))
