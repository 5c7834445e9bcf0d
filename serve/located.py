"""A record's values one by one: how probable, whether the page states them, and where."""

from dataclasses import dataclass
from typing import Any

from extraction.evidence import Evidence, evidence
from extraction.ground import grounded
from extraction.json import Json


@dataclass(frozen=True)
class Value:
    """A text, number, boolean or null of a record. `path`: such as `price` or `offers.0.price`.

    `grounded` is None for null and booleans, which are not judged; `probability` is the top-level field's.
    """

    path: str
    value: Any
    probability: float | None
    grounded: bool | None
    evidence: list[Evidence]


def values(record: Json, page: str, read: str, probability: dict[str, float]) -> list[Value]:
    """The values of a record in its own order; each leaf of a list or object. `read`: what the model read."""
    places = {".".join(map(str, path)): found for path, found in evidence(record, page, read).items()}
    found = []
    for path, leaf in _leaves(record):
        name = ".".join(map(str, path))
        stated = None if leaf is None or isinstance(leaf, bool) else grounded(leaf, page)
        found.append(Value(name, leaf, probability.get(str(path[0])), stated, places.get(name, [])))
    return found


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """(path, value) of every leaf, null too; an empty list or object is one."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, child in pairs for leaf in _leaves(child, (*path, key))]
    return [(path, value)] if path else []
