"""How a generated page tells which of its values a field asks for: by a label with the field's words, or otherwise."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

from extraction.json import Json
from extraction.labels import Labels, labels
from extraction.names import name_words
from extraction.text import fold
from pretraining.corpus import Sample
from pretraining.corpus.domains import DOMAINS

TITLE, ALIKE, OTHER = "the page's title", "a label that shares a word with the field's name", "another label"
UNLABELLED, ABSENT = "no label", "nothing"
TOLD = (TITLE, ALIKE, OTHER, UNLABELLED)
LETTERS, LONGEST = 3, 5  # of a word that counts, and of its beginning that tells it from another


def told(sample: Sample, name: str) -> str | None:
    """Which of `TOLD` holds of a field, or `ABSENT` where the page does not state it.

    A label may stand anywhere on the page. None where the page is of no domain or the field is an object of fields.
    """
    slots = DOMAINS.get(sample.domain.partition(",")[0], {})
    slot = next((key for key, one in slots.items() if _plain(name) in map(_plain, one.fields)), None)
    if slot is None:
        return None
    if sample.record[name] is None:
        return ABSENT
    if slot == next(iter(slots)):
        return TITLE
    page = _folded(sample.text)
    there = [label for label in slots[slot].labels if re.search(rf"(?<!\w){re.escape(fold(label))}(?!\w)", page)]
    if not there:
        return UNLABELLED
    return ALIKE if any(_words(name) & _words(label) for label in there) else OTHER


@lru_cache(maxsize=1)  # all fields of a page are looked for in it
def _folded(text: str) -> str:
    return fold(unescape(text))


def listed(sample: Sample) -> Labels:
    """The labels that pages of the sample's domain have for its fields, as `data.labels` lists them."""
    slots = DOMAINS.get(sample.domain.partition(",")[0], {})
    by_field = {_plain(field): slot.labels for slot in slots.values() for field in slot.fields}
    return labels({name: by_field[_plain(name)] for name in _names(sample.record) if _plain(name) in by_field})


def _names(record: Json) -> Iterator[str]:
    for name, value in record.items():
        yield name
        if isinstance(value, dict):
            yield from _names(value)


def _plain(name: str) -> str:
    return "".join(name_words(name))


def _words(text: str) -> set[str]:
    """The beginnings of a text's words."""
    return {word[:LONGEST] for word in name_words(text) if len(word) >= LETTERS}
