"""Products whose facts stand in attributes: a tile's data-*, a page's own elements; some of it in text too."""

from pretraining.corpus.letters import digits, latin
from pretraining.corpus.money import amount
from pretraining.corpus.noise import noise
from pretraining.corpus.page import Page
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.words import words

KEYS = {
    "name": ("name", "title", "product-name", "item-name", "product-title", "label", "product"),
    "price": ("price", "product-price", "item-price", "amount", "sale-price", "cost", "current-price"),
    "category": ("category", "item-category", "cat", "department", "product-category", "category-name", "group"),
    "manufacturer": ("brand", "manufacturer", "vendor", "item-brand", "product-brand", "maker", "brand-name"),
    "old_price": ("old-price", "list-price", "compare-at", "was", "regular-price", "price-before"),
}
SHOWN = {"name": 0.95, "price": 0.92, "category": 0.7, "manufacturer": 0.75, "old_price": 1.0}
LONGEST = 80  # characters of an attribute that cleaning keeps
OWN = ("tag", "box", "info", "text", "view", "line", "detail")  # second words of a page's own elements


def compose(page: Page) -> str:
    """One product, and now and then others beside it."""
    facts = _facts(page)
    html = _tile(page, facts) if chance(page.r, 0.6) else _elements(page, facts)
    for slot, value in facts.items():
        page.show(slot, value)
    parts = [html, *(noise(page) for _ in range(pick(page.r, (0, 0, 1, 2))))]
    page.r.shuffle(parts)
    return page.m.nl.join(parts)


def _facts(page: Page) -> dict[str, str]:
    """What the page states of the product, by slot."""
    r, p = page.r, page.product
    known = {"name": p.name, "price": p.money.show(p.cents), "category": p.path[-1]}
    known |= {"manufacturer": p.brand} if p.brand else {}
    known |= {"old_price": p.money.show(p.old)} if p.old else {}
    shown = {slot: " ".join(value.split()) for slot, value in known.items() if chance(r, SHOWN[slot])}
    return {slot: value for slot, value in shown.items() if len(value) <= LONGEST}


def _tile(page: Page, facts: dict[str, str]) -> str:
    """An element that carries all facts, with an image, a button and some of the facts inside."""
    r, m, p = page.r, page.m, page.product
    given = {f"data-{pick(r, KEYS[slot])}": value for slot, value in facts.items()}
    given |= {"data-sku": page.code()} if chance(r, 0.5) else {}
    given |= {"data-qty": digits(r, 1)} if chance(r, 0.3) else {}
    keys = list(given)
    r.shuffle(keys)
    inner = [m.leaf("a", "product link", facts["name"])] if "name" in facts and chance(r, 0.5) else []
    inner += [m.leaf("span", "price", facts["price"])] if "price" in facts and chance(r, 0.3) else []
    inner += [m.leaf("button", "button", pick(r, words(p.lang, "cart")))] if chance(r, 0.6) else []
    inner += [m.leaf("span", "note", pick(r, words(p.lang, "stock")))] if chance(r, 0.3) else []
    tag = pick(r, ("div", "li", "article", "section", "a", "form"))
    written = "".join(f' {key}="{_attribute(page, given[key])}"' for key in keys)
    return f"<{tag}{m.attrs('product card', {})}{written}>{m.nl.join(inner)}</{tag}>"


def _elements(page: Page, facts: dict[str, str]) -> str:
    """The page's own elements, a fact in each: in an attribute or as text."""
    r, m, p = page.r, page.m, page.product
    own = pick(r, ("product", "shop", "pdp", "x", "app", latin(r)))
    in_text = chance(r, 0.4)
    parts = []
    for slot, value in facts.items():
        word = pick(r, KEYS[slot])
        name = f"{own}-{word}" if chance(r, 0.7) else f"{word}-{pick(r, OWN)}"
        key = pick(r, ("value", "text", "label", "content", "name", word))
        if chance(r, 0.5 if in_text else 0.15):
            parts.append(f"<{name}>{m.text(value)}</{name}>")
        else:
            parts.append(f'<{name} {key}="{_attribute(page, value)}"></{name}>')
    others = (("shipping", p.money.show(amount(r, p.money, 1, 40))), ("stock", pick(r, words(p.lang, "stock"))))
    for word, value in others:
        if chance(r, 0.3):
            parts.insert(r.randint(0, len(parts)), f'<{own}-{word} value="{_attribute(page, value)}"></{own}-{word}>')
    if chance(r, 0.5):
        parts.append(f"<{own}-button>{m.text(pick(r, words(p.lang, 'cart')))}</{own}-button>")
    return f"<{own}-detail>{m.nl}{m.nl.join(parts)}{m.nl}</{own}-detail>"


def _attribute(page: Page, value: str) -> str:
    return page.m.text(value).replace('"', "&quot;")
