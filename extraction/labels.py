"""What pages call a field: where a label that the user lists stands on a page, its field's own words are read.

A small model finds a value by the likeness of its label and its field's name. That "Tiefgang" is a draught, it may not
know.
"""

import html
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from extraction.names import name_words

Labels = tuple[tuple[str, str], ...]  # (label, its field's words)


def labels(listed: Mapping[str, Sequence[str]]) -> Labels:
    """Each label of {field: labels} with the words of its field's name, such as "Asking price" of `asking_price`."""
    return tuple((label, words(field)) for field, found in listed.items() for label in found)


def words(field: str) -> str:
    """A field's name as a label would have it."""
    return " ".join(name_words(field)).capitalize()


def relabelled(page: str, listed: Labels) -> str:
    """The page with its fields' words for each listed label, in any case, that begins the text of an element or a line
    and ends with it or with a colon."""
    if not listed:
        return page
    pattern, named = _pattern(listed)
    return pattern.sub(lambda found: found["before"] + named.get(_plain(found["label"]), found["label"]), page)


@lru_cache(maxsize=8)
def _pattern(listed: Labels) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds the labels as a page writes them, and the words for each."""
    named: dict[str, str] = {}
    for label, field in listed:
        named.setdefault(_plain(_written(label)), field)
    longest = sorted({_written(label) for label, _ in listed}, key=len, reverse=True)
    either = "|".join(r"\s+".join(map(re.escape, label.split())) for label in longest)
    return re.compile(
        rf"(?P<before>(?:^|[>\n])\s{{0,9}})(?P<label>{either})(?=\s{{0,9}}(?:[:：=<\n]|$))", re.IGNORECASE
    ), named


def _written(label: str) -> str:
    return html.escape(label.strip(), quote=False)


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())
