"""Scores of one variant's answers. Pure functions over rows; nothing here reads a file.

A row is a line of samples/<variant>.jsonl with the example's `input` (and `group`) joined to it. Each (row, field) is
one decision. Gold null and predicted null is right; a value where gold is null is a false positive (hallucination); a
missing value is a false negative (omission); a wrong value is both. An answer that failed to parse is wrong in every
field: a false negative where gold has a value, and wrong in accuracy where it has none. All shares are 0 to 1; None
stands for undefined.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from eval.values import absent, is_null, same, same_raw
from extraction import ground
from extraction.json import Json
from extraction.parse import Status

Match = Callable[[Any, Any], bool]
MATCHES: dict[str, Match] = {"normalised": same, "raw": same_raw}
NO_JSON = (Status.NOT_JSON, Status.CUT_BY_LENGTH, Status.TOO_LONG, Status.ABORTED, Status.PROMPT_CHANGED)


@dataclass(frozen=True)
class Decision:
    """What one answer said about one field."""

    expected: bool  # gold has a value
    predicted: bool  # the answer has a value
    right: bool


def decide(reference: Json, prediction: Json | None, field: str, match: Match) -> Decision:
    """The decision on one field; `prediction` None is a failed answer."""
    missing = is_null if match is same_raw else absent
    expected = not missing(reference.get(field))
    if prediction is None:
        return Decision(expected, predicted=False, right=False)
    right = match(reference.get(field), prediction.get(field))
    return Decision(expected, predicted=not missing(prediction.get(field)), right=right)


def decisions(rows: Sequence[Json], fields: Sequence[str], match: Match) -> dict[str, list[Decision]]:
    """Per field, one decision a row, in the rows' order."""
    return {f: [decide(row["reference"], row["prediction"], f, match) for row in rows] for f in fields}


def score(rows: Sequence[Json], fields: Sequence[str]) -> Json:
    """All metrics of one variant on one slice."""
    statuses = Counter(row["status"] for row in rows)
    stated = grounded(rows, fields)
    return {
        "n": len(rows),
        **{name: score_matches(decisions(rows, fields, match)) for name, match in MATCHES.items()},
        "valid_json": share(row["status"] not in NO_JSON for row in rows),
        "valid_schema": share(row["status"] == Status.OK for row in rows),
        "cut_by_length": share(row["status"] == Status.CUT_BY_LENGTH for row in rows),
        "grounded": share(flag for flags in stated.values() for flag in flags),
        "grounded_fields": {field: share(flags) for field, flags in stated.items()},
        "statuses": dict(sorted(statuses.items())),
    }


def score_matches(decided: dict[str, list[Decision]]) -> Json:
    """The metrics that depend on what counts as right: per field, over fields, per record."""
    fields = {field: score_field(column) for field, column in decided.items()}
    everything = [decision for column in decided.values() for decision in column]
    return {
        "fields": fields,
        "mean_field_accuracy": mean(field["accuracy"] for field in fields.values()),
        "record_exact_match": share(all(d.right for d in record) for record in zip(*decided.values(), strict=True)),
        "micro_f1": precision_recall_f1(everything)["f1"],
        "macro_f1": mean(field["f1"] for field in fields.values()),
    }


def score_field(column: Sequence[Decision]) -> Json:
    """Accuracy with its Wilson interval, precision, recall, F1 and the kinds of error of one field."""
    return {
        "n": len(column),
        "accuracy": share(d.right for d in column),
        "interval": wilson(sum(d.right for d in column), len(column)),
        **precision_recall_f1(column),
        "hallucinated": sum(d.predicted and not d.expected and not d.right for d in column),
        "omitted": sum(d.expected and not d.predicted for d in column),
        "wrong": sum(d.expected and d.predicted and not d.right for d in column),
    }


def precision_recall_f1(column: Sequence[Decision]) -> dict[str, float | None]:
    """scikit-learn's figures over (gold, predicted) pairs; a wrong value is one pair of each kind of error."""
    pairs = [pair for decision in column for pair in _pairs(decision)]
    if not pairs:
        return dict.fromkeys(("precision", "recall", "f1"))
    gold, predicted = zip(*pairs, strict=True)
    values = precision_recall_fscore_support(gold, predicted, average="binary", zero_division=np.nan)[:3]
    named = zip(("precision", "recall", "f1"), values, strict=True)
    return {name: None if math.isnan(value) else float(value) for name, value in named}


def wilson(right: int, n: int) -> list[float] | None:
    """95 % Wilson interval of a share."""
    if n == 0:
        return None
    interval = binomtest(right, n).proportion_ci(confidence_level=0.95, method="wilson")
    return [float(interval.low), float(interval.high)]


def grounded(rows: Sequence[Json], fields: Sequence[str]) -> dict[str, list[bool]]:
    """Per field, whether the row's input states the predicted value, for each that can be judged."""
    found: dict[str, list[bool]] = {field: [] for field in fields}
    for row in rows:
        for field in fields:
            value = (row["prediction"] or {}).get(field)
            if any(ground.leaves(value)):
                found[field].append(ground.grounded(value, row["input"]))
    return found


def share(flags: Any) -> float | None:
    """Share of true flags; None where there are none."""
    return mean(float(flag) for flag in flags)


def mean(values: Any) -> float | None:
    """Mean of the values that are defined; None where there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _pairs(decision: Decision) -> list[tuple[int, int]]:
    if decision.right:
        return [(int(decision.expected), int(decision.expected))]
    return [(1, 0)] * decision.expected + [(0, 1)] * decision.predicted
