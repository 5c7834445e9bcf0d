"""A server that speaks Ollama's API: the one at OLLAMA_HOST, else an `ollama` program, else the embedded engine."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.config import Config
from serve.client import Extractor
from tests.http_server import free_port
from tests.serve import tiny
from tests.serve.scripted import Scripted, exported

TEMPLATE = "<|user|>{{ .Prompt }}<|end|><|assistant|>"
PARAMETERS = {"temperature": 0, "num_ctx": 512, "stop": ["<|end|>"]}


@dataclass
class Api:
    """A running server and what the tests ask of it."""

    http: httpx.Client
    embedded: bool
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """`body`: an object is sent as JSON, bytes as they are."""
        return self.http.request(method, path, **({"content": body} if isinstance(body, bytes) else {"json": body}))

    def push(self, content: bytes) -> str:
        """Upload a blob; its digest."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        assert self.call("POST", f"/api/blobs/{digest}", content).status_code in (200, 201)
        return digest

    def create(self, model: str, content: bytes, **settings: Any) -> httpx.Response:
        body = {"model": model, "files": {"m.gguf": self.push(content)}, "stream": False}
        return self.call("POST", "/api/create", body | settings)

    def chat(self, content: str = "<b>hi</b>", **settings: Any) -> httpx.Response:
        """One greedy chat; `settings` overlay the body, `options` its options."""
        options = {"num_predict": 8, "seed": 1, "temperature": 0, "num_ctx": 512} | settings.pop("options", {})
        body = {"model": "contract:f16", "messages": [{"role": "user", "content": content}], "stream": False}
        return self.call("POST", "/api/chat", body | {"options": options} | settings)


@contextmanager
def embedded(models: Path, arguments: tuple[str, ...] = (), **environment: str) -> Iterator[Api]:
    """The embedded engine on a free port, with more arguments, and more variables in its environment."""
    command = [sys.executable, "-m", "serve.embedded", "--models", str(models), "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        try:
            assert process.stdout
            ready = process.stdout.readline()
            url = next(word.rstrip(",") for word in ready.split() if word.startswith("http://"))
            with httpx.Client(base_url=url, timeout=60) as http:
                yield Api(http, True, process)
        finally:
            process.terminate()


@contextmanager
def ollama_program(program: str, models: Path) -> Iterator[Api]:
    """`ollama serve` on a free port."""
    host = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"OLLAMA_HOST": host, "OLLAMA_MODELS": str(models)}
    with (
        subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.DEVNULL, text=True) as process,
        httpx.Client(base_url=f"http://{host}", timeout=60) as http,
    ):
        try:
            for _ in range(100):
                try:
                    http.get("/")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield Api(http, False, process)
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def gguf_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The tiny model's file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tiny.write(path)
    return path.read_bytes()


@pytest.fixture(scope="session")
def any_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    models = tmp_path_factory.mktemp("models")
    if host := os.environ.get("OLLAMA_HOST"):
        with httpx.Client(base_url=host if "://" in host else f"http://{host}", timeout=60) as http:
            yield Api(http, http.get("/api/version").json()["version"].endswith("-embedded"))
    elif program := shutil.which("ollama"):
        with ollama_program(program, models) as api:
            yield api
    else:
        with embedded(models) as api:
            yield api


@pytest.fixture(scope="session")
def api(any_server: Api, gguf_bytes: bytes) -> Iterator[Api]:
    """The server with the model contract:f16."""
    answer = any_server.create("contract:f16", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS)
    assert answer.json() == {"status": "success"}
    yield any_server
    for model in any_server.http.get("/api/tags").json()["models"]:
        if model["name"].startswith("contract"):
            any_server.call("DELETE", "/api/delete", {"model": model["name"]})


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted().running() as server:
        yield server


@pytest.fixture
def config(workspace: Path, toy_base: Path) -> Config:
    """An exported and served run."""
    return exported(workspace, toy_base)


@pytest.fixture
def extractor(config: Config, scripted: Scripted) -> Extractor:
    return Extractor(config, "q4_k_m", scripted.url)
