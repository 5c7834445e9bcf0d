"""What shops call a product: maker, series, thing, and all that sellers add."""

from random import Random

from pretraining.corpus.goods import PLURALS, SPACELESS, described, measure, series, thing
from pretraining.corpus.letters import code_like, latin, rare
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import title
from pretraining.corpus.words import words


def tail(r: Random, lang: str) -> str:
    """What follows the name: a size, a colour, a code, a remark."""
    kind = r.randrange(12)
    if kind < 3:
        return pick(r, (" {}", ", {}", " - {}", " ({})", "-{}", " | {}", ", {}", "/{}")).format(measure(r))
    if kind < 6:
        return pick(r, (", {}", " - {}", " {}", " ({})", " – {}", "/{}")).format(pick(r, words(lang, "colours")))
    if kind == 6:
        return pick(r, (" {}", " ({})", ", {}", " - {}", " [{}]", " {}")).format(code_like(r))
    if kind == 7:
        return f" »{latin(r).capitalize()}«" if chance(r, 0.5) else f' "{latin(r).capitalize()}"'
    if kind == 8:
        return (
            f" {pick(r, ('with', 'for', 'w/', 'and', '&', '+', 'in', 'incl.'))} {pick(r, words('en', 'nouns'))}"
            if lang == "en"
            else f" {pick(r, ('+', '&', '/'))} {pick(r, words(lang, 'nouns'))}"
        )
    if kind == 9:
        return f", {pick(r, words(lang, 'materials'))}"
    if kind == 10:
        return f" {pick(r, words(lang, 'words'))}" if chance(r, 0.5) else marketing(r, lang)
    return pick(
        r,
        ("™", "®", "!", " *NEW*", " (OEM)", " – Limited Edition", "...", " 2.0", " #2", ' 3/4"', " [B-Stock]", " 1/2"),
    )


def marketing(r: Random, lang: str) -> str:
    """What sellers add to a name: a claim, an offer, what it is for, several variants."""
    colours = words(lang, "colours")
    two = f"{pick(r, colours)}{pick(r, ('/', ' / ', ' & ', '-'))}{pick(r, colours)}"
    claim = pick(r, (*words(lang, "adjs"), *words(lang, "usp")))
    forms = (
        f" - {two}", f", {two}", f" {two}, {measure(r)}", f" | {claim}", f" – {claim}", f" ({claim})", f", {claim}",
        f" - {measure(r)} - {pick(r, colours)}", f" ({measure(r)}, {pick(r, colours)})", f" [{measure(r)}]",
        f" {r.randint(2016, 2026)}", f" ({r.randint(2, 9)}-tlg)", f" x {r.randint(2, 24)}",
        f", {pick(r, words(lang, 'materials'))}, {pick(r, colours)}", f" - {thing(r, lang)} & {thing(r, lang)}",
    )  # fmt: skip
    return pick(r, forms)


def name_pieces(r: Random, lang: str, maker: str | None, head: str) -> list[str]:
    """The parts of a product's name in order: maker, series, noun (`head`), tails."""
    ser = (series(r, lang) if chance(r, 0.9) else rare(r)) if chance(r, 0.5) else None
    what = described(r, lang, head)
    if chance(r, 0.12):
        what = f"{what}{'' if lang in SPACELESS else ' '}{thing(r, lang)}"
    if chance(r, 0.06):
        what = f"{what} {repeating(r, lang)}"
    for _ in range(pick(r, (0, 0, 1, 1, 1, 2, 3))):
        what += tail(r, lang)
    if lang == "en" and chance(r, 0.15):
        what = f"{pick(r, words('en', 'adjs'))} {pick(r, words('en', 'nouns'))} {what}"
    if maker and ser:
        parts = pick(r, ([maker, ser, what], [maker, ser, what], [maker, what, ser], [what, maker, ser], [maker, what]))
    elif maker:
        parts = [maker, what] if chance(r, 0.8) else [what, maker]
    else:
        parts = [what] if not ser else [what, ser] if chance(r, 0.7) else [ser, what]
    return [part.strip() for part in parts if part and part.strip()]


def like_name(r: Random, lang: str, pieces: list[str], head: str) -> str:
    """A category that repeats more of a name than its noun, as narrow ones do; "" where the name has no such words."""
    words_of = next((piece for piece in pieces if head in piece), "").split(" ")
    ends = head.split(" ")[-1]
    if lang in SPACELESS or ends not in words_of:
        return ""
    end = words_of.index(ends) + 1
    few = words_of[max(0, end - r.randint(1, 3)) : end + pick(r, (0, 0, 0, 1))]
    plural = pick(r, PLURALS.get(lang, ("",)))
    text = " ".join(few).strip(" ,-–|(/").rstrip(")")
    return text + plural if text and text[-1].isalpha() else text


def longer(r: Random, lang: str, text: str) -> str:
    """A name that goes on to 100 to 200 characters: other names for the thing, what it is for, a closing remark."""
    kind = r.randrange(4)
    if kind == 0:  # a title, a subtitle, a series
        more = " ".join(title(pick(r, words(lang, "words"))) for _ in range(r.randint(1, 5)))
        form = pick(r, ("{}: {} : ({} {})", "{} : {} ({} {})", "{} - {} ({} {})", "{}: {} : ({}, {})"))
        return form.format(text, more, title(latin(r)), r.randint(1, 12))
    joint = pick(r, (" / ", " / ", ", ", " | ", " - ", " ")) if kind < 3 else pick(r, (" / ", ", "))
    end = pick(r, (f" ({measure(r)})", f"({pick(r, words(lang, 'materials'))}, {measure(r)})", "", ""))
    least = r.randint(90, 180)
    while len(text) + len(end) < least:
        more = described(r, lang, thing(r, lang))
        more = f"{more} {described(r, lang, thing(r, lang))}" if lang not in SPACELESS and chance(r, 0.5) else more
        text += joint + pick(r, (more, more, more.lower(), pick(r, words(lang, "colours")), measure(r)))
    return text + end


REPETITIONS = (
    "{a}/{b} {n}.0/{a}-{c} {n}.0", "{a}/micro {a}/{a} {n}.0/{a}-{c}", "{a} {b} / {a} {d}", "{n} x {a} + {n} x {b}",
    "{a}, {a} {b}, {a} {d}", "{a}-{a} {b}", "{a} {n} {a} {n}{n}", "{n}{n}/{n}{n}/{n}{n} {a}", "{a}4 {a}4{c}",
)  # fmt: skip


def repeating(r: Random, lang: str) -> str:
    """Words that come back: where a copy goes on, only the place in the page can tell."""
    plug = pick(r, ("USB", "HDMI", "DVI", "SATA", "PCI", "RJ45", code_like(r), latin(r).upper()))
    a, b = (plug, code_like(r)) if chance(r, 0.5) else (thing(r, lang), thing(r, lang))
    form = pick(r, REPETITIONS)
    return form.format(a=a, b=b, c=pick(r, "ABCX"), d=latin(r, lang).capitalize(), n=r.randint(1, 9))
