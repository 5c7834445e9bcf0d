"""What changes from one variant to another on the same examples. Pure functions over rows, as in eval.metrics."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from eval.metrics import clusters, decisions
from eval.records import Difference, FieldChange, Row
from eval.statistics import Array, Clusters, change_interval, holm, mcnemar
from extraction.json import Json

CHAIN = ("base", "adapter", "merged", "f16")  # each is made from the one before
SERVED = ("f16", "q4_k_m", "q8_0")
QUANTIZED = ("q4_k_m", "q8_0")  # made from f16
SMALLEST_FIRST = (*QUANTIZED, "f16")
ASKED = "asked"  # the last served variant's final answers: after further questions, judged as serve.* says


def last_served(variants: Sequence[str]) -> str | None:
    """The variant that users get: the quantized one, or else f16; None where none is served."""
    return next((name for name in SMALLEST_FIRST if name in variants), None)


def steps(variants: Sequence[str]) -> list[tuple[str, str]]:
    """The steps of the chain among the variants present: each from the nearest variant that it was made from."""
    chain = [name for name in CHAIN if name in variants]
    found = [*pairwise(chain), *((chain[-1], name) for name in QUANTIZED if chain and name in variants)]
    last = last_served(variants)
    return [*found, (last, ASKED)] if last and ASKED in variants else found


def joint(variants: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Of each step that spans variants which were not scored, those variants: their losses cannot be told apart."""
    found = {}
    for before, after in steps(variants):
        if before in CHAIN:
            end = CHAIN.index(after) if after in CHAIN else len(CHAIN)
            if skipped := CHAIN[CHAIN.index(before) + 1 : end]:
                found[before, after] = list(skipped)
    return found


def path(variants: Sequence[str], last: str) -> list[tuple[str, str]]:
    """The steps that lead from the adapter to a served variant."""
    return [
        (before, after) for before, after in steps(variants) if before != "base" and after in ("merged", "f16", last)
    ]


def pairs(variants: Sequence[str]) -> list[tuple[str, str]]:
    """All comparisons to report: the steps, then the adapter with each served variant."""
    totals = [("adapter", name) for name in SERVED if "adapter" in variants and name in variants]
    return list(dict.fromkeys([*steps(variants), *totals]))


def difference(before: Sequence[Row], after: Sequence[Row], rules: Json) -> Difference:
    """What changed from one variant's rows to another's, in the same order; changes are after minus before."""
    first, second = decisions(before, rules), decisions(after, rules)
    changes = {f: np.array([b.right - a.right for a, b in zip(first[f], second[f], strict=True)]) for f in first}
    n_changed = sum(a["prediction"] != b["prediction"] for a, b in zip(before, after, strict=True))
    return judge_changes(changes, clusters(before), n_changed)


def judge_changes(changes: dict[str, Array], groups: Clusters, n_changed: int) -> Difference:
    """What the changes of single values amount to. `changes`: by field (n,) of -1 (lost), 0 and 1 (won)."""
    by_row = np.mean([*changes.values()], axis=0)
    return {
        "n": len(by_row),
        "groups": groups.n_groups,
        "mean_field_accuracy": float(by_row.mean()) if len(by_row) else None,
        "interval": change_interval(by_row, 1 / len(changes), groups),
        "changed_records": n_changed,
        "fields": flips(changes, groups),
    }


def flips(changes: dict[str, Array], groups: Clusters) -> dict[str, FieldChange]:
    """Per field, how many examples went each way and what chance makes of it. `changes`: (n,) of -1, 0 and 1."""
    lost, won = ({f: int(np.sum(column == way)) for f, column in changes.items()} for way in (-1, 1))
    p = [mcnemar(lost[field], won[field]) for field in changes]
    return {
        field: {
            "right_to_wrong": lost[field],
            "wrong_to_right": won[field],
            "accuracy": float(np.mean(column)) if len(column) else None,
            "interval": change_interval(column, 1.0, groups),
            "p": p_field,
            "p_holm": p_holm,
        }
        for (field, column), p_field, p_holm in zip(changes.items(), p, holm(p), strict=True)
    }
