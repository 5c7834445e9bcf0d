"""Invented products: names, brands, categories and prices from `data/vocabulary/<language>.toml`."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from data import prices

VOCABULARY: dict[str, dict[str, Any]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "vocabulary").glob("*.toml"))
}

# For each kind of product: usual prices in euros, the specifications in names, the units of a unit price.
KINDS: dict[str, tuple[tuple[int, int], list[str], list[str]]] = {
    "kitchen": ((9, 180), ["20 cm", "24 cm", "28 cm", "1,5 l", "3 l"], []),
    "clothing": ((15, 240), ["S-XL", "2-pack", "No. 214"], []),
    "tools": ((19, 450), ["12 V", "18 V", "650 W", "1200 W", "125 mm"], []),
    "tech": ((19, 1900), ["64 GB", '27"', "USB-C", "4K", "2 TB"], []),
    "care": ((4, 95), ["30 ml", "50 ml", "200 ml"], ["100 ml", "10 ml"]),
    "furniture": ((35, 1500), ["120 x 60 cm", "80 x 45 cm", "180 cm"], []),
    "toys": ((7, 150), ["3+", "5+", "2 x 48"], []),
    "food": ((2, 40), ["250 g", "500 g", "6 x 75 g"], ["100 g", "kg"]),
    "garden": ((9, 650), ["20 m", "75 cm", "40 l", "36 V"], []),
    "sport": ((12, 700), ["2P", "45 l", "183 x 61 cm", "16 kg"], []),
    "music": ((25, 1800), ["88", "4/4", "300 W"], []),
}
SUFFIXES = ["Home", "Studio", "& Co.", "Sport", "Works", "Pro", "1924"]
QUOTES = {
    "de": ("„", "“"),
    "fr": ("«", "»"),
    "ru": ("«", "»"),
    "ja": ("「", "」"),
    "pl": ("„", "”"),
    "cs": ("„", "“"),
}
TRAIT_FIRST = ("en", "ja")
OWN_SCRIPT = ("ru", "ja")
COLOURLESS = ("food", "care")


@dataclass(frozen=True)
class Product:
    """What a snippet may show, None where the shop does not say it; `extras` are not asked for."""

    language: str
    name: str | None
    price: str | None
    category: str | None
    manufacturer: str | None
    crumbs: list[str]
    extras: dict[str, str | None] = field(default_factory=dict)
    related: list[tuple[str, str]] = field(default_factory=list)
    kind: str = ""
    pattern: str = ""  # of its prices


def word(rng: Random, language: str = "en") -> str:
    """An invented word of two or three syllables; English has those of all languages in Latin letters."""
    syllables = VOCABULARY[language]["syllables"]
    text = "".join(rng.choice(syllables) for _ in range(rng.choice([2, 2, 3])))
    return text[0].upper() + text[1:]


def brand(rng: Random, language: str) -> str:
    """An invented brand in one of the ways in which brands are written."""
    if language in OWN_SCRIPT and rng.random() < 0.5:
        return word(rng, language)
    name, roll = word(rng), rng.random()
    if roll < 0.5:
        return name
    if roll < 0.65:
        return name.upper()
    if roll < 0.75:
        return f"{name} {rng.choice(['&', 'und' if language == 'de' else '+'])} {word(rng)}"
    if roll < 0.9:
        return f"{name} {rng.choice(SUFFIXES)}"
    return rng.choice([name.lower(), f"{name[0]}'{word(rng)}", f"{name}-{word(rng)}", f"{name} {word(rng)}"])


def product_name(rng: Random, language: str, kind: dict[str, Any], noun: str, maker: str | None) -> str:
    """A name in the language's word order, with an invented model, a code, a size or a colour."""
    trait, colour = rng.choice(kind["traits"]), rng.choice(VOCABULARY[language]["colours"])
    if kind["kind"] in COLOURLESS:
        colour = f"No. {rng.randint(1, 40)}"
    spec, model = rng.choice(KINDS[kind["kind"]][1]), word(rng)
    code = rng.choice("ABDEGKMRSTVX") + rng.choice("CLQXZ") + rng.choice("- ") + str(rng.randint(12, 990))
    opening, closing = QUOTES.get(language, ('"', '"'))
    core = f"{trait} {noun}" if language in TRAIT_FIRST else f"{noun} {trait}"
    forms = [
        f"{core} {spec}",
        f"{core}, {colour}",
        f"{model} {core}",
        f"{model} {noun} - {colour}",
        f"{noun} {model} {spec}",
        f"{core} {code}",
        f"{noun} {opening}{model}{closing} {colour}",
        f"{noun} {model} ({spec}, {colour})",
        f"{model} {noun} {rng.choice(['II', 'Plus', 'Mini', 'S2', '+', '& Set'])}",
        f"{model} {rng.randint(2, 98) * 10} {noun}",
    ]
    if maker:
        forms += [f"{maker} {noun} {model}", f"{maker} {model} {core}"]
    text = rng.choice(forms)
    return text.upper() if rng.random() < 0.1 else text


def extras(rng: Random, language: str, pattern: str, cents: int | None, units: list[str]) -> dict[str, str | None]:
    """The other values of a page: old price, saving, instalment, unit price, shipping cost, code, rating."""
    shown: dict[str, str | None] = dict.fromkeys(("was", "save", "off", "rate", "unit"))
    if cents is not None:
        before = int(cents * rng.uniform(1.1, 1.9)) // 100 * 100 + cents % 100
        if rng.random() < 0.55 and before - cents >= 100:
            shown["was"], shown["save"] = prices.show(pattern, before), prices.show(pattern, before - cents)
            shown["off"] = f"-{100 * (before - cents) // before}%"
        months = rng.choice([3, 6, 12])
        shown["rate"] = f"{months} x {prices.show(pattern, cents // months)}"
        if units:
            shown["unit"] = f"{prices.show(pattern, int(cents * rng.uniform(1.2, 8)))} / {rng.choice(units)}"
    return shown | {
        "ship": prices.show(pattern, prices.amount(pattern, rng.uniform(2, 15), rng)),
        "sku": str(rng.randint(1000, 9_999_999)),
        "rating": f"{rng.randint(2, 4)}{'.' if language in ('en', 'ja') else ','}{rng.randint(1, 9)}",
        "reviews": str(rng.randint(1, 900)),
    }


def sample(rng: Random, language: str) -> Product:
    """A product with all that a page may say of it; each of the four fields is missing in some."""
    words = VOCABULARY[language]
    kind = rng.choice(words["kinds"])
    (low, high), _, units = KINDS[kind["kind"]]
    pattern = rng.choice(words["prices"])

    def item() -> tuple[str, str]:
        noun, leaf = rng.choice(kind["items"]).split(" > ")
        return noun, leaf

    def cost() -> int:
        return prices.amount(pattern, low * (high / low) ** rng.random(), rng)

    noun, leaf = item()
    maker = brand(rng, language) if rng.random() < 0.85 else None
    name = product_name(rng, language, kind, noun, maker) if rng.random() < 0.95 else None
    cents = cost() if rng.random() < 0.93 else None
    category = leaf if rng.random() < 0.88 else None
    if category and maker and rng.random() < 0.05:
        category = f"{leaf} {maker}"
    others = [product_name(rng, language, kind, item()[0], None) for _ in range(2)]
    trail = [*kind["path"][rng.randint(0, 2) :], category] if category else []
    return Product(
        language=language,
        name=name,
        price=None if cents is None else prices.show(pattern, cents),
        category=category,
        manufacturer=maker,
        crumbs=[rng.choice(words["home"]), *trail],
        extras=extras(rng, language, pattern, cents, units),
        related=[(other, prices.show(pattern, cost())) for other in others if name],
        kind=kind["kind"],
        pattern=pattern,
    )
