"""One step of a benchmark: a Python process with a time limit, its memory, and how busy the GPU was meanwhile."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from extraction.json import Json

KERNELS = ("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")  # compiled by one code, they would be there for the next
# As in the Makefile, which says why.
THREADS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}


class Record:
    """What is measured, by title: each step is printed and written to OUT/results.jsonl as soon as it has ended.

    A step gets no more time than is left of `seconds`, and none is begun in the last `LEAST` of them.
    """

    LEAST = 3.0

    def __init__(self, out: Path, seconds: float) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.end = out, time.monotonic() + seconds
        self.steps: dict[str, Json] = {}

    def enter(self, title: str, step: Json) -> None:
        """Enter a step, shown without answers and output, which the file has."""
        self.steps[title] = step
        with (self.out / "results.jsonl").open("a") as file:
            file.write(json.dumps({"title": title} | step) + "\n")
        shown = {key: value for key, value in step.items() if key not in ("answers", "output")}
        print(f"benchmark: {time.strftime('%T')} {title}: {json.dumps(shown)}", flush=True)
        if step.get("code"):
            print(step.get("output", "")[-1500:], flush=True)

    def run(self, title: str, folder: Path, command: Sequence[str], limit: float) -> str:
        """Run Python with `command` on the code in `folder`; enters what it took. Its output."""
        limit = min(limit, self.end - time.monotonic())
        if limit < self.LEAST:
            self.enter(title, {"code": 125, "seconds": 0.0, "output": "not begun: no time was left"})
            return ""
        name = "".join(letter if letter.isalnum() else "-" for letter in title)
        path = self.out / f"{name}.log"  # there while the step runs
        with path.open("w+") as log:
            began = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment(folder),
                start_new_session=True,
            )
            watch = Watch(process.pid)
            try:
                code = process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                code = 124
            with contextlib.suppress(ProcessLookupError):  # what a step leaves running would hold the GPU
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            step: Json = {"code": code, "seconds": round(time.monotonic() - began, 1)} | watch.stop()
            log.seek(0)
            output = log.read()
        path.unlink()
        if code:
            step["output"] = output[-3000:] or "no output"
        self.enter(title, step)
        return output


def environment(folder: Path) -> dict[str, str]:
    """Of a process that runs the code in `folder`, with kernels that only this code has compiled."""
    kernels = {name: str(folder / "artifacts" / ".kernels" / name.lower()) for name in KERNELS}
    return offline(folder) | THREADS | kernels


def offline(folder: Path) -> dict[str, str]:
    """This environment for a process that runs the code in `folder` and asks no hub."""
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    hubs = {name: "1" for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")}
    return os.environ | hubs | {"PYTHONPATH": path}


class Watch:
    """Peak memory of a process with its children (GB, shared pages once each), and the GPU's busy share meanwhile.

    `gpu_busy_late` is that of the last third, in which a training run is past its imports.
    """

    def __init__(self, pid: int) -> None:
        self.process, self.ended = psutil.Process(pid), threading.Event()
        self.peak, self.busy = 0.0, list[float]()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def stop(self) -> Json:
        self.ended.set()
        self.thread.join(10)
        late = self.busy[-(len(self.busy) // 3) :]
        busy, steady = (round(sum(part) / len(part), 3) if part else None for part in (self.busy, late))
        return {"peak_gb": round(self.peak, 2), "gpu_busy": busy, "gpu_busy_late": steady}

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
    """The share of the last moment in which the first GPU ran a kernel, 0 to 1; None without NVIDIA's library."""
    try:
        import pynvml

        pynvml.nvmlInit()
        gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetUtilizationRates(gpu)
    except Exception:  # whatever it lacks here, the benchmark goes on without this column
        return None
    return lambda: float(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu) / 100
