"""One self-contained page about a run: figures, charts, and the worst examples side by side.

Reads artifacts/<run>/results.json, samples/ and data/test.jsonl. Writes artifacts/<run>/report.html: it loads nothing.

    python -m eval.report --config configs/embedded.yaml
"""

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval import gate, table
from eval.calibration import sentence
from eval.charts import change_bars, curve, grouped_bars
from eval.compare import ASKED
from eval.metrics import is_right
from eval.predict import Task, read_samples
from eval.records import FieldScore, Results, Row, read_results
from extraction.json import Json
from extraction.parse import Status
from extraction.values import same, same_raw
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import run
from pipeline.files import read_rules, write_text

N_EXAMPLES = 12
WRONG: tuple[tuple[Literal["wrong", "omitted", "hallucinated"], str], ...] = (
    ("wrong", "wrong value"),
    ("omitted", "value omitted"),
    ("hallucinated", "value made up"),
)
LONGEST_INPUT, LONGEST_VALUE = 1200, 160  # characters shown


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    print(f"report: {write_report(config)}")


def write_report(config: Config) -> Path:
    """Write report.html from what `make eval` wrote."""
    results = read_results(config.folder)
    samples: dict[str, list[Row]] = {
        name: read_samples(config, Task(name)) for name in results["variants"] if name != ASKED
    }
    path = config.folder / "report.html"
    write_text(path, render(results, samples, read_rules(config.folder)))
    return path


def render(results: Results, samples: dict[str, list[Row]], rules: Json) -> str:
    """The page. jinja2 escapes whatever it is given."""
    here = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=here, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": table.number, "points": table.points, "span": table.span}
    environment.filters["heading"] = table.heading
    variants = table.shown(results)
    calibration = results["calibration"]
    return environment.get_template("report.html.jinja").render(
        results=results,
        variants=variants,
        columns=table.columns(results),
        titles={name: table.title(results, name) for name in table.slices(results)},
        slices=table.slices(results),
        lines={name: table.lines(results, name) for name in table.slices(results)},
        changes=table.change_columns(variants),
        sentences=table.sentences(results),
        refusal=gate.refusal(results["gate"], results["record"]["config"]["eval"]["strict"]),
        finer=finer(results),
        calibration=calibration,
        sure=sentence(calibration) if calibration else "",
        risk=curve(calibration["curve"], "share of fields answered", "share right") if calibration else "",
        decoding=table.DECODING,
        n_sums=table.N_SUMS,
        bars={name: accuracy_chart(results, name) for name in table.slices(results)},
        steps=step_chart(results),
        failures=failures(results),
        details=details(results),
        examples=worst(samples, rules)[:N_EXAMPLES],
        config=yaml.safe_dump(results["record"]["config"], sort_keys=False, allow_unicode=True),
        record=results["record"],
    )


def accuracy_chart(results: Results, name: str) -> Markup:
    """Accuracy per field and variant on a slice."""
    scores = {variant: results["variants"][variant][name]["normalised"] for variant in table.shown(results)}
    fields = list(next(iter(scores.values()))["fields"])
    values = {
        variant: [*(score["fields"][field]["accuracy"] for field in fields), score["mean_field_accuracy"]]
        for variant, score in scores.items()
    }
    return grouped_bars([*fields, "mean"], values)


def step_chart(results: Results) -> Markup:
    """Change of mean field accuracy by each step after training, and from the adapter to each served variant."""
    found = [d for d in results["differences"] if d["before"] != "base"]
    rows = [(f"{d['before']} → {d['after']}", d["all"]["mean_field_accuracy"], d["all"]["interval"]) for d in found]
    return change_bars(rows)


def failures(results: Results) -> list[tuple[str, list[int]]]:
    """Counts per variant: each status of an answer, then the kinds of wrong values."""
    scores = [results["variants"][variant]["all"] for variant in table.shown(results)]
    found = [(f"answer: {s}", [score["statuses"].get(s, 0) for score in scores]) for s in Status]
    shown = [row for row in found if any(row[1]) or row[0] == "answer: ok"]
    for kind, label in WRONG:
        shown.append((f"field: {label}", [sum(f[kind] for f in s["normalised"]["fields"].values()) for s in scores]))
    return shown


def details(results: Results) -> list[tuple[str, str, FieldScore]]:
    """(field, variant, its metrics) on all test examples."""
    scores = {name: results["variants"][name]["all"]["normalised"]["fields"] for name in table.shown(results)}
    fields = list(next(iter(scores.values())))
    return [(field, variant, scores[variant][field]) for field in fields for variant in scores]


def finer(results: Results) -> list[tuple[str, list[tuple[str, int, list[float | None]]]]]:
    """(title, [(value, n, mean field accuracy by column)]) of the finer slices that have more than one value."""
    names = table.columns(results)
    return [
        (
            title,
            [(value, s["n"], [s["variants"][v]["mean_field_accuracy"] for v in names]) for value, s in by.items()],
        )
        for title, by in results["slices"].items()
        if len(by) > 1
    ]


def worst(samples: dict[str, list[Row]], rules: Json) -> list[Json]:
    """Examples that a trained variant got wrong: first those that quantization turned from right to wrong."""
    rows = [dict(zip(samples, row, strict=True)) for row in zip(*samples.values(), strict=True)]
    examples = [example(row, rules) for row in rows]
    wrong = [e for e in examples if e["wrong"] or e["lost"]]
    return sorted(wrong, key=lambda e: (-e["lost"], -e["wrong"]))


def example(row: dict[str, Row], rules: Json) -> Json:
    """One example side by side. `row`: its sample by variant."""
    first = next(iter(row.values()))
    right = {variant: [is_right(sample, name, rules) for name in first["reference"]] for variant, sample in row.items()}
    before, after = right.get("f16", []), right.get("q4_k_m", [])
    return {
        "id": first["id"],
        "slice": first["slice"],
        "input": shorten(first["input"], LONGEST_INPUT),
        "fields": [
            (name, show(value), [cell(sample, name, rules) for sample in row.values()])
            for name, value in first["reference"].items()
        ],
        "failed": [
            (v, s["status"], s["reason"], shorten(s["answer"], LONGEST_VALUE))
            for v, s in row.items()
            if s["prediction"] is None
        ],
        "lost": sum(was and not now for was, now in zip(before, after, strict=False)),
        "wrong": sum(not flag for variant, flags in right.items() if variant != "base" for flag in flags),
    }


def cell(sample: Row, name: str, rules: Json) -> tuple[str, str]:
    """(text, kind) of one predicted value; kind: right, near (right after normalisation only) or wrong."""
    if sample["prediction"] is None:
        return sample["status"], "wrong"
    value, reference = sample["prediction"].get(name), sample["reference"].get(name)
    if same_raw(reference, value):
        return show(value), "right"
    return show(value), "near" if same(reference, value, rules["properties"][name]) else "wrong"


def show(value: Any) -> str:
    """A value as text, shortened; what is not text as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, LONGEST_VALUE)


def shorten(text: str, longest: int) -> str:
    """The text, or its head and how much is left out."""
    return text if len(text) <= longest else f"{text[:longest]} … ({len(text) - longest} more characters)"


if __name__ == "__main__":
    run(main)
