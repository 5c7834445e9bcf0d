"""Values by template: `words/lists.txt` holds the shapes ("{Word} & {last}"), `PARTS` says what fills them."""

from collections.abc import Callable
from random import Random

from pretraining.corpus.letters import code_like, digits, latin, word
from pretraining.corpus.pick import pick
from pretraining.corpus.words import LISTS, words

SHAPES = LISTS["shapes"]
RECEIPTS = LISTS["receipts"]
CAPITALS = "ABCDEFGHJKLMNPRSTVWZ"


def title(text: str) -> str:
    """First letter of each word in upper case, the rest kept."""
    return " ".join(part[:1].upper() + part[1:] for part in text.split(" "))


PARTS: dict[str, Callable[[Random, str], str]] = {
    "word": latin,
    "Word": lambda r, lang: latin(r, lang).capitalize(),
    "WORD": lambda r, lang: latin(r, lang).upper(),
    "own": lambda r, lang: word(r, lang).capitalize(),
    "common": lambda r, lang: pick(r, words(lang, "words")),
    "Common": lambda r, lang: title(pick(r, words(lang, "words"))),
    "COMMON": lambda r, lang: pick(r, words(lang, "words")).upper(),
    "noun": lambda r, lang: pick(r, words(lang, "nouns")),
    "first": lambda r, lang: pick(r, words(lang, "first")),
    "last": lambda r, lang: pick(r, words(lang, "last")),
    "firm": lambda r, lang: pick(r, words(lang, "company")),
    "A": lambda r, lang: pick(r, CAPITALS),
    "n": lambda r, lang: str(r.randint(1, 9)),
    "nn": lambda r, lang: str(r.randint(1, 99)),
    "nnn": lambda r, lang: str(r.randint(1, 999)),
    "code": lambda r, lang: code_like(r),
    "digits": lambda r, lang: digits(r, r.randint(4, 9)),
    "trade": lambda r, lang: pick(r, RECEIPTS["trades"]),
    "Syl": lambda r, lang: pick(r, RECEIPTS["syllables"]),
    "form": lambda r, lang: pick(r, SHAPES["form"]),
}


class _Filling(dict[str, str]):
    """Makes each part when the template asks for it."""

    def __init__(self, r: Random, lang: str) -> None:
        self.r, self.lang = r, lang

    def __missing__(self, key: str) -> str:
        return PARTS[key](self.r, self.lang)


def shape(r: Random, lang: str, key: str) -> str:
    """A value in one of the shapes of `key`."""
    return fill(r, lang, pick(r, SHAPES[key]))


def fill(r: Random, lang: str, template: str) -> str:
    """The template with each of its parts made anew."""
    return template.format_map(_Filling(r, lang))
