"""What a shop sells: brands, product names, category paths, specifications."""

from dataclasses import dataclass, field
from random import Random

from pretraining.corpus.letters import code_like, digits, latin, rare, word
from pretraining.corpus.money import Money, amount, money
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.shapes import shape, title
from pretraining.corpus.words import BRANDS, SHOP_LANGUAGES, words

LANGUAGES = (
    ("en",) * 17
    + ("de",) * 3
    + ("fr",) * 3
    + ("es",) * 3
    + ("it",) * 3
    + ("pt", "nl", "pl", "ja", "zh", "ru")
    + SHOP_LANGUAGES
)
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


@dataclass(slots=True)
class Product:
    """One product as the shop knows it. `brand` is None where nobody says it; `path` leads to the category."""

    lang: str
    shop: str
    brand: str | None
    name: str
    pieces: list[str]
    path: list[str]
    money: Money
    cents: int
    old: int | None
    head: str  # the noun of the name
    specs: list[tuple[str, str, str]] = field(default_factory=list)  # (slot, label, value)


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


def product(r: Random) -> Product:
    """A product of a random shop."""
    lang = pick(r, LANGUAGES)
    maker = brand(r, lang) if chance(r, 0.72) else None
    in_name = maker is not None and chance(r, 0.6)
    head = thing(r, lang)
    pieces = name_pieces(r, lang, maker if in_name else None, head)
    shouting = chance(r, 0.05)
    if shouting:
        pieces = [piece.upper() for piece in pieces]
    m = money(r, lang)
    cents = amount(r, m)
    old = None
    if chance(r, 0.28):
        old = max(cents + 100, round(cents * (1.05 + r.random() * 1.2)))
        old = old // 100 * 100 if m.places == 0 or chance(r, 0.4) else old // 100 * 100 + pick(r, (99, 0, 95, 50, 90))
    own = title(latin(r, lang))
    shop = pick(
        r,
        (
            own,
            own.upper(),
            f"{own.lower()}.{pick(r, ('com', 'de', 'fr', 'it', 'lv', 'sk', 'shop', 'co.uk', 'ru', 'nl'))}",
            f"{own} {pick(r, words(lang, 'cats'))}",
        ),
    )
    p = Product(
        lang,
        shop,
        maker,
        " ".join(pieces),
        pieces,
        path(r, lang, chance(r, 0.06), head, maker),
        m,
        cents,
        old if old and old > cents else None,
        head,
    )
    p.specs = specs(r, p)
    return p


def specs(r: Random, p: Product) -> list[tuple[str, str, str]]:
    """Facts for a specification table, without maker and category."""
    lang = p.lang
    made = {
        "sku": lambda: code_like(r) if chance(r, 0.5) else digits(r, r.randint(4, 9)),
        "ean": lambda: digits(r, 13),
        "colour": lambda: pick(r, words(lang, "colours")),
        "size": lambda: measure(r),
        "material": lambda: pick(r, words(lang, "materials")),
        "weight": lambda: f"{round(r.random() * 30, pick(r, (0, 1, 2)))} {pick(r, ('kg', 'g', 'lbs', 'oz'))}",
        "warranty": lambda: shape(r, lang, "warranty"),
        "origin": lambda: pick(r, words(lang, "countries")),
    }  # fmt: skip
    keys = r.sample(sorted(made), r.randint(1, 7))
    return [(key, pick(r, words(lang, key)), made[key]()) for key in keys]
