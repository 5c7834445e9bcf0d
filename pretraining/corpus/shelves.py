"""Shelves of other products: teasers, recently viewed, bundles, comparisons. What they state is never the answer."""

from pretraining.corpus.letters import digits
from pretraining.corpus.offers import twin
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import TEXT, URL, Site, attribute, fill

ALIKE = (
    ("title", "price", "brand"),
    ("product title", "price current", "product brand"),
    ("link", "price value", "brand title"),
    ("product link", "product price", "neutral"),
)
NAME, PRICE, OLD, MAKER = TEXT, "\x04", "\x05", "\x06"


def shelf(site: Site, budget: int, own: str = "") -> str:
    """Cards in a row under a heading, as long as the budget lasts; `own` is the product itself as one of them."""
    r = site.r
    plain, sale = _card(site), _card(site, sale=True)
    crossed = pick(r, (0.0, 0.0, 0.2, 0.6))
    with_maker = chance(r, 0.4)
    cards = [own] if own else []
    size, most = len(own), r.randint(2, 24)
    while size < budget and len(cards) < most:
        name, maker = pick(r, site.things), pick(r, site.makers)
        if not with_maker:
            name = pick(r, (name, f"{maker} {name}", f"{name} {digits(r, 3)}", f"{name} {pick(r, site.things)}"))
        texts = (
            name,
            pick(r, site.urls),
            pick(r, site.images),
            site.price(),
            site.price(1.2, 3.5),
            maker if with_maker else "",
        )
        cards.append(fill(sale if chance(r, crossed) else plain, attribute(texts[0]), *texts[1:]))
        size += len(cards[-1])
    tag = pick(r, ("h2", "h3", "div", "h2", "h4", "p", "strong"))
    heading = site.leaf(tag, "related title", site.say(pick(r, ("together", "together", "viewed", "related"))))
    rows = site.deep(site.el(pick(r, ("div", "ul", "div")), "related list", *cards), "related", 3)
    return site.deep(site.el(pick(r, ("section", "div", "aside")), "related", heading, rows), "related", 2)


def _card(site: Site, sale: bool = False) -> str:
    """One teaser with holes, in an order of this shelf's own."""
    r = site.r
    image = site.picture(TEXT if chance(r, 0.7) else "")
    # The leaves are often called as the product's own are: only what they stand in is a card.
    roles = pick(r, ALIKE) if chance(r, 0.45) else ("card title", "card price", "card brand")
    name = site.leaf(pick(r, ("a", "h3", "div", "span", "p", "h4")), roles[0], NAME)
    if chance(r, 0.5):
        name = site.el("a", "card link", name, href=URL)
    price = site.leaf(pick(r, ("span", "div", "p", "strong", "ins")), roles[1], PRICE)
    if sale:
        old = OLD
        if chance(r, 0.15):
            old = f"{site.leaf('span', 'hidden', site.say('reduced'))} {OLD}"
        price = site.el("div", "card price", site.leaf(pick(r, ("del", "s", "span")), "price old", old), price)
    if chance(r, 0.1):
        price = site.el("span", "card price", data_price=PRICE)
    parts = [image, site.leaf(pick(r, ("span", "div", "h4", "p")), roles[2], MAKER), name, price]
    more = {
        "rating": lambda: site.el("div", "rating", site.leaf("span", "hidden", "4.5 / 5"), f"({digits(r, 2)})"),
        "cart": lambda: site.leaf(pick(r, ("button", "a")), "button", site.say("cart")),
        "badge": lambda: site.leaf("span", "tag", pick(r, ("-20%", "NEW", "SALE", "%", site.say("stock")))),
        "wish": lambda: site.leaf("button", "button", site.icons[2], aria_label=site.say("wish")),
        "unit": lambda: site.leaf("small", "note", site.say("unit")),
        "ship": lambda: site.leaf("p", "shipping", site.say("shipping")),
    }
    parts += [more[key]() for key in r.sample(sorted(more), pick(r, (0, 1, 1, 2, 3)))]
    if chance(r, 0.3):
        r.shuffle(parts)
    body = parts if chance(r, 0.5) else [parts[0], site.el("div", "card wrapper", *parts[1:])]
    outer = site.el(pick(r, ("div", "li", "article", "div", "td")), "card", *body)
    return outer.replace(MAKER, MAKER if chance(r, 0.95) else "")


def alike(site: Site) -> str:
    """Other products whose prices are written as the product's own is: only where they stand tells them apart."""
    r, p, markup = site.r, site.page.product, site.page.price_markup
    order = r.sample(range(3), 3)  # the same in each card
    outer, tag, head = (
        pick(r, ("li", "div", "article", "a")),
        pick(r, ("span", "div", "p")),
        pick(r, ("a", "h3", "span")),
    )
    role = pick(r, ("price current", "price", "price value", "product price"))
    cards = []
    for _ in range(r.randint(1, 6)):
        cents = max(100, int(p.cents * (0.2 + 2.5 * r.random())) // 100 * 100 + pick(r, (0, 0, 50, 95, 99)))
        cents = cents // 100 * 100 if p.money.places == 0 else cents
        html = twin(markup, p.money, p.cents, cents) or site.m.text(p.money.show(cents))
        note = site.leaf("span", "note", pick(r, site.cats) if chance(r, 0.5) else digits(r, 4))
        parts = [site.el(tag, role, html), site.leaf(head, "title", pick(r, site.things)), note]
        cards.append(site.el(outer, "card", *[parts[i] for i in order]))
    heading = [site.leaf(pick(r, ("h2", "h3", "div")), "title", site.say(pick(r, ("related", "viewed", "together"))))]
    kind = "ul" if outer == "li" else "div"
    return site.el("section", "related", *(heading if chance(r, 0.6) else []), site.el(kind, "list", *cards))


def compare(site: Site, name: str, price: str) -> str:
    """A table of this product beside others, values in columns."""
    r, m = site.r, site.m
    others = site.some(site.things, 2, 4)
    rows = [[site.m.text(name), *others], [price, *[site.price() for _ in others]]]
    rows += [[pick(r, site.cats) for _ in range(len(others) + 1)] for _ in range(r.randint(0, 3))]
    labels = [site.say(key) for key in ("name", "price", "size", "colour", "material", "weight")]
    lines = [
        m.el("tr", "row", site.leaf("th", "label", label), *[site.leaf("td", "value", cell) for cell in row])
        for label, row in zip(labels, rows, strict=False)
    ]
    return site.el("div", "related", site.leaf("h2", "title", site.say("lowest")), m.el("table", "table", *lines))


def bundle(site: Site, name: str, price: str) -> str:
    """This product together with others, each with a box to tick, and what all cost."""
    r = site.r
    rows = [site.leaf("label", "item", f'<input type="checkbox" checked> {site.m.text(name)} {price}')]
    for thing in site.some(site.things, 1, 3):
        rows.append(site.leaf("label", "item", f'<input type="checkbox"> {thing} {site.price(0.05, 1)}'))
    total = site.leaf("strong", "price", site.price(1.2, 3))
    heading = site.leaf(pick(r, ("h2", "h3")), "title", site.say("together"))
    return site.el("section", "related", heading, *rows, total, site.leaf("button", "button", site.say("cart")))
