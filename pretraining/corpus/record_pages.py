"""A record as the content of a whole page: the layouts of `layouts` and those that only whole pages have."""

from collections.abc import Callable
from random import Random

from extraction.json import Json
from pretraining.corpus import articles, ask, comments, detail, domains, facts, linked, records
from pretraining.corpus.crumbs import draw
from pretraining.corpus.draft import Draft
from pretraining.corpus.frames import Content
from pretraining.corpus.layouts import LAYOUTS as SNIPPETS
from pretraining.corpus.layouts import beside_title
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.site import Site, attribute
from pretraining.corpus.surroundings import others, stray

question = records.question
SITE_NAMES = (
    *("site_name",) * 4, *("publisher", "source", "website_name", "site", "website", "siteName", "site_title"),
    *("publication", "name_of_site", "brand_of_site", "web_site", "blog", "blog_name"),
)  # fmt: skip
LEAST_NAME = 5  # characters of a site's name that no other word has by chance
UNITS = 0.2  # of the pairs have numbers and units in elements of their own
ANSWERED = ("comments", "replies", "reviews", "votes", "likes", "rating")  # slots that a thread's count could be


def draft(r: Random, heldout: bool, published: bool = False) -> Draft:
    """A record of a domain that is held out, or of one that is not; `published` as an article is."""
    if published:
        domain = articles.domain(r) if chance(r, 0.85) else records.domain(r)
        drawn = records.drawn(r, domain, pick(r, facts.LANGS))
        articles.complete(r, drawn)
        return drawn
    domain = pick(r, domains.HELD_OUT) if heldout else records.domain(r)
    return records.drawn(r, domain, pick(r, facts.LANGS))


def with_site(
    r: Random, schema: Json, record: Json, page: Page, text: str, slots: dict[str, domains.Slot] | None = None
) -> tuple[Json, Json]:
    """The question with a field for the site's name, which the page states somewhere or not at all."""
    taken = {field for slot in (slots or {}).values() for field in slot.fields} | set(record)
    name, shop = pick(r, SITE_NAMES if slots else SITE_NAMES[:4]), page.product.shop
    if name in taken or len(shop) < LEAST_NAME:
        return schema, record
    written = (shop, page.m.text(shop), attribute(page.m.text(shop)))
    at = r.randint(0, len(record))
    keys = list(record)
    keys.insert(at, name)
    stated = shop if any(form in text for form in written) else None
    properties, values = {**schema["properties"], name: ask.TEXT}, {**record, name: stated}
    return ask.schema_of({key: properties[key] for key in keys}), {key: values[key] for key in keys}


def published(site: Site, d: Draft, size: int) -> Content:
    """The record as an article: comments of readers below, linked data in its head."""
    r = site.r
    block = articles.block(site, d) if chance(r, 0.7) else LAYOUTS[weighted(r, SHARES)](site, d)
    author = d.text_of("author") if "author" in d.values else ""
    below = [others(d, True) for _ in range(pick(r, (0, 0, 1, 1, 2)))]
    below += [stray(d, True) for _ in range(pick(r, (0, 0, 1, 2)))]
    if chance(r, 0.75):
        counted = not any(name in d.slots for name in ANSWERED)
        below.append(comments.comments(site, r.randint(300, max(400, size // 5)), author, counted))
    data = linked.data(site, d) if chance(r, 0.45) else ""
    if data and chance(r, 0.4):
        block, data = data + block, ""
    return Content(_trail(site, d), block, below, _title(d), article=True, author=author, data=data)


def content(site: Site, d: Draft, size: int, heldout: bool) -> Content:
    """The record's markup with what its page says of other records."""
    r = site.r
    layout = pick(r, tuple(HELD_OUT)) if heldout else weighted(r, SHARES)
    block = {**LAYOUTS, **HELD_OUT}[layout](site, d)
    below = [others(d, True) for _ in range(pick(r, (0, 0, 1, 1, 2, 3)) if size > 8_000 else 0)]
    below += [stray(d, True) for _ in range(pick(r, (0, 0, 1, 2)))]
    return Content(_trail(site, d), block, below, _title(d))


def _title(d: Draft) -> str:
    return d.text_of(next(iter(d.values)))


def _trail(site: Site, d: Draft) -> list[str]:
    """Home, a section or two, and perhaps the record's own title."""
    r = site.r
    if chance(r, 0.4):
        return []
    texts = [facts.phrase(r, d.lang) for _ in range(r.randint(1, 3))]
    texts += [_title(d)] if chance(r, 0.5) else []
    return [draw(d.page, texts, last_is_page=True)]


def _snippet(site: Site, d: Draft) -> str:
    """As in a snippet: rows, tables, elements with telling names."""
    return SNIPPETS[weighted(site.r, {"page": 0.6, "roles": 0.2, "table": 0.12, "grid": 0.08})](d)


def _prose(site: Site, d: Draft) -> str:
    text = SNIPPETS["prose"](d)
    return text if text.lstrip().startswith("<") else site.m.leaf("p", "description", text)


def _heading(site: Site, d: Draft, beside: list[str]) -> str:
    return site.deep(
        site.el(
            pick(site.r, ("header", "div", "section")), "title wrapper", *beside_title(d, next(iter(d.values)), beside)
        ),
        "title",
        3,
    )


def _pair(site: Site, outer: str, label: str, value: str, after: bool = False, split: bool = False) -> str:
    if split and chance(site.r, UNITS):
        return site.el(outer, "row", f"{site.m.leaf('span', 'label', label)} {articles.units(site, value)}")
    both = [site.m.leaf("span", "label", label), site.m.leaf("span", "value", value)]
    return site.el(outer, "row", *(both[::-1] if after else both))


def _aside(site: Site, d: Draft) -> str:
    """Title and running text, the facts in a box beside them, before or after."""
    r = site.r
    _, beside, rest = d.split()
    pairs = d.pairs(rest)
    box = d.page.rows([(None, label, value) for label, value in pairs]) if pairs else ""
    box = site.deep(site.el(pick(r, ("aside", "div", "section")), "table wrapper", box), "wrapper", 3)
    text = detail.description(site, r.randint(100, 2_000))
    parts = [_heading(site, d, beside), text]
    parts.insert(pick(r, (0, 1, 2, 2)), box)
    return site.el(pick(r, ("article", "div", "section")), "wrapper", *parts)


def _sections(site: Site, d: Draft) -> str:
    """Every value in a section of its own under its label, other text between."""
    r = site.r
    _, beside, rest = d.split()
    tag, inner = pick(r, ("h2", "h3", "h4", "strong", "div")), pick(r, ("p", "div", "span"))
    parts = [_heading(site, d, beside)]
    for label, value in d.pairs(rest):
        both = [site.m.leaf(tag, "label", label), site.m.leaf(inner, "value", value)]
        both = both[::-1] if d.page.look == "after" else both
        parts.append(site.el(pick(r, ("section", "div")), "row", *both))
        if chance(r, 0.2):
            parts.append(site.leaf("p", "description", site.paragraph(r.randint(60, 500))))
    return site.deep(site.el("div", "wrapper", *parts), "wrapper", 3)


def _split(site: Site, d: Draft) -> str:
    """Some facts at the title, some in a table at the end, much between."""
    r = site.r
    _, beside, rest = d.split()
    pairs = d.pairs(rest)
    cut = r.randint(0, len(pairs))
    outer = pick(r, ("li", "div", "p"))
    after = d.page.look == "after"
    near = [_pair(site, outer, label, value, after, d.domain not in domains.HELD_OUT) for label, value in pairs[:cut]]
    if pairs[:cut] and d.page.look == "inline":
        outer, near = "div", [d.page.rows([(None, label, value) for label, value in pairs[:cut]])]
    far = [d.page.rows([(None, label, value) for label, value in pairs[cut:]])] if pairs[cut:] else []
    between = [detail.description(site, r.randint(200, 3_000))] if chance(r, 0.8) else []
    head = site.el(
        "div", "wrapper", _heading(site, d, beside), site.el("ul" if outer == "li" else "div", "list", *near)
    )
    return site.m.join([head, *between, *(site.deep(part, "wrapper", 3) for part in far)])


def _tiles(site: Site, d: Draft) -> str:
    """Held out: tiles, the value above its label."""
    r = site.r
    _, beside, rest = d.split()
    tiles = [_pair(site, pick(r, ("div", "li")), label, value, after=True) for label, value in d.pairs(rest)]
    return site.el("section", "wrapper", _heading(site, d, beside), *(site.deep(tile, "card", 2) for tile in tiles))


def _bands(site: Site, d: Draft) -> str:
    """Held out: a table with two labels and two values in each of its rows, the title in its caption."""
    m = site.m
    first, *rest = d.values
    cells = [
        m.leaf("td", role, text) for pair in d.pairs(rest) for role, text in zip(("label", "value"), pair, strict=True)
    ]
    rows = [m.el("tr", "row", *cells[i : i + 4]) for i in range(0, len(cells), 4)]
    return site.deep(m.el("table", "table", m.leaf("caption", "title", d.text_of(first)), *rows), "table", 3)


LAYOUTS: dict[str, Callable[[Site, Draft], str]] = {
    "snippet": _snippet, "prose": _prose, "aside": _aside, "sections": _sections, "split": _split,
}  # fmt: skip
SHARES = {"snippet": 0.32, "aside": 0.25, "sections": 0.15, "split": 0.18, "prose": 0.10}
HELD_OUT: dict[str, Callable[[Site, Draft], str]] = {"tiles": _tiles, "bands": _bands}
