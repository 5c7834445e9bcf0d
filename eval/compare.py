"""What changes from one variant to another on the same examples. Pure functions over rows, as in eval.metrics."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eval.metrics import decisions
from eval.values import same
from extraction.json import Json

CHAIN = ("base", "adapter", "merged", "f16")  # each is made from the one before
SERVED = ("f16", "q4_k_m", "q8_0")
QUANTIZED = ("q4_k_m", "q8_0")  # made from f16
DRAWS, SEED = 5000, 3407


def steps(variants: Sequence[str]) -> list[tuple[str, str]]:
    """The steps of the chain among the variants present: each from the nearest variant that it was made from."""
    chain = [name for name in CHAIN if name in variants]
    return [*pairwise(chain), *((chain[-1], name) for name in QUANTIZED if chain and name in variants)]


def path(variants: Sequence[str], last: str) -> list[tuple[str, str]]:
    """The steps that lead from the adapter to a served variant."""
    return [
        (before, after) for before, after in steps(variants) if before != "base" and after in ("merged", "f16", last)
    ]


def pairs(variants: Sequence[str]) -> list[tuple[str, str]]:
    """All comparisons to report: the steps, then the adapter with each served variant."""
    totals = [("adapter", name) for name in SERVED if "adapter" in variants and name in variants]
    return list(dict.fromkeys([*steps(variants), *totals]))


def difference(before: Sequence[Json], after: Sequence[Json], fields: Sequence[str]) -> Json:
    """Change of mean field accuracy with its 95 % interval, and the flips both ways per field; rows in the same order.

    All figures are by the normalised match; changes are after minus before, as shares.
    """
    first, second = decisions(before, fields, same), decisions(after, fields, same)
    right = {f: np.array([[d.right for d in first[f]], [d.right for d in second[f]]], dtype=float) for f in fields}
    by_row = np.mean([right[f][1] - right[f][0] for f in fields], axis=0)
    groups = [str(row.get("group", row["id"])) for row in before]
    return {
        "n": len(before),
        "mean_field_accuracy": float(by_row.mean()) if len(before) else None,
        "interval": bootstrap(by_row, groups),
        "changed_records": sum(a["prediction"] != b["prediction"] for a, b in zip(before, after, strict=True)),
        "fields": {field: flips(was, now) for field, (was, now) in right.items()},
    }


def flips(was: NDArray[np.float64], now: NDArray[np.float64]) -> Json:
    """How many examples went each way, and the change of accuracy. `was`, `now`: 1 right, 0 wrong, shape (n,)."""
    lost, won = int(np.sum(was > now)), int(np.sum(now > was))
    return {"right_to_wrong": lost, "wrong_to_right": won, "accuracy": float(np.mean(now - was)) if len(was) else None}


def bootstrap(values: NDArray[np.float64], groups: Sequence[str]) -> list[float] | None:
    """95 % percentile interval of the mean of `values` (n,), drawing whole groups; None with fewer than two groups."""
    names, index = np.unique(np.array(groups, dtype=str), return_inverse=True)
    if len(names) < 2:
        return None
    sums = np.bincount(index, weights=values)
    sizes = np.bincount(index)
    draws = np.random.default_rng(SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    low, high = np.quantile((draws @ sums) / (draws @ sizes), [0.025, 0.975])
    return [float(low), float(high)]
