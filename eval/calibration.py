"""What the probabilities of served values are worth.

A value's probability is the product over its tokens (serve/result.py). Calibrated by one temperature, fitted on the
validation split, it should be the share of values that are right: the expected calibration error, measured on the test
split, says how far it is off. Ranked by it, the fields give the risk–coverage curve: of the surest share of all fields,
how many are right.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from eval.metrics import decisions
from eval.records import Bin, Calibration, Row
from eval.statistics import Array
from extraction.json import Json

BINS = 10
TARGET = 0.98  # precision that the report's threshold is for
CLIP = 1e-6  # of a probability, from 0 and 1
SCALES = (-3.0, 3.0)  # natural logarithms of the temperatures that are tried


def calibrate(validation: Sequence[Row], test: Sequence[Row], rules: Json) -> Calibration | None:
    """The report's figures; None where the server told no probabilities."""
    known, right = scored(validation, rules)
    p, hits = scored(test, rules)
    if not len(known) or not len(p):
        return None
    temperature = fit(known, right)
    threshold = least(known, right, TARGET)
    answered = p >= threshold if threshold is not None else np.zeros(len(p), dtype=bool)
    return {
        "n_validation": len(known),
        "n_test": len(p),
        "temperature": temperature,
        "ece_raw": error(p, hits),
        "ece": error(scaled(p, temperature), hits),
        "bins": bins(scaled(p, temperature), hits),
        "target": TARGET,
        "threshold": threshold,
        "coverage": float(answered.mean()),
        "precision": float(hits[answered].mean()) if answered.any() else None,
        "precision_of_all": float(hits.mean()),
        "curve": curve(p, hits),
    }


def scored(rows: Sequence[Row], rules: Json) -> tuple[Array, Array]:
    """(probability, 1 for right) of each field that an answer gave a probability for, both (n,)."""
    decided = decisions(rows, rules)
    pairs = [
        (row["probability"][field], float(decided[field][index].right))
        for index, row in enumerate(rows)
        for field in decided
        if field in row["probability"]
    ]
    found = np.array(pairs, dtype=float).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def scaled(p: Array, temperature: float) -> Array:
    """Probabilities with their log-odds divided by a temperature."""
    values: Array = expit(logit(np.clip(p, CLIP, 1 - CLIP)) / temperature)
    return values


def fit(p: Array, right: Array) -> float:
    """The temperature with the least log-loss, with Platt's targets: no error in a split must not give certainty."""
    hits, n = right.sum(), len(right)
    targets = np.where(right == 1, (hits + 1) / (hits + 2), 1 / (n - hits + 2))

    def loss(scale: float) -> float:
        q = np.clip(scaled(p, float(np.exp(scale))), CLIP, 1 - CLIP)
        return float(-(targets * np.log(q) + (1 - targets) * np.log(1 - q)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=SCALES, method="bounded").x))


def error(p: Array, right: Array) -> float:
    """Expected calibration error: mean distance of probability and accuracy over bins of equal width."""
    return float(sum(one["share"] * abs(one["probability"] - one["accuracy"]) for one in bins(p, right)))


def bins(p: Array, right: Array) -> list[Bin]:
    """The bins that have values: their share of all values, mean probability and accuracy."""
    places = np.minimum((p * BINS).astype(int), BINS - 1)
    return [
        {
            "share": float(np.mean(places == place)),
            "probability": float(p[places == place].mean()),
            "accuracy": float(right[places == place].mean()),
        }
        for place in np.unique(places)
    ]


def curve(p: Array, right: Array, n: int = 101) -> list[tuple[float, float]]:
    """(coverage, share right) of the surest fields, in `n` steps of coverage at most."""
    order = np.argsort(-p, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(p) + 1)
    places = np.unique(np.linspace(0, len(p) - 1, min(n, len(p))).astype(int))
    return [((place + 1) / len(p), float(running[place])) for place in places]


def least(p: Array, right: Array, precision: float) -> float | None:
    """The lowest probability from which on at least `precision` of the values are right; None where there is none."""
    order = np.argsort(-p, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(p) + 1)
    ends = np.append(p[order][1:] < p[order][:-1], True)  # equal probabilities go together
    good = np.flatnonzero((running >= precision) & ends)
    # Rounded down, so that the threshold as printed lets the same values through.
    return math.floor(p[order][good[-1]] * 1e4) / 1e4 if len(good) else None


def sentence(found: Calibration) -> str:
    """The figures in words."""
    first = f"Confidence: expected calibration error {found['ece']:.3f} (before the temperature {found['ece_raw']:.3f})"
    if found["threshold"] is None:
        return f"{first}; no serve.min_probability gave a precision of {found['target']} on validation."
    return (
        f"{first}; with serve.min_probability={found['threshold']:.4f} (chosen on validation for {found['target']}) it "
        f"answers {100 * found['coverage']:.0f} % of the test fields, {found['precision'] or 0:.3f} of them right."
    )
