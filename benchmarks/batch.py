"""A long batch through a served run while server and client are killed: is every record there once, and what it takes.

Repeats the run's test pages to N rows, extracts them with serve.extract, kills the server that serve.server started
three times and the client twice, and prints the records, the duplicates, pages a second and the client's peak memory.

    make serve && python -m benchmarks.batch --run embedded --rows 10000
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from extraction.json import Json
from pipeline.errors import UserError, run
from pipeline.files import read_jsonl
from serve.server import PID_FILE, ensure

KILLED = ("server", "client", "server", "client", "server")


def main(name: str, n_rows: int) -> None:
    folder = Path("artifacts") / name
    source, target = folder / "batch.jsonl", folder / "batch.records.jsonl"
    pages = read_jsonl(folder / "data" / "test.jsonl")
    with source.open("w", encoding="utf-8") as file:
        for number in range(n_rows):
            row = {"id": str(number), "input": pages[number % len(pages)]["input"]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    target.unlink(missing_ok=True)
    ensure()
    started = time.monotonic()
    status = survive(name, source, target, n_rows)
    seconds = time.monotonic() - started
    ids = [line["id"] for line in lines(target)]
    figures = {
        "rows": n_rows,
        "records": len(set(ids)),
        "twice": len(ids) - len(set(ids)),
        "failed": sum(line["record"] is None for line in lines(target)),
        "pages_per_second": round(n_rows / seconds, 2),
        "client_peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "exit_status": status,
    }
    print(json.dumps(figures))


def survive(name: str, source: Path, target: Path, n_rows: int) -> int:
    """The exit status of the client that is left after all kills, spread evenly over the rows."""
    client = start(name, source, target)
    for number, who in enumerate(KILLED, 1):
        until(target, client, number * n_rows // (len(KILLED) + 1))
        if who == "client":
            client.send_signal(signal.SIGKILL)
            client.wait()
            client = start(name, source, target)
        else:
            os.kill(json.loads(PID_FILE.read_text())["pid"], signal.SIGKILL)
            time.sleep(1)
            ensure()
    return client.wait()


def start(name: str, source: Path, target: Path) -> subprocess.Popen[bytes]:
    options = ["--config", f"artifacts/{name}/config.yaml", "--in", str(source), "--out", str(target)]
    return subprocess.Popen([sys.executable, "-m", "serve.extract", *options])


def until(target: Path, client: subprocess.Popen[bytes], n: int) -> None:
    """Wait until `target` has `n` lines."""
    while not target.is_file() or sum(1 for _ in lines(target)) < n:
        if client.poll() is not None:
            raise UserError(f"the client ended with exit status {client.returncode} before {n} rows: see above")
        time.sleep(1)


def lines(target: Path) -> Iterator[Json]:
    """The whole lines."""
    with target.open("rb") as file:
        yield from (json.loads(line) for line in file if line.endswith(b"\n"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", dest="name", default="embedded", help="a run that `make serve` has served")
    parser.add_argument("--rows", dest="n_rows", type=int, default=10_000)
    run(partial(main, **vars(parser.parse_args())))
