"""The figures that a person reads, the same on the console and in the report: rows and sentences of results.json."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from eval import calibration, pruning
from eval.compare import ASKED, SERVED, joint, last_served, path, steps
from eval.records import Difference, Results, Score, Scores, Span

SUMS = (  # label, value and interval of what is summed up over fields
    ("mean field accuracy", "mean_field_accuracy", "interval"),
    ("record exact match", "record_exact_match", "record_interval"),
)
ZERO_SHOT = "base"
N_SUMS = 4  # last lines of the table, which are not a field's
DECODING = (
    "base, adapter and merged decode freely; served variants are held to the schema, "
    "so the step to the first served one shows that too."
)


@dataclass(frozen=True)
class Line:
    """One row: per column (normalised, raw) where both are there, else (value, None); changes in percentage points.

    `spans`: per column the 95 % interval of the value; empty for rows that are shown without.
    """

    label: str
    values: list[tuple[float | None, float | None]]
    changes: list[float | None]
    spans: list[Span | None] = field(default_factory=list)


def slices(results: Results) -> list[str]:
    """The slices to show: seen and unseen apart, or all where there is but one."""
    present: list[str] = [name for name in ("seen", "unseen") if name in results["record"]["n"]]
    return present if len(present) > 1 else ["all"]


def title(results: Results, slice_: str) -> str:
    """What a slice holds, and how many examples, such as "unseen layouts, n 60"."""
    group = results["record"]["config"]["data"]["group"] or "group"
    name = "all test examples" if slice_ == "all" else f"{slice_} {group}s"
    return f"{name}, n {results['record']['n'][slice_]}"


def change_columns(variants: Sequence[str]) -> list[tuple[str, str]]:
    """The comparisons that get a column: from f16 and from the adapter to the quantized (or only) served variant."""
    after = last_served(variants)
    return [(before, after) for before in ("f16", "adapter") if after and before in variants and before != after]


def lines(results: Results, slice_: str) -> list[Line]:
    """Rows of the table for a slice: the fields, then the means and shares."""
    scores = {name: scored(results, name)[slice_] for name in columns(results)}
    fields = list(next(iter(scores.values()))["normalised"]["fields"])
    rows = [_both(scores, name, partial(_accuracy_of, name)) for name in fields]
    means = _both(scores, "mean field accuracy", lambda matched: matched["mean_field_accuracy"])
    exact = _both(scores, "record exact match", lambda matched: matched["record_exact_match"])
    matches = [score["normalised"] for score in scores.values()]
    rows.append(replace(means, spans=[matched["interval"] for matched in matches]))
    rows.append(replace(exact, spans=[matched["record_interval"] for matched in matches]))
    rows.append(_one("valid JSON", {name: score["valid_json"] for name, score in scores.items()}))
    rows.append(_one("grounded", {name: score["grounded"] for name, score in scores.items()}))
    return rows


def number(value: float | None, digits: int = 3) -> str:
    """A share as it stands in a table."""
    return "–" if value is None else f"{value:.{digits}f}"


def points(value: float | None) -> str:
    """A change of a share in percentage points, with its sign."""
    if value is None:
        return "–"
    rounded = round(100 * value, 1)
    return "±0.0" if rounded == 0 else f"{rounded:+.1f}".replace("-", "\N{MINUS SIGN}")


def shown(results: Results) -> list[str]:
    """The variants that get a column; the final answers only where further questions changed any."""
    variants = list(results["variants"])
    return [name for name in variants if name != ASKED or difference(results, *steps(variants)[-1])["changed_records"]]


def columns(results: Results) -> list[str]:
    """All columns: the baselines, then the variants that are shown."""
    return [*results["baselines"], *shown(results)]


def scored(results: Results, name: str) -> dict[str, Score]:
    """The scores of a variant or a baseline, by slice."""
    return (results["baselines"] | results["variants"])[name]


def heading(name: str) -> str:
    """A column's title."""
    return f"{name}, zero-shot" if name == ZERO_SHOT else name


def kind(results: Results, name: str) -> str:
    """Whether a column is a baseline, which needs no fine-tuning, or a variant of what was fine-tuned."""
    return "baseline" if name in (*results["baselines"], ZERO_SHOT) else "variant"


def span(interval: Sequence[float] | None) -> str:
    """An interval of a share as it stands in a table."""
    return "–" if interval is None else " to ".join(map(number, interval))


def sentences(results: Results) -> list[str]:
    """Where accuracy came from and which step lost it: fine-tuning, each served variant, further questions."""
    variants = list(results["variants"])
    found = [pruning.sentence(results["pruning"])] if results["pruning"] else []
    found += [_baselines(results)] if results["baselines"] else []
    found += [_trained(results)] if {"base", "adapter"} <= set(variants) else []
    if "adapter" in variants:
        found += [_served(results, name) for name in SERVED if name in variants]
    found += [
        f"{before} → {after} is one step here, {' and '.join(skipped)} not being scored: eval.variants can name it."
        for (before, after), skipped in joint(variants).items()
        if before != "base"
    ]
    found += [_asked(results)] if ASKED in variants else []
    found += [calibration.sentence(results["calibration"])] if results["calibration"] else []
    return [*found, *(f"Gate {verdict['sentence']}." for verdict in results["gate"])]


def blame(results: Results, first: str, last: str) -> str:
    """The step from one variant to a served one that lost most, and how much."""
    found = path(list(results["variants"]), last) if first == "adapter" else [(first, last)]
    before, after = min(found, key=lambda step: _change(results, *step))
    return f"from {before} to {after} ({points(_change(results, before, after))})"


def difference(results: Results, before: str, after: str, slice_: str = "all") -> Difference:
    """The comparison of two variants on a slice."""
    found: Difference = next(d for d in results["differences"] if (d["before"], d["after"]) == (before, after))[slice_]
    return found


def _both(scores: dict[str, Score], label: str, get: Callable[[Scores], float | None]) -> Line:
    both = {variant: (get(score["normalised"]), get(score["raw"])) for variant, score in scores.items()}
    return Line(label, list(both.values()), _changes({variant: value for variant, (value, _) in both.items()}))


def _accuracy_of(field: str, matched: Scores) -> float | None:
    return matched["fields"][field]["accuracy"]


def _one(label: str, shares: dict[str, float | None]) -> Line:
    return Line(label, [(value, None) for value in shares.values()], _changes(shares))


def _changes(values: dict[str, float | None]) -> list[float | None]:
    pairs = [(values[before], values[after]) for before, after in change_columns(list(values))]
    return [None if before is None or after is None else after - before for before, after in pairs]


def _change(results: Results, before: str, after: str) -> float:
    return difference(results, before, after)["mean_field_accuracy"] or 0.0


def _accuracy(results: Results, variant: str) -> str:
    return number(scored(results, variant)["all"]["normalised"]["mean_field_accuracy"])


def _baselines(results: Results) -> str:
    names = [name for name in columns(results) if kind(results, name) == "baseline"]
    last = last_served(list(results["variants"])) or list(results["variants"])[-1]
    parts = [
        f"{heading(name)} {_accuracy(results, name)} ({span(scored(results, name)['all']['normalised']['interval'])})"
        for name in (*names, *([last] if last not in names else []))
    ]
    pages = results["record"]["baselines"].get("markup", {}).get("marked")
    where = f"; {pages} of {results['record']['n']['all']} test pages have markup" if pages else ""
    return f"Baselines, mean field accuracy: {'; '.join(parts)}{where}."


def _trained(results: Results) -> str:
    before, after = _accuracy(results, "base"), _accuracy(results, "adapter")
    change = points(_change(results, "base", "adapter"))
    return f"Fine-tuning: mean field accuracy {before} → {after} ({change} points)."


def _served(results: Results, variant: str) -> str:
    total = difference(results, "adapter", variant)
    interval = total["interval"]
    spread = f", 95 % {points(interval[0])} to {points(interval[1])}" if interval else ""
    steps = [
        f"{before} → {after} {points(_change(results, before, after))}"
        for before, after in path(list(results["variants"]), variant)
    ]
    parts = f"; by step: {', '.join(steps)}" if len(steps) > 1 else ""
    return (
        f"From adapter to {variant}: {_accuracy(results, 'adapter')} → {_accuracy(results, variant)} "
        f"({points(total['mean_field_accuracy'])} points{spread}, n {total['n']}){parts}."
    )


def _asked(results: Results) -> str:
    before, after = steps(list(results["variants"]))[-1]
    retried, n = results["variants"][before]["all"]["retried"], results["record"]["n"]["all"]
    change = points(_change(results, before, after))
    return (
        f"As users ask ({before}, schema, further questions): {retried} of {n} pages were asked again: {change} points."
    )
