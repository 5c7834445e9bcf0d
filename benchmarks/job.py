"""Measure the whole job on a GPU beside the code of an older commit: training, export, evaluation, and steady speed.

Both codes run their own stages on the same base (Phi-3-mini's shape, random weights, in 4 bits) and the same rows: ours
from here, the other from a git worktree of BEFORE, or from that folder. Every part is a process with a time limit, and
one that fails costs only its own row, which has the end of its output. Writes the record to OUT, and prints the table
last.

    python -m benchmarks.job --before COMMIT_OR_FOLDER [--out artifacts/benchmark/job.json] [--only base train …]
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from benchmarks.phi3 import NAME
from benchmarks.runs import environment, stop
from extraction.json import Json
from pipeline.errors import UserError, run
from pipeline.files import read_json, write_jsonl, write_text

WORK = Path("artifacts/benchmark")
PARTS = ("base", "train", "export", "eval", "example")
CODES = ("before", "ours")
LIMITS = {"base": 90, "data": 20, "train": 100, "export": 150, "eval": 100}  # seconds
CONFIG = "configs/phi3-mini-fast.yaml"
TEST_ROWS = {"before": 16, "ours": 256}  # the older code answers one to three rows a second: rows/s are compared
ANSWER = 48  # tokens that random weights may say, about what a record has


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, metavar="COMMIT_OR_FOLDER", help="the code to compare with")
    parser.add_argument("--out", type=Path, default=WORK / "job.json")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    WORK.mkdir(parents=True, exist_ok=True)
    folders = {"before": worktree(options.before), "ours": Path.cwd()}
    record: Json = {"started": time.strftime("%F %T"), "before": options.before, "machine": {}, "runs": {}}
    for part in options.only:
        for code in CODES if part != "base" else ("ours",):
            try:
                PART[part](record, code, folders[code])
            except Exception as error:  # the other parts still have something to say
                failed = {"code": 1, "seconds": 0.0, "output": f"{type(error).__name__}: {error}"}
                record["runs"][f"{code}: {part}, the benchmark itself"] = failed
            write_text(options.out, json.dumps(record, indent=1))
    print(table(record), flush=True)


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


def part_base(record: Json, code: str, folder: Path) -> None:
    """The base model, the rows, and the GPU's rate."""
    from benchmarks.train import rows

    write_jsonl(WORK / "job.jsonl", rows(590))  # 500 to train on, 75 to test on, the rest for validation
    output = measure(record, "base", folder, ["-m", "benchmarks.phi3", str(WORK.resolve())], LIMITS["base"])
    if record["runs"]["base"]["code"] == 0:
        record["machine"] = json.loads(output.strip().splitlines()[-1])


def part_train(record: Json, code: str, folder: Path) -> None:
    """The tutorial's job: 500 rows, 3 epochs, from process start to the adapter on disk."""
    measure(record, f"{code}: data", folder, ["-m", "pipeline.data", *arguments(code)], LIMITS["data"])
    measure(record, f"{code}: train", folder, ["-m", "trainer.train", *arguments(code)], LIMITS["train"])
    facts = manifest(folder, code).get("train", {})
    kept = ("phases", "tokens_per_second", "peak_gib", "loss", "validation_loss", "plan")
    record["runs"][f"{code}: train"] |= {key: facts[key] for key in kept if key in facts}


def part_export(record: Json, code: str, folder: Path) -> None:
    measure(record, f"{code}: export", folder, ["-m", "trainer.export", *arguments(code)], LIMITS["export"])


def part_eval(record: Json, code: str, folder: Path) -> None:
    """Rows a second of the base and the adapter, loading left out: each as its code's config has it."""
    for variant in ("base", "adapter"):
        answer(record, f"{code}: eval {variant}", folder, code, [variant, str(TEST_ROWS[code])], LIMITS["eval"])


def part_example(record: Json, code: str, folder: Path) -> None:
    """The answers of one adapter of the embedded base to the example dataset, on which the two codes must agree."""
    settings = ["model.model_name_or_path=models/embedded", "model.load_in_4bit=false", "training.num_train_epochs=1"]
    rows = ["data.path=data/products.jsonl", "data.test=0.4"]
    options = ["--config", CONFIG, "--run", "job-example", "--set", *settings, *rows]
    if code == "before":
        measure(record, f"{code}: example data", folder, ["-m", "pipeline.data", *options], LIMITS["data"])
        measure(record, f"{code}: example adapter", folder, ["-m", "trainer.train", *options], LIMITS["train"])
    else:
        made = worktree(record["before"]) / "artifacts" / "job-example"
        shutil.copytree(made, folder / "artifacts" / "job-example", dirs_exist_ok=True)
    title = f"{code}: example answers"
    said(record, title, measure(record, title, folder, ["-c", ANSWER_SCRIPT, "adapter", "421", *options], 80))


def arguments(code: str) -> list[str]:
    """The options of every stage of a code's run of the tutorial's job."""
    base, rows = (WORK / NAME).resolve(), (WORK / "job.jsonl").resolve()
    settings = [f"model.model_name_or_path={base}", f"data.path={rows}", "data.validation=0.025", "data.test=0.13"]
    return ["--config", CONFIG, "--run", f"job-{code}", "--set", *settings, f"serve.num_predict={ANSWER}"]


# argv: variant, most rows, options. Runs in either code: what both have is eval.hf.answer_all.
ANSWER_SCRIPT = """
import json, sys, time
variant, most, *options = sys.argv[1:]
from pipeline import config as configuration
config = configuration.from_arguments(configuration.arguments("").parse_args(options))
from pathlib import Path
from trainer.chat import pieces
from trainer.model import load_tokenizer
from eval import hf
from pipeline.files import read_jsonl, read_schema, write_text
tokenizer = load_tokenizer(str(config.folder / "adapter"))
prompt = pieces(tokenizer, read_schema(config.folder))
write_text(config.folder / "gguf" / "prompt.json", json.dumps(prompt))
rows = read_jsonl(config.folder / "data" / "test.jsonl")
rows = (rows * (1 + int(most) // len(rows)))[: int(most)]
rows = [row | {"id": f"{number}-{row['id']}"} for number, row in enumerate(rows)]
load, loaded = hf.load, []
def timed(*arguments):
    found = load(*arguments)
    loaded.append(time.monotonic())
    return found
hf.load = timed
answers = {row["id"]: facts["answer"] for row, _, facts in hf.answer_all(config, variant, rows)}
seconds = time.monotonic() - loaded[0]
import torch
peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
print(json.dumps({"rows_per_second": len(rows) / seconds, "n": len(rows), "peak_gib": peak, "answers": answers}))
"""


def answer(record: Json, title: str, folder: Path, code: str, which: Sequence[str], limit: float) -> None:
    said(record, title, measure(record, title, folder, ["-c", ANSWER_SCRIPT, *which, *arguments(code)], limit))


def said(record: Json, title: str, output: str) -> None:
    """Enter what ANSWER_SCRIPT printed."""
    if record["runs"][title]["code"] == 0:
        record["runs"][title] |= json.loads(output.strip().splitlines()[-1])


def measure(record: Json, title: str, folder: Path, command: Sequence[str], limit: float) -> str:
    """Run Python with `command` in a code's folder; enters seconds, exit status, memory and the GPU's busy share."""
    print(f"benchmark: {time.strftime('%T')} {title}", flush=True)
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    log = (WORK / "output.log").open("w+")
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment() | {"PYTHONPATH": path},
        start_new_session=True,
    )
    watch = Watch(process.pid)
    try:
        status = process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        status = 124
    entry: Json = {"seconds": round(time.monotonic() - started, 1), "code": status} | watch.end()
    log.seek(0)
    output = log.read()
    log.close()
    if status:
        entry["output"] = output[-3000:]
    record["runs"][title] = entry
    return output


class Watch:
    """Peak memory of a process with its children (GB, shared pages once each), and how busy the GPU was meanwhile."""

    def __init__(self, pid: int) -> None:
        self.process, self.ended = psutil.Process(pid), threading.Event()
        self.peak, self.busy = 0.0, list[float]()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def end(self) -> Json:
        self.ended.set()
        self.thread.join(10)
        busy = round(sum(self.busy) / len(self.busy), 3) if self.busy else None
        return {"peak_gb": round(self.peak, 2), "gpu_busy": busy}

    def _watch(self) -> None:
        usage = utilization()
        while not self.ended.wait(0.25):
            try:
                family = [self.process, *self.process.children(recursive=True)]
                # Not what is only mapped: the GGUF that is read is the page cache's.
                self.peak = max(self.peak, sum(_anonymous(member) for member in family) / 1e9)
            except psutil.Error:
                continue
            if usage:
                self.busy.append(usage())


def _anonymous(process: psutil.Process) -> int:
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


def utilization() -> Callable[[], float] | None:
    """The share of the last moment in which the GPU ran a kernel, 0 to 1; None where NVML cannot say."""
    try:
        import torch

        torch.cuda.utilization()
        return lambda: torch.cuda.utilization() / 100
    except Exception:  # whatever NVML lacks here, the benchmark goes on without this column
        return None


def manifest(folder: Path, code: str) -> Json:
    path = folder / "artifacts" / f"job-{code}" / "manifest.json"
    found: Json = read_json(path, "see the output of the stage") if path.is_file() else {}
    return found


def table(record: Json) -> str:
    """The runs, then the ratios that decide beside their bars."""
    lines = [f"machine: {json.dumps(record['machine'])}", "", "| part | s | rows/s | peak GB | GPU GiB | GPU busy | |"]
    lines.append("|---|---|---|---|---|---|---|")
    for title, entry in record["runs"].items():
        shown = [entry.get(key) for key in ("seconds", "rows_per_second", "peak_gb", "peak_gib", "gpu_busy")]
        cells = ["" if value is None else f"{value:.2f}" for value in shown]
        last = [line for line in entry.get("output", "").strip().splitlines() if line.strip()][-1:]
        failed = f"exit {entry['code']}: {' '.join(last)[:160].replace('|', '/')}" if entry["code"] else ""
        lines.append(f"| {title} | {' | '.join(cells)} | {failed} |")
    return "\n".join([*lines, "", *ratios(record["runs"])])


def ratios(runs: Json) -> list[str]:
    """A line for each bar of which both sides were measured; `job` has 75 rows asked of both variants."""
    done = {title: entry for title, entry in runs.items() if entry["code"] == 0}
    lines = []

    def ratio(name: str, of: Callable[[str], float], bar: str) -> None:
        try:
            ours, before = of("ours"), of("before")
        except KeyError as missing:
            lines.append(f"{name}: not measured ({missing} failed)")
            return
        lines.append(f"{name}: {ours:.2f} ÷ {before:.2f} = {ours / before:.3f} (bar: {bar})")

    def job(code: str) -> float:
        # A batch of 75 takes about as long as one of 256: no less is reckoned than was measured.
        entries = [done[f"{code}: eval {variant}"] for variant in ("base", "adapter")]
        asked = sum(max(75, entry["n"]) / float(entry["rows_per_second"]) for entry in entries)
        return asked + sum(float(done[f"{code}: {stage}"]["seconds"]) for stage in ("train", "export"))

    ratio("job, s (eval: 75 rows × 2 variants, loading left out)", job, "≤ 0.45")
    ratio("train, s", lambda code: float(done[f"{code}: train"]["seconds"]), "none")
    ratio("export, s", lambda code: float(done[f"{code}: export"]["seconds"]), "≤ 0.6")
    ratio("export, peak GB", lambda code: float(done[f"{code}: export"]["peak_gb"]), "≤ 10 GB")
    for variant in ("base", "adapter"):
        key = f"eval {variant}"
        ratio(f"{key}, rows/s", lambda code, key=key: float(done[f"{code}: {key}"]["rows_per_second"]), "≥ 10")  # type: ignore[misc]
    pair = [done.get(f"{code}: example answers", {}).get("answers") for code in CODES]
    if pair[0] and pair[1]:
        same = sum(text == pair[1].get(name) for name, text in pair[0].items())
        lines.append(f"same answers on the example dataset: {same} of {len(pair[0])} (bar: ≥ 0.99)")
    return lines


PART: dict[str, Callable[[Json, str, Path], None]] = {
    "base": part_base,
    "train": part_train,
    "export": part_export,
    "eval": part_eval,
    "example": part_example,
}


if __name__ == "__main__":
    run(main)
