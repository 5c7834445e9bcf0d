"""Servers, clients and Ray workers are killed in the middle of a batch: every page has its record, once."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.config import Config
from tests.http_server import free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
N = 600
OUT = Path("out.jsonl")


def spawn(*module: str, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OLLAMA_HOST": f"127.0.0.1:{port}"}
    return subprocess.Popen([sys.executable, "-m", *module], env=environment, stderr=subprocess.DEVNULL)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def serve(port: int) -> subprocess.Popen[bytes]:
    """A scripted server that listens."""
    server = spawn("tests.serve.scripted", str(port), port=port)
    assert wait_for(lambda: listens(port), 60)
    return server


def answered(n: int) -> None:
    """Wait until so many lines are there."""
    assert wait_for(lambda: OUT.exists() and OUT.read_bytes().count(b"\n") >= n, 120)


def kill(process: subprocess.Popen[bytes] | psutil.Process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def write_pages(n: int) -> tuple[str, ...]:
    """Write so many pages; the command that extracts them."""
    Path("in.jsonl").write_text("".join(json.dumps({"id": i, "input": f"<p>Lamp {i}"}) + "\n" for i in range(n)))
    return ("serve.extract", "--config", "c.yaml", "--in", "in.jsonl", "--out", str(OUT))


def each_once(n: int) -> None:
    """Every page has its own record, once."""
    lines = [json.loads(line) for line in OUT.read_bytes().splitlines()]
    assert sorted(int(line["id"]) for line in lines) == list(range(n))
    assert all(line["record"] == {"a": f"Lamp {line['id']}"} for line in lines)


def test_every_page_has_its_record_once(config: Config) -> None:
    port, client = free_port(), write_pages(N)
    server = serve(port)
    asking = spawn(*client, port=port)
    try:
        for n, who in ((60, "server"), (140, "client"), (220, "server"), (320, "client"), (420, "server")):
            answered(n)
            if who == "server":
                kill(server)
                server = serve(port)
            else:
                kill(asking)
                with OUT.open("ab") as file:
                    file.write('{"id": "torn", "record": {"a": "Grö'.encode()[:-1])
                asking = spawn(*client, port=port)
        assert asking.wait(timeout=120) == 0
    finally:
        for process in (server, asking):
            kill(process)
    each_once(N)


def ray_workers(driver: int) -> list[psutil.Process]:
    """The actors that ask, of a Ray that a process started."""
    found = psutil.Process(driver).children(recursive=True)
    return [process for process in found if process.cmdline()[:1] and "Asker" in process.cmdline()[0]]


def test_a_ray_worker_a_server_and_the_client_are_killed(config: Config) -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    n, ports = 2000, (free_port(), free_port())
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    client = (*write_pages(n), "--ray", "--hosts", hosts)
    servers = [serve(port) for port in ports]
    asking = spawn(*client, port=1)
    try:
        answered(1)
        kill(ray_workers(asking.pid)[0])
        answered(500)
        kill(servers[1])
        answered(900)
        servers[1] = serve(ports[1])
        answered(1200)
        kill(asking)
        asking = spawn(*client, port=1)
        assert asking.wait(timeout=120) == 0
    finally:
        for process in (*servers, asking):
            kill(process)
    each_once(n)
