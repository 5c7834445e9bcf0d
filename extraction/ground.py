"""Whether the page states a value: text without regard to how it is set, numbers by value.

Texts are compared in NFKC without case, white space, punctuation and entities: with the page's text, over the borders
of its elements (`<i>1</i>299`), and with each attribute's value. A number must be one of the page's, whatever its
separators. Booleans and null are not looked for: a page seldom says "true".
"""

import html
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from extraction.json import Json
from extraction.numbers import readings
from extraction.parse import Answer
from extraction.schema import problems
from extraction.split import COMMENT, TAG
from extraction.text import fold, squash

Path = tuple[str | int, ...]
TAGS = re.compile(f"{COMMENT}|{TAG}", re.IGNORECASE | re.DOTALL)
VALUE = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
SEPARATORS = ".,'’ \xa0\u202f\u2009"
PLAIN, GROUPED = r"\d+(?:[.,]\d+)?", rf"\d{{1,3}}(?:[{SEPARATORS}]\d{{2,3}})*[{SEPARATORS}]\d{{3}}(?:[.,]\d+)?"


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """(path, value) of each text and number in a value."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, key))
    elif not (value is None or isinstance(value, bool) or value == ""):
        yield path, value


def grounded(value: Any, text: str) -> bool:
    """Whether every leaf of a value occurs in the input."""
    return all(_occurs(leaf, text) for _, leaf in leaves(value))


def drop_ungrounded(record: Json, text: str, schema: Json) -> Json:
    """The record with null for each leaf that does not occur in the input, where the schema allows null."""
    for path, leaf in leaves(record):
        if not _occurs(leaf, text):
            changed = _without(record, path)
            record = record if problems(changed, schema) else changed
    return record


def ground_answer(answer: Answer, text: str, schema: Json) -> Answer:
    """The answer with its record after `drop_ungrounded`; a failed answer as it is."""
    return answer if answer.record is None else replace(answer, record=drop_ungrounded(answer.record, text, schema))


def _without(record: Json, path: Path) -> Json:
    changed = deepcopy(record)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = None
    return changed


def _occurs(leaf: Any, text: str) -> bool:
    stated, numbers = _read(text)
    if not isinstance(leaf, str):
        return abs(Decimal(str(leaf))) in numbers
    letters = squash(leaf)
    return letters in stated if letters else leaf.strip() in html.unescape(text)


@lru_cache(maxsize=2)  # all fields of a record are looked up in one page
def _read(text: str) -> tuple[str, frozenset[Decimal]]:
    """The folded text and attribute values of a page, apart from each other, and the numbers in them."""
    attributes = ["".join(found) for tag in TAGS.finditer(text) for found in VALUE.findall(tag[0])]
    joined = [TAGS.sub("", text), *attributes]
    numbers = {number for piece in (TAGS.sub(" ", text), *joined) for number in numbers_in(html.unescape(piece))}
    return "\n".join(map(squash, joined)), frozenset(numbers)


def numbers_in(text: str) -> Iterator[Decimal]:
    """Every way to read the numbers of a text: separators may group digits or divide them from a fraction."""
    folded = fold(text)
    for pattern in (PLAIN, GROUPED):
        for found in re.findall(pattern, folded):
            yield from readings(found)
