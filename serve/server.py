"""Which server answers: the one at OLLAMA_HOST, else an `ollama` program, else the embedded engine; start it, stop it.

What we start is left running. Its pid, logs and models are in artifacts/.server/.

    python -m serve.server start | stop
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from pipeline.errors import UserError, run
from pipeline.files import write_text
from serve.ports import address as address
from serve.ports import bracketed, owner

FOLDER = Path("artifacts/.server")
PID_FILE = FOLDER / "server.json"
LOG = FOLDER / "server.log"
REQUESTS = FOLDER / "requests.log"  # of the embedded engine
START_SECONDS = 30.0
STOP_SECONDS = 10.0


def version(host: str) -> str | None:
    """The version that a server at `host` answers; None where no Ollama answers."""
    try:
        answer = httpx.get(f"{host}/api/version", timeout=5.0)
        return str(answer.json()["version"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def ensure() -> str:
    """Base URL of a server that answers; starts one where none does."""
    host = address()
    if found := version(host):
        print(f"serve: Ollama {found} at {host}", flush=True)
        return host
    url = urlsplit(host)
    name, port = url.hostname or "", url.port or 0
    if name not in ("127.0.0.1", "localhost", "::1"):
        raise UserError(f"no Ollama answers at OLLAMA_HOST={host}: start it there or unset OLLAMA_HOST")
    if taken(name, port):
        raise UserError(
            f"port {port} is taken by {owner(port)}, which is not an Ollama: stop it or set"
            f" OLLAMA_HOST=127.0.0.1:{port + 1}"
        )
    start(name, port)
    print(f"serve: started Ollama {version(host)} at {host} (log: {LOG})", flush=True)
    return host


def taken(name: str, port: int) -> bool:
    """Whether something listens on a port."""
    try:
        socket.create_connection((name, port), timeout=2.0).close()
    except OSError:
        return False
    return True


def start(name: str, port: int) -> None:
    """Start `ollama serve` or the embedded engine in the background and wait until it answers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = shutil.which("ollama")
    embedded = [
        sys.executable,
        "-m",
        "serve.embedded",
        "--models",
        str(FOLDER / "models"),
        "--host",
        name,
        "--port",
        str(port),
        "--log",
        str(REQUESTS),
    ]
    environment = os.environ | {"OLLAMA_HOST": f"{bracketed(name)}:{port}"}
    with LOG.open("ab") as log:
        child = subprocess.Popen(
            [program, "serve"] if program else embedded,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,  # a Ctrl-C of the caller is not for it
        )
    write_text(PID_FILE, json.dumps({"pid": child.pid, "started": started(child.pid)}))
    deadline = time.monotonic() + START_SECONDS
    while not version(f"http://{bracketed(name)}:{port}"):
        if child.poll() is not None or time.monotonic() > deadline:
            last = (LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing in its log"])[
                -1
            ]
            stop()
            raise UserError(f"the server did not start: {last} (log: {LOG})")
        time.sleep(0.1)
    child.returncode = 0  # it outlives us; without this its Popen would warn when it is collected


def started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None where there is no such process (or it is a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def stop() -> bool:
    """End the server that we started; False where there is none. A stale pid file is removed and is no error."""
    if not PID_FILE.is_file():
        return False
    state: dict[str, Any] = json.loads(PID_FILE.read_text())
    pid = int(state["pid"])
    alive = started(pid) is not None and started(pid) == state["started"]
    if alive:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while started(pid) == state["started"] and time.monotonic() < deadline:
            time.sleep(0.05)
        if started(pid) == state["started"]:
            os.kill(pid, signal.SIGKILL)
    PID_FILE.unlink(missing_ok=True)
    return alive


def main() -> None:
    match sys.argv[1:]:
        case ["start"]:
            ensure()
        case ["stop"]:
            print("serve: stopped" if stop() else "serve: nothing to stop: `make serve` has started no server")
        case _:
            raise UserError("usage: python -m serve.server start | stop")


if __name__ == "__main__":
    run(main)
