"""Further questions to a pruned page, of ever fewer blocks, and the vote of all the answers.

With every block more, a value is more likely to be read, and so is another one that looks like it. So the first
question reads widely, the others narrowly, and a value that stands in all the answers is likely right. An answer votes
for its value with the model's probability of it, and the vote counts the more, the likelier the ranker finds the block
that states the value. For null there is no block: its vote counts half.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from extraction.blocks import Block
from extraction.ground import grounded
from extraction.json import Json
from extraction.ranker import Field, Floats

NULL = 0.5  # of a vote
TRUST = 0.25  # power of the ranker's probability in a vote
NOWHERE = 1e-3  # the ranker's probability of a value that no likelier block states


@dataclass(frozen=True, slots=True)
class Stated:
    """Of a page's blocks, the probability of each to hold a field's value (blocks, fields)."""

    found: Sequence[Block]
    wanted: Sequence[Field]
    probabilities: Floats

    def likelihood(self, record: Json) -> dict[str, float]:
        """Of each text and number at the top of a record, the probability of the likeliest block that states it; 0
        where none does that is likelier than `NOWHERE`."""
        return {
            field.names[0]: self._likeliest(column, record[field.names[0]])
            for column, field in enumerate(self.wanted)
            if len(field.names) == 1 and isinstance(record.get(field.names[0]), str | int | float)
        }

    def _likeliest(self, column: int, value: Any) -> float:
        of_field = self.probabilities[:, column]
        for i in np.argsort(-of_field, kind="stable"):
            if of_field[i] < NOWHERE:
                break
            if grounded(value, self.found[i].html):
                return float(of_field[i])
        return 0.0


@dataclass(frozen=True)
class Ballot:
    """A record, the model's probability of each field, and the ranker's of each value that is not null.

    Probabilities are 0 to 1; one that is missing counts as 0.
    """

    record: Json
    probability: dict[str, float]
    likelihood: dict[str, float]

    def weight(self, name: str) -> float:
        """What its vote counts for its value of a field."""
        if self.record[name] is None:
            return NULL * self.probability.get(name, 0.0)
        likelihood = max(self.likelihood.get(name, 0.0), NOWHERE)
        return self.probability.get(name, 0.0) * likelihood**TRUST


def unsure(record: Json | None, probability: dict[str, float], names: Sequence[str], least: float) -> list[str]:
    """The fields to ask for again: null or less probable than `least`; all where there is no record.

    Lists and objects are not among them: the shorter of two is the more probable one.
    """
    if record is None:
        return list(names)
    return [
        name
        for name in names
        if record[name] is None or (not _nested(record[name]) and probability.get(name, 0.0) < least)
    ]


def elect(ballots: Sequence[Ballot], names: Sequence[str]) -> tuple[Json, dict[str, float]]:
    """The first ballot's record with the elected values of the named fields, and the probability of each field.

    A value is elected whose votes weigh the most together, of equals the first. Its probability is the mean over the
    ballots, 0 in those that have another value. Lists and objects stay the first ballot's.
    """
    record, probability = dict(ballots[0].record), dict(ballots[0].probability)
    for name in names:
        if any(_nested(ballot.record[name]) for ballot in ballots):
            continue
        votes: dict[str, list[Ballot]] = {}
        for ballot in ballots:
            votes.setdefault(json.dumps(ballot.record[name]), []).append(ballot)
        elected = max(votes.values(), key=lambda found: sum(ballot.weight(name) for ballot in found))
        record[name] = elected[0].record[name]
        probability[name] = sum(ballot.probability.get(name, 0.0) for ballot in elected) / len(ballots)
    return record, probability


def _nested(value: Any) -> bool:
    return isinstance(value, list | dict)
