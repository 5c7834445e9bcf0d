"""What stands below a product or record: descriptions, tables, reviews, questions, shops that have it."""

from pretraining.corpus import facts
from pretraining.corpus.letters import digits
from pretraining.corpus.page import Row
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import TEXT, Site, fill
from pretraining.corpus.words import words


def tab_bar(site: Site, n: int) -> str:
    """The tabs' labels."""
    link = site.link(pick(site.r, ("li", "li", "div")), "menu item", "menu link")
    items = [fill(link, site.say("tabs"), f"#tab-{i}") for i in range(n)]
    return site.el("ul", "tabs list", *items, role="tablist")


def description(site: Site, budget: int, name: str = "", maker: str = "") -> str:
    """Paragraphs, lists and headings about the thing; they may speak of it and of who made it."""
    r = site.r
    parts = [site.leaf(pick(r, ("h2", "h3", "h2", "div")), "description title", site.say("description"))]
    if name and chance(r, 0.5):
        parts.append(site.leaf(pick(r, ("h2", "h3", "strong", "p")), "title", site.m.text(name)))
    size = 0
    while size < budget:
        if chance(r, 0.3):
            item = site.el("li", "", TEXT)
            part = site.el("ul", "description list", *[fill(item, site.sentence(2, 9)) for _ in range(r.randint(3, 8))])
        else:
            paragraph = site.paragraph(r.randint(60, 700))
            paragraph = (
                f"{pick(r, [text for text in (name, maker) if text])} {paragraph}"
                if (name or maker) and chance(r, 0.25)
                else paragraph
            )
            part = site.leaf(pick(r, ("p", "p", "div", "span")), "description", paragraph)
        parts.append(part)
        size += len(part)
    return site.deep(site.el("div", "description", *parts), "description", 3)


def table(site: Site, rows: list[Row], budget: int) -> str:
    """A table of facts, filled up with facts that nobody asks for."""
    r, lang = site.r, site.lang
    rows = list(rows)
    size = 60 * len(rows)
    while size < budget:
        label = pick(r, words(lang, "things")) if chance(r, 0.6) else pick(r, words(lang, "words"))
        kinds = (f"{r.randint(1, 900)} {pick(r, ('cm', 'mm', 'W', 'V', 'kg'))}", pick(r, site.vocabulary), digits(r, 2))
        rows.append((None, label[:1].upper() + label[1:], pick(r, kinds)))
        size += 90
    r.shuffle(rows)
    heading = site.leaf(pick(r, ("h2", "h3", "h4", "strong")), "table title", site.say("tabs"))
    return site.deep(site.el("div", "table wrapper", heading, site.page.rows(rows) if rows else ""), "table", 3)


def reviews(site: Site, budget: int, name: str = "") -> str:
    """What people wrote: names, dates, stars, headings, votes, replies of the shop."""
    r = site.r
    one = _review(site)
    items: list[str] = []
    size = 0
    while size < budget:
        who = f"{pick(r, words(site.lang, 'first'))} {pick(r, words(site.lang, 'last'))[:1]}."
        texts = (
            site.m.text(who),
            facts.date(r, site.lang),
            pick(r, "12345"),
            site.sentence(1, 5),
            site.paragraph(r.randint(20, 400)),
        )
        items.append(fill(one, *texts))
        size += len(items[-1])
    about = f"{site.say('reviews')} {site.m.text(name)}" if name and chance(r, 0.3) else site.say("reviews")
    bars = (
        "".join(site.leaf("li", "rating item", f"{5 - i} ★ {digits(r, 2)}") for i in range(5)) if chance(r, 0.4) else ""
    )
    heading = site.leaf(pick(r, ("h2", "h3")), "rating title", about)
    return site.deep(
        site.el("section", "review", heading, site.el("ul", "rating", bars) if bars else "", *items), "review", 3
    )


def _review(site: Site) -> str:
    r = site.r
    who, when = site.leaf("span", "title", "\x01"), site.leaf(pick(r, ("time", "span", "div")), "note", "\x02")
    stars = site.el("div", "rating value", site.leaf("span", "hidden", "\x03 / 5"), site.icons[3] * r.randint(0, 5))
    body = [site.leaf(pick(r, ("h4", "strong", "p")), "title", "\x04"), site.leaf("p", "description", "\x05")]
    more = [site.leaf("button", "button", site.say("questions")) for _ in range(r.randint(0, 2))]
    head = [who, when, stars]
    r.shuffle(head)
    return site.el(pick(r, ("li", "div", "article")), "review item", *head, *body, *more)


def questions(site: Site, budget: int) -> str:
    """Questions and answers."""
    r = site.r
    items, size = [site.leaf("h2", "title", site.say("questions"))], 0
    while size < budget:
        both = [
            site.leaf("dt", "label", site.sentence(4, 12)),
            site.leaf("dd", "value", site.paragraph(r.randint(30, 300))),
        ]
        items += both
        size += sum(map(len, both))
    return site.deep(site.el("dl", "question list", *items), "question", 3)


def stores(site: Site, budget: int) -> str:
    """Towns and whether the shop there has it."""
    r = site.r
    items, size = [site.leaf("h3", "title", site.say("deliver"))], 0
    while size < budget:
        town = site.m.text(facts.city(r, site.lang))
        items.append(
            site.el("li", "item", site.leaf("span", "label", town), site.leaf("span", "stock", site.say("stock")))
        )
        size += len(items[-1])
    return site.deep(site.el("ul", "store list", *items), "store", 3)
