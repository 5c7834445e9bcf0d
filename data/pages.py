"""What a whole page has around its product: departments, other products, reviews, facts, a shop's words.

Words come from `data/vocabulary/pages/<language>.toml`. Nothing here is the answer to a question about the product.
"""

import json
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from data import prices, values
from data.values import KINDS, VOCABULARY, Product

WORDS: dict[str, dict[str, list[str]]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "vocabulary" / "pages").glob("*.toml"))
}


def furniture(product: Product, rng: Random) -> dict[str, Any]:
    """The further variables of a whole page's template; lists are drawn anew at each call where a call is given."""
    words = WORDS[product.language]
    shop = values.word(rng)
    return {
        "w": {key: rng.choice(texts) for key, texts in words.items()},
        "all": words,
        "shop": rng.choice([shop, shop.upper(), f"{shop.lower()}.shop", f"{shop} {rng.choice(values.SUFFIXES)}"]),
        "departments": departments(product.language, rng),
        "cards": lambda n: [card(product, rng) for _ in range(n)],
        "reviews_of": lambda n: [review(product.language, rng) for _ in range(n)],
        "facts": [(label, str(rng.randint(1, 240))) for label in words["facts"]],
        "text": lambda n: " ".join(rng.choices(words["blurb"], k=n)),
        "sizes": rng.sample(KINDS[product.kind][1], min(3, len(KINDS[product.kind][1]))),
        "brands": [values.brand(rng, product.language) for _ in range(rng.randint(6, 14))],
        "money": lambda low, high: prices.show(
            product.pattern, prices.amount(product.pattern, rng.uniform(low, high), rng)
        ),
        "href": lambda: (
            f"/{rng.choice('cpst')}/{values.word(rng).lower()}-{values.word(rng).lower()}/{rng.randint(100, 99999)}"
        ),
        "picture": lambda: f"/media/{values.word(rng).lower()}{rng.randint(1, 999)}.jpg",
        "state": lambda n: state(product, n, rng),
    }


def departments(language: str, rng: Random) -> list[tuple[str, list[str]]]:
    """Each department of the shop with the categories in it."""
    kinds = VOCABULARY[language]["kinds"]
    found = [(kind["path"][0], [kind["path"][1], *(item.split(" > ")[1] for item in kind["items"])]) for kind in kinds]
    return rng.sample(found, len(found))


def card(product: Product, rng: Random) -> dict[str, str | None]:
    """Another product: name, price, an old price or None, maker, picture text."""
    kind = rng.choice(VOCABULARY[product.language]["kinds"])
    (low, high), _, _ = KINDS[kind["kind"]]
    noun = rng.choice(kind["items"]).split(" > ")[0]
    cents = prices.amount(product.pattern, low * (high / low) ** rng.random(), rng)
    before = prices.show(product.pattern, int(cents * 1.4) // 100 * 100) if rng.random() < 0.3 else None
    return {
        "name": values.product_name(rng, product.language, kind, noun, None),
        "price": prices.show(product.pattern, cents),
        "was": before,
        "brand": values.brand(rng, product.language),
    }


def review(language: str, rng: Random) -> dict[str, str]:
    """Who wrote it, when, how many stars, and what."""
    words = WORDS[language]
    day = f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.{rng.randint(2019, 2026)}"
    text = " ".join(rng.sample(words["praise"], rng.randint(1, 3)))
    return {"who": rng.choice(words["people"]), "when": day, "stars": str(rng.randint(2, 5)), "text": text}


def state(product: Product, n: int, rng: Random) -> str:
    """The page's state as its program reads it: other products as JSON."""
    items = [{"sku": rng.randint(1000, 999_999), **card(product, rng)} for _ in range(n)]
    return json.dumps({"suggested": items}, ensure_ascii=False).replace("<", "\\u003c")
