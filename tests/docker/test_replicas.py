"""docker-compose.replicas.yml: Compose reads it, HAProxy shares requests, and its containers answer a batch."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from tests.conftest import Served
from tests.docker.conftest import PROJECT, ROOT, compose, container, docker, wait
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


# HAProxy's image is stood in for by Debian's package, where it is not here: the same configuration, run as no root.
HAPROXY = """FROM python:3.11.14-slim-bookworm
RUN apt-get update && apt-get install --yes --no-install-recommends haproxy
USER haproxy
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
"""
REPLICAS = f"{PROJECT}-replicas"


@pytest.fixture
def haproxy_image(tmp_path: Path) -> str:
    """The image that the Compose file names, or its stand-in."""
    (named,) = re.findall(r"HAPROXY_IMAGE:-(.*)}", (ROOT / "docker-compose.replicas.yml").read_text(encoding="utf-8"))
    if docker("image", "ls", "--quiet", named):
        return named
    (tmp_path / "haproxy").mkdir()
    (tmp_path / "haproxy" / "Dockerfile").write_text(HAPROXY)
    docker("build", "--quiet", "--tag", f"{PROJECT}-haproxy", str(tmp_path / "haproxy"))
    return f"{PROJECT}-haproxy"


@pytest.fixture
def replicas(ollama_image: str, haproxy_image: str) -> Iterator[str]:
    """Two servers behind the balancer; their base URL."""
    publish = f"127.0.0.1:{free_port()}"
    settings = {"COMPOSE_PROJECT_NAME": REPLICAS, "PUBLISH": publish, "REPLICAS": "2"}
    settings |= {"OLLAMA_IMAGE": ollama_image, "HAPROXY_IMAGE": haproxy_image}

    def run(*arguments: str) -> None:
        command = [*compose()[0], "-f", "docker-compose.replicas.yml", *arguments]
        subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True, capture_output=True)

    try:
        run("up", "--detach")
        yield f"http://{publish}"
    finally:
        run("down", "--volumes")


def is_up(host: str) -> bool:
    try:
        return httpx.get(f"{host}/api/version").status_code == 200
    except httpx.TransportError:
        return False


def has_model(replica: str) -> bool:
    """Whether a replica has loaded a model: whether a page has come to it."""
    return "serve.engine.llama" in docker("top", replica)


@pytest.mark.docker
def test_two_containers_share_a_batch_and_one_that_is_killed_loses_no_page(served: Served, replicas: str) -> None:
    behind = Served(served.folder, replicas)
    wait(lambda: is_up(replicas))
    behind.stage("serve.create", "--config", "embedded.yaml")
    n, out = 400, served.folder / "out.jsonl"
    rows = [{"id": str(i), "input": f"<h1>Lamp {i}</h1><p>${i}.50</p>"} for i in range(n)]
    (served.folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("--config", "embedded.yaml", "--in", "in.jsonl", "--out", str(out))
    command = [sys.executable, "-m", "serve.extract", *options]
    first, second = container("ollama", project=REPLICAS).splitlines()
    with subprocess.Popen(command, cwd=behind.folder, env=behind.environment) as asking:
        wait(lambda: out.exists() and out.read_bytes().count(b"\n") >= 50)
        assert has_model(first)
        assert has_model(second)
        docker("kill", first)
        assert asking.wait(timeout=300) == 0
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert sorted(line["id"] for line in lines) == sorted(row["id"] for row in rows)
    assert container("ollama", project=REPLICAS) == second
