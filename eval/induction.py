"""Learn the rules of one field (eval/rules.py) by counting on training pages: no field is known by name.

Of the rules that find the field's value on training pages, the one that is right most often comes first, then the one
that is right most often on the pages where that finds nothing, and so on. At the end stand the rules that are right on
the most pages of all: they are for pages unlike the training's.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.places import Texts
from eval.rules import FieldReader, Rule, key, parts

SUPPORT = 2  # training pages that a rule must be right on
TRIED, KEPT, SPARE = 400, 60, 5  # rules of a field: tried, kept at most, and kept for pages unlike the training's
INDEXES = (0, 1, -2, -1)


def learn(pages: Sequence[Texts], values: Sequence[Any], kind: str, constant: bool = True) -> FieldReader:
    """The reader of a field, from training pages and its values there (None is null); `kind`: its rule of equality.

    `constant`: whether, where no rule finds anything, the field's most frequent value there is answered, else null.
    """
    known = [value for value in values if value is not None]
    wanted = [_key(value, kind) for value in values]
    tried = _candidates(pages, wanted, kind, many=any(isinstance(value, list) for value in known))
    outcomes = _outcomes(pages, wanted, tried, kind)
    chosen = _chosen(outcomes, np.array([value is None for value in values]))
    left = [value for value, row in zip(values, outcomes[:, chosen], strict=True) if (row < 0).all()]
    most = Counter(json.dumps(value, sort_keys=True) for value in left if constant).most_common(1)
    return FieldReader([tried[place] for place in chosen], json.loads(most[0][0]) if most else None, _numeric(known))


def _numeric(values: Sequence[Any]) -> type[int] | type[float] | None:
    """The type of a field, or of a list's items, where they are numbers."""
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if not items or any(isinstance(item, bool) or not isinstance(item, int | float) for item in items):
        return None
    return float if any(isinstance(item, float) for item in items) else int


def _key(value: Any, kind: str) -> Hashable | None:
    """What a training value is found by; None for what rules cannot find: null, a boolean, an object."""
    if isinstance(value, list):
        keys = [_key(item, kind) for item in value]
        return tuple(keys) if keys and None not in keys else None
    if value is None or isinstance(value, bool | dict):
        return None
    return key(f"{value:g}" if isinstance(value, float) else str(value), kind)


def _candidates(pages: Sequence[Texts], wanted: Sequence[Hashable | None], kind: str, many: bool) -> list[Rule]:
    """The rules that find the value on the most pages, of equal ones first those that take a whole text.

    `many`: the values are lists.
    """
    hits: Counter[Rule] = Counter()
    for texts, value in zip(pages, wanted, strict=True):
        if value is not None:
            hits.update(_lists(texts, value, kind) if many else _hits(texts, value, kind))
    ranked = sorted(hits, key=lambda rule: (-hits[rule], rule.part != ""))
    return [rule for rule in ranked[:TRIED] if hits[rule] >= SUPPORT]


def _lists(texts: Texts, value: Hashable, kind: str) -> Iterator[Rule]:
    """The rules that find a list on a page: all texts of a selector."""
    return (Rule(selector, None) for selector, found in texts.items() if _found_key(found, kind) == value)


def _hits(texts: Texts, value: Hashable, kind: str) -> Iterator[Rule]:
    """The rules that find a value on a page."""
    matching: dict[str, list[str]] = {}
    for selector, found in texts.items():
        for index in INDEXES if len(found) > 1 else INDEXES[:1]:
            if index < len(found) > -index - 1:
                text = found[index]
                if text not in matching:
                    matching[text] = [part for part, one in parts(text, kind) if one == value]
                yield from (Rule(selector, index, part) for part in matching[text])


def _outcomes(
    pages: Sequence[Texts], wanted: Sequence[Hashable | None], rules: Sequence[Rule], kind: str
) -> NDArray[np.int8]:
    """(pages, rules): 1 where a rule finds the value, 0 where it finds another, -1 where it finds nothing."""
    outcomes = np.full((len(pages), len(rules)), -1, dtype=np.int8)
    by_selector: dict[str, list[int]] = defaultdict(list)
    for place, rule in enumerate(rules):
        by_selector[rule.selector].append(place)
    for row, (texts, value) in enumerate(zip(pages, wanted, strict=True)):
        for place in (place for selector in by_selector.keys() & texts.keys() for place in by_selector[selector]):
            found = rules[place].find(texts)
            if found is not None:
                outcomes[row, place] = value is not None and _found_key(found, kind) == value
    return outcomes


def _found_key(found: str | list[str], kind: str) -> Hashable:
    return tuple(key(text, kind) for text in found) if isinstance(found, list) else key(found, kind)


def _chosen(outcomes: NDArray[np.int8], null: NDArray[np.bool_]) -> list[int]:
    """The places of the rules to keep, in their order. `null`: (pages,) whether the field is null there."""
    right, used = outcomes == 1, outcomes >= 0
    left, chosen = np.ones(len(outcomes), dtype=bool), list[int]()
    while len(chosen) < KEPT and outcomes.size:
        hits, tries = right[left].sum(axis=0), used[left].sum(axis=0)
        better = (hits >= SUPPORT) & (hits > used[left & null].sum(axis=0))  # than to answer null
        if not better.any():
            break
        chosen.append(int(np.argmax(np.where(better, (hits + 1) / (tries + 2), -1))))
        left &= ~used[:, chosen[-1]]
    share = right.sum(axis=0) / np.maximum(1, used.sum(axis=0))
    spare = [place for place in np.argsort(-right.sum(axis=0), kind="stable") if share[place] > 0.5]
    spare = [int(place) for place in spare if place not in chosen][:SPARE]
    return [*chosen, *sorted(spare, key=lambda place: -share[place])]
