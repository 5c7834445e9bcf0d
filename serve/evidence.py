"""Where a record's values stand on the page as given."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from extraction.ground import _numbers, leaves
from extraction.json import Json
from extraction.split import MARKUP, VOID

BETWEEN = r"(?:<[^<>]*>|\s|&nbsp;)*"
NUMBER = re.compile(r"\d[\d.,'’ \xa0]*")


@dataclass(frozen=True)
class Evidence:
    """`start` and `end` are character offsets in the page; `attribute` is named where the value stands in one."""

    xpath: str
    start: int
    end: int
    text: str
    attribute: str | None = None


def evidence(record: Json, page: str) -> dict[str, list[Evidence]]:
    """The places of each text and number of a record, by path such as `price` or `offers.0.price`; the first five."""
    found = {}
    for path, leaf in leaves(record):
        spans = _texts(leaf, page) if isinstance(leaf, str) else _values(leaf, page)
        found[".".join(map(str, path))] = [
            Evidence(_xpath(page, start), start, end, page[start:end], _attribute(page, start))
            for _, (start, end) in zip(range(5), spans, strict=False)
        ]
    return found


def _texts(value: str, page: str) -> Iterator[tuple[int, int]]:
    letters = [character for character in value if not character.isspace()]
    if letters:
        pattern = BETWEEN.join(map(re.escape, letters))
        for match in re.finditer(pattern, page, re.IGNORECASE):
            yield match.span()


def _values(value: Any, page: str) -> Iterator[tuple[int, int]]:
    for match in NUMBER.finditer(page):
        if abs(Decimal(str(value))) in _numbers(match[0]):
            yield match.start(), match.start() + len(match[0].rstrip(".,'’ \xa0"))


def _attribute(page: str, at: int) -> str | None:
    opened = page.rfind("<", 0, at)
    if opened < 0 or ">" in page[opened:at]:
        return None
    names = re.findall(r"([\w:-]+)\s*=", page[opened:at])
    return names[-1] if names else ""


def _xpath(page: str, at: int) -> str:
    stack: list[tuple[str, dict[str, int]]] = [("", {})]
    for match in MARKUP.finditer(page):
        if match.start() > at:
            break
        name = (match["name"] or "").lower()
        if not name:
            continue
        if not match["end"]:
            counts = stack[-1][1]
            counts[name] = counts.get(name, 0) + 1
            inside = match.end() > at
            if inside or not (name in VOID or match[0].endswith("/>")):
                stack.append((f"/{name}[{counts[name]}]", {}))
            if inside:
                break
        elif any(step.startswith(f"/{name}[") for step, _ in stack):
            while not stack.pop()[0].startswith(f"/{name}["):
                pass
    return "".join(step for step, _ in stack)
