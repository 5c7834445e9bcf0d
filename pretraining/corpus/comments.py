"""What readers wrote below an article, who its author is, and the stars that they may give."""

from pretraining.corpus import facts, makers
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import TEXT, Site, fill
from pretraining.corpus.words import words


def comments(site: Site, budget: int, author: str = "", counted: bool = True) -> str:
    """A thread: names, dates, texts, what one can do; the author may answer. `counted`: the heading has a number."""
    r, m = site.r, site.m
    ones = [_comment(site), _comment(site)] if chance(r, 0.2) else [_comment(site)]
    when = facts.date_form(r, site.lang)
    clock = pick(r, ("", "", " at {}", ", {}", " {}"))
    full = chance(r, 0.5)
    items: list[str] = []
    size = 0
    while size < budget:
        who = m.text(_name(site, full))
        if author and items and chance(r, 0.15):
            who = m.text(author)
        day = facts.dated(r, site.lang, when) + clock.format(facts.clock(r, site.lang))
        day = pick(r, ("2 days ago", "3 weeks ago", "1 year ago", "5h")) if chance(r, 0.04) else day
        items.append(fill(pick(r, ones), who, m.text(day), site.paragraph(r.randint(20, 350))))
        size += len(items[-1])
    heading = site.say("comments")
    if counted and chance(r, 0.4):
        heading = f"{r.randint(1, 300)} {words(site.lang, 'comments')[0]}"
    title = site.leaf(pick(r, ("h2", "h3", "h4", "div")), "title", heading)
    return site.deep(site.el(pick(r, ("section", "div")), "review", title, *items), "review", 3)


def _name(site: Site, full: bool) -> str:
    """A reader's name as people give it."""
    r = site.r
    if full and chance(r, 0.6):
        return facts.person(r, site.lang)
    first = pick(r, words(site.lang, "first"))
    return pick(r, (first, first, f"{first} {pick(r, words(site.lang, 'last'))[:1]}.", makers.user(r, site.lang)))


def _comment(site: Site) -> str:
    """One comment with holes for name, date and text."""
    r, says = site.r, site.say("says")
    name = pick(r, ("b", "cite", "strong", "span", "a", "h4"))
    who = site.leaf(name, "review title", "\x01")
    when = site.leaf(pick(r, ("time", "span", "div", "a", "small")), "note", "\x02")
    kind = r.randrange(4)
    if kind == 0:
        head = [site.el("div", "note", f"{who} {says}"), when]
    elif kind == 1:
        head = [site.el("p", "note", f"{who} {pick(r, ('|', '·', '–', 'on', ','))} {when}")]
    elif kind == 2:
        head = [site.leaf("span", "review title", f"\x01 {says} \x02")]
    else:
        head = [who, when]
    more = [site.leaf(pick(r, ("a", "button", "span")), "button", site.say("answer")) for _ in range(r.randint(0, 2))]
    text = site.leaf(pick(r, ("p", "p", "div")), "review description", "\x03")
    return site.el(pick(r, ("div", "article")), "review item", *head, text, *more)


def text(site: Site, budget: int) -> str:
    """What an article says: paragraphs, some headings and lists between them."""
    r = site.r
    paragraph, heading = pick(r, ("p", "p", "p", "div")), pick(r, ("h2", "h2", "h3", "strong"))
    parts: list[str] = []
    size = 0
    while size < budget:
        kind = r.random()
        if kind < 0.15 and parts:
            part = site.leaf(heading, "title", site.sentence(2, 9).rstrip(".!"))
        elif kind < 0.25:
            part = site.el("ul", "list", *[site.leaf("li", "", site.sentence(2, 9)) for _ in range(r.randint(2, 5))])
        else:
            part = site.leaf(paragraph, "description", site.paragraph(r.randint(60, 700)))
        parts.append(part)
        size += len(part)
    return site.deep(site.el("div", "description", *parts), "description", 2)


def about(site: Site, author: str) -> str:
    """A box about the author."""
    r, m = site.r, site.m
    name = m.text(author)
    heading = site.say("bio").replace("{}", name)
    parts = [site.leaf(pick(r, ("h3", "h4", "div", "h2", "strong")), "title", heading)]
    if name not in heading or chance(r, 0.3):
        parts.append(site.leaf(pick(r, ("a", "span", "h4", "strong", "p")), "name", name))
    text = site.paragraph(r.randint(60, 400))
    parts.append(site.leaf(pick(r, ("p", "div")), "description", f"{name} {text}" if chance(r, 0.5) else text))
    if chance(r, 0.5):
        parts.insert(0, site.el("img", "image", alt=name, src=pick(r, site.images)))
    return site.deep(site.el(pick(r, ("section", "aside", "div")), "wrapper", *parts), "wrapper", 2)


def stars(site: Site) -> str:
    """Five buttons to give one to five stars, which say nothing of the mean."""
    r = site.r
    text = site.say("stars")
    kind, tag = r.randrange(3), pick(r, ("label", "span", "button"))
    if kind == 0:
        one = site.el("img", "image", alt=TEXT, src=pick(r, site.images))
    elif kind == 1:
        one = site.el(tag, "rating", site.icons[1], title=TEXT)
    else:
        one = site.leaf(tag, "hidden", TEXT)
    return site.el("div", "rating", *[fill(one, text.replace("{}", str(i))) for i in range(1, 6)])
