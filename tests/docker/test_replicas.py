"""docker-compose.replicas.yml: Compose reads it, and HAProxy, where it is installed, shares requests as it says."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from tests.docker.conftest import ROOT, compose
from tests.http_server import free_port
from tests.serve.scripted import DIGEST, GOOD, Scripted

BALANCER = (ROOT / "docker" / "haproxy.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", compose(), ids=" ".join)
def test_so_many_servers_behind_one_port(command: list[str]) -> None:
    settings = {"REPLICAS": "3", "PUBLISH": "127.0.0.1:5000"}
    command = [*command, "-f", "docker-compose.replicas.yml", "config"]
    printed = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=True)
    services = yaml.safe_load(printed.stdout)["services"]
    assert int(services["ollama"]["scale"]) == 3
    assert [name for name, service in services.items() if "ports" in service] == ["balancer"]
    assert all(re.search(r":\d+\.\d+\.\d+$", service["image"]) for service in services.values())
    (template,) = re.findall(r"server-template (\w+) \d+ (\w+):11434", BALANCER)
    assert set(template) <= services.keys()


@contextmanager
def haproxy(folder: Path, *servers: Scripted) -> Iterator[str]:
    """The balancer, with these servers in place of those that Docker's DNS names; its base URL."""
    port = free_port()
    named = [f"    server s{n} 127.0.0.1:{one.server_port} check inter 200ms" for n, one in enumerate(servers)]
    text = re.sub(r"^ *server-template .*", "\n".join(named), BALANCER, flags=re.MULTILINE)
    (folder / "haproxy.cfg").write_text(text.replace("bind :11434", f"bind 127.0.0.1:{port}"))
    with subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]) as process:
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/api/version").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs HAProxy")
def test_requests_are_shared_and_a_server_that_is_gone_gets_none(tmp_path: Path) -> None:
    with Scripted().running() as first, Scripted().running() as second:
        first.replies, second.replies = [(200, GOOD)], [(200, GOOD)]
        with haproxy(tmp_path, first, second) as host, httpx.Client(base_url=host) as http:
            assert http.get("/api/tags").json()["models"][0]["digest"] == DIGEST
            assert {http.post("/api/chat", json={}).status_code for _ in range(10)} == {200}
            assert len(first.requests) == len(second.requests) == 5
            second.socket.close()
            time.sleep(1)  # three checks; until then HTTP 502, after which `extract` asks again
            assert {http.post("/api/chat", json={}).status_code for _ in range(10)} == {200}
            assert len(first.requests) == 15
