"""The breadcrumb trail that leads to a product, and what stands close by."""

from pretraining.corpus import wrapped
from pretraining.corpus.crumbs import Look, draw, menu
from pretraining.corpus.goods import category, series
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import has, words

DETAILS = ("Product Details", "Details", "Product", "Item details", "Produktdetails", "Détails", "Detail")
LINKS = ("breadcrumb link", "breadcrumb link", "breadcrumb link", "link", "")  # only the item around it may tell
DEEP = 0.03  # of the trails have wider categories before the product's own
EVERYTHING = 0.03  # of the trails have "All X" in them
BESIDE = 0.14  # of the trails have a way back, a skip link, a menu or a series close by
PLAIN = 0.28  # of the trails on one line have no links


def trail(page: Page) -> str:
    """A breadcrumb trail whose last category is the product's."""
    r, p = page.r, page.product
    texts = list(p.path)
    page.show("category", texts[-1])
    if chance(r, DEEP):
        texts[:0] = [category(r, p.lang) for _ in range(r.randint(2, 4))]
    path = list(texts)
    lead = weighted(r, {"home": 0.52, "shop": 0.14, "both": 0.04, "none": 0.30})
    if lead in ("home", "both"):
        texts.insert(0, pick(r, words(p.lang, "home")))
    if lead in ("shop", "both"):
        texts.insert(0, p.shop)
    if chance(r, 0.05) and len(p.path) < 4:
        texts[-1:-1] = [p.path[-1]] * r.randint(1, 2)
    elif len(texts) > 1 and chance(r, EVERYTHING):  # All products, before the widest or further in
        wider = pick(r, path[:-1]) if len(path) > 1 and chance(r, 0.6) else pick(r, words(p.lang, "home")[1:])
        texts.insert(r.randint(1, len(texts) - 1), f"{pick(r, words(p.lang, 'viewall'))} {wider}")
    else:
        page.show("breadcrumbs", path)
    end = weighted(r, {"name": 0.44, "details": 0.03, "all": 0.03, "brand": 0.03, "made": 0.04, "none": 0.43})
    if end == "all" and has(p.lang, "viewall"):
        texts.append(f"{pick(r, words(p.lang, 'viewall'))} {p.path[-1]}")
    elif end in ("brand", "made") and p.brand and (end == "brand" or p.name.startswith(p.brand)):  # then the product
        texts.append(p.brand)
        page.show("manufacturer", p.brand)
    if end in ("name", "made"):
        page.named_by_trail, page.in_trail = chance(r, 0.65), True
        texts.append(p.name if page.named_by_trail else _shortened(page))
    elif end == "details":
        texts.append(pick(r, DETAILS))
    title = pick(r, words(p.lang, "goto")) if chance(r, 0.4) else "{}"
    drawn = draw(page, texts, end in ("name", "details", "made"), Look(pick(r, LINKS), title, PLAIN))
    return _beside(page, drawn) if chance(r, BESIDE) else drawn


def _beside(page: Page, drawn: str) -> str:
    """The trail with what stands close by and names no category of the product's, or one that leads back."""
    r, m, p = page.r, page.m, page.product
    match weighted(r, {"back": 0.38, "skip": 0.24, "menu": 0.2, "series": 0.18}):
        case "back":  # to the list that the visitor came from
            where = pick(r, (p.path[-1], p.path[0], pick(r, words(p.lang, "category")).rstrip(": ")))
            text = pick(r, words(p.lang, "backto")).format(where)
            back = m.leaf(
                pick(r, ("a", "a", "button", "span")), pick(r, ("link", "button", "breadcrumb link", "")), text
            )
            return m.join([back, drawn] if chance(r, 0.85) else [drawn, back])
        case "skip":
            texts = [pick(r, words(p.lang, "skip")) for _ in range(pick(r, (1, 2, 2)))]
            role = pick(r, ("link", "hidden", "gallery link", ""))
            inner = chance(r, 0.5)
            links = [m.el("a", role, m.el("span", role, m.text(t)) if inner else m.text(t)) for t in texts]
            return m.join([drawn, *links])
        case "menu":
            after = wrapped.tells(page) and chance(r, 0.5)  # nothing else says which of two rows of links is the trail
            return m.join([drawn, menu(page)] if after else [menu(page), drawn])
    name = page.product.head if chance(r, 0.2) else series(r, p.lang)
    return m.join([drawn, page.rows([(None, pick(r, words(p.lang, "series")), name)])])


def _shortened(page: Page) -> str:
    """The name as trails write it when they don't write all of it."""
    r, p = page.r, page.product
    kind = r.randrange(6)
    if kind == 0 and p.brand and p.name.startswith(p.brand + " "):
        return p.name.removeprefix(p.brand + " ")
    if kind == 1 and len(p.name) > 24:
        return p.name[: r.randint(16, len(p.name) - 4)].rstrip() + pick(r, ("...", "…", " ..."))
    if kind == 2 and len(p.pieces) > 1:
        return " ".join(p.pieces[:-1])
    if kind == 3 and p.brand and p.brand not in p.name:
        return f"{p.brand} {p.name}"
    if kind == 4:
        return p.name.upper() if chance(r, 0.5) else p.name.capitalize()
    return p.name.split(",")[0].split(" - ")[0]
