"""Passages of other records beside a training input, so that the model learns to leave alone what is not asked for.

The idea is RAFT's (arXiv 2403.10131): some training inputs get passages that do not hold the answer.
"""

import random

from pipeline.splits import Example

LONGEST = 300  # characters of a passage


def passage(text: str, rng: random.Random) -> str:
    """A stretch of another record's page, at most half of it, in an element that says that it stands aside."""
    length = min(len(text) // 2, LONGEST)
    start = rng.randrange(len(text) - length + 1)
    return f"<aside>{text[start : start + length]}</aside>"


def add(rows: list[Example], share: float, seed: int) -> list[Example]:
    """The rows; about `share` of them with a passage of another row after, or before, their input."""
    rng = random.Random(seed)
    return [_beside(row, rows, rng) if len(rows) > 1 and rng.random() < share else row for row in rows]


def _beside(row: Example, rows: list[Example], rng: random.Random) -> Example:
    other = rng.choice([one for one in rows if one is not row])
    parts = [row["input"], passage(other["input"], rng)]
    if rng.random() < 0.3:
        parts.reverse()
    return row | {"input": "\n".join(parts)}
