"""Product pages in arrangements that no shop system prescribes: any tag, any order, values behind labels, in columns,
in form controls, in attributes, between bars. Each page draws its own; sense and not habit tells the fields apart.
"""

from collections.abc import Callable

from pretraining.corpus import crumbs, prices, titles, trails
from pretraining.corpus.goods import brand, measure, noun
from pretraining.corpus.letters import digits
from pretraining.corpus.markup import plain
from pretraining.corpus.money import amount
from pretraining.corpus.noise import noise
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.words import words

TAGS = (
    *("div", "span", "p", "b", "strong", "em", "i", "u", "small", "big", "font", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("a", "td", "li", "label", "code", "mark", "cite", "dd", "article", "section", "output", "bdi", "time", "legend"),
)
BARS = (" | ", " | ", " · ", " • ", " – ", " / ", ", ", " &gt; ", "<br>", " ~ ", " — ", "; ", " || ", " * ", " ", "\n")
NOTHING = ("–", "-", "—", "n/a", "N/A", "none", "?", "...", "not specified", "k. A.", "n. d.", "无", "なし", "нет")
VALUE_ATTRIBUTES = ("value", "content", "title", "aria-label", "alt", "data-value", "label", "data-text")
ROLES = ("product", "wrapper", "table value", "note", "item", "label", "list", "card", "tag", "title", "row")
Cell = tuple[str, str]  # label or "", markup of the value


def compose(page: Page) -> str:
    """The whole page."""
    r, m = page.r, page.m
    cells = _stated(page)
    _distract(page, cells)
    for slot, key in (("manufacturer", "brand"), ("price", "price"), ("category", "category")):
        if slot not in page.shown and chance(r, 0.2):
            label = pick(r, words(page.product.lang, key))
            cells.insert(r.randint(0, len(cells)), (label, m.text(pick(r, NOTHING))))
    heads = [cell for cell in cells if not cell[0]]
    rows = [cell for cell in cells if cell[0]]
    loose = [cell for cell in heads if "<" not in cell[1]]
    line = r.sample(loose, r.randint(1, len(loose))) if loose and chance(r, 0.25) else []
    parts = [_bare(page, cell[1]) for cell in heads if cell not in line]
    if line:
        line += [rows.pop() for _ in range(min(len(rows), pick(r, (0, 1, 1, 2))))]
        parts.insert(r.randint(0, len(parts)), _bars(page, line))
    while rows:
        size = min(len(rows), pick(r, (1, 2, 3, 4, 6)))
        group, rows = rows[:size], rows[size:]
        parts.insert(len(parts) if chance(r, 0.7) else r.randint(0, len(parts)), _group(page, group))
    if "price" in page.shown and chance(r, 0.2):
        parts.append(titles.related(page) if chance(r, 0.5) else _loose_related(page))
    parts += [noise(page) for _ in range(pick(r, (0, 0, 1, 2)))]
    html = m.nl.join(parts)
    return m.wrap(html, "wrapper", pick(r, (0, 1, 1, 2, 3)))


def _stated(page: Page) -> list[Cell]:
    """Name, price, maker and category, each with a label or without, some left out, in any order."""
    r, p = page.r, page.product
    cells: list[Cell] = []
    if chance(r, 0.96):
        page.show("name", p.name)
        label = pick(r, words(p.lang, "name")) if chance(r, 0.12) else ""
        cells.append((label, page.m.text(p.name)))
    if p.brand and chance(r, 0.85):
        page.show("manufacturer", p.brand)
        cells.append((pick(r, words(p.lang, "brand")) if chance(r, 0.6) else "", page.m.text(p.brand)))
    if chance(r, 0.9):
        html, gold = prices.amount_of(page)
        page.show("price", gold)
        label = pick(r, words(p.lang, pick(r, ("price", "now")))) if chance(r, 0.5) else ""
        cells.append((label, html))
    first = trails.trail(page) if chance(r, 0.25) else _inline_trail(page) if chance(r, 0.35) else ""
    if first:
        r.shuffle(cells)
        return [("", first), *cells] if chance(r, 0.8) else [*cells, ("", first)]
    if chance(r, 0.75):
        page.show("category", p.path[-1])
        label = pick(r, words(p.lang, "category")) if chance(r, 0.7) else ""
        back = pick(r, ("← {}", "< {}", "« {}", "{}", "{} →")) if not label else "{}"
        cells.append((label, page.m.text(back.format(p.path[-1]))))
    r.shuffle(cells)
    return cells


def _inline_trail(page: Page) -> str:
    """A trail without links, in the middle of anything."""
    r, p = page.r, page.product
    steps = [pick(r, words(p.lang, "home")), *p.path] if chance(r, 0.6) else list(p.path)
    page.show("category", p.path[-1])
    sign = pick(r, crumbs.SEPARATORS)
    last = f" {sign} {p.name}" if chance(r, 0.3) and "name" in page.shown else f" {sign}" if chance(r, 0.1) else ""
    return page.m.text(f" {sign} ".join(steps) + last)


def _distract(page: Page, cells: list[Cell]) -> None:
    """Other facts of the same kinds: amounts, codes, words, people's votes."""
    r, m, p = page.r, page.m, page.product
    makers: dict[str, Callable[[], str]] = {
        "shipping": lambda: p.money.show(amount(r, p.money, 1, 40)),
        "sku": page.code,
        "stock": lambda: pick(r, words(p.lang, "stock")),
        "reviews": lambda: digits(r, r.randint(1, 3)),
        "size": lambda: measure(r),
        "seller": lambda: pick(r, (p.shop, brand(r, p.lang))),
        "colour": lambda: pick(r, words(p.lang, "colours")),
        "origin": lambda: pick(r, words(p.lang, "countries")),
        "was": lambda: p.money.show(p.old or p.cents + 1000),
    }
    for key in r.sample(sorted(makers), pick(r, (0, 1, 2, 3, 4))):
        value = makers[key]()
        if key == "was":
            page.show("old_price", " ".join(value.split()))
        if key in ("sku", "size", "colour", "origin", "seller"):
            page.show(key, value)
        cells.insert(r.randint(0, len(cells)), (pick(r, words(p.lang, key)), m.text(value)))
    for _ in range(pick(r, (0, 0, 1, 2))):
        cells.insert(r.randint(0, len(cells)), ("", m.text(_unsaid(page))))


def _unsaid(page: Page) -> str:
    """What nobody asks for, without a label: a badge, instalments, a unit price, a saving, stock."""
    r, p = page.r, page.product
    small = p.money.show(amount(r, p.money, 1, 60))
    month = pick(r, words(p.lang, "month")) if chance(r, 0.5) else ""
    kinds: tuple[Callable[[], str], ...] = (
        lambda: pick(r, words(p.lang, "noise")),
        lambda: pick(r, words(p.lang, "noise")),
        lambda: pick(r, words(p.lang, "stock")),
        lambda: f"{pick(r, (2, 3, 4, 6, 10, 12, 24))} x {small} {month}".strip(),
        lambda: f"{small} / {measure(r)}",
        lambda: f"-{r.randint(3, 80)}%",
        lambda: f"{pick(r, words(p.lang, 'shipping'))} {small}",
        lambda: f"{pick(r, words(p.lang, 'sku'))} {page.code()}",
    )
    return pick(r, kinds)()


def _bare(page: Page, html: str) -> str:
    """A value in any element, or in two."""
    r, m = page.r, page.m
    out = m.el(pick(r, TAGS), pick(r, ROLES), html)
    return m.el(pick(r, TAGS), pick(r, ROLES), out) if chance(r, 0.2) else out


def _group(page: Page, cells: list[Cell]) -> str:
    kind = weighted(page.r, {"columns": 0.2, "form": 0.16, "bars": 0.2, "rows": 0.2, "attributes": 0.08, "pairs": 0.16})
    return GROUPS[kind](page, cells)


def _columns(page: Page, cells: list[Cell]) -> str:
    """Rows of labels above rows of values."""
    r, m = page.r, page.m
    width = pick(r, (1, 2, 2, 3, 3, 4, 5))
    rows = []
    for start in range(0, len(cells), width):
        part = cells[start : start + width]
        head = pick(r, ("th", "td"))
        rows.append(m.el("tr", "row", *[m.leaf(head, "table label", label) for label, _ in part]))
        rows.append(m.el("tr", "row", *[m.el("td", "table value", html) for _, html in part]))
    if chance(r, 0.4):
        rows[0] = m.el("thead", "", rows[0])
    return m.el("table", "table", *rows)


def _form(page: Page, cells: list[Cell]) -> str:
    """Labels with controls that hold the values."""
    r, m = page.r, page.m
    rows = []
    for label, html in cells:
        text = plain(html)
        named = {"name": page.m.names.of("item").split(" ")[0]} if chance(r, 0.3) else {}
        control = _control(page, pick(r, ("input", "select", "output", "textarea", "button")), text, named)
        if m.attributes == "bare" or ("value" not in control and text not in plain(control)):
            control = m.leaf("output", "", text)
        if control.startswith(("<input", "<INPUT")) and "value=" not in control:
            control = f'<input value="{m.text(text).replace(chr(34), "&quot;")}">'
        head = m.text(label) + pick(r, ("", ":", " "))
        rows.append(m.el("label", "", f"{head} {control}") if chance(r, 0.6) else m.leaf("label", "", label) + control)
    tag = pick(r, ("form", "fieldset", "div", "p"))
    return m.el(tag, "wrapper", *(rows if chance(r, 0.7) else [f"<p>{row}</p>" for row in rows]))


def _control(page: Page, tag: str, text: str, named: dict[str, str]) -> str:
    m = page.m
    if tag == "input":
        return m.el("input", "", type="text", value=text, readonly="", **named)
    if tag == "select":
        return m.el("select", "", m.leaf("option", "", text, selected=""), **named)
    return m.leaf(tag, "", text)


def _bars(page: Page, cells: list[Cell]) -> str:
    """One line of facts between bars; labels said or left to the reader where the value speaks for itself."""
    r, m = page.r, page.m
    bar, colon = pick(r, BARS), pick(r, (": ", ": ", " ", " = ", " - "))
    facts = [f"{m.text(label)}{colon}{html}" if label else html for label, html in cells]
    return m.el(pick(r, TAGS), pick(r, ROLES), bar.join(facts))


def _rows(page: Page, cells: list[Cell]) -> str:
    return page.rows([(None, label, plain(html)) for label, html in cells], pick(page.r, ("table", "dl", "ul", "divs")))


def _attributes(page: Page, cells: list[Cell]) -> str:
    """Values that only attributes carry, the label in the text or in a name."""
    r, m = page.r, page.m
    out = []
    for label, html in cells:
        value = m.text(plain(html)).replace('"', "&quot;")
        attribute = pick(r, VALUE_ATTRIBUTES)
        tag = pick(r, ("span", "div", "data", "a", "img", "abbr", "li"))
        if chance(r, 0.7):
            out.append(f'<{tag} {attribute}="{value}">{m.text(label)}{"" if tag == "img" else f"</{tag}>"}')
        else:
            out.append(f'<meta itemprop="{m.text(label)}" content="{value}">')
    return m.el("div", "wrapper", *out)


def _pairs(page: Page, cells: list[Cell]) -> str:
    """Label and value in two elements of any kind, the label first or second."""
    r, m = page.r, page.m
    left, right, outer = pick(r, TAGS), pick(r, TAGS), pick(r, ("div", "li", "p", "section", "span", "article"))
    after = chance(r, 0.15)
    out = []
    for label, html in cells:
        both = [m.leaf(left, "label", label), m.el(right, "value", html)]
        out.append(m.el(outer, "row", *(both[::-1] if after else both)))
    return m.el(pick(r, ("div", "ul", "aside", "main", "details")), "list", *out)


GROUPS: dict[str, Callable[[Page, list[Cell]], str]] = {
    "columns": _columns,
    "form": _form,
    "bars": _bars,
    "rows": _rows,
    "attributes": _attributes,
    "pairs": _pairs,
}


def _loose_related(page: Page) -> str:
    """Other products as lines of text with their prices."""
    r, m, p = page.r, page.m, page.product
    bar = pick(r, (" | ", " - ", ": ", " ", " · "))
    lines = [
        f"{m.el('a', '', m.text(noun(r, p.lang)))}{bar}{m.text(p.money.show(amount(r, p.money)))}"
        for _ in range(r.randint(1, 4))
    ]
    head = m.text(pick(r, words(p.lang, "related"))) + pick(r, (":", ""))
    return m.el("p", "related", f"{head} <br>" + " <br>".join(lines))
