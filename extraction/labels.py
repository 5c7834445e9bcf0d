"""What pages call a field: where a label stands that the user or the glossary lists, its field's own words are read.

A small model finds a value by the likeness of its label and its field's name. That "Tiefgang" is a draught, it may not
know.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from extraction.names import name_words

Labels = tuple[tuple[str, str], ...]  # (label, its field's words)
ENDS = ":：=<"  # a label
BEGIN = re.compile(r"(?:\A|(?<=[>\n]))\s{0,9}")
TEXT = re.compile(rf"[^\s>{ENDS}][^>{ENDS}]*")


def labels(listed: Mapping[str, Sequence[str]]) -> Labels:
    """Each label of {field: labels} with the words of its field's name, such as "Asking price" of `asking_price`."""
    return tuple((label.rstrip(" :："), words(field)) for field, found in listed.items() for label in found)


def words(field: str) -> str:
    """A field's name as a label would have it."""
    return " ".join(name_words(field)).capitalize()


def relabelled(page: str, listed: Labels) -> str:
    """The page with its fields' words for each listed label, in any case, that begins the text of an element or a line
    and ends with it or with a colon."""
    if not listed:
        return page
    named, longest = _named(listed)
    pieces, done = [], 0
    for begin in BEGIN.finditer(page):
        start = begin.end()
        text = TEXT.match(page, start, start + longest)
        for label in _labels(page, text) if text and start >= done else ():
            if words := named.get(_plain(label)):
                pieces += [page[done:start], words]
                done = start + len(label)
                break
    return "".join([*pieces, page[done:]])


def _labels(page: str, text: re.Match[str]) -> Iterator[str]:
    """What may be a label at the beginning of a text: all that stands before a tag or colon, then the first line."""
    if text.end() == len(page) or page[text.end()] in ENDS:
        yield text[0].rstrip()
    if "\n" in text[0]:
        yield text[0].partition("\n")[0].rstrip()


@lru_cache(maxsize=8)
def _named(listed: Labels) -> tuple[dict[str, str], int]:
    """The words for each label, as a page writes it, and the most characters of a text that may be one."""
    named: dict[str, str] = {}
    for label, field in listed:
        named.setdefault(_plain(html.escape(label, quote=False)), field)
    return named, 2 * max(map(len, named))


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())
