"""Server and client are killed in the middle of a batch: every page has its record, once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.config import Config

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
N = 600
OUT = Path("out.jsonl")


def spawn(*module: str, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OLLAMA_HOST": f"127.0.0.1:{port}"}
    return subprocess.Popen([sys.executable, "-m", *module], env=environment, stderr=subprocess.DEVNULL)


def answered(n: int) -> None:
    """Wait until so many lines are there."""
    deadline = time.monotonic() + 120
    while not OUT.exists() or OUT.read_bytes().count(b"\n") < n:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_every_page_has_its_record_once(config: Config) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pages = [json.dumps({"id": n, "input": f"<p>Lamp {n}"}) + "\n" for n in range(N)]
    Path("in.jsonl").write_text("".join(pages))
    client = ("serve.extract", "--config", "c.yaml", "--in", "in.jsonl", "--out", str(OUT))
    server = spawn("tests.serve.scripted", str(port), port=port)
    asking = spawn(*client, port=port)
    try:
        for n, who in ((60, "server"), (140, "client"), (220, "server"), (320, "client"), (420, "server")):
            answered(n)
            if who == "server":
                kill(server)
                server = spawn("tests.serve.scripted", str(port), port=port)
            else:
                kill(asking)
                with OUT.open("ab") as file:
                    file.write('{"id": "torn", "record": {"a": "Grö'.encode()[:-1])
                asking = spawn(*client, port=port)
        assert asking.wait(timeout=120) == 0
    finally:
        for process in (server, asking):
            kill(process)
    lines = [json.loads(line) for line in OUT.read_bytes().splitlines()]
    assert sorted(int(line["id"]) for line in lines) == list(range(N))
    assert all(line["record"] == {"a": f"Lamp {line['id']}"} for line in lines)
