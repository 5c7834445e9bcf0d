"""The product itself on a whole page: trail, gallery, title, maker, price, choices, button, delivery."""

from collections.abc import Callable

from pretraining.corpus import attribution, extras
from pretraining.corpus.chrome import options, signs
from pretraining.corpus.goods import measure
from pretraining.corpus.letters import digits
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import HOLES, TEXT, Site, attribute, fill
from pretraining.corpus.words import words

FEES = 0.08  # of the products' pages have rates by amount


def gallery(site: Site) -> str:
    """Pictures of the product with or without its name; thumbnails, arrows."""
    r = site.r
    named = attribute(site.m.text(_called(site))) if "name" in site.page.shown and chance(r, 0.7) else ""
    one = site.picture()
    if chance(r, 0.4):
        one = site.el(pick(r, ("li", "div", "a")), "image item", one)
    shots = [
        fill(
            one,
            pick(r, (named, named, "", f"{named} {i}".strip())).replace(HOLES[-1], str(i + 1)),
            "",
            pick(r, site.images),
        )
        for i in range(r.randint(1, 9))
    ]
    arrows = [site.leaf("button", "button", site.say("menu")) for _ in range(pick(r, (0, 0, 2)))]
    return site.deep(site.el(pick(r, ("div", "ul", "div")), "product image", *shots, *arrows), "gallery", 3)


def _called(site: Site) -> str:
    """The name as a picture's text gives it: as it is, in a phrase (the last hole counts), or with maker or shop."""
    r, p, shown = site.r, site.page.product, site.page.shown.get("manufacturer", "")
    if chance(r, 0.35):
        return pick(r, words(site.lang, "alts")).format(n=p.name, s=p.shop, i=HOLES[-1])
    forms = (
        p.name,
        p.name,
        p.name,
        p.name.upper(),
        p.name.title(),
        f"{p.name} | {p.shop}",
        f"{shown} {p.name}".strip(),
    )
    return pick(r, (*forms, f"{p.name} - {pick(r, words(site.lang, 'colours'))}", p.name.split(",")[0]))


def choices(site: Site) -> str:
    """Sizes, colours, packs: swatches, selects, radio buttons, some with prices of their own."""
    r = site.r
    sizes, colours = chance(r, 0.5), words(site.lang, "colours")
    texts = [measure(r) for _ in range(r.randint(2, 12))] if sizes else r.choices(colours, k=r.randint(2, 9))
    if chance(r, 0.4) and sizes:
        texts = list(pick(r, (("XS", "S", "M", "L", "XL", "XXL"), tuple(map(str, range(36, 47))))))
    texts = [site.m.text(text) for text in texts]
    if chance(r, 0.2):
        texts = [f"{text} {pick(r, ('–', '-', '(', '+'))} {site.price(0.5, 1.6)}" for text in texts]
    label = site.leaf(
        pick(r, ("label", "span", "legend", "div")), "swatch label", site.say("size" if sizes else "colour")
    )
    if chance(r, 0.35):
        return site.deep(site.el("div", "swatch", label, options(site, [site.say("choose"), *texts])), "swatch", 2)
    kinds = (
        site.el("li", "swatch item", site.leaf("span", "label", TEXT)),
        site.el("button", "swatch item", TEXT, type="button", aria_label=TEXT),
        site.el("label", "swatch item", f'<input type="radio" name="v" value="{TEXT}">', TEXT),
        site.el("a", "swatch link", site.picture(TEXT).replace("\x03", pick(r, site.images)), title=TEXT),
    )
    one = pick(r, kinds).replace("\x02", "#")
    return site.deep(site.el("div", "swatch", label, *[fill(one, attribute(text)) for text in texts]), "swatch", 2)


def cart(site: Site) -> str:
    """Quantity and the button; hidden fields of the form."""
    r = site.r
    kids = [site.el("input", "", type="hidden", name="id", value=digits(r, 6)) for _ in range(pick(r, (0, 1, 2)))]
    if chance(r, 0.6):
        numbers = [str(i) for i in range(1, pick(r, (4, 11, 31)))]
        field = options(site, numbers) if chance(r, 0.4) else site.el("input", "", type="number", value="1", name="qty")
        kids += [site.leaf("label", "label", site.say("quantity")), field]
    kids.append(site.leaf(pick(r, ("button", "button", "a")), "product button", site.say("cart")))
    kids += [site.leaf("button", "button", site.say("wish")) for _ in range(pick(r, (0, 1, 1, 2)))]
    return site.deep(site.el(pick(r, ("form", "div")), "product wrapper", *kids), "product", 2)


def delivery(site: Site) -> str:
    """Stock, dates, ways of delivery with what they cost."""
    r = site.r
    rows = [site.leaf("span", "stock", site.say("stock"))] if chance(r, 0.7) else []
    for _ in range(r.randint(0, 4)):
        cost = f" {site.price(0.02, 0.3)}" if chance(r, 0.4) else ""
        rows.append(
            site.el(
                pick(r, ("li", "div", "p")),
                "shipping",
                site.icons[1] if chance(r, 0.3) else "",
                site.say("deliver") + cost,
            )
        )
    return site.deep(site.el(pick(r, ("div", "ul")), "shipping", *rows), "shipping", 2)


def services(site: Site) -> str:
    """Insurances and services that can be bought too."""
    r = site.r
    rows = [
        site.el("label", "item", '<input type="checkbox">', f"{site.say('service')} {site.price(0.03, 0.5)}")
        for _ in range(r.randint(1, 4))
    ]
    return site.el("fieldset", "service", *rows)


def terms(site: Site) -> str:
    """Amounts that are not the price: instalments, members' and unit prices, the lowest of 30 days, points."""
    r, p = site.r, site.page.product
    lines = (
        lambda: f"{pick(r, (3, 4, 6, 10, 12, 24))} x {site.price(0.05, 0.4)} {site.say('month')}",
        lambda: f"{site.say('member')}: {site.price(0.7, 0.95)}",
        lambda: f"{site.say('lowest')}: {site.price(0.8, 1.1)}",
        lambda: f"{site.say('novat')}: {site.price(0.78, 0.94)}",
        lambda: f"{site.say('coupon')}: {site.price(0.6, 0.95)}",
        lambda: f"{site.m.text(p.money.show(p.cents * 3 // 100 * 100))} {site.say('unit')}",
        lambda: f"+{digits(r, 2)} {pick(r, ('points', 'Punkte', 'pts', 'bonus'))}",
        lambda: f"{site.say('vat')} {site.say('shipping')}",
    )
    chosen: list[Callable[[], str]] = r.sample(lines, r.randint(1, 2))
    return "".join(site.leaf(pick(r, ("p", "div", "span", "small")), "price note", line()) for line in chosen)


def fees(site: Site) -> str:
    """Rates, discounts or points that depend on the sum: percentages beside amounts that are thresholds."""
    r = site.r
    rates = sorted(r.sample(range(2, 40), r.randint(1, 4)))
    lines = [f"{rate}% {site.say('upto')} {site.price(0.2, 8)}" for rate in rates]
    items = [site.leaf(pick(r, ("li", "p", "div")), "note", line) for line in lines]
    heading = [site.leaf(pick(r, ("h3", "h4", "h6", "strong")), "label", site.say("fees"))] if chance(r, 0.7) else []
    return site.el(pick(r, ("div", "section")), "note", *heading, *items)


def teaser_text(site: Site) -> str:
    """A few lines or points beside the price."""
    r = site.r
    if chance(r, 0.5):
        return site.leaf(pick(r, ("p", "div", "h2", "span")), "description", site.paragraph(r.randint(30, 300)))
    item = site.el("li", "", TEXT)
    return site.el("ul", "description list", *[fill(item, site.sentence(2, 8)) for _ in range(r.randint(2, 7))])


def share(site: Site) -> str:
    """Links to networks."""
    link = site.link(pick(site.r, ("", "li", "span")), "item", "link")
    return site.el(
        "div",
        "menu list",
        *[fill(link, site.say("share"), pick(site.r, site.urls)) for _ in range(site.r.randint(2, 6))],
    )


def badge(site: Site) -> str:
    """A word on a picture or above the title."""
    text = pick(site.r, ("NEW", "SALE", "-20 %", "BESTSELLER", site.say("noise"), site.say("stock")))
    return site.leaf(pick(site.r, ("span", "div", "p")), "tag", text)


def subtitle(site: Site) -> str:
    """A line under the title that is not of the name: a remark, a claim, the kind of thing."""
    return site.leaf(pick(site.r, ("p", "div", "h2", "span", "h3")), "title note", site.sentence(2, 7))


def rating(site: Site) -> str:
    """The stars beside the title."""
    return extras.rating(site.page)


def fits(site: Site) -> str:
    """Makers and things that the product goes with, not who made it."""
    r = site.r
    texts = [pick(r, site.makers) if chance(r, 0.7) else pick(r, site.things) for _ in range(r.randint(1, 3))]
    link = site.leaf(pick(r, ("a", "span", "b")), pick(r, ("link", "value", "brand link")), ", ".join(texts))
    label = site.leaf("span", "label", site.say("fits"))
    return site.el(pick(r, ("div", "p", "li")), pick(r, ("product", "note", "row")), label, " ", link)


def seller(site: Site) -> str:
    """Who sells it, which need not be who made it."""
    return attribution.seller(site.page)


AROUND = (
    choices,
    choices,
    cart,
    cart,
    delivery,
    delivery,
    services,
    terms,
    teaser_text,
    teaser_text,
    share,
    badge,
    subtitle,
    signs,
    fits,
    seller,
)


def furnish(site: Site, parts: list[str], budget: int) -> list[str]:
    """The product's own parts with what shops put between them."""
    r = site.r
    if chance(r, 0.35):
        parts.insert(r.randint(0, len(parts)), rating(site))
    if chance(r, FEES):
        parts.insert(r.randint(0, len(parts)), fees(site))
    size = 0
    for make in r.sample(AROUND, r.randint(2, 9)):
        part = make(site)
        parts.insert(r.randint(min(1, len(parts)), len(parts)) if chance(r, 0.5) else len(parts), part)
        size += len(part)
        if size > budget:
            break
    return parts
