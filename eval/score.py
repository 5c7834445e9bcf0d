"""Score every variant on the test split, field by field, and say which step lost accuracy.

Reads artifacts/<run>/data, the models, the server at OLLAMA_HOST (default 127.0.0.1:11434) and the manifest. Writes
samples/<variant>.jsonl, results.json and report.html; exits with status 1, after that, where a served variant lost more
than eval.max_loss against the adapter. What is up to date is not made again; what was interrupted goes on.

    python -m eval.score --config configs/embedded.yaml
"""

import json
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eval import gate, table
from eval.compare import difference, pairs
from eval.metrics import score
from eval.predict import predict_all, read_samples, stage
from eval.report import write_report
from extraction.json import Json
from extraction.schema import fields
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import read_schema, write_text
from pipeline.manifest import read_manifest, record_stage
from pipeline.provenance import commit
from serve.latest import point_latest
from serve.server import address

Rows = dict[str, list[Json]]


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    evaluate(config, address())


def evaluate(config: Config, host: str) -> None:
    """Run the stage; `host` is the server's base URL."""
    paths = predict_all(config, host)
    results = compute(config)
    results_path = config.folder / "results.json"
    write_text(results_path, json.dumps(results, indent=1, ensure_ascii=False))
    report_path = write_report(config)
    passed = gate.accepted(results, config.eval.max_loss)
    digests = {variant: results["record"]["served"][variant]["digest"] for variant in passed}
    outputs = [*paths, results_path, report_path]
    record_stage(config.folder, "eval", results["record"]["samples"], outputs, passed=digests)
    configuration.save(config)
    show(results)
    if passed:
        print(f"eval: {point_latest(config, host, passed[0])}")
    print(f"eval: {results_path}\neval: {report_path}", flush=True)
    if refused := table.refusal(results, config.eval.max_loss):
        raise UserError(refused + gate.alternative(results, passed))


def compute(config: Config) -> Json:
    """The content of results.json, from the samples."""
    names = fields(read_schema(config.folder))
    samples: Rows = {variant: read_samples(config, variant) for variant in config.eval.variants}
    slices = by_slice(samples)
    return {
        "record": record(config, {name: len(next(iter(rows.values()))) for name, rows in slices.items()}),
        "variants": {v: {name: score(rows[v], names) for name, rows in slices.items()} for v in samples},
        "differences": [
            {"before": a, "after": b} | {name: difference(rows[a], rows[b], names) for name, rows in slices.items()}
            for a, b in pairs(list(samples))
        ],
    }


def by_slice(samples: Rows) -> dict[str, Rows]:
    """Each variant's rows by slice: all, and seen and unseen where there are any."""
    found = {"all": samples}
    for name in ("seen", "unseen"):
        part = {variant: [row for row in rows if row["slice"] == name] for variant, rows in samples.items()}
        if any(part.values()):
            found[name] = part
    return found


def record(config: Config, n: dict[str, int]) -> Json:
    """What the figures were made with."""
    manifest = read_manifest(config.folder)
    entries = {variant: manifest[stage(variant)] for variant in config.eval.variants}
    return {
        "run": config.run,
        "config": config.model_dump(mode="json", by_alias=True),
        "commit": commit(),
        "n": n,
        "prompt": next(iter(entries.values()))["inputs"]["prompt"],
        "predictions": {
            variant: {key: value for key, value in entry.items() if key not in ("inputs", "outputs")}
            for variant, entry in entries.items()
        },
        "training_device": manifest.get("train", {}).get("device"),
        "samples": {variant: next(iter(entry["outputs"].values())) for variant, entry in entries.items()},
        "served": manifest.get("serve", {}).get("served", {}),
        "digests": {name: manifest[name]["outputs"] for name in ("data", "train", "export") if name in manifest},
    }


def show(results: Json) -> None:
    """Print a table for each slice, then the sentences."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    variants = list(results["variants"])
    for name in table.slices(results):
        console.print(build_table(results, name, variants))
    console.print("[dim]normalised match, beside it raw; changes in percentage points[/]")
    console.print("[dim]grounded: the share of predicted values that the input states[/]")
    console.print(f"[dim]{table.DECODING}[/]\n")
    for sentence in table.sentences(results):
        console.print(f"eval: {sentence}", markup=False)


def build_table(results: Json, name: str, variants: Sequence[str]) -> Table:
    """The table of one slice."""
    grid = Table(title=table.title(results, name), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    grid.add_column("accuracy")
    for variant in variants:
        grid.add_column(variant, justify="right", no_wrap=True)
    for before, after in table.change_columns(variants):
        grid.add_column(f"{before}→\n{after}", justify="right", no_wrap=True)
    rows = table.lines(results, name)
    for index, row in enumerate(rows):
        cells = [_cell(value, raw) for value, raw in row.values]
        grid.add_row(
            row.label, *cells, *map(table.points, row.changes), end_section=index == len(rows) - table.N_SUMS - 1
        )
    return grid


def _cell(value: float | None, raw: float | None) -> Text:
    second = f" {table.number(raw)}" if raw is not None else f"{table.number(None):>6}"
    return Text.assemble(table.number(value), (second, "dim"))


if __name__ == "__main__":
    run(main)
