import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pipeline.errors import UserError
from pipeline.files import write_text
from serve import server
from tests import http_server
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "http://127.0.0.1:11434"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":5000", "http://127.0.0.1:5000"),
        ("http://gpu-box:8080", "http://gpu-box:8080"),
        ("https://ollama.example", "https://ollama.example:443"),
        ("gpu-box", "http://gpu-box:11434"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("[::]", "http://[::1]:11434"),
        ("http://[fe80::1]:80", "http://[fe80::1]:80"),
    ],
)
def test_ollama_host_takes_ollamas_forms(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", value)
    assert server.address() == expected


BAD = [
    "host:port",
    "127.0.0.1:99999",
    "ftp://host",
    "http://[",
    "a b",
    "http://h/x",
    "127.0.0.1:0",
    "http://",
    "x" * 64,
]


@pytest.mark.parametrize("value", [*BAD, "xn--a.b"])
def test_a_malformed_ollama_host_is_one_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", value)
    with pytest.raises(UserError) as error:
        server.address()
    assert str(error.value).startswith(f"OLLAMA_HOST is {value!r}: give a host")


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> int:
    port = http_server.free_port()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
    return port


def test_a_server_is_started_found_again_and_stopped(
    workspace: Path, free_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    host = server.ensure()
    try:
        assert server.version(host)
        assert server.ensure() == host
        assert "started" not in capsys.readouterr().out.splitlines()[-1]
        if not shutil.which("ollama"):
            httpx.post(f"{host}/api/chat", json={"model": "none"})
            assert wait_for(lambda: "'none' 404" in server.REQUESTS.read_text(), 10)  # logged after it is answered
    finally:
        assert server.stop()
    assert server.version(host) is None
    assert not server.stop()


def test_a_taken_port_is_named_with_its_owner(workspace: Path, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        pattern = rf"port {free_port} is taken by .*\(pid {os.getpid()}\).*OLLAMA_HOST=127\.0\.0\.1:{free_port + 1}"
        with pytest.raises(UserError, match=pattern):
            server.ensure()


def test_a_host_elsewhere_is_not_started(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://ollama.invalid:1")
    with pytest.raises(UserError, match=r"no Ollama answers at OLLAMA_HOST=http://ollama\.invalid:1"):
        server.ensure()


def test_a_stale_pid_file_is_no_error(workspace: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for state in ({"pid": ended.pid, "started": "1"}, {"pid": os.getpid(), "started": "1"}):
        write_text(server.PID_FILE, json.dumps(state))
        assert not server.stop()
        assert not server.PID_FILE.exists()


def test_a_server_that_does_not_start_says_why(
    workspace: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = workspace / "ollama"
    program.write_text("#!/bin/sh\necho no room for models >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{workspace}:{os.environ['PATH']}")
    with pytest.raises(UserError, match="the server did not start: no room for models"):
        server.ensure()
    assert not server.PID_FILE.exists()
