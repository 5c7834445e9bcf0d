"""Parts of the test split that are scored apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eval.language import stated
from eval.metrics import clusters, decisions, mean, share
from eval.records import Part, Row
from eval.statistics import bootstrap, ratio
from extraction.json import Json
from pipeline.errors import UserError

Rows = dict[str, list[Row]]
FEWEST = 10  # examples without which a value of a column is not shown


def seen_and_unseen(samples: Rows) -> dict[str, Rows]:
    """Each variant's rows by slice: all, and seen and unseen where there are any."""
    found = {"all": samples}
    for name in ("seen", "unseen"):
        part = {variant: [row for row in rows if row["slice"] == name] for variant, rows in samples.items()}
        if any(part.values()):
            found[name] = part
    return found


def finer(
    samples: Rows, rules: Json, columns: Sequence[str], marked: Sequence[bool] = ()
) -> dict[str, dict[str, Part]]:
    """{title: {value: {"n", "variants": {variant: {"mean_field_accuracy", "interval"}}}}} of finer slices.

    By the page's length (thirds of the test split), by the language that it states, by whether it has markup for
    machines (`marked`, a flag a row, where that is known), by whether gold has a value, and by each of `columns`.
    """
    first = next(iter(samples.values()))
    labels = {"input length": lengths(first), "stated language": [stated(row["input"]) for row in first]}
    labels |= {"markup": ["with markup" if flag else "without markup" for flag in marked]} if marked else {}
    labels |= {column: values(first, column) for column in columns}
    found = {title: _by_label(samples, rules, names) for title, names in labels.items()}
    return found | {"gold value": presence(samples, rules)}


def lengths(rows: Sequence[Row]) -> list[str]:
    """Of each row the third of the test split that its page's length puts it in."""
    n = np.array([len(row["input"]) for row in rows])
    low, high = (int(edge) for edge in np.quantile(n, [1 / 3, 2 / 3]))
    names = (f"up to {low} characters", f"up to {high}", f"more than {high}")
    return [names[int(length > low) + int(length > high)] for length in n]


def values(rows: Sequence[Row], column: str) -> list[str]:
    """Of each row its value in a column of the data; `UserError` where no row has one."""
    found = [row.get("columns", {}).get(column, "") for row in rows]
    if not any(found):
        known = sorted({name for row in rows for name in row.get("columns", {})})
        raise UserError(f"eval.slices: no test row has {column!r} in the data; there are {', '.join(known) or 'none'}")
    return found


def presence(samples: Rows, rules: Json) -> dict[str, Part]:
    """Field accuracy over the fields that gold has a value for, and over those that it has none for."""
    found: dict[str, Part] = {}
    for variant, rows in samples.items():
        every = [decision for column in decisions(rows, rules).values() for decision in column]
        for name, wanted in (("present", True), ("absent", False)):
            right = [decision.right for decision in every if decision.expected == wanted]
            if right:
                entry = found.setdefault(name, {"n": len(right), "variants": {}})
                entry["variants"][variant] = {"mean_field_accuracy": share(right), "interval": None}
    return found


def _by_label(samples: Rows, rules: Json, labels: Sequence[str]) -> dict[str, Part]:
    names = [name for name in dict.fromkeys(labels) if name and labels.count(name) >= FEWEST]
    return {name: _scores(samples, rules, [label == name for label in labels]) for name in names}


def _scores(samples: Mapping[str, Sequence[Row]], rules: Json, chosen: Sequence[bool]) -> Part:
    found: dict[str, Any] = {}
    for variant, rows in samples.items():
        part = [row for row, wanted in zip(rows, chosen, strict=True) if wanted]
        right = np.array([[d.right for d in column] for column in decisions(part, rules).values()], dtype=float)
        by_row = np.column_stack([right.mean(axis=0), np.ones(len(part))])
        interval = bootstrap(clusters(part).sums(by_row), ratio)
        found[variant] = {"mean_field_accuracy": mean(right.mean(axis=0)), "interval": interval}
    return {"n": sum(chosen), "variants": found}
