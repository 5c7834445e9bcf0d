"""What shops speak of: brands, things and their measures, categories."""

from random import Random

from pretraining.corpus.letters import word
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import shape, title
from pretraining.corpus.words import BRANDS, words

SPACELESS = ("zh", "tw", "ja", "th")
NOT_LATIN = ("bg", "ru", "uk", "el", "ar", "he", "fa", "hi", "th", "zh", "tw", "ja", "ko")
UNITS = (
    "ml",
    "g",
    "kg",
    "cm",
    "mm",
    "L",
    "oz",
    "m",
    "W",
    "GB",
    "TB",
    "mg",
    "inch",
    '"',
    "V",
    "Ah",
    "lb",
    "fl oz",
    "pcs",
    "Stk.",
    "x",
    "m²",
    "bar",
    "mAh",
    "cl",
    "°",
    "mpx",
    "ft",
)
PLURALS = {
    "en": ("s", "s", "s", "es", ""), "de": ("", "n", "e", "en"), "fr": ("s", "s", ""), "es": ("s", "s", "es"),
    "it": ("", "i"), "pt": ("s", "s"), "nl": ("en", "s", "n"), "pl": ("y", "i", "e", ""), "cs": ("y", "e", "i", ""),
    "sk": ("y", "e", ""), "sl": ("i", "e", ""), "hr": ("i", "e", ""), "ru": ("ы", "и", ""), "uk": ("и", "і", ""),
    "sv": ("r", "ar", ""), "da": ("er", "e", ""), "no": ("er", "e", ""), "hu": ("k", "ok", ""), "ro": ("i", "e", ""),
    "lv": ("s", "i", ""), "lt": ("ai", "i", ""), "fi": ("t", ""), "et": ("d", ""), "tr": ("lar", "ler", ""),
    "el": ("ς", ""), "bg": ("и", "е", ""),
}  # fmt: skip
BIG = ("LADIES", "GENTS", "KIDS", "HOME", "BEAUTY", "SHOES")


def brand(r: Random, lang: str) -> str:
    """A maker's name, known or (mostly) made up, in one of the ways that names are written."""
    if chance(r, 0.3):
        return pick(r, BRANDS)
    return word(r, lang).capitalize() if lang in NOT_LATIN and chance(r, 0.2) else shape(r, lang, "brand")


def series(r: Random, lang: str) -> str:
    """A model or series name."""
    return shape(r, lang, "series")


def measure(r: Random) -> str:
    """250 ml, 60 x 30 cm, 2-pack"""
    n = r.randint(1, 990) if chance(r, 0.7) else round(r.random() * 20, 1)
    unit = pick(r, UNITS)
    kind = r.randrange(9)
    if kind == 0:
        return f"{r.randint(2, 300)} x {r.randint(2, 300)} {pick(r, ('cm', 'mm', 'm'))}"
    if kind == 1:
        return f"{r.randint(2, 300)}x{r.randint(2, 300)}x{r.randint(2, 99)}{pick(r, ('', ' cm', 'cm', 'mm'))}"
    if kind == 2:
        return pick(
            r,
            (
                "{}-pack",
                "Pack of {}",
                "{} pcs",
                "Set of {}",
                "{} Stück",
                "x{}",
                "{}er Set",
                "{} pieces",
                "({} pcs)",
                "{}-tlg",
            ),
        ).format(r.randint(2, 48))
    if kind == 3:
        return pick(r, ("XS", "S", "M", "L", "XL", "XXL", "38", "42", "Size 8", "One Size", "EU 40", "12Y"))
    return f"{n}{unit}" if chance(r, 0.5) else f"{n} {unit}"


def thing(r: Random, lang: str) -> str:
    """A noun: of the shops' words or of the language's many everyday ones."""
    if chance(r, 0.45):
        return pick(r, words(lang, "nouns"))
    text = pick(r, words(lang, "things"))
    return text[:1].upper() + text[1:] if chance(r, 0.8) else title(text)


def noun(r: Random, lang: str) -> str:
    """What the thing is, with or without an adjective."""
    return described(r, lang, thing(r, lang))


def described(r: Random, lang: str, n: str) -> str:
    """A noun, half of the time with an adjective."""
    if not chance(r, 0.5):
        return n
    adjective = pick(r, words(lang, "adjs"))
    if lang in SPACELESS:
        return adjective + n
    if lang in ("fr", "es", "it", "pt", "ro", "vi", "id", "ar", "he", "fa", "hi") or adjective[:3] in (
        "i t",
        "i l",
        "i s",
    ):
        return f"{n} {adjective}"
    if lang not in ("de", "en") and chance(r, 0.3):
        n = n[:1].lower() + n[1:]
    return f"{adjective[:1].upper()}{adjective[1:]} {n}"


def category(r: Random, lang: str) -> str:
    """A category's name."""
    kind = r.randrange(14)
    base = pick(r, words(lang, "cats"))
    if kind == 0:
        joint = pick(r, (" & ", ", ", " / ", " + ", " and " if lang == "en" else " & "))
        return base + joint + pick(r, words(lang, "cats"))
    if kind == 1:
        return noun(r, lang)
    if kind == 2:
        return title(f"{pick(r, words(lang, 'adjs'))} {base}")
    if kind == 3:
        return (
            f"{base} {pick(r, words(lang, 'nouns'))}" if lang not in SPACELESS else base + pick(r, words(lang, "nouns"))
        )
    if kind == 4:
        return pick(r, words(lang, "nouns")) + ("s" if lang in ("en", "fr", "es", "pt") else "")
    if kind == 5:
        return title(pick(r, words(lang, "words")))
    if kind == 6 and chance(r, 0.5):
        return title(word(r, lang)) if chance(r, 0.5) else pick(r, BIG)
    if kind in (7, 8, 9):
        return thing(r, lang)
    return base


def path(r: Random, lang: str, shouting: bool, head: str, maker: str | None) -> list[str]:
    """1 to 6 category names from the widest to the product's own.

    As in shops, the own one often says what the product is called too, and a narrower one often begins with the wider.
    """
    names = [category(r, lang) for _ in range(pick(r, (1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6)))]
    if chance(r, 0.4):
        names[-1] = _of_head(r, lang, head)
    joint = "" if lang in SPACELESS else " "
    for i in range(1, len(names)):
        if chance(r, 0.12):  # Cases, Cases for phones; Home, Smart home, Smart home lighting
            more = pick(r, (thing(r, lang), pick(r, words(lang, "adjs")), category(r, lang)))
            both = [names[i - 1], more] if chance(r, 0.7) else [more, names[i - 1]]
            names[i] = joint.join(both)
    if maker and len(names) > 1 and chance(r, 0.05):
        names[-1] = joint.join([names[-2], maker] if chance(r, 0.6) else [maker, names[-2]])
    names = list(dict.fromkeys(names))
    return [name.upper() for name in names] if shouting else names


def _of_head(r: Random, lang: str, head: str) -> str:
    """A category named after the product's noun: the same, its plural, a wider or a narrower one."""
    kind = r.randrange(8)
    plural = head + pick(r, PLURALS.get(lang, ("",)))
    if kind < 3:
        return plural
    if kind == 3:
        return head
    if kind == 4:
        return described(r, lang, plural)
    if kind == 5:
        return f"{plural} {pick(r, ('&', '/', '+', ','))} {thing(r, lang)}".replace(" ,", ",")
    if kind == 6 and lang not in SPACELESS:
        return f"{plural} {thing(r, lang).lower()}"
    first = head.split(" ")[0]
    return first if len(first) > 2 else plural
