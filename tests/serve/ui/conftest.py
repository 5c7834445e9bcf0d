"""The page's server on a free port, over a run whose model answers what a test says."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from extraction.json import Json
from extraction.parse import Answer, Status
from extraction.prompt import page as read_by_model
from pipeline.files import write_jsonl, write_text
from serve.result import Extraction
from serve.ui import runs
from serve.ui.app import Session, application
from serve.ui.batch import Batch

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": ["string", "null"]}, "price": {"type": ["number", "null"]}},
    "required": ["name", "price"],
    "additionalProperties": False,
}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@dataclass
class Scripted:
    """Stands in for serve.client.Extractor: `record` is its answer to every page."""

    model: str
    record: Json | None
    schema: Json = field(default_factory=lambda: SCHEMA)

    def reading(self, page: str) -> str:
        return read_by_model(page)

    def ask(self, page: str) -> Extraction:
        answer = Answer(self.record, Status.OK if self.record else Status.NOT_JSON, "" if self.record else "no JSON")
        probability = {name: 0.75 for name in self.record or {}}
        return Extraction(
            answer=answer,
            first=answer,
            retried=False,
            probability=probability,
            unsure=[],
            page=page,
            read=read_by_model(page),
            text="",
            parts=1,
            prompt_tokens=10,
            answer_tokens=5,
            seconds=0.1,
            prompt_seconds=0.0,
            answer_seconds=0.0,
            digest="d" * 64,
        )


@dataclass
class Ui:
    """The running page: its URL, and what the variants answer."""

    url: str
    answers: dict[str, Json | None]
    session: Session

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = {"Content-Type": "application/json"} | headers
        return httpx.post(f"{self.url}{path}", content=json.dumps(body), headers=sent)

    def extract(self, page: str, variant: str = "q4_k_m") -> Json:
        found: Json = self.post("/api/extract", {"page": page, "run": "toy", "variant": variant}).json()
        return found


@pytest.fixture
def ui(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ui]:
    folder = workspace / "artifacts" / "toy"
    write_text(folder / "data" / "schema.json", json.dumps(SCHEMA))
    rows = [{"id": f"r{i}", "input": f"<h1>Row {i}</h1>", "output": {"name": f"Row {i}", "price": i}} for i in range(3)]
    write_jsonl(folder / "data" / "test.jsonl", rows)
    right = [{"id": row["id"], "prediction": row["output"]} for row in rows]
    write_jsonl(folder / "samples" / "q4_k_m.jsonl", [*right[:2], {"id": "r2", "prediction": None}])
    write_text(folder / "config.yaml", "run: toy\n")
    digests = {"f16": "f" * 64, "q4_k_m": "d" * 64}
    served = {variant: {"model": f"toy:{variant}", "digest": digest} for variant, digest in digests.items()}
    write_text(folder / "manifest.json", json.dumps({"serve": {"served": served}}))
    answers: dict[str, Json | None] = {}
    monkeypatch.setattr(runs, "extractor", lambda run, variant, *_: Scripted(f"{run}:{variant}", answers.get(variant)))
    session = Session("http://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(application(session, port), log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Ui(f"http://127.0.0.1:{port}", answers, session)
        server.should_exit = True
        thread.join()


@pytest.fixture
def batch(ui: Ui, workspace: Path) -> Ui:
    """The page over a batch of 1,000 answers, one in ten of them failed."""
    write_jsonl(
        workspace / "rows.jsonl", [{"id": f"p{i}", "input": f"<h1>Thing {i}</h1><b>{i}</b>"} for i in range(1000)]
    )
    write_jsonl(workspace / "answers.jsonl", [answered(i) | {"model": "d" * 64} for i in range(1000)])
    ui.session.batch = Batch(workspace / "answers.jsonl", workspace / "rows.jsonl")
    return ui


def answered(i: int) -> Json:
    if i % 10 == 9:
        return {"id": f"p{i}", "record": None, "status": "not JSON", "reason": "empty", "probability": None}
    probability = {"name": 1 - (i * 37 % 1000) / 2000, "price": 0.999}
    return {"id": f"p{i}", "record": {"name": f"Thing {i}", "price": i}, "status": "ok", "probability": probability}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab whose requests to other hosts fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)  # milliseconds
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    yield page
    context.close()
    assert not [url for url in outside if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))], outside
