"""Score every variant on the test split, field by field, and say which step lost accuracy.

Beside the variants stand the baselines of eval.baselines (eval/baselines.py), which are in no step and in no gate.
Reads artifacts/<run>/data, the models, the server at OLLAMA_HOST (default 127.0.0.1:11434) and the manifest. Writes
samples/<variant>.jsonl, results.json, report.html, summary.md and fields.csv; exits with status 1, after that, where
the gate (eval/gate.py) refuses a served variant. What is up to date is not made again; what was interrupted goes on.

    python -m eval.score --config configs/embedded.yaml
"""

import json
import sys
from collections.abc import Sequence
from functools import partial

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eval import baselines, gate, pruning, table
from eval.calibration import calibrate
from eval.compare import ASKED, difference, last_served, pairs
from eval.metrics import score
from eval.predict import Task, predict_all, read_samples, tasks
from eval.records import VERSION, Calibration, Pruning, Record, Results, Row, Span, Verdict
from eval.report import write_report
from eval.slices import Rows, finer, seen_and_unseen
from eval.summary import write_summary
from extraction.json import Json
from extraction.parse import Status
from extraction.values import described
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import read_rules, read_schema, write_text
from pipeline.manifest import facts_of, read_manifest, record_stage, served_models
from pipeline.provenance import commit
from pipeline.splits import read_split
from serve.latest import point_latest, stays
from serve.server import address

WIDEST = 1000  # columns, of no console


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    evaluate(config, address())


def evaluate(config: Config, host: str) -> None:
    """Run the stage; `host` is the server's base URL."""
    paths = [*baselines.predict_all(config), *predict_all(config, host)]
    results = compute(config)
    results_path = config.folder / "results.json"
    write_text(results_path, json.dumps(results, indent=1, ensure_ascii=False))
    written = [results_path, write_report(config), *write_summary(config.folder, results)]
    changed = changed_prompts(config, results)
    passed = [] if changed else gate.passed(results["gate"])
    digests = {variant: results["record"]["served"][variant]["digest"] for variant in passed}
    record_stage(config.folder, "eval", results["record"]["samples"], [*paths, *written], passed=digests)
    configuration.save(config)
    show(results)
    print(f"eval: {point_latest(config, host, passed[0]) if passed else stays(config)}")
    print("\n".join(f"eval: {path}" for path in written), flush=True)
    if changed:
        raise UserError(changed)
    if refused := gate.refusal(results["gate"], config.eval.strict):
        raise UserError(refused + gate.alternative(results, passed))


def compute(config: Config) -> Results:
    """The content of results.json, from the samples."""
    rules = read_rules(config.folder)
    samples: Rows = {variant: read_samples(config, Task(variant)) for variant in config.eval.variants}
    last = last_served(config.eval.variants)
    if last:
        samples[ASKED] = as_asked(samples[last])
    others = baselines.answers(config)
    slices = seen_and_unseen(samples | others)
    results: Results = {
        "version": VERSION,
        "record": record(config, {name: len(next(iter(rows.values()))) for name, rows in slices.items()}),
        "rules": described(rules),
        "variants": {v: {name: score(rows[v], rules) for name, rows in slices.items()} for v in samples},
        "baselines": {b: {name: score(rows[b], rules) for name, rows in slices.items()} for b in others},
        "differences": [
            {"before": a, "after": b} | {name: difference(rows[a], rows[b], rules) for name, rows in slices.items()}
            for a, b in pairs(list(samples))
        ],
        "slices": finer(samples | others, rules, config.eval.slices, baselines.marked(config)),
        "calibration": calibration(config, samples, rules),
        "pruning": pruned(config),
        "gate": [],
    }
    return results | {"gate": verdicts(results, config.eval.max_loss)}


def pruned(config: Config) -> Pruning | None:
    """The figures of eval.pruning on the test split."""
    return pruning.losses(config, read_split(config.folder, "test"), read_schema(config.folder))


def changed_prompts(config: Config, results: Results) -> str | None:
    """Why a variant's figures are not the model's: the server read other prompts than ours; None where it did not."""
    for variant in config.eval.variants:
        n = results["variants"][variant]["all"]["statuses"].get(Status.PROMPT_CHANGED, 0)
        if n:
            rows = read_samples(config, Task(variant))
            reason = next(row["reason"] for row in rows if row["status"] == Status.PROMPT_CHANGED)
            return (
                f"{n} of {len(rows)} prompts did not reach {variant} as they are ({reason}): the server's template, BOS"
                " or context is not the run's; run `make serve` again, or ask another server"
            )
    return None


def as_asked(rows: Sequence[Row]) -> list[Row]:
    """The rows with the final answers, after further questions where there were any."""
    return [row | {"prediction": row["final"], "status": row["final_status"]} for row in rows]


def calibration(config: Config, samples: Rows, rules: Json) -> Calibration | None:
    """The figures of eval.calibration; None where no variant is served or none is wanted."""
    last = last_served(config.eval.variants)
    if last is None or not config.eval.calibration:
        return None
    validation = as_asked(read_samples(config, Task(last, "validation")))
    return calibrate(validation, samples[ASKED], rules)


def verdicts(results: Results, max_loss: float) -> list[Verdict]:
    """The gate's verdict on every served variant."""
    found = []
    for before, after in gate.judged_pairs(list(results["variants"])):
        blame = partial(table.blame, results, before, after)
        change = table.difference(results, before, after)
        found.append(gate.judge(before, after, change, max_loss, blame))
    return found


def record(config: Config, n: dict[str, int]) -> Record:
    """What the figures were made with."""
    manifest = read_manifest(config.folder)
    entries = {task.name: manifest[task.stage] for task in tasks(config)}
    others = {name: manifest[Task(name).stage] for name in baselines.modelless(config)}
    return {
        "run": config.run,
        "config": config.model_dump(mode="json", by_alias=True),
        "commit": commit(),
        "n": n,
        "prompt": next(iter(entries.values()))["inputs"]["prompt"],
        "predictions": {variant: facts_of(entry) for variant, entry in entries.items()},
        "baselines": {name: facts_of(entry) for name, entry in others.items()},
        "training_device": manifest["train"].get("device") if "train" in manifest else None,
        "base": manifest["train"]["inputs"].get("base", {}) if "train" in manifest else {},
        "samples": {name: next(iter(entry["outputs"].values())) for name, entry in (entries | others).items()},
        "served": served_models(config.folder),
        "digests": {name: manifest[name]["outputs"] for name in ("data", "train", "export") if name in manifest},
    }


def show(results: Results) -> None:
    """Print a table for each slice, then the sentences."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    names = table.slices(results)
    grids = [build_table(results, name) for name in names]
    raw = all(Console(width=WIDEST).measure(grid).maximum <= console.width for grid in grids)
    for grid in grids if raw else [build_table(results, name, raw=False) for name in names]:
        console.print(grid)
    beside = "beside it raw" if raw else "raw figures are in the report"
    console.print(f"[dim]normalised match, {beside}; 95 % intervals of the sums; changes in percentage points[/]")
    console.print("[dim]grounded: the share of predicted values that the input states[/]")
    console.print(f"[dim]{table.DECODING}[/]")
    rules = ", ".join(f"{field} as {kind}" for field, kind in results["rules"].items())
    console.print(f"[dim]compared: {rules}[/]\n", soft_wrap=True)
    for sentence in table.sentences(results):
        console.print(f"eval: {sentence}", markup=False)


def build_table(results: Results, name: str, raw: bool = True) -> Table:
    """The table of one slice; with `raw` the raw match stands beside each figure."""
    columns = table.columns(results)
    grid = Table(title=table.title(results, name), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    grid.padding = (0, 1, 0, 0)  # a blank less: with two baselines the usual variants fit 120 columns
    grid.add_column("accuracy")
    for column in columns:
        grid.add_column(table.heading(column).replace(", ", ",\n"), justify="right", no_wrap=True)
    for before, after in table.change_columns(columns):
        grid.add_column(f"{before}→\n{after}", justify="right", no_wrap=True)
    rows = table.lines(results, name)
    for index, row in enumerate(rows):
        spans = row.spans or [None] * len(columns)
        cells = [_cell(*pair, span, raw) for pair, span in zip(row.values, spans, strict=True)]
        label = row.label + (("\n  95 %" if raw else "\n  95 % from\n       to") if row.spans else "")
        last = index == len(rows) - table.N_SUMS - 1
        grid.add_row(label, *cells, *map(table.points, row.changes), end_section=last)
    return grid


def _cell(value: float | None, raw: float | None, span: Span | None, wide: bool) -> Text:
    """A figure, beside it the raw one if `wide`, below it its interval: as wide as both, or as one."""
    second = f" {table.number(raw)}" if raw is not None else f"{table.number(None):>6}"
    ends = ("–" if wide else "\n").join(table.number(end) for end in span or ())
    return Text.assemble(table.number(value), (second if wide else "", "dim"), "\n" if ends else "", ends)


if __name__ == "__main__":
    run(main)
