"""Where a page states a value: the element, as an XPath in the page as given, and the characters in it.

An XPath holds in the document that `lxml.html.document_fromstring` makes of the page; `start` and `end` are in the
element's text (XPath's `string()`), or in the attribute's value. Of several places the one that says nothing else comes
first, then one that the model has read, then the first on the page.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

from lxml import etree

from extraction.ground import leaves, numbers_in
from extraction.text import squash

PLACES = 50  # looked at of each value
NUMBER = re.compile(r"\d(?:[\d.,'’ \xa0\u202f\u2009]*\d)?")
AROUND = 24  # squashed characters before and after a place, by which what was read is recognized
UNSEEN = {"script", "style", "template", "noscript"}
NAME = re.compile(r"[a-z_][\w.-]*", re.ASCII | re.IGNORECASE)  # that an XPath may name an element by; `o:p` is none
ATTRIBUTES = re.compile(r"alt|title|content|value|label|datetime|aria-label|data-[\w-]+")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """`xpath` and `attribute` are None where they do not apply: in a page without markup, and in an element's text."""

    xpath: str | None
    attribute: str | None
    start: int
    end: int
    text: str  # what stands there


def evidence(record: Any, page: str, read: str = "") -> dict[Path, list[Evidence]]:
    """For each text and number in a record, its places on the page, the likeliest first; `read`: the page as pruned."""
    document = _Document(page, read)
    return {path: document.places(leaf) for path, leaf in leaves(record)}


@dataclass(frozen=True, slots=True)
class _Text:
    """A text node of an element, or an attribute's value, with its squashed form (extraction.text).

    `begin`: characters of the document's text before a text node.
    """

    element: Any
    attribute: str | None
    text: str
    squashed: str
    begin: int = 0


class _Document:
    """A parsed page and its texts in document order, attributes after all of them."""

    def __init__(self, page: str, read: str) -> None:
        self.page, self.read = page, squash(re.sub(r"<[^>]*>", " ", read))
        self.root = _parsed(page)
        self.begins: dict[Any, int] = {}  # characters of the document's text before an element
        self.texts = list(self._texts()) if self.root is not None else [_Text(None, None, page, squash(page))]
        self.shown = [text for text in self.texts if text.attribute is None]
        self.joined = "".join(text.squashed for text in self.shown)
        self.ends = list(accumulate(len(text.squashed) for text in self.shown))
        self.whole = "".join(self.root.itertext()) if self.root is not None else page

    def _texts(self) -> Iterator[_Text]:
        attributes = []
        at = 0
        for event, node in etree.iterwalk(self.root, events=("start", "end", "comment", "pi")):
            if event == "start":
                self.begins[node] = at
                attributes += [
                    _Text(node, name, value, squash(value))
                    for name, value in node.attrib.items()
                    if value and ATTRIBUTES.fullmatch(name)
                ]
            owner, text = (node, node.text) if event == "start" else (node.getparent(), node.tail)
            if not text or owner is None:
                continue
            if owner.tag not in UNSEEN:
                yield _Text(owner, None, text, squash(text), at)
            at += len(text)
        yield from attributes

    def places(self, leaf: Any) -> list[Evidence]:
        """Where a text or number stands."""
        found = list(self._of_number(leaf)) if not isinstance(leaf, str) else list(self._of_text(leaf))
        return [place for _, place in sorted(found, key=lambda scored: -scored[0])]

    def _of_text(self, leaf: str) -> Iterator[tuple[float, Evidence]]:
        wanted = squash(leaf)
        if not wanted:
            return
        at = self.joined.find(wanted)
        for _ in range(PLACES):
            if at < 0:
                break
            yield self._score(at, at + len(wanted)), self._across(at, at + len(wanted))
            at = self.joined.find(wanted, at + 1)
        for text in self.texts[len(self.shown) :]:
            if wanted in text.squashed:
                start, end = _unsquashed(text.text, text.squashed.index(wanted), len(wanted))
                yield (wanted == text.squashed) / 2 - 1, self._inside(text, start, end)

    def _of_number(self, leaf: Any) -> Iterator[tuple[float, Evidence]]:
        for text in self.texts:
            for start, end in _numbers_at(text.text, leaf):
                score = float(text.attribute is None) + (text.text.strip() == text.text[start:end])
                yield score, self._inside(text, start, end)

    def _score(self, start: int, end: int) -> float:
        """2 where the value is all that its texts say, 1 where what stands around it was read."""
        first, last = bisect_right(self.ends, start), bisect_right(self.ends, end - 1)
        begins = start == (self.ends[first - 1] if first else 0)
        around = self.joined[max(0, start - AROUND) : start], self.joined[end : end + AROUND]
        was_read = bool(self.read) and any(piece and piece in self.read for piece in around)
        return 2.0 * (begins and end == self.ends[last]) + was_read

    def _across(self, start: int, end: int) -> Evidence:
        """The place of a stretch of the squashed page, in the smallest element that holds it."""
        first, last = bisect_right(self.ends, start), bisect_right(self.ends, end - 1)
        one, other = self.shown[first], self.shown[last]
        begin, _ = _unsquashed(one.text, start - (self.ends[first - 1] if first else 0), 1)
        _, finish = _unsquashed(other.text, end - 1 - (self.ends[last - 1] if last else 0), 1)
        if first == last:
            return self._inside(one, begin, finish)
        return self._in_element(_common(one.element, other.element), one.begin + begin, other.begin + finish)

    def _inside(self, text: _Text, start: int, end: int) -> Evidence:
        """The place of some characters of one text."""
        if text.element is None or text.attribute is not None:
            xpath = None if text.element is None else _xpath(text.element)
            return Evidence(xpath, text.attribute, start, end, text.text[start:end])
        return self._in_element(text.element, text.begin + start, text.begin + end)

    def _in_element(self, element: Any, start: int, end: int) -> Evidence:
        """The place of some characters of the document's text, in an element that holds them."""
        begin = self.begins[element]
        return Evidence(_xpath(element), None, start - begin, end - begin, self.whole[start:end])


def _numbers_at(text: str, wanted: Any) -> Iterator[tuple[int, int]]:
    """Where a number stands in a text, whatever its separators."""
    for found in NUMBER.finditer(text):
        if abs(Decimal(str(wanted))) in set(numbers_in(found[0])):
            yield found.span()


def _parsed(page: str) -> Any:
    if "<" not in page:
        return None
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    return etree.fromstring(page.encode("utf-8", "replace"), parser)


def _common(one: Any, other: Any) -> Any:
    """The innermost element that holds both."""
    above = {one, *one.iterancestors()}
    return other if other in above else next(element for element in other.iterancestors() if element in above)


def _xpath(element: Any) -> str:
    """Where an element is; one whose tag is no name, and those in it, by their numbers among all elements."""
    nodes = [element, *element.iterancestors()]
    n_counted = max((n for n, node in enumerate(nodes, 1) if not NAME.fullmatch(node.tag)), default=0)
    if not n_counted:
        return str(element.getroottree().getpath(element))
    numbers = [1 + sum(1 for _ in node.itersiblings("*", preceding=True)) for node in nodes[:n_counted]]
    steps = (f"*[{number}]" for number in reversed(numbers))
    return "/".join([element.getroottree().getpath(nodes[n_counted]), *steps])


def _unsquashed(text: str, start: int, length: int) -> tuple[int, int]:
    """The characters of a text that `length` characters of its squashed form come from."""
    passed = 0
    begin = 0
    for i, character in enumerate(text):
        size = len(squash(character))
        if passed <= start < passed + size:
            begin = i
        passed += size
        if passed >= start + length:
            return begin, i + 1
    return begin, len(text)
