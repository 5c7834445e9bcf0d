"""What every page of a site has around its content: bars, menus, search, consent, footers, scripts."""

from collections.abc import Callable

from pretraining.corpus.letters import digits, latin
from pretraining.corpus.naming import hashed
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import IMAGE, TEXT, Site, attribute, fill


def skip_links(site: Site) -> str:
    """Links for keyboards, and a notice for who has no scripts."""
    link = site.link("", "", "hidden")
    links = "".join(fill(link, site.say("menu"), f"#{latin(site.r)}") for _ in range(site.r.randint(1, 3)))
    return links + (f"<noscript>{site.sentence()}</noscript>" if chance(site.r, 0.3) else "")


def bar(site: Site) -> str:
    """The strip at the top: promises, telephone, languages, currencies."""
    r = site.r
    texts = [f"{site.say('usp')} {site.price(0.1, 1)}", f"{digits(r, 4)} {digits(r, 6)}", site.say("help")]
    texts += [site.say("usp") for _ in range(r.randint(0, 3))]
    texts += [" | ".join(r.sample(("EN", "DE", "FR", "€ EUR", "$ USD", "£ GBP"), r.randint(2, 4)))]
    tag = pick(r, ("span", "li", "div", "a"))
    items = [site.leaf(tag, "menu item", text) for text in r.sample(texts, r.randint(1, len(texts)))]
    return site.deep(site.el("ul" if tag == "li" else "div", "menu list", *items), "menu", 3)


def logo(site: Site) -> str:
    """The shop's own name, in a picture or in text."""
    r, shop = site.r, site.m.text(site.page.product.shop)
    image = fill(site.picture(), shop.replace('"', "&quot;"), "/", pick(r, site.images))
    inner = pick(r, (image, shop, image + site.el("span", "hidden", shop), site.icons[0] + shop))
    link = site.el("a", "logo link", inner, href="/", title=shop)
    if chance(r, 0.2):
        link = site.el(pick(r, ("h1", "h2", "p", "strong")), "logo", link)
    return site.deep(link, "logo", 2)


def signs(site: Site) -> str:
    """Pictures and buttons of the page itself, whose texts name an action or a state."""
    r = site.r
    makers = (
        lambda text: site.picture(text).replace(IMAGE, pick(r, site.images)),
        lambda text: site.el("button", "button", site.icons[1], aria_label=text),
        lambda text: site.el("a", "link", site.icons[0], title=text),
        lambda text: site.el("a", "link", site.picture(text).replace(IMAGE, pick(r, site.images)), href="#"),
    )
    make: Callable[[str], str] = pick(r, makers)
    texts = [attribute(site.say("signs")) for _ in range(r.randint(1, 4))]
    return site.el(pick(r, ("div", "p", "span")), pick(r, ("layout", "item", "image", "logo")), *map(make, texts))


def headings(site: Site) -> str:
    """Headings that name a part of the page, mostly for screen readers."""
    r = site.r
    tag, role = pick(r, ("h1", "h2", "h2", "h3")), pick(r, ("hidden", "hidden title", "title"))
    return "".join(site.leaf(tag, role, site.say("heads")) for _ in range(r.randint(1, 3)))


def search(site: Site) -> str:
    """A search field; some sites let departments be chosen and suggest what others look for."""
    r = site.r
    kids = [site.el("input", "label", type="search", placeholder=site.say("search"), name="q")]
    if chance(r, 0.2):
        kids.insert(0, options(site, site.some(site.cats, 5, 40)))
    kids.append(site.leaf("button", "button", pick(r, (site.say("search"), site.icons[1]))))
    if chance(r, 0.2):
        link = site.link()
        kids.append(
            site.el("ul", "menu list", *[fill(link, t, pick(r, site.urls)) for t in site.some(site.cats, 3, 8)])
        )
    return site.deep(site.el("form", "search", *kids, action="/search"), "search", 3)


def options(site: Site, texts: list[str]) -> str:
    """A select element."""
    lines = [f'<option value="{digits(site.r, 3)}">{text}</option>' for text in texts]
    return site.el("select", "swatch", *lines)


def account(site: Site) -> str:
    """Account, wish list and basket, whose sum is nobody's price."""
    r = site.r
    link = site.link(pick(r, ("li", "div", "")))
    texts = [site.say("account"), site.say("wish"), f"{site.say('basket')} ({pick(r, '0001234')})"]
    texts += [site.say("account") for _ in range(r.randint(0, 4))]
    items = [fill(link, text, pick(r, site.urls)) for text in texts]
    zero = site.m.text(site.page.product.money.show(pick(r, (0, 0, 0, 4990))))
    items.append(
        site.el("div", "basket", site.leaf("span", "basket value", zero), site.leaf("p", "note", site.say("basket")))
    )
    return site.deep(site.el(pick(r, ("ul", "div", "nav")), "account list", *items), "account", 2)


def menu(site: Site, budget: int) -> str:
    """Departments with their categories and pictures of offers, as long as the budget lasts."""
    r = site.r
    flat, headed, teaser = chance(r, 0.15), chance(r, 0.6), chance(r, 0.15)
    link, head = site.link(pick(r, ("li", "li", "li", "div", "dd"))), site.link("", "", "menu title")
    groups: list[str] = []
    size = 0
    while size < budget:
        links = [fill(link, text, pick(r, site.urls)) for text in site.some(site.cats, 3, 14)]
        if teaser and chance(r, 0.3):
            links.append(site.leaf("div", "card", f"{pick(r, site.things)} {site.price()}"))
        inner = links if flat else [site.deep(site.el("ul", "menu list", *links), "menu", 3)]
        top = fill(head, pick(r, site.cats), pick(r, site.urls))
        top = site.leaf("h3", "menu title", pick(r, site.cats)) if not headed else top
        groups.append(site.el("li", "menu item", top, *inner))
        size += len(groups[-1])
    if chance(r, 0.2):
        groups.append(
            site.el("li", "menu item", *[fill(link, b, pick(r, site.urls)) for b in site.some(site.makers, 6, 30)])
        )
    return site.deep(site.el(pick(r, ("nav", "div")), "menu", site.el("ul", "menu list", *groups)), "menu", 4)


def column(site: Site, budget: int) -> str:
    """A column beside the content: the departments as a tree, filters, makers to choose."""
    r = site.r
    parts: list[str] = []
    size = 0
    while size < budget:
        pool = pick(r, (site.cats, site.cats, site.makers))
        if chance(r, 0.25):
            parts.append(options(site, [site.say("choose"), *site.some(pool, 8, 60)]))
        else:
            link = site.link(pick(r, ("li", "div", "p")))
            links = [fill(link, text, pick(r, site.urls)) for text in site.some(pool, 4, 16)]
            parts.append(site.el("ul", "menu list", site.leaf("h4", "menu title", pick(r, site.cats)), *links))
        size += len(parts[-1])
    return site.deep(site.el(pick(r, ("aside", "div", "div")), "sidebar", *parts), "sidebar", 2)


def newsletter(site: Site) -> str:
    """A form for an address."""
    r = site.r
    field = site.el("input", "", type="email", placeholder=site.say("newsletter"), name="email")
    button = site.leaf("button", "button", site.say("newsletter"))
    texts = [site.leaf("h3", "title", site.say("newsletter")), site.leaf("p", "note", site.sentence())]
    return site.deep(site.el("form", "newsletter", *texts[: r.randint(1, 2)], field, button), "newsletter", 3)


def footer(site: Site, budget: int) -> str:
    """Columns of links, payment logos, the firm's address, legal words."""
    r, shop = site.r, site.m.text(site.page.product.shop)
    link = site.link("li", "footer item", "footer link")
    groups: list[str] = []
    size = 0
    while size < budget:
        texts = [site.say(pick(r, ("help", "legal"))) for _ in range(r.randint(3, 9))]
        texts += site.some(site.cats, 0, 6)
        links = [fill(link, text, pick(r, site.urls)) for text in texts]
        heading = site.leaf(
            pick(r, ("h4", "h3", "strong", "div")), "footer title", pick(r, (shop, site.say("help"), site.say("legal")))
        )
        groups.append(site.el("div", "footer", heading, site.el("ul", "footer list", *links)))
        size += len(groups[-1])
    if chance(r, 0.5):
        groups.append(
            "".join(fill(site.picture(), pay, "", pick(r, site.images)) for pay in ("Visa", "Mastercard", "PayPal"))
        )
    legal = f"© {r.randint(2001, 2026)} {shop}. {site.say('legal')}. {site.sentence() if chance(r, 0.5) else ''}"
    groups.append(site.leaf(pick(r, ("p", "div", "small")), "footer note", legal))
    return site.deep(site.el("footer", "footer", *groups), "footer", 3)


def scripts(site: Site, budget: int) -> str:
    """Programs, styles and the page's state as JSON, up to the budget."""
    r = site.r
    parts: list[str] = []
    size = 0
    while size < budget:
        kind = r.randrange(4)
        if kind == 0:
            rules = "".join(
                f".{latin(r)}-{latin(r)}{{margin:{r.randrange(40)}px;color:#{digits(r, 6)}}}" for _ in range(12)
            )
            parts.append(f"<style>{rules}</style>")
        elif kind == 1:
            parts.append(f'<script src="{pick(r, site.urls)}.js" async></script>')
        else:
            parts.append(_state(site, min(budget, r.randint(300, 12_000))))
        size += len(parts[-1])
    return "\n".join(parts)


def _state(site: Site, size: int) -> str:
    """A store of products as scripts carry it."""
    r = site.r
    one = f'{{"id":"{TEXT}","{latin(r)}":"\x02","price":\x03,"{latin(r)}":{{"{latin(r)}":true,"url":"\x04"}}}}'
    items: list[str] = []
    while size > 0:
        texts = (
            digits(r, 7),
            pick(r, site.things).replace('"', ""),
            f"{r.randint(100, 99999) / 100}",
            pick(r, site.urls),
        )
        items.append(fill(one, *texts))
        size -= len(items[-1])
    name = pick(r, ("window.__STATE__", "window.__INITIAL_STATE__", "var dataLayer", f"window.{latin(r)}"))
    return f'<script id="{hashed(r, 5)}">{name} = {{"items":[{",".join(items)}]}};</script>'
