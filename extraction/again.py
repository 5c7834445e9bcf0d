"""A second question to a pruned page, of its likeliest blocks alone, for the fields that the first left open.

With every block more, a value is more likely to be read, and so is another one that looks like it. So the first
question reads as many blocks as the ranker is unsure about, and where the model is unsure then, the second reads one a
field.
"""

from collections.abc import Sequence

from extraction.ground import grounded
from extraction.json import Json

LIKELY = 0.5  # probability from which a value is better than null
Judged = tuple[Json, dict[str, float]]  # a record, and the probability of each field


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


def prefer(first: Judged, second: Judged, names: Sequence[str], text: str) -> Judged:
    """The first answer with the second's values of the named fields where they are better.

    `text`: what the second question read. A value is better if the text states it and it is more probable than the
    first one, or, in the place of null, than not. Null is never better.
    """
    record, probability = dict(first[0]), dict(first[1])
    for name in names:
        value, p = second[0][name], second[1].get(name, 0.0)
        enough = LIKELY if record[name] is None else probability.get(name, 0.0)
        if value is not None and not _nested(value) and p > enough and grounded(value, text):
            record[name], probability[name] = value, p
    return record, probability


def _nested(value: object) -> bool:
    return isinstance(value, list | dict)
