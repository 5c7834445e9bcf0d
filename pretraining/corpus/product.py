"""A product as a shop knows it: name, maker, category, price, specifications."""

from dataclasses import dataclass, field
from random import Random

from pretraining.corpus.goods import brand, measure, path, thing
from pretraining.corpus.letters import code_like, digits, latin
from pretraining.corpus.money import Money, amount, money
from pretraining.corpus.pick import chance, pick
from pretraining.corpus.product_names import like_name, longer, name_pieces
from pretraining.corpus.shapes import shape, title
from pretraining.corpus.words import SHOP_LANGUAGES, words

LANGUAGES = (
    ("en",) * 17
    + ("de",) * 3
    + ("fr",) * 3
    + ("es",) * 3
    + ("it",) * 3
    + ("pt", "nl", "pl", "ja", "zh", "ru")
    + SHOP_LANGUAGES
)

LONG = 0.06  # of the names
BY = 0.12  # of the English names without their maker
MARKED = 0.04  # of the names that begin with it


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
    way = path(r, lang, chance(r, 0.06), head, maker)
    if chance(r, 0.07):
        way[-1] = like_name(r, lang, pieces, head) or way[-1]
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
        list(dict.fromkeys(way)),
        m,
        cents,
        old if old and old > cents else None,
        head,
    )
    p.specs = specs(r, p)
    return p


def sold(r: Random) -> Product:
    """A product as shops write its name, some at length, some with the maker's mark or behind "by"."""
    p = product(r)
    if chance(r, LONG):
        p.pieces[-1:] = [longer(r, p.lang, p.pieces[-1])]
    elif p.lang == "en" and p.brand and p.brand.casefold() not in p.name.casefold() and chance(r, BY):
        p.pieces[-1:] = [f"{p.pieces[-1]} by {p.brand}"]
    elif p.brand and p.pieces[0] == p.brand and p.brand[-1].isalnum() and chance(r, MARKED):
        p.pieces[0] += pick(r, ("®", "™", "®"))
    p.name = " ".join(p.pieces)
    return p


def specs(r: Random, p: Product) -> list[tuple[str, str, str]]:
    """Facts for a specification table, without maker and category."""
    lang = p.lang
    makers = {
        "sku": lambda: code_like(r) if chance(r, 0.5) else digits(r, r.randint(4, 9)),
        "ean": lambda: digits(r, 13),
        "colour": lambda: pick(r, words(lang, "colours")),
        "size": lambda: measure(r),
        "material": lambda: pick(r, words(lang, "materials")),
        "weight": lambda: f"{round(r.random() * 30, pick(r, (0, 1, 2)))} {pick(r, ('kg', 'g', 'lbs', 'oz'))}",
        "warranty": lambda: shape(r, lang, "warranty"),
        "origin": lambda: pick(r, words(lang, "countries")),
    }  # fmt: skip
    keys = r.sample(sorted(makers), r.randint(1, 7))
    return [(key, pick(r, words(lang, key)), makers[key]()) for key in keys]
