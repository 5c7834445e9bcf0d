"""How a site puts a page together: what comes first, what stands beside what, how deep it lies, what its head says."""

import json
from dataclasses import dataclass, field

from pretraining.corpus import chrome, comments, detail, layers, shelves
from pretraining.corpus.letters import latin
from pretraining.corpus.naming import hashed
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.site import Site, attribute

FRAMES = {"stack": 0.42, "app": 0.22, "beside": 0.18, "legacy": 0.10, "late": 0.08}
HELD_OUT = ("portal",)
# Part of a page -> (share of pages that have it, weight in what is left of the size).
ABOVE = {"menu": (0.88, 3.0), "phone": (0.35, 2.0), "column": (0.25, 1.5)}
BELOW = {
    "description": (0.7, 0.8), "reviews": (0.45, 1.6), "questions": (0.2, 0.8), "stores": (0.12, 0.8),
    "shelf": (0.75, 2.5), "shelf2": (0.45, 2.0), "shelf3": (0.25, 2.0), "footer": (0.9, 1.2),
}  # fmt: skip
SMALL = 9_000  # characters of a page that has hardly anything but its content


@dataclass(slots=True)
class Content:
    """What a page is about, as markup: the trail to it, its own block, what belongs to it below, its name and maker."""

    trail: list[str]
    block: str
    below: list[str] = field(default_factory=list)
    name: str = ""
    maker: str = ""
    article: bool = False  # it is read, not bought
    author: str = ""
    data: str = ""  # linked data for the head


def assemble(site: Site, content: Content, size: int, heldout: bool) -> str:
    """The whole page, of about `size` characters where the content alone is not longer."""
    r, m = site.r, site.m
    full = chance(r, 0.75 if content.article else 0.45)
    shares = _shares(site, size - len(content.block) - sum(map(len, content.below)), full)
    top, end = _top(site, shares, size), _end(site, shares, size)
    middle = content.below + (_reading if content.article else _middle)(site, shares, content)
    if chance(r, 0.4):
        r.shuffle(middle)
    frame = pick(r, HELD_OUT) if heldout else weighted(r, FRAMES)
    side = chrome.column(site, shares["column"]) if shares.get("column", 0) > 300 else ""
    body = _framed(site, frame, (top, content, side, middle, end))
    programs = chrome.scripts(site, shares["scripts"]) if "scripts" in shares else ""
    if not full:
        return body + programs
    head = _head(site, content, shares.get("scripts", 0) // 3)
    lang = site.lang[:2]
    body = f'<body class="{latin(r)}">{m.nl}{body}{programs}</body>'
    return f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>{head}</head>\n{body}\n</html>'


def _shares(site: Site, left: int, full: bool) -> dict[str, int]:
    """Characters for each part that the page has."""
    r = site.r
    left = int(left * (0.7 if site.m.space == "indent" else 0.95))
    drawn = {name: weight * (0.2 + r.random()) for name, (p, weight) in {**ABOVE, **BELOW}.items() if chance(r, p)}
    if full and chance(r, 0.9):
        drawn["scripts"] = pick(r, (0.3, 1, 3, 6)) * r.random()
    total = sum(drawn.values()) or 1
    return {name: int(max(0, left) * weight / total) for name, weight in drawn.items()}


def _top(site: Site, shares: dict[str, int], size: int) -> list[str]:
    """Bars, logo, search and menus, in this site's order."""
    r = site.r
    p = 0.85 if size > SMALL else 0.2
    makers = (chrome.logo, chrome.bar, chrome.search, chrome.account, chrome.skip_links)
    parts = [make(site) for make in makers if chance(r, p * pick(r, (1, 0.8, 0.4)))]
    parts += [make(site) for make in (chrome.headings, chrome.signs) if chance(r, p * 0.35)]
    if site.page.product.brand == site.page.product.shop:  # only the logo says who made it
        parts.append(chrome.logo(site))
    if chance(r, 0.3):
        r.shuffle(parts)
    if "menu" in shares:
        parts.insert(r.randint(0, len(parts)) if chance(r, 0.4) else len(parts), chrome.menu(site, shares["menu"]))
    header = [site.deep(site.el(pick(r, ("header", "div")), "header", *parts), "header", 2)] if parts else []
    if shares.get("phone", 0) > 400:
        header.insert(0, site.el("div", "hidden modal", chrome.menu(site, shares["phone"])))
    if chance(r, p * 0.4):
        header.insert(r.randint(0, len(header)), layers.consent(site))
    for _ in range(pick(r, (0, 0, 0, 1, 1, 2)) if size > SMALL else 0):
        header.insert(r.randint(0, len(header)), layers.popup(site))
    return header


def _end(site: Site, shares: dict[str, int], size: int) -> list[str]:
    r = site.r
    parts = [chrome.newsletter(site)] if chance(r, 0.5 if size > SMALL else 0.1) else []
    parts += [chrome.footer(site, shares["footer"])] if "footer" in shares else []
    if chance(r, 0.25 if size > SMALL else 0.05):
        parts.append(layers.consent(site))
    if chance(r, 0.2):
        parts.append(site.el("div", "modal", site.leaf("h4", "title", site.say("loading")), site.el("div", "")))
    return parts


def _middle(site: Site, shares: dict[str, int], content: Content) -> list[str]:
    """Description, reviews and shelves of others."""
    r, m = site.r, site.m
    maker, name = m.text(content.maker), content.name
    parts = []
    if "description" in shares:
        parts.append(detail.description(site, shares["description"], name, maker))
    if "reviews" in shares:
        parts.append(detail.reviews(site, shares["reviews"], name))
    for key, make in (("questions", detail.questions), ("stores", detail.stores)):
        parts += [make(site, shares[key])] if key in shares else []
    parts += [shelves.shelf(site, shares[key]) for key in ("shelf", "shelf2", "shelf3") if key in shares]
    if chance(r, 0.3):
        parts.insert(0, detail.tab_bar(site, r.randint(2, 5)))
    return parts


def _reading(site: Site, shares: dict[str, int], content: Content) -> list[str]:
    """What stands below an article: more text, what else there is to read."""
    r = site.r
    parts = []
    if "description" in shares:
        parts.append(comments.text(site, shares["description"] // 2))
    if "questions" in shares:
        parts.append(detail.questions(site, shares["questions"]))
    if "shelf" in shares and chance(r, 0.4):
        parts.append(shelves.shelf(site, shares["shelf"] // 2))
    return parts


Parts = tuple[list[str], Content, str, list[str], list[str]]


def _framed(site: Site, frame: str, parts: Parts) -> str:
    """The parts in one of the frames, some wrappers around each and around all."""
    top, content, side, middle, end = parts
    r, m = site.r, site.m
    trail = [site.deep(part, "breadcrumb", 2) for part in content.trail]
    block = site.deep(content.block, "layout", 4)
    lower = [site.deep(part, "layout", 3) for part in middle if part]
    joint = m.nl
    if frame == "legacy":
        return joint.join([*top, *trail, _tables(site, side, joint.join([block, *lower])), *end])
    if frame == "late":  # the content comes after everything in the source
        return joint.join([*top, *end, site.el("main", "wrapper", *trail, side, *lower, block)])
    if frame == "portal":  # a list of panes, the content in the middle of it, menus last
        cut = r.randint(0, len(lower))
        panes = [site.el("li", "list item", part) for part in (*lower[:cut], *trail, block, *lower[cut:], side) if part]
        return joint.join([site.el("ol", "list", *panes), *top[::-1], *end])
    inner = [*trail, block, *lower] if chance(r, 0.8) else [block, *trail, *lower]
    main = site.el(pick(r, ("main", "div", "div", "article")), "main", *inner)
    if side:
        sides = [side, main] if chance(r, 0.7) else [main, side]
        main = site.el("div", "layout", *sides) if frame != "beside" else site.el("div", "layout row", *sides)
    main = site.deep(main, "main", 5)
    body = joint.join([*top, main, *end])
    return m.wrap(body, "layout", r.randint(1, 7)) if frame == "app" else body


def _tables(site: Site, side: str, content: str) -> str:
    """Nested layout tables, as pages of twenty years ago have them."""
    m, r = site.m, site.r
    for _ in range(r.randint(1, 3)):
        cells = [m.el("td", "", content)]
        if side:
            cells.insert(0, m.el("td", "menu", side))
            side = ""
        content = m.el("table", "", m.el("tbody", "", m.el("tr", "", *cells)))
    return content


def _head(site: Site, content: Content, budget: int) -> str:
    """Title, meta elements and what loads programs; in a minority of pages OpenGraph and linked data."""
    r, m, shop = site.r, site.m, site.m.text(site.page.product.shop)
    name = m.text(content.name)
    titles = ("{n} | {s}", "{n} - {s}", "{s}: {n}", "{n}", "{n} online | {s}", "{n} – {c} | {s}", "{c}")
    if content.article and chance(r, 0.8):
        titles = ("{n} | {s}", "{n} - {s}", "{n} – {s}", "{n} — {s}", "{n} • {s}", "{s} | {n}", "{n} :: {s}")
    lines = [
        f"<title>{pick(r, titles).format(n=name or shop, s=shop, c=pick(r, site.cats))}</title>",
        '<meta charset="utf-8">',
    ]
    lines += ['<meta name="viewport" content="width=device-width, initial-scale=1">']
    lines += [
        f'<link rel="{pick(r, ("stylesheet", "preload", "icon"))}" href="/{hashed(r, 12)}.css">'
        for _ in range(r.randint(1, 6))
    ]
    lines += (
        [f'<meta name="description" content="{attribute(name)} {attribute(site.sentence())}">']
        if chance(r, 0.7)
        else []
    )
    if name and chance(r, 0.2):
        lines.append(f'<meta property="og:title" content="{attribute(name)}">')
    if name and chance(r, 0.15):
        lines.append(
            f'<script type="application/ld+json">{json.dumps({"@type": "WebPage", "name": content.name})}</script>'
        )
    if content.article:
        lines += _published(site, content)
    return "\n".join([*lines, chrome.scripts(site, budget)])


def _published(site: Site, content: Content) -> list[str]:
    """What articles say in their heads: their site, their author, linked data."""
    r, m = site.r, site.m
    metas = {
        "og:site_name": (0.55, site.page.product.shop), "og:title": (0.35, content.name),
        "author": (0.25, content.author), "twitter:data1": (0.1, content.author),
        "application-name": (0.08, site.page.product.shop), "twitter:title": (0.1, content.name),
    }  # fmt: skip
    lines = [
        f'<meta {"property" if ":" in key else "name"}="{key}" content="{attribute(m.text(text))}">'
        for key, (p, text) in metas.items()
        if text and chance(r, p)
    ]
    lines += [content.data] if content.data else []
    r.shuffle(lines)
    return lines
