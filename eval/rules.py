"""Rules that read a field off a page without a model.

A rule is a selector (eval/places.py), which of the texts that it finds, and which part of that. A field has a list of
rules, and the first that finds something answers. eval/induction.py learns the lists by counting on training rows.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eval.places import Texts
from extraction.numbers import MARK, number
from extraction.text import fold
from extraction.values import READERS

LONGEST_READ = 60  # characters of a text that may be a number, a date or an address
AMOUNT = re.compile(
    rf"(?:{MARK})\s*\d[\d\s.,'’]*(?:[-–—]+)?|\d[\d\s.,'’]*(?:[-–—]+)?\s*(?:{MARK})(?!\w)", re.IGNORECASE
)
FIGURES = re.compile(r"\d[\d.,'’]*")
COLON, SEPARATOR = re.compile("[:：]"), re.compile(r"\s+[-–—|·>»/→]\s+|\s*[|»→]\s*")
Part = Callable[[str], str | None]


def _after_colon(text: str) -> str | None:
    _, *rest = COLON.split(text, maxsplit=1)
    return rest[0].strip() or None if rest else None


def _piece(place: int) -> Part:
    """The piece at a place of a text such as "Home > Shoes > Boots"."""

    def take(text: str) -> str | None:
        pieces = [piece.strip() for piece in SEPARATOR.split(text) if piece.strip()]
        return pieces[place] if len(pieces) > 1 else None

    return take


def _found(pattern: re.Pattern[str]) -> Part:
    """What a pattern finds in a text, unless it is all of it."""

    def take(text: str) -> str | None:
        match = pattern.search(text)
        return match[0].strip() if match and match[0].strip() != text else None

    return take


PARTS: dict[str, Part] = {
    "": lambda text: text,
    "after the colon": _after_colon,
    "first piece": _piece(0),
    "last piece": _piece(-1),
    "last piece but one": _piece(-2),
    "amount": _found(AMOUNT),
    "figures": _found(FIGURES),
}
OF_KIND = {"money": {"figures"}, "number": {"amount"}}  # parts that a kind of field does not need


@dataclass(frozen=True, slots=True)
class Rule:
    """`index`: which of the selector's texts; None is the list of all. `part`: what of it, a key of `PARTS`."""

    selector: str
    index: int | None
    part: str = ""

    def __str__(self) -> str:
        where = "" if self.index is None else f"[{self.index}]"
        return f"{self.selector}{where} {self.part}".strip()

    def find(self, texts: Texts) -> Any:
        """The rule's text, or list of texts; None where it finds none."""
        found = texts.get(self.selector, [])
        if self.index is None:
            return found or None
        if not -len(found) <= self.index < len(found):
            return None
        return PARTS[self.part](found[self.index])


@dataclass(frozen=True)
class FieldReader:
    """How one field is read: by the first of `rules` that finds something, else it is `default`."""

    rules: Sequence[Rule] = ()
    default: Any = None
    numeric: type[int] | type[float] | None = None  # of a field whose values are numbers

    def read(self, texts: Texts) -> Any:
        """The field's value on a page."""
        found = next((value for rule in self.rules if (value := rule.find(texts)) is not None), None)
        if found is None:
            return self.default
        values = [self.typed(text) for text in found] if isinstance(found, list) else self.typed(found)
        return self.default if values is None else values

    def typed(self, text: str) -> Any:
        """A text as the field has it: a number where its values are, None where the text is none."""
        if self.numeric is None:
            return text
        value = number(text)
        return None if value is None else self.numeric(value)


@lru_cache(maxsize=200_000)
def key(text: str, kind: str) -> Hashable:
    """What two texts are compared by, as extraction.values does by the rule `kind`."""
    read = READERS.get(kind) if len(text) <= LONGEST_READ else None
    value = read(text) if read and (kind == "url" or any(map(str.isdigit, text))) else None
    return fold(text) if value is None else value


@lru_cache(maxsize=200_000)
def parts(text: str, kind: str) -> tuple[tuple[str, Hashable], ...]:
    """(part, key) of each part that a text has."""
    skipped = OF_KIND.get(kind, {"amount", "figures"})
    found = [(name, take(text)) for name, take in PARTS.items() if name not in skipped]
    return tuple((name, key(part, kind)) for name, part in found if part is not None)
