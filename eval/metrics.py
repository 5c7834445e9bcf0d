"""Scores of one variant's answers. Pure functions over rows; nothing here reads a file.

A row is a line of samples/<variant>.jsonl with the example's `input` (and `group`) joined to it. Each (row, field) is
one decision. Gold null and predicted null is right; a value where gold is null is a false positive (hallucination); a
missing value is a false negative (omission); a wrong value is both. An answer that failed to parse is wrong in every
field: a false negative where gold has a value, and wrong in accuracy where it has none. All shares are 0 to 1; None
stands for undefined. `rules` is the record's schema with what counts as equal (extraction/values.py).
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from eval.records import FieldScore, Row, Score, Scores
from eval.statistics import Clusters, bootstrap, micro_f1, ratio, share_interval
from extraction import ground
from extraction.json import Json
from extraction.parse import Status
from extraction.values import absent, agreement, is_null, same_raw

NO_JSON = (Status.NOT_JSON, Status.CUT_BY_LENGTH, Status.TOO_LONG, Status.ABORTED, Status.PROMPT_CHANGED)
Match = Callable[[Any, Any, Json], float]


@dataclass(frozen=True)
class Decision:
    """What one answer said about one field. `agreement`: how much of the value is right, 0 to 1."""

    expected: bool  # gold has a value
    predicted: bool  # the answer has a value
    agreement: float

    @property
    def right(self) -> bool:
        return self.agreement == 1


def raw(reference: Any, prediction: Any, _: Json) -> float:
    """1 where both are the same JSON."""
    return float(same_raw(reference, prediction))


MATCHES: dict[str, Match] = {"normalised": agreement, "raw": raw}


def decide(reference: Json, prediction: Json | None, field: str, rules: Json, match: Match = agreement) -> Decision:
    """The decision on one field; `prediction` None is a failed answer."""
    missing = is_null if match is raw else absent
    expected = not missing(reference.get(field))
    if prediction is None:
        return Decision(expected, predicted=False, agreement=0.0)
    agreed = match(reference.get(field), prediction.get(field), rules["properties"][field])
    return Decision(expected, predicted=not missing(prediction.get(field)), agreement=agreed)


def decisions(rows: Sequence[Row], rules: Json, match: Match = agreement) -> dict[str, list[Decision]]:
    """Per field, one decision a row, in the rows' order."""
    names = list(rules["properties"])
    return {name: [decide(row["reference"], row["prediction"], name, rules, match) for row in rows] for name in names}


def is_right(row: Row, field: str, rules: Json) -> bool:
    """Whether an answer's value of a field is the reference's; False for a failed answer."""
    return decide(row["reference"], row["prediction"], field, rules).right


def clusters(rows: Sequence[Row]) -> Clusters:
    """The rows by their group, such as a layout or a shop; where the data names none, each by itself."""
    return Clusters.of([row.get("group", row["id"]) for row in rows])


def score(rows: Sequence[Row], rules: Json) -> Score:
    """All metrics of one variant on one slice."""
    stated = grounded(rows, list(rules["properties"]))
    groups = clusters(rows)
    matched = {name: score_matches(decisions(rows, rules, match), groups) for name, match in MATCHES.items()}
    return {
        "n": len(rows),
        "groups": groups.n_groups,
        "normalised": matched["normalised"],
        "raw": matched["raw"],
        "valid_json": share(row["status"] not in NO_JSON for row in rows),
        "valid_schema": share(row["status"] == Status.OK for row in rows),
        "cut_by_length": share(row["status"] == Status.CUT_BY_LENGTH for row in rows),
        "retried": sum(row["retried"] for row in rows),
        "grounded": share(flag for flags in stated.values() for flag in flags),
        "grounded_fields": {field: share(flags) for field, flags in stated.items()},
        "statuses": dict(sorted(Counter(row["status"] for row in rows).items())),
    }


def score_matches(decided: dict[str, list[Decision]], groups: Clusters) -> Scores:
    """The metrics that depend on what counts as right: per field, over fields, per record."""
    fields = {field: score_field(column, groups) for field, column in decided.items()}
    everything = [decision for column in decided.values() for decision in column]
    records = [all(d.right for d in record) for record in zip(*decided.values(), strict=True)]
    by_row = np.array([[d.right for d in column] for column in decided.values()], dtype=float).mean(axis=0)
    counted = np.array([[_counts(d) for d in column] for column in decided.values()], dtype=float).sum(axis=0)
    return {
        "fields": fields,
        "mean_field_accuracy": mean(field["accuracy"] for field in fields.values()),
        "interval": bootstrap(groups.sums(np.column_stack([by_row, np.ones(len(by_row))])), ratio),
        "record_exact_match": share(records),
        "record_interval": share_interval(records, groups),
        "micro_f1": precision_recall_f1(everything)["f1"],
        "micro_interval": bootstrap(groups.sums(counted), micro_f1),
        "macro_f1": mean(field["f1"] for field in fields.values()),
    }


def score_field(column: Sequence[Decision], groups: Clusters) -> FieldScore:
    """Accuracy with its interval, precision, recall, F1 and the kinds of error of one field."""
    found = precision_recall_f1(column)
    return {
        "n": len(column),
        "accuracy": share(d.right for d in column),
        "interval": share_interval([d.right for d in column], groups),
        "agreement": mean(d.agreement for d in column),
        "precision": found["precision"],
        "recall": found["recall"],
        "f1": found["f1"],
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


def grounded(rows: Sequence[Row], fields: Sequence[str]) -> dict[str, list[bool]]:
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


def _counts(decision: Decision) -> tuple[int, int, int]:
    """(true positives, false positives, false negatives)."""
    pairs = _pairs(decision)
    return pairs.count((1, 1)), pairs.count((0, 1)), pairs.count((1, 0))
