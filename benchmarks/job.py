"""Measure the whole job on a GPU beside the code of an older commit: training, export, evaluation, and decoding.

Both codes run their own stages on the same base (Phi-3-mini's shape, random weights, in 4 bits, or BASE) and the same
rows: ours from here, the other from a git worktree of BEFORE, or from that folder. A step or a way of decoding that
fails, or for which no time is left, costs only its own row. Writes OUT/results.jsonl, step by step, and OUT/table.md,
part by part.

    python -m benchmarks.job --before COMMIT_OR_FOLDER [--only base job decode example] [--codes ours] [--seconds 520]
"""

import argparse
import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.answers import BEGUN, MARK
from benchmarks.jobtable import table
from benchmarks.measure import Record
from benchmarks.phi3 import NAME
from benchmarks.runs import stop
from benchmarks.train import rows as product_rows
from extraction.json import Json
from extraction.prompt import messages
from pipeline import config as configuration
from pipeline.errors import UserError, run
from pipeline.files import read_json, read_jsonl, read_schema, write_jsonl, write_text
from pipeline.reading import reader

WORK = Path("artifacts/benchmark")
LIMITS = {"base": 120, "data": 30, "train": 130, "export": 170}  # seconds
MODE_LIMIT, LOADING_LIMIT = 200, 60  # seconds: of each way of decoding, and of the start of their process
CODES = ("before", "ours")
EXAMPLE = "job-example"
CONFIG = "configs/phi3-mini-fast.yaml"
TEST_ROWS, EXAMPLE_ROWS, DECODED = 75, 421, 256
ANSWER = 48  # tokens that random weights may say, about what a record has
PLACE = Path(__file__).parents[1]


class Job(NamedTuple):
    """What both codes do, and where."""

    record: Record
    folders: dict[str, Path]
    base: Path
    config: str
    settings: list[str]
    times: int
    codes: Sequence[str] = CODES  # of which the job is measured


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, metavar="COMMIT_OR_FOLDER", help="the code to compare with")
    parser.add_argument("--out", type=Path, default=WORK / "job")
    parser.add_argument("--only", nargs="*", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=3600, help="of all together")
    parser.add_argument("--times", type=int, default=1, help="how often each code does the job, in turn")
    parser.add_argument("--base", type=Path, help="a base model's folder in place of Phi-3-mini's shape")
    parser.add_argument("--config", default=CONFIG)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of both codes' config")
    parser.add_argument("--codes", nargs="*", choices=CODES, default=list(CODES), help="of which the job is measured")
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    WORK.mkdir(parents=True, exist_ok=True)
    record = Record(options.out.resolve(), options.seconds)
    folders = {"before": worktree(options.before), "ours": Path.cwd()}
    base = (options.base or WORK / NAME).resolve()
    job = Job(record, folders, base, options.config, list(options.set), options.times, options.codes)
    write_jsonl(WORK / "job.jsonl", product_rows(590))  # 500 to train on, 75 to test on, the rest for validation
    for part in options.only:
        try:
            PARTS[part](job)
        except Exception as error:  # the other parts still have something to say
            record.enter(f"{part}, the benchmark itself", {"code": 1, "output": f"{type(error).__name__}: {error}"})
        write_text(record.out / "table.md", table(record.steps))
    print(table(record.steps), flush=True)


def worktree(commit: str) -> Path:
    """A checkout of the older code beside ours."""
    if Path(commit).is_dir():
        return Path(commit).resolve()
    folder = (WORK / "before").resolve()
    if not folder.is_dir():
        command = ["git", "worktree", "add", "--detach", str(folder), commit]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"git has no worktree of {commit}: {done.stderr.strip().splitlines()[-1]}")
    return folder


def part_base(job: Job) -> None:
    """The base model, where it is not there yet, and the GPU's rate; beside it the example's adapter: both untimed."""
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(make_base, job), pool.submit(train_example, job)]
    for one in begun:
        one.result()
    shutil.rmtree(job.folders["ours"] / "artifacts" / ".kernels", ignore_errors=True)  # the job compiles its own


def make_base(job: Job) -> None:
    if (job.base / "config.json").is_file():
        return
    command = ["-m", "benchmarks.phi3", str(job.base.parent)]
    output = job.record.run("base", job.folders["ours"], command, LIMITS["base"])
    if job.record.steps["base"]["code"] == 0:
        job.record.enter("machine", json.loads(output.strip().splitlines()[-1]))


def train_example(job: Job) -> None:
    """An adapter of the embedded base for `part_example`, where it is not there yet."""
    folder = job.folders["ours"] / "artifacts" / EXAMPLE
    if (folder / "adapter").is_dir():
        return
    options = example_options(job)
    job.record.run("ours: example data", job.folders["ours"], ["-m", "pipeline.data", *options], LIMITS["data"])
    job.record.run("ours: example adapter", job.folders["ours"], ["-m", "trainer.train", *options], LIMITS["train"])


def part_job(job: Job) -> None:
    """The tutorial's job: 500 rows, 3 epochs, an export, 75 test rows answered by base and adapter.

    Stage by stage, each code in turn: where time is up there are pairs to compare. Ours trains and exports by one
    command, as `make` does.
    """
    modes = [f"{variant}:config:own" for variant in ("base", "adapter")]
    for number in range(job.times):
        suffix = f" {number + 1}" if number else ""
        for code in job.codes:
            shutil.rmtree(run_folder(job, code), ignore_errors=True)
        for code, work in TURNS:
            if code in job.codes:
                work(job, code, suffix)
                drop_large_files(run_folder(job, code), keep_merged=code == "ours")
        for code in job.codes:
            answers(job, code, f"{code}: eval{suffix}", TEST_ROWS, modes, job_options(job, code))


def make_data(job: Job, code: str, suffix: str) -> None:
    stage_of(job, code, "data", "pipeline.data", suffix)


def train(job: Job, code: str, suffix: str) -> None:
    stage_of(job, code, "train", "trainer.train", suffix)


def export(job: Job, code: str, suffix: str) -> None:
    stage_of(job, code, "export", "trainer.export", suffix)


def train_and_export(job: Job, code: str, suffix: str) -> None:
    """Both in one command; entered besides as two steps, of which the export's begins with the adapter on the disk."""
    title, limit = f"{code}: train and export{suffix}", LIMITS["train"] + LIMITS["export"]
    command = ["-m", "trainer.export", "--train", *job_options(job, code)]
    job.record.run(title, job.folders[code], command, limit)
    step = job.record.steps[title]
    later = sum(facts_of(job, code, "export").get("phases", {}).values())
    for stage, seconds in (("train", step["seconds"] - later), ("export", later)):
        if not step["code"]:
            job.record.enter(f"{code}: {stage}{suffix}", step | {"seconds": round(seconds, 1)})
        job.record.enter(f"{code}: {stage}{suffix}, facts", facts_of(job, code, stage))


TURNS: Sequence[tuple[str, Callable[[Job, str, str], None]]] = (  # stage by stage, each code in turn
    ("before", make_data),
    ("ours", make_data),
    ("before", train),
    ("ours", train_and_export),
    ("before", export),
)


def run_folder(job: Job, code: str) -> Path:
    return job.folders[code] / "artifacts" / f"job-{code}"


def drop_large_files(folder: Path, keep_merged: bool) -> None:
    """Remove the models that an export wrote: the disk need not hold both codes', nor go on writing the one's."""
    for path in (folder / "gguf").glob("*.gguf"):
        path.unlink()
    if not keep_merged:
        shutil.rmtree(folder / "merged", ignore_errors=True)


def stage_of(job: Job, code: str, stage: str, module: str, suffix: str) -> None:
    """Run a code's stage; enters what its manifest says besides."""
    title = f"{code}: {stage}{suffix}"
    job.record.run(title, job.folders[code], ["-m", module, *job_options(job, code)], LIMITS[stage])
    job.record.enter(f"{title}, facts", facts_of(job, code, stage))


def facts_of(job: Job, code: str, stage: str) -> Json:
    """What the manifest of a code's run says of a stage."""
    path = run_folder(job, code) / "manifest.json"
    facts = read_json(path, "see the output of the stage").get(stage, {}) if path.is_file() else {}
    kept = ("phases", "tokens_per_second", "peak_gib", "loss", "validation_loss", "plan", "n_weights")
    return {key: facts[key] for key in kept if key in facts}


def part_decode(job: Job) -> None:
    """Rows a second of ours: at the older batch, by free memory, by CUDA graphs, and merged."""
    modes = ["adapter:auto:plain", "adapter:auto:graphs", "adapter:16:plain", "merged:auto:plain", "merged:auto:graphs"]
    answers(job, "ours", "ours: decoding", DECODED, modes, job_options(job, "ours"))


def part_example(job: Job) -> None:
    """The answers of one adapter of the embedded base to the example dataset, on which all ways must agree.

    Both codes answer at once: nothing here is timed.
    """
    train_example(job)
    ours, before = (job.folders[code] / "artifacts" / EXAMPLE for code in ("ours", "before"))
    if before != ours:
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(ours, before, ignore=shutil.ignore_patterns("checkpoints", "older", "gguf"))
        write_as_read(job, before / "data" / "test.jsonl")
    ways = {"before": ["16:plain"], "ours": ["16:plain", "auto:plain", "auto:graphs"]}
    with ThreadPoolExecutor(2) as pool:
        for code in CODES:
            modes = [f"adapter:{way}" for way in ways[code]]
            options = example_options(job) + (["data.clean=false"] if code == "before" and before != ours else [])
            pool.submit(answers, job, code, f"{code}: example", EXAMPLE_ROWS, modes, options)


def write_as_read(job: Job, rows: Path) -> None:
    """Write into the older code's rows what ours reads of their pages: it prunes them. So the prompts are the same."""
    config = configuration.from_arguments(configuration.arguments("").parse_args(example_options(job)))
    schema, reads = read_schema(config.folder), reader(config)
    read = [row | {"input": messages(row["input"], schema, reads)[1]["content"]} for row in read_jsonl(rows)]
    write_jsonl(rows, read)


def example_options(job: Job) -> list[str]:
    """The options of every stage of the example's run. TRL, because Unsloth would leave compiled code to the job."""
    base, rows = (PLACE / path for path in ("models/embedded", "data/products.jsonl"))
    settings = [f"model.model_name_or_path={base}", "model.load_in_4bit=false", "model.backend=trl"]
    settings += ["training.packing=false", "training.per_device_train_batch_size=16", "training.num_train_epochs=1"]
    settings += [f"data.path={rows}", "data.test=0.4", *job.settings]
    return ["--config", job.config, "--run", EXAMPLE, "--set", *settings]


def job_options(job: Job, code: str) -> list[str]:
    """The options of every stage of a code's run of the tutorial's job."""
    rows = (WORK / "job.jsonl").resolve()
    settings = [f"model.model_name_or_path={job.base}", f"data.path={rows}", "data.validation=0.025", "data.test=0.13"]
    return [
        "--config",
        job.config,
        "--run",
        f"job-{code}",
        "--set",
        *settings,
        f"serve.num_predict={ANSWER}",
        *job.settings,
    ]


def answers(job: Job, code: str, title: str, n: int, modes: list[str], options: list[str]) -> None:
    """The figures of benchmarks/answers.py for each mode. Where its process ends early, another takes what is left."""
    script, steps = str(PLACE / "benchmarks" / "answers.py"), job.record.steps
    entered, left = title, modes
    while left:
        command = ["-P", script, str(n), str(MODE_LIMIT), *left, "--", *options]
        output = job.record.run(entered, job.folders[code], command, LOADING_LIMIT + MODE_LIMIT * len(left))
        found: list[Json] = [
            json.loads(line.removeprefix(MARK)) for line in output.splitlines() if line.startswith(MARK)
        ]
        for figures in found:
            job.record.enter(f"{title}, {figures['mode']}", figures)
        if not steps[entered]["code"] or BEGUN not in output:
            break
        if not found:
            job.record.enter(f"{title}, {left[0]}", {"code": 1, "output": "its process ended"})
        left = left[max(1, len(found)) :]
        entered = f"{title}, the other ways"


PARTS: dict[str, Callable[[Job], None]] = {
    "base": part_base,
    "job": part_job,
    "decode": part_decode,
    "example": part_example,
}


if __name__ == "__main__":
    run(main)
