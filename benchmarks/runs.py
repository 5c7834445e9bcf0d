"""Runs of trainer.train for the training benchmark, each in a process of its own with a time limit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import Watch, offline
from extraction.json import Json
from pipeline.files import write_text

ENTERING = threading.Lock()  # runs that share a GPU end at the same time
SHOWN = ("code", "wall", "gpu_busy_late", "tokens_per_second", "peak_gib", "loss", "validation_loss", "phases")


def arguments(title: str, config: str, data: Path, settings: Sequence[str]) -> list[str]:
    """The options of every stage of a run."""
    return ["--config", config, "--run", folder(title), "--set", f"data.path={data}", *settings]


def folder(title: str) -> str:
    """The name of a run's folder under artifacts/."""
    return "".join(letter if letter.isalnum() else "-" for letter in title)


def train(
    record: Json, title: str, config: str, data: Path, settings: Sequence[str], limit: float, n_gpus: int = 1
) -> None:
    """One run of trainer.train; its facts go into the record, or the end of its output where it fails."""
    run = Path("artifacts") / folder(title)
    shutil.rmtree(run, ignore_errors=True)
    options = arguments(title, config, data, settings)
    call([sys.executable, "-m", "pipeline.data", *options], 30)
    # Without the `--` torchrun would take --run for one of its own options.
    team = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(n_gpus), "-m", "--"] if n_gpus > 1 else []
    started = time.monotonic()
    code, output, seen = watched([sys.executable, "-m", *team, "trainer.train", *options], limit)
    wall = round(time.monotonic() - started, 1)
    entry: Json = {"config": config, "settings": list(settings), "n_gpus": n_gpus, "wall": wall, "code": code}
    entry |= seen
    manifest = run / "manifest.json"
    facts = json.loads(manifest.read_text()).get("train", {}) if manifest.is_file() else {}
    entry |= {key: value for key, value in facts.items() if key not in ("inputs", "outputs")}
    if code:
        entry["output"] = output[-3000:]
    enter(record, title, entry)


def packed(record: Json, title: str, like: str, limit: float) -> None:
    """One run of benchmarks/packed.py on the config and the data of the run `like`."""
    started = time.monotonic()
    given = record["runs"][like]
    shutil.rmtree(Path("artifacts") / folder(title), ignore_errors=True)
    shutil.copytree(Path("artifacts") / folder(like) / "data", Path("artifacts") / folder(title) / "data")
    shutil.copy(Path("artifacts") / folder(like) / "manifest.json", Path("artifacts") / folder(title))
    options = ["--config", given["config"], "--run", folder(title), "--set", *given["settings"]]
    code, output, seen = watched([sys.executable, "-m", "benchmarks.packed", *options], limit)
    entry: Json = {"config": "benchmarks/packed.py", "wall": round(time.monotonic() - started, 1), "code": code} | seen
    entry |= json.loads(output.strip().splitlines()[-1]) if code == 0 else {"output": output[-3000:]}
    enter(record, title, entry)


def enter(record: Json, title: str, entry: Json) -> None:
    """Enter a run, written to record["out"] and shown as soon as it has ended."""
    with ENTERING:
        record["runs"][title] = entry
        write_text(Path(record["out"]), json.dumps(record, indent=1))
    print(f"benchmark: {title}: {json.dumps({key: entry.get(key) for key in SHOWN})}", flush=True)


def call(command: list[str], limit: float) -> tuple[int, str]:
    """Exit status (124 past the limit) and output of a command, which is also said where it fails."""
    return watched(command, limit)[:2]


def watched(command: list[str], limit: float) -> tuple[int, str, Json]:
    """As `call`, and what benchmarks.measure.Watch saw of it."""
    print(f"benchmark: {time.strftime('%T')} {' '.join(command[1:])}", flush=True)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=offline(Path.cwd()),
    )
    watch = Watch(process.pid)
    try:
        output, code = process.communicate(timeout=limit)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, code = process.communicate()[0], 124
    if code:
        print(f"benchmark: exit status {code}\n{output[-4000:]}", flush=True)
    return code, output, watch.stop()


def stop(number: int, _frame: Any) -> None:
    """End the runs with the benchmark: in sessions of their own they would go on and hold the GPU."""
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(128 + number)  # the threads of part_quality would start the next run
