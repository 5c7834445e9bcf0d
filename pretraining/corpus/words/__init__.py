"""Word lists by language: `shops.txt` (written by hand) and `names.txt` (people, places, firms, made with Faker),
`site.txt` (what sites say around their content, by hand), `things.txt` (names of everyday things, from CLDR by
`collect.py`); `brands.txt` has makers by trade that readers know
where a name is all that tells (from general knowledge; none that is an everyday word too), `lists.txt` what belongs to
no language: class names, field names, currencies, receipts' words; `entities.txt` what a page may be about;
`attacks.txt` what speaks to a model instead of a reader.
`domains.txt`, `rows.txt` and `attributes.txt` have slots of records (`domains.py`).

A section is `[code]`, an entry `key=a|b|c`. A key that a language lacks falls back to English, as shops' pages do.
"""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
Words = tuple[str, ...]


def _read(name: str) -> dict[str, dict[str, Words]]:
    sections: dict[str, dict[str, Words]] = {}
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line[1:-1], {})
        elif "=" in line:
            key, _, values = line.partition("=")
            section[key] = tuple(values.split("|"))
    return sections


SHOPS = _read("shops.txt")
SITE = _read("site.txt")
NAMES = _read("names.txt")
THINGS = _read("things.txt")
BRANDS = tuple(brand for trade in _read("brands.txt").values() for brand in trade["known"])
LISTS = _read("lists.txt")
ENTITIES = _read("entities.txt")["entities"]["en"]
ATTACKS = _read("attacks.txt")
READ = (NAMES, THINGS, SITE, SHOPS)
TEXT = {code: {k: v for part in READ for k, v in part.get(code, {}).items()} for code in {**SHOPS, **NAMES}}
SHOP_LANGUAGES = tuple(SHOPS)
LANGUAGES = tuple(TEXT)


@cache
def words(code: str, key: str) -> Words:
    """The words of `key` in language `code`, or English ones."""
    return TEXT[code].get(key) or TEXT["en"][key]


def has(code: str, key: str) -> bool:
    """Whether the language has words of its own for `key`."""
    return key in TEXT[code]
