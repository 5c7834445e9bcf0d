"""What lies over a page until it is closed: consent, welcome, sign-in, a choice of country."""

from collections.abc import Callable

from pretraining.corpus.chrome import options
from pretraining.corpus.letters import latin
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import TEXT, Site, fill
from pretraining.corpus.words import words


def consent(site: Site) -> str:
    """A banner about cookies, short, or with purposes to choose, or with a table of all cookies."""
    r = site.r
    text = f"{site.say('consent')} {site.paragraph(120)}"
    parts = [site.leaf(pick(r, ("p", "div", "h2", "span")), "note", text)]
    for _ in range(pick(r, (0, 0, 0, 3, 6))):
        parts.append(site.leaf("label", "label", f'<input type="checkbox" checked> {site.sentence(1, 3)}'))
        parts.append(site.leaf("p", "description", site.sentence()))
    if chance(r, 0.12):
        parts.append(_cookies(site))
    parts += [site.leaf(pick(r, ("button", "a")), "button", site.say("accept")) for _ in range(r.randint(1, 3))]
    return site.deep(site.el("div", "consent", *parts, role="dialog"), "wrapper", 3)


def _cookies(site: Site) -> str:
    """Names, hosts, purposes, terms and kinds of what the site stores."""
    r, m = site.r, site.m
    row = m.el("tr", "", *[m.el("td", "", hole) for hole in "\x01\x02\x03\x04"])
    rows = []
    for _ in range(r.randint(4, 40)):
        name = pick(r, (f"_{latin(r)[:4]}", latin(r), f"{latin(r)}_id", f"__{latin(r)}", f"{latin(r)[:2]}:{latin(r)}"))
        term = pick(r, ("Session", "Persistent", f"{r.randint(1, 24)} months", f"{r.randint(1, 90)} days", "2 years"))
        rows.append(fill(row, name, f"{latin(r)}.com", site.sentence(1, 8), term))
    return m.el("table", "table", *rows)


def quick_view(site: Site) -> str:
    """Another product in a layer, with a first heading, a price and a button of its own."""
    r = site.r
    price = site.leaf(pick(r, ("span", "div", "p")), pick(r, ("price", "modal price", "price current")), site.price())
    if chance(r, 0.4):
        old = site.leaf(pick(r, ("span", "del", "s")), "price old", site.price(1.5, 4))
        price = site.el("div", "price", *((price, old) if chance(r, 0.5) else (old, price)))
    name = pick(r, site.things)
    name = f"{pick(r, site.makers)} {name}" if chance(r, 0.4) else name
    role = pick(r, ("title", "modal title", "product title", ""))
    parts = [site.leaf(pick(r, ("h1", "h1", "h2", "h3")), role, name), price]
    more: tuple[Callable[[], str], ...] = (
        lambda: site.leaf("a", pick(r, ("link", "modal link")), site.say("quickview")),
        lambda: site.leaf("p", "modal description", site.sentence()),
        lambda: site.leaf(pick(r, ("button", "a")), "button", site.say("cart")),
        lambda: site.leaf("label", "label", site.say("quantity")),
    )
    parts += [make() for make in more if chance(r, 0.5)]
    parts.insert(0, site.leaf(pick(r, ("a", "button", "span")), "modal button", pick(r, ("×", "✕", site.say("menu")))))
    return site.deep(site.el("div", "modal", *parts), "modal", 3)


def popup(site: Site) -> str:
    """A layer with a heading, some text and a way out, with a form or countries to choose."""
    r = site.r
    close = site.leaf(pick(r, ("a", "button", "span")), "modal button", pick(r, ("×", "✕", "X", site.say("menu"))))
    head = site.leaf(pick(r, ("h2", "h3", "div", "h4", "p")), "modal title", site.sentence(2, 6))
    parts = [close, head, site.leaf(pick(r, ("p", "div")), "modal description", site.sentence())]
    kind = r.randrange(4)
    if kind == 0:
        parts.append(options(site, [site.m.text(country) for country in words(site.lang, "countries")]))
    elif kind == 1:
        field = site.el("input", "", type="text", name=latin(r), placeholder=site.say("account"))
        parts.append(site.el("form", "account", field, site.leaf("button", "button", site.say("account"))))
    elif kind == 2:
        link = site.link("li", "modal item", "link")
        parts.append(site.el("ul", "modal list", *[fill(link, text, "#") for text in site.some(site.cats, 2, 8)]))
    else:
        item = site.el("li", "", TEXT)
        parts.append(site.el("ul", "modal list", *[fill(item, site.say("service")) for _ in range(r.randint(1, 4))]))
    return site.deep(site.el("div", "modal", *parts), "modal", 3)
