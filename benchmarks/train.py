"""Measure training on one CUDA GPU: our recipe, and the tutorial's on Unsloth and on TRL, PEFT and bitsandbytes.

Every recipe is a run of trainer.train in a process of its own with a time limit, so that one that fails costs only its
own row. The base has Phi-3-mini's shape and random weights (benchmarks/phi3.py). Needs no network. Writes the record
(GPU, versions, configs, every run's facts) to OUT and prints the table, after each part anew.

    python -m benchmarks.train [--out artifacts/benchmark/train.json] [--only base job steady tests quality]
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from benchmarks.phi3 import NAME
from data import values
from extraction.files import write_jsonl, write_text

Json = dict[str, Any]
WORK = Path("artifacts/benchmark")
JOB, LONG, EXAMPLES = WORK / "job.jsonl", WORK / "long.jsonl", Path("data/products.jsonl")
PARTS = ("base", "job", "steady", "tests", "quality")
BASE = f"model.model_name_or_path={WORK / NAME}"
EMBEDDED = ("model.model_name_or_path=models/embedded", "model.load_in_4bit=false")
ALL = ("data.validation=0.02", "data.test=0.02")
FAST, TUTORIAL = "configs/phi3-mini-fast.yaml", "configs/phi3-mini.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WORK / "train.json")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    write_jsonl(JOB, rows(520))
    write_jsonl(LONG, rows(6000))
    record: Json = {"started": time.strftime("%F %T"), "machine": {}, "runs": {}, "tests": ""}
    for part in options.only:
        globals()[f"part_{part}"](record)
        write_text(options.out, json.dumps(record, indent=1))
        print(table(record), flush=True)


def rows(n: int) -> list[Json]:
    """`n` product pages of one short template, as the tutorial's are."""
    rng, made = random.Random(0), []
    for number in range(n):
        product = values.sample(rng, "en")
        shown = {"name": product.name, "price": product.price, "category": product.category}
        shown["manufacturer"] = product.manufacturer
        parts = (f"<span class='{field}'>{text}</span>" for field, text in shown.items() if text)
        made.append({"id": f"r{number}", "input": f"<div class='product'>{''.join(parts)}</div>", "output": shown})
    return made


def part_base(record: Json) -> None:
    code, output = call([sys.executable, "-m", "benchmarks.phi3", str(WORK)], 180)
    if code == 0:
        record["machine"] = json.loads(output.strip().splitlines()[-1])


def part_job(record: Json) -> None:
    """The tutorial's whole job: 500 rows, 3 epochs, from process start to the adapter on disk."""
    train(record, "job, ours", FAST, JOB, [BASE, *ALL], 130)
    train(record, "job, tutorial on Unsloth", TUTORIAL, JOB, [BASE, *ALL], 200)


def part_steady(record: Json) -> None:
    """Steady speed where it needs more rows (ours) or fewer (the slowest) than the job has."""
    train(record, "steady, ours", FAST, LONG, [BASE, *ALL, "training.num_train_epochs=1"], 130)
    short = ["data.validation=0.2", "data.test=0.5", "training.num_train_epochs=1", "model.backend=trl"]
    train(record, "steady, tutorial on TRL + PEFT + bitsandbytes", TUTORIAL, JOB, [BASE, *short], 130)
    train(record, "steady, ours, example dataset", FAST, EXAMPLES, [BASE, *ALL], 110)


def part_tests(record: Json) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    command += ["tests/trainer/test_cuda.py", "tests/trainer/test_train.py"]
    record["tests"] = call(command, 420)[1][-3000:]


def part_quality(record: Json) -> None:
    """Held-out loss and accuracy after equal epochs, embedded base, example dataset, 3 seeds; they share the GPU."""
    holdout = yaml.safe_load(Path("configs/embedded.yaml").read_text())["data"]["holdout"]
    with ThreadPoolExecutor(6) as pool:
        for config, name in ((FAST, "ours"), (TUTORIAL, "tutorial")):
            for seed in (1, 2, 3):
                split = ["data.group=layout", f"data.holdout=[{','.join(holdout)}]", f"training.seed={seed}"]
                title = f"quality, {name}, seed {seed}"
                pool.submit(quality, record, title, config, [*EMBEDDED, *split])


def quality(record: Json, title: str, config: str, settings: Sequence[str]) -> None:
    """A run on the example dataset, and its adapter's accuracy on the test split."""
    train(record, title, config, EXAMPLES, settings, 200)
    options = arguments(title, config, EXAMPLES, [*settings, "eval.batch_size=64"])
    code, output = call([sys.executable, "-m", "benchmarks.accuracy", *options], 200)
    if code == 0:
        record["runs"][title]["accuracy"] = json.loads(output.strip().splitlines()[-1])


def arguments(title: str, config: str, data: Path, settings: Sequence[str]) -> list[str]:
    """The options of every stage of a run."""
    return ["--config", config, "--run", folder(title), "--set", f"data.path={data}", *settings]


def folder(title: str) -> str:
    """The name of a run's folder under artifacts/."""
    return "".join(letter if letter.isalnum() else "-" for letter in title)


def train(record: Json, title: str, config: str, data: Path, settings: Sequence[str], limit: float) -> None:
    """One run of trainer.train; its facts go into the record, or the end of its output where it fails."""
    run = Path("artifacts") / folder(title)
    shutil.rmtree(run, ignore_errors=True)
    options = arguments(title, config, data, settings)
    call([sys.executable, "-m", "extraction.data", *options], 30)
    started = time.monotonic()
    code, output = call([sys.executable, "-m", "trainer.train", *options], limit)
    wall = round(time.monotonic() - started, 1)
    entry: Json = {"config": config, "settings": list(settings), "wall": wall, "code": code}
    manifest = run / "manifest.json"
    facts = json.loads(manifest.read_text()).get("train", {}) if manifest.is_file() else {}
    entry |= {key: value for key, value in facts.items() if key not in ("inputs", "outputs")}
    if code:
        entry["output"] = output[-3000:]
    record["runs"][title] = entry


def call(command: list[str], limit: float) -> tuple[int, str]:
    """Exit status (124 past the limit) and output of a command, which is also said where it fails."""
    print(f"benchmark: {time.strftime('%T')} {' '.join(command[1:])}", flush=True)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment()
    )
    try:
        output, code = process.communicate(timeout=limit)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, code = process.communicate()[0], 124
    if code:
        print(f"benchmark: exit status {code}\n{output[-4000:]}", flush=True)
    return code, output


def environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
    offline = {name: "1" for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")}
    return os.environ | offline | {"PYTHONPATH": path}


def table(record: Json) -> str:
    """The runs side by side, then the ratios that decide."""
    machine, runs = record["machine"], record["runs"]
    per_token, rate = 4 * machine.get("n_weights", 0) / 1e12, machine.get("tflops", 0)
    lines = [
        f"{machine}",
        record["tests"],
        "| run | tokens/s | of the matrix rate | peak GiB | wall s | where | loss | accuracy |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|")
    for title, run in runs.items():
        speed = run.get("tokens_per_second") or 0
        share = speed * per_token / rate if rate and "quality" not in title else 0
        cells = [title, f"{speed:,.0f}", f"{share:.2f}", run.get("peak_gib"), run["wall"], run.get("phases")]
        cells += [run.get("validation_loss", run["code"]), run.get("accuracy", "")]
        lines.append(f"| {' | '.join(map(str, cells))} |")

    def ratio(key: str, above: str, below: str) -> str:
        whole = {title: run.get(key) for title, run in runs.items() if run["code"] == 0}
        one, other = whole.get(above), whole.get(below)
        return f"{one / other:.2f}" if one and other else "not measured"

    unsloth, plain = "job, tutorial on Unsloth", "steady, tutorial on TRL + PEFT + bitsandbytes"
    lines += [
        f"tokens/s, ours ÷ the tutorial's on Unsloth: {ratio('tokens_per_second', 'steady, ours', unsloth)} (bar 12)",
        f"tokens/s, ours ÷ the tutorial's on TRL: {ratio('tokens_per_second', 'steady, ours', plain)} (bar 50)",
        f"wall time of the job, ours ÷ the tutorial's on Unsloth: {ratio('wall', 'job, ours', unsloth)} (bar 0.6)",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
