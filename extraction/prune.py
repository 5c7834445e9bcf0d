"""Pruning: of a long page, the model reads the few blocks that are likely to hold a field's value.

Of each field the likeliest blocks are taken until they have `CERTAINTY` of the probability: one block where the ranker
is sure, more where it is not. They stand in document order, each once, rendered lean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from extraction.blocks import Block, blocks
from extraction.json import Json
from extraction.ranker import Features, Field, Floats, Ranker, features, fields

SHORT = 6_000  # characters; a cleaned page that has no more is read as it is
CERTAINTY = 0.95  # of a field's probability that its blocks must have together
MOST, MOST_OF_LIST = 8, 40  # blocks of a field, and of a field in a list
FEWER = (4, 1)  # blocks of a field in the further questions (extraction/again.py)
CHARACTERS = 2.8  # of a token, about
FIELDS = 4  # that a page is asked for may have the whole budget; more have more
SHORTEST = 20  # characters; below, a block's length hardly counts against it


@dataclass(frozen=True)
class Pruner:
    """`budget`: tokens of a page that is pruned for up to `FIELDS` fields, about and at most; for more fields it grows
    with the square root of their number."""

    ranker: Ranker
    budget: int
    certainty: float = CERTAINTY
    most: int = MOST

    def prune(self, cleaned: str, schema: Json) -> str:
        """What is read of a cleaned page: itself if it is short, else its likeliest blocks."""
        if not is_long(cleaned):
            return cleaned
        found, wanted, probabilities = self.ranked(cleaned, schema)
        return rendered([found[i] for i in self._taken(found, wanted, probabilities)] if found else [])

    def narrowed(self) -> "list[Pruner]":
        """Those that take ever fewer blocks of each field."""
        return [replace(self, most=most) for most in FEWER if most < self.most]

    def chosen(self, found: Sequence[Block], page: Features, wanted: Sequence[Field]) -> list[int]:
        """The places of the blocks to read, in document order; `page` has the features of the blocks."""
        return self._taken(found, wanted, self.ranker.probabilities(page, wanted))

    def ranked(self, cleaned: str, schema: Json) -> tuple[list[Block], Sequence[Field], Floats]:
        """The blocks of a cleaned page, the schema's leaves, and (blocks, leaves) the probability of each block to be
        the one that holds the leaf's value."""
        wanted = tuple(fields(schema))
        return _cut(cleaned)[0], wanted, _probabilities(self.ranker, cleaned, wanted)

    def _taken(self, found: Sequence[Block], wanted: Sequence[Field], probabilities: Floats) -> list[int]:
        worth: dict[int, float] = {}
        for column, field in enumerate(wanted):
            most = MOST_OF_LIST if field.many else self.most
            for i in likeliest(probabilities[:, column], self.certainty, most):
                worth[i] = worth.get(i, 0.0) + float(probabilities[i, column])
        return self._within_budget(found, worth, self.budget * max(1.0, len(wanted) / FIELDS) ** 0.5)

    def _within_budget(self, found: Sequence[Block], worth: dict[int, float], tokens: float) -> list[int]:
        """Of the blocks with these sums of probabilities those that fit, none twice; short ones cost less."""
        room = tokens * CHARACTERS
        kept: list[int] = []
        taken: set[str] = set()
        for i in sorted(worth, key=lambda i: (-worth[i] / (len(found[i].html) + SHORTEST) ** 0.5, i)):
            size = len(found[i].html) + 1
            if found[i].html in taken or (kept and size > room):
                continue
            taken.add(found[i].html)
            kept.append(i)
            room -= size
        return sorted(kept)


@lru_cache(maxsize=8)  # a page may be asked for several times
def _cut(cleaned: str) -> tuple[list[Block], Features]:
    found = blocks(cleaned)
    return found, features(found)


@lru_cache(maxsize=8)
def _probabilities(ranker: Ranker, cleaned: str, wanted: tuple[Field, ...]) -> Floats:
    found, page = _cut(cleaned)
    return ranker.probabilities(page, wanted) if found else np.zeros((0, len(wanted)), np.float32)


def is_long(cleaned: str) -> bool:
    """Whether a cleaned page is long enough to be pruned."""
    return len(cleaned) > SHORT


def likeliest(probability: Floats, certainty: float, most: int) -> list[int]:
    """The fewest places that have `certainty` of the probability together, `most` at most, the likeliest first."""
    order = np.argsort(-probability, kind="stable")[:most]
    enough = int(np.searchsorted(np.cumsum(probability[order]), certainty)) + 1
    return [int(i) for i in order[:enough]]


def rendered(chosen: Sequence[Block]) -> str:
    """The blocks as one page."""
    return "\n".join(block.html for block in chosen)
