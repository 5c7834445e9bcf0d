"""A Docker Engine, a copy of the repository, and `make RUNTIME=docker` in it, under a Compose project of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http_server import free_port

ROOT = Path(__file__).parents[2]
RUN = ("DATA=rows.jsonl", "RUN=small", "SET=training.num_train_epochs=1 eval.max_loss=1")
PROJECT = "fieldsift-test"
# Ollama's image is stood in for by the embedded engine behind its interface: root, `serve`, `list`, /root/.ollama.
OLLAMA = """#!/bin/sh
cd /app
case $1 in
serve) exec python -m serve.embedded --models /root/.ollama --host 0.0.0.0 ;;
list) exec python -c 'from urllib.request import urlopen; urlopen("http://127.0.0.1:11434/api/tags")' ;;
esac
"""
DOCKERFILE = """FROM fieldsift-serve
USER root
COPY --chown=root ollama /usr/bin/ollama
ENTRYPOINT ["/usr/bin/ollama"]
CMD ["serve"]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `docker` are skipped, with the reason, where no Docker Engine answers."""
    marked = [item for item in items if item.get_closest_marker("docker")]
    if marked and (reason := why_not()):
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


def why_not() -> str | None:
    """Why the containers cannot be run here; None where they can."""
    if not shutil.which("docker"):
        return "needs a Docker Engine, and there is no `docker` here"
    answer = subprocess.run(["docker", "info"], capture_output=True, text=True)
    return f"needs a Docker Engine: {answer.stderr.strip().splitlines()[-1]}" if answer.returncode else None


def compose() -> list[list[str]]:
    """The Compose commands that are here, Compose v2's first."""
    commands = (["docker", "compose"], ["docker-compose"])
    return [
        command
        for command in commands
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode
    ]


def docker(*arguments: str) -> str:
    """What a docker command prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def container(service: str, *options: str, project: str = PROJECT) -> str:
    """The ids of a service's running containers, with "--all" of those that ended too; empty where there is none."""
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    return docker("ps", "-q", *options, *(part for label in labels for part in ("--filter", f"label={label}")))


def wait(condition: Callable[[], Any], seconds: float = 300) -> Any:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)
    return value


class Stack:
    """A copy of the repository whose containers, volumes and port are its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in files.splitlines():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
            if name.startswith(("extraction/", "trainer/", "serve/", "eval/")):
                (folder / name).chmod(0o600)  # as in a checkout under umask 077
        lines = (ROOT / "data" / "products.jsonl").read_text(encoding="utf-8").splitlines()
        (folder / "rows.jsonl").write_text("\n".join(lines[::14]) + "\n", encoding="utf-8")
        outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
        self.environment = outer | {
            "RUNTIME": "docker",
            "COMPOSE_PROJECT_NAME": PROJECT,
            "COMPOSE_PROFILES": "embedded",
            "PUBLISH": f"127.0.0.1:{port}",
            "COMMIT": "0123abc",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["make", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit status and output."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=1800)
        return process.returncode, output


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack without containers and volumes of an earlier test; afterwards they are removed again."""
    fresh = Stack(tmp_path_factory.mktemp("fresh"), free_port())
    fresh.make("purge", "CONFIRM=1")
    yield fresh
    fresh.make("purge", "CONFIRM=1")


@pytest.fixture
def ollama_image(stack: Stack, tmp_path: Path) -> str:
    """A stand-in for Ollama's image, from the stack's own serve image."""
    build = [*compose()[0], "-f", "docker-compose.cpu.yml", "build", "embedded"]
    subprocess.run(build, cwd=stack.folder, env=stack.environment, check=True, capture_output=True)
    (tmp_path / "ollama").write_text(OLLAMA)
    (tmp_path / "ollama").chmod(0o755)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    docker("build", "--quiet", "--tag", f"{PROJECT}-ollama", str(tmp_path))
    return f"{PROJECT}-ollama"
