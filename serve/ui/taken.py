"""What cleaning and pruning took away of a page: its source in runs, each kept or not."""

import html
import re
from collections import Counter

from extraction.split import MARKUP

LONGEST = 300_000  # characters that are looked through; nobody reads on


def taken_away(page: str, read: str) -> list[tuple[bool, str]]:
    """(whether the model reads it, source) of the page's pieces in order, neighbours of a kind joined.

    A tag counts as read where one of its name is left, whatever became of its attributes; a text where what is read
    has its letters.
    """
    letters = _letters(read)
    tags = [match.group("end") + match["name"].lower() for match in MARKUP.finditer(read) if match["name"]]
    left = Counter(tags)
    runs: list[tuple[bool, str]] = []
    at = 0
    shown = page[:LONGEST]
    for match in MARKUP.finditer(shown):
        _add(runs, _is_read(shown[at : match.start()], letters), shown[at : match.start()])
        name = (match["end"] or "") + (match["name"] or "").lower()
        _add(runs, left[name] > 0, match[0])
        left[name] -= 1
        at = match.end()
    _add(runs, _is_read(shown[at:], letters), shown[at:])
    return runs


def _letters(text: str) -> str:
    return re.sub(r"\s+", "", html.unescape(text))


def _is_read(text: str, letters: str) -> bool:
    return _letters(text) in letters


def _add(runs: list[tuple[bool, str]], kept: bool, text: str) -> None:
    if not text:
        return
    if runs and (runs[-1][0] == kept or text.isspace()):
        runs[-1] = runs[-1][0], runs[-1][1] + text
    else:
        runs.append((kept, text))
