"""A record as an article, a recipe or a post: a line that says who wrote it and when, votes, facts in a card, text."""

import re
from collections.abc import Callable
from random import Random

from pretraining.corpus import comments, facts
from pretraining.corpus.draft import Draft, value
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.site import Site
from pretraining.corpus.words import words

PUBLISHED = (
    *("article",) * 8, *("recipe",) * 8, *("news",) * 3,
    *("review", "forum", "event", "book", "course", "paper", "podcast", "film", "talk", "video"),
    *("restaurant", "hotel", "software"),
)  # fmt: skip
GROUPS = (
    ("date", "updated"), ("prep", "cook", "total"), ("prep", "total"), ("total", "servings"), ("course", "cuisine"),
    ("course", "cuisine", "keywords"), ("rating", "votes"), ("rating", "votes"), ("rating", "reviews"),
    ("servings", "calories"), ("section", "tags"), ("words", "date"), ("author", "photo"), ("comments", "date"),
)  # fmt: skip
LABELS = {
    "servings": ("Serves", "Servings", "Makes", "Yield", "Yields", "Portions"),
    "prep": ("Prep", "Prep Time", "Preparation", "Active time", "Hands-on"),
    "cook": ("Cook", "Cook Time", "Cooking time"),
    "total": ("Total", "Total Time", "Ready in", "Takes"),
}
SIGNED = ("author", "instructor", "host", "speaker", "director", "channel")
DATED = ("date", "updated")
DATED_BY_SITE = ("article", "news", "recipe", "forum", "review", "podcast", "video")  # by the day of publication
COUNTED = ("votes", "reviews")
FOR = {"en": "for", "de": "für", "fr": "pour", "es": "para", "it": "per", "nl": "voor", "pt": "para"}
SHORT = {
    "minutes": ("mins", "min", "m"), "minute": ("min",), "hours": ("hrs", "hr", "h"), "hour": ("hr", "h"),
    "minuten": ("min", "min."), "Minuten": ("Min.", "min"), "Stunden": ("Std.", "h"), "minutos": ("min",),
    "minuti": ("min",), "heures": ("h",), "horas": ("h",), "minut": ("min",),
}  # fmt: skip
MEASURE = re.compile(r"(\d+(?:[.,]\d+)?)( ?)([^\W\d_]+\.?)")
SITES = (
    *("{W} News", "{W} Magazine", "The {W} Times", "{C} Journal", "{W} Kitchen", "{F}'s Kitchen", "Cooking with {F}"),
    *("The {C} Blog", "{W} {C}", "{C} & {C2}", "{W} Today", "{C}.com", "{F} {L}", "The {W}", "{C} {C2}", "Just {C}"),
)


def domain(r: Random) -> str:
    """What a site that publishes texts has pages of."""
    return pick(r, PUBLISHED)


def complete(r: Random, d: Draft) -> None:
    """The draft with an author mostly, with some slots of like kinds together, and with what is surely asked."""
    names = [name for name in ("author",) if name in d.slots]
    groups = [group for group in GROUPS if sum(name in d.slots for name in group) == len(group)]
    group = pick(r, groups) if groups and chance(r, 0.7) else ()
    for name in (*names, *group):
        if name not in d.values and chance(r, 0.85):
            d.values[name] = value(r, d.slots[name], d.lang)
            d.empty = [other for other in d.empty if other != name]
    first = next(iter(d.values))
    d.sure = tuple(dict.fromkeys([*([first] if chance(r, 0.5) else []), *(names if chance(r, 0.7) else []), *group]))
    if d.lang == "en":
        d.used |= {name: pick(r, labels) for name, labels in LABELS.items() if name in d.slots and chance(r, 0.6)}
    if chance(r, 0.75):
        d.page.product.shop = _site_name(r, d.lang)


def _site_name(r: Random, lang: str) -> str:
    if chance(r, 0.2):
        return facts.company(r, lang)
    c, c2 = (pick(r, words(lang, "words")).capitalize() for _ in range(2))
    w = pick(r, (facts.city(r, lang), c, pick(r, words(lang, "things")).title()))
    return pick(r, SITES).format(W=w, C=c, C2=c2, F=pick(r, words(lang, "first")), L=pick(r, words(lang, "last")))


def block(site: Site, d: Draft) -> str:
    """Title, who and when, votes, text, a card of facts, lists."""
    r, m = site.r, site.m
    first, *rest = d.values
    r.shuffle(rest)
    signed = [name for name in SIGNED if name in rest][:1]
    beside = signed + [name for name in (*DATED, "words") if name in rest and chance(r, 0.75)]
    rated = [name for name in ("rating", _counted(d)) if name in rest and chance(r, 0.8)]
    in_card = [name for name in rest if name not in beside and name not in rated]
    boxed = signed == ["author"] and chance(r, 0.4)
    if boxed and chance(r, 0.2):  # only the box says who wrote it
        beside.remove("author")
    title = m.leaf(pick(r, ("h1", "h1", "h1", "h2", "div")), "title", d.values[first])
    if chance(r, 0.15):
        title = m.el("h1", "title", m.leaf(pick(r, ("a", "span")), "", d.values[first]))
    head = [title, *([_byline(site, d, beside)] if beside else []), *([_votes(site, d, rated)] if rated else [])]
    if chance(r, 0.25):
        head[1:] = head[:0:-1]
    parts = [site.el(pick(r, ("header", "div", "section")), "title wrapper", *head)]
    parts += [comments.text(site, r.randint(100, 2_500))] if chance(r, 0.8) else []
    if "servings" in in_card and not d.text_of("servings").isdigit() and chance(r, 0.3):
        in_card.remove("servings")
        before = f"{FOR[site.lang]} " if site.lang in FOR and chance(r, 0.6) else ""
        parts.append(site.leaf(pick(r, ("p", "span", "div")), "note", before + m.text(d.text_of("servings"))))
    parts += [_card(site, d, in_card)]
    if chance(r, 0.25):
        parts.insert(r.randint(1, len(parts)), comments.stars(site))
    if boxed:
        parts.append(comments.about(site, d.text_of("author")))
    return site.el(pick(r, ("article", "div", "main", "section")), "wrapper", *parts)


def _counted(d: Draft) -> str:
    """The slot that says how many have rated."""
    return next((name for name in COUNTED if name in d.slots), COUNTED[0])


def _byline(site: Site, d: Draft, names: list[str]) -> str:
    """By Anna Reed · Published 12 May 2024 · Updated 3 June 2024 · 3 min read"""
    r, m = site.r, site.m
    before = {"author": site.say("written"), "updated": site.say("updated")}
    before |= {"date": site.say("published")} if d.domain in DATED_BY_SITE else {}
    silent = [name for name in ("author", "date") if chance(r, 0.45)]
    lead = {name: "" if name in silent else before.get(name, "") for name in names}
    order = names if chance(r, 0.75) else names[::-1]
    helper = f"{site.say('helpers')} {m.text(facts.person(r, site.lang))}" if chance(r, 0.12) else ""
    if chance(r, 0.5):
        joint = pick(r, (" · ", " | ", " - ", " • ", " — ", ", ", " / ", " "))
        texts = [" ".join(filter(None, (lead[name], m.text(d.text_of(name))))) for name in order]
        texts.insert(r.randint(0, len(texts)), helper)
        return site.leaf(pick(r, ("p", "div", "span", "small")), "note", joint.join(filter(None, texts)))
    parts = [_signed(site, name, lead[name], m.text(d.text_of(name))) for name in order]
    parts += [site.leaf("span", "note", helper)] if helper else []
    joint = pick(r, (m.nl, " ", " - ", " | ", " · ")) if m.nl else pick(r, ("", " ", " - ", " | "))
    return site.el(pick(r, ("div", "div", "header")), "note", joint.join(parts))


def _signed(site: Site, name: str, lead: str, text: str) -> str:
    """One part of a byline as elements."""
    r = site.r
    if name not in SIGNED:
        tag = pick(r, ("time", "span", "small")) if name in DATED else "span"
        return site.leaf(tag, "date note" if name in DATED else "note", f"{lead} {text}".strip())
    kind = r.randrange(5)
    if kind == 0:
        link = site.leaf("a", "author", text, title=text)
        return site.el(pick(r, ("address", "span", "div")), "author", f"{lead} {link}".strip())
    if kind == 1:
        return site.el("img", "image", alt=text, src=pick(r, site.images)) + site.leaf(
            "span", "author", f"{lead} {text}"
        )
    if kind == 2:
        return site.leaf("span", "note", f"{lead} {site.m.el('a', '', text)}".strip())
    return f"{lead} {site.leaf(pick(r, ('a', 'span', 'strong')), 'author', text)}".strip()


def _votes(site: Site, d: Draft, names: list[str]) -> str:
    """4.68 from 331 votes"""
    r, m = site.r, site.m
    spans = chance(r, 0.5)
    tags = [pick(r, ("span", "span", "strong", "a", "b")) for _ in range(2)]
    shown = {
        name: m.leaf(tag, "rating value" if name == "rating" else "rating count", d.text_of(name))
        if spans
        else m.text(d.text_of(name))
        for name, tag in zip(names, tags, strict=False)
    }
    of, basis, unit = site.say("outof"), site.say("basis"), site.say("votes")
    both = (
        "{a} {basis} {n} {unit}", "{a} {basis} {n} {unit}", "{a} ({n})", "{a} ({n} {unit})", "{a}/5 - ({n} {unit})",
        "{a} ★ {n} {unit}", "{a} {of} 5 {basis} {n} {unit}", "★★★★☆ {a} ({n})", "{a} / 5 ({n})",
        "{a} | {n} {unit}", "{n} {unit}, {a} {of} 5",
    )  # fmt: skip
    mean, number = ("{a}", "{a}/5", "{a} {of} 5", "★ {a}", "{a} ★"), ("{n} {unit}", "({n} {unit})")
    form = pick(r, both if len(names) == 2 else mean if names == ["rating"] else number)
    text = form.format(a=shown.get("rating"), n=shown.get(_counted(d)), of=of, basis=basis, unit=unit)
    more = site.leaf("span", "note", f"{r.randint(2, 400)} Photos") if chance(r, 0.12) else ""
    return site.el(pick(r, ("div", "p", "span")), "rating", text, *filter(None, [more]))


def _card(site: Site, d: Draft, names: list[str]) -> str:
    """Facts with labels, lists under theirs."""
    r, m = site.r, site.m
    lists = [name for name in names if isinstance(d.values[name], list) and chance(r, 0.8)]
    pairs = d.pairs([name for name in names if name not in lists])
    style: Callable[[Site, str, str], str] = pick(r, (_row, _row, _row_in_units, _row_in_units, _line))
    outer = pick(r, ("div", "div", "li", "p", "span"))
    if chance(r, 0.25) and pairs:
        rows = [d.page.rows([(None, label, value) for label, value in pairs])]
    else:
        rows = [site.el(outer, "row", style(site, label, value)) for label, value in pairs]
    parts = [site.el("ul" if outer == "li" else "div", "list", *rows)] if rows else []
    for name in lists:
        tag, item = pick(r, (("ul", "li"), ("ol", "li"), ("div", "p"), ("div", "a")))
        items = [m.leaf(item, f"{name} item", text) for text in d.values[name]]
        label = site.leaf(pick(r, ("h2", "h3", "h4", "strong")), "label", m.text(d.label(name)))
        parts.append(label + m.nl + site.el(tag, f"{name} list", *items))
    return site.deep(site.el("div", "table wrapper", *parts), "table", 2)


def _row(site: Site, label: str, value: str) -> str:
    name = site.m.leaf("span", "label", label + site.page.colon.strip())
    return site.m.join([name, site.m.leaf("span", "value", value)])


def _row_in_units(site: Site, label: str, value: str) -> str:
    name = site.leaf("span", "label", site.m.text(label.rstrip(":") + pick(site.r, ("", ":", ": "))))
    return f"{name} {units(site, value)}"


def _line(site: Site, label: str, value: str) -> str:
    """Serves 8"""
    return site.m.text(f"{label}{site.page.colon.strip()} {value}")


def units(site: Site, text: str) -> str:
    """A value as markup; a number and its unit in elements of their own, the unit twice for who hears the page."""
    r, m = site.r, site.m
    found = MEASURE.fullmatch(text)
    if found and found[3] in SHORT and chance(r, 0.6):
        heard = site.el("span", "hidden", f"{found[2]}{found[3]}")
        seen = site.el("span", "unit", pick(r, SHORT[found[3]]))
        if chance(r, 0.5):
            return f"{site.el('span', 'value', f'{found[1]}{heard}')} {seen}"
        return f"{site.el('span', 'value', found[1])}{heard} {seen}"
    pieces = text.split(" ")
    numbers = [piece.replace(",", "").isdigit() for piece in pieces]
    if numbers in ([True, False], [True, False] * 2) and not any(piece[0].isdigit() for piece in pieces[1::2]):
        return " ".join(site.el("span", "value" if piece.isdigit() else "unit", m.text(piece)) for piece in pieces)
    return site.el("span", "value", m.text(text))
