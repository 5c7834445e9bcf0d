"""Measure how accuracy on unseen layouts grows with the number of layouts that a run was fine-tuned on.

Fine-tunes the config of a finished run on nested samples of its layouts, each with all its rows, and scores the
held-out layouts through q4_k_m; no layout at all is the base, all of them the finished run itself. Writes
OUT/layouts.json and OUT/layouts.png, and prints the figures. What is up to date is not run again.

    make train serve eval && python -m benchmarks.layouts [--run embedded] [--counts 6 12 24] [--out models/embedded]
"""

import argparse
import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import offline
from eval.records import read_results
from extraction.json import Json
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError, run
from pipeline.files import atomic_write, read_jsonl, write_jsonl, write_text
from pipeline.provenance import commit

STAGES = ("pipeline.data", "trainer.train", "trainer.export", "serve.create", "eval.score")
VARIANT = "q4_k_m"
SEED = 0


def main(name: str, counts: list[int], out: Path) -> None:
    folder = Path("artifacts") / name
    if not (folder / "results.json").is_file():
        raise UserError(f"the run {name} has no results: run `make train serve eval RUN={name}` first")
    config = configuration.load(folder / "config.yaml")
    if not config.data.group or not config.data.holdout:
        raise UserError(f"the run {name} holds out no layouts: set data.group and data.holdout")
    rows = read_jsonl(Path(config.data.path))
    layouts = sorted({row[config.data.group] for row in rows} - set(config.data.holdout))
    random.Random(SEED).shuffle(layouts)
    points = [point(0, folder, "base")]
    for count in sorted(set(counts)):
        if not 0 < count < len(layouts):
            raise UserError(f"--counts has {count}: the run was trained on {len(layouts)} layouts, give fewer")
        kept = {*layouts[:count], *config.data.holdout}
        points.append(trained(config, count, [row for row in rows if row[config.data.group] in kept]))
        print(json.dumps(points[-1]), flush=True)
    points.append(point(len(layouts), folder, VARIANT))
    figures = {"config": name, "git": commit(), "seed": config.training.seed, "points": points}
    write_text(out / "layouts.json", json.dumps(figures, indent=1))
    draw(points, out / "layouts.png")
    print("\n".join(json.dumps(entry) for entry in points))


def trained(config: Config, count: int, rows: list[Json]) -> Json:
    """The figures of a run of the same config on these rows; its output goes to run.log in its folder."""
    name = f"{config.run}-layouts-{count}"
    folder = Path("artifacts") / name
    path = folder / "rows.jsonl"
    write_jsonl(path, rows)
    settings = [f"data.path={path}", f"eval.variants=[{VARIANT}]", f"serve.name={name}"]
    options = ["--config", f"artifacts/{config.run}/config.yaml", "--run", name, "--set", *settings]
    for stage in STAGES:
        print(f"layouts: {count}: {stage}", flush=True)
        command = [sys.executable, "-m", stage, *options]
        with (folder / "run.log").open("a", encoding="utf-8") as log:
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=offline(Path.cwd()), check=False)
        if done.returncode:
            raise UserError(f"{stage} failed with {count} layouts: the reason is in {folder / 'run.log'}")
    return point(count, folder, VARIANT)


def point(count: int, folder: Path, variant: str) -> Json:
    """One variant's figures on the held-out layouts."""
    scores = read_results(folder)["variants"][variant]["unseen"]["normalised"]
    accuracy, exact = scores["mean_field_accuracy"], scores["record_exact_match"]
    if accuracy is None or exact is None:
        raise UserError(f"{folder}/results.json has no example of a held-out layout")
    return {"layouts": count, "record_exact_match": round(exact, 4), "mean_field_accuracy": round(accuracy, 4)}


def draw(points: list[Json], path: Path) -> None:
    """Both figures over the number of layouts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for key in ("mean_field_accuracy", "record_exact_match"):
        label = key.replace("_", " ")
        axes.plot([entry["layouts"] for entry in points], [entry[key] for entry in points], marker="o", label=label)
    axes.set(
        xlabel="layouts fine-tuned on",
        ylabel="share",
        title=f"Unseen layouts, served as {VARIANT} (0: the base, not fine-tuned)",
        ylim=(None, 1),
    )
    axes.grid(alpha=0.3)
    axes.legend()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--run", dest="name", default="embedded", help="a finished run whose test split has held-out groups"
    )
    parser.add_argument("--counts", nargs="+", type=int, default=[6, 12, 24], help="layouts to fine-tune on")
    parser.add_argument("--out", type=Path, default=Path("models/embedded"))
    run(partial(main, **vars(parser.parse_args())))
