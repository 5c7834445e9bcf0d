"""Which blocks of a page state a value: what a ranker learns from, and what pruning is measured by."""

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from extraction import ground
from extraction.blocks import Block

WORD = re.compile(r"\w+")
TAG = re.compile(r"<[^>]*>")
ATTRIBUTE = re.compile(r'(?:alt|title|content|label|datetime|value)="([^"]*)"')
SCRIPTS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # written without spaces


def folded(text: str) -> str:
    """The words of a text, each between spaces, without regard to case, width and punctuation."""
    return f" {' '.join(WORD.findall(unicodedata.normalize('NFKC', text).casefold()))} "


def stating(texts: Sequence[str], value: Any) -> list[int]:
    """The blocks, given as their `folded` texts, that state a text or number; none for null, a boolean or no word."""
    wanted = wording(value)
    if SCRIPTS.search(wanted):
        joined = wanted.replace(" ", "")
        return [i for i, text in enumerate(texts) if joined in text.replace(" ", "")]
    return [i for i, text in enumerate(texts) if wanted in text] if wanted.strip() else []


def candidates(blocks: Sequence[Block], texts: Sequence[str], value: Any) -> list[int]:
    """The blocks, whose `texts` these are, that state a value; where some have it as a whole text, only those."""
    found = stating(texts, value)
    wanted = wording(value)
    exact = [i for i in found if wanted in map(folded, pieces(blocks[i]))]
    return exact or found


def wording(value: Any) -> str:
    """The folded text of a value; empty for null and booleans."""
    if value is None or isinstance(value, bool):
        return ""
    return folded(f"{value:g}" if isinstance(value, float) else str(value))


def pieces(block: Block) -> list[str]:
    """The texts between a block's tags, and its attributes' values."""
    attributes = [value for tag in TAG.findall(block.html) for value in ATTRIBUTE.findall(tag)]
    return [html.unescape(piece) for piece in (*TAG.split(block.html), *attributes) if piece.strip()]


def texts_of(blocks: Sequence[Block]) -> list[str]:
    """The blocks' folded texts."""
    return [folded(block.text) for block in blocks]


def survivors(page: Sequence[Block], read: Sequence[Block], record: Any) -> list[tuple[str, bool]]:
    """Of each value of a record that a page states: its top-level field, and whether the blocks read state it too."""
    before, after = texts_of(page), texts_of(read)
    values = [(names[0], value) for names, value in leaves(record)]
    return [(name, bool(stating(after, value))) for name, value in values if stating(before, value)]


def leaves(record: Any) -> list[tuple[tuple[str, ...], Any]]:
    """(names on the way, value) of each text and number of a record; the items of a list have its name."""
    return [(tuple(name for name in path if isinstance(name, str)), leaf) for path, leaf in ground.leaves(record)]
