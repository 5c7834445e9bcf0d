"""Split a page that is longer than the model's context into overlapping parts, along its markup.

The text is cut between tags and never rewritten, so that all of it is in some part, whatever is wrong with the markup.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from extraction.prompt import Messages

COMMENT = r"<!--.*?(?:-->|\Z)"
TAG = r"<(?P<end>/?)(?P<name>[a-z][a-z0-9:-]*+)(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>"
SCRIPT = r"<(?P<raw>script|style)(?=[\s/>]).*?(?:</(?P=raw)\s*>|\Z)"
MARKUP = re.compile(f"{COMMENT}|{SCRIPT}|{TAG}", re.IGNORECASE | re.DOTALL)
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
DEEPEST = 100  # open elements among which an end tag looks for its own
OVERLAP = 8  # of a part, one in so many tokens is in the next one too
LONGEST_TOKEN = 16  # characters; but for indentation and rules of dashes, which may be cut
SMALLEST = 64  # tokens; where a page may have fewer, the schema fills the context and parts would not help

Counter = Callable[[str], int]


@dataclass(frozen=True)
class Element:
    """An open element: its start tag, and the open elements around it."""

    tag: str
    name: str
    n_tokens: int
    around: "Element | None"
    depth: int


@dataclass(frozen=True)
class Leaf:
    """A tag or a piece of text, the least that a part can hold, and the element that it stands in."""

    text: str
    n_tokens: int
    inside: Element | None

    @property
    def depth(self) -> int:
        return self.inside.depth if self.inside else 0


def chats(chat: Messages, n_tokens: Counter, limit: int, part: int | None = None) -> list[Messages]:
    """The chat itself, or one for each part of its page where that has more than `limit` tokens.

    A part has at most `part` tokens, or `limit`.
    """
    *before, user = chat
    n_tokens = cache(n_tokens)  # of a page's tags most are alike
    if limit < SMALLEST or n_tokens(user["content"]) <= limit:
        return [chat]
    longest = min(limit, part or limit)
    parts = split(user["content"], n_tokens, longest, longest // OVERLAP)
    return [[*before, user | {"content": text.strip()}] for text in parts]


def split(text: str, n_tokens: Counter, limit: int, overlap: int) -> list[str]:
    """Parts of at most `limit` tokens, each beginning about `overlap` tokens (at most a quarter) before the last's end.

    A part ends and begins where the fewest elements are open. It is headed by the start tags of the elements that it
    begins in, the innermost first to be kept, as long as they are short. A single character is never cut.
    """
    if n_tokens(text) <= limit:
        return [text]
    n_tokens = cache(n_tokens)
    overlap = max(0, min(overlap, limit // 4))
    leaves = list(_leaves(text, n_tokens, max(1, (overlap or limit) // 4)))
    before = [0, *accumulate(leaf.n_tokens for leaf in leaves)]  # tokens before each leaf
    parts: list[str] = []
    start = 0
    while True:
        head, taken = _head(leaves[start].inside, limit // 8)
        end = max(start + 1, bisect_right(before, before[start] + limit - taken) - 1)
        while end > start + 1 and n_tokens(head + _joined(leaves[start:end])) > limit:
            end -= 1  # tokens of the whole can be more than those of its leaves
        if end < len(leaves):
            first = max(start + 1, bisect_left(before, before[end] - overlap))
            end = min(range(first, end + 1), key=lambda i: (leaves[i].depth, -i))
        parts.append(head + _joined(leaves[start:end]))
        if end == len(leaves):
            return parts
        first = max(start + 1, bisect_left(before, before[end] - overlap))
        start = min(range(first, end + 1), key=lambda i: (leaves[i].depth, i))


def _joined(leaves: list[Leaf]) -> str:
    return "".join(leaf.text for leaf in leaves)


def _head(element: Element | None, limit: int) -> tuple[str, int]:
    """The start tags of an element and those around it, and their tokens: from the innermost, up to `limit` tokens."""
    tags: list[str] = []
    taken = 0
    while element and taken + element.n_tokens <= limit:
        tags.append(element.tag)
        taken += element.n_tokens
        element = element.around
    return "".join(reversed(tags)), taken


def _leaves(text: str, n_tokens: Counter, largest: int) -> Iterator[Leaf]:
    """The tags and texts in their order; what has more than `largest` tokens is cut."""
    inside: Element | None = None
    at = 0
    for match in MARKUP.finditer(text):
        for piece in (text[at : match.start()], match[0]):
            yield from _cut(piece, n_tokens, largest, inside)
        inside = _after(match, inside, n_tokens)
        at = match.end()
    yield from _cut(text[at:], n_tokens, largest, inside)


def _after(match: re.Match[str], inside: Element | None, n_tokens: Counter) -> Element | None:
    """The innermost open element after some markup."""
    name = (match["name"] or "").lower()
    if not name or name in VOID or match[0].endswith("/>"):
        return inside
    if not match["end"]:
        return Element(match[0], name, n_tokens(match[0]), inside, inside.depth + 1 if inside else 1)
    element = inside
    for _ in range(DEEPEST):
        if element is None or element.name == name:
            break
        element = element.around
    return element.around if element and element.name == name else inside


def _cut(text: str, n_tokens: Counter, largest: int, inside: Element | None) -> Iterator[Leaf]:
    """Leaves of at most `largest` tokens, or of one character: cut at a line's end, else at white space."""
    if not text:
        return
    short = len(text) <= largest * LONGEST_TOKEN  # else it is too long, whatever it counts
    if len(text) == 1 or (short and n_tokens(text) <= largest):
        yield Leaf(text, n_tokens(text), inside)
    else:
        middle = _middle(text)
        yield from _cut(text[:middle], n_tokens, largest, inside)
        yield from _cut(text[middle:], n_tokens, largest, inside)


def _middle(text: str) -> int:
    """The best place to cut a text of two or more characters: in its middle half, as near to the middle as can be."""
    half, quarter = len(text) // 2, max(1, len(text) // 4)
    for space in (r"\n", r"\s"):
        places = [quarter + match.end() for match in re.finditer(space, text[quarter : len(text) - quarter])]
        if places:
            return min(places, key=lambda place: abs(place - half))
    return half
