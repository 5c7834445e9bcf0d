"""What the embedded engine logs of a request, and that the log stays small."""

import logging
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from serve.engine import requestlog
from serve.engine.bodies import read_json
from tests.serve.conftest import embedded

SECRET = "the page's own words"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log's file, with the loggers as they were afterwards."""
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    root.handlers = []
    requestlog.begin(tmp_path / "logs" / "requests.log")
    yield tmp_path / "logs" / "requests.log"
    for handler in root.handlers:
        handler.close()
    root.handlers = kept


async def chat(request: Request) -> Response:
    body = await read_json(request, "ChatRequest")
    if body.get("stream"):
        raise RuntimeError("it broke")
    return Response(status_code=418 if body.get("raw") else 200)


def client() -> TestClient:
    app = Starlette(routes=[Route("/api/chat", chat, methods=["POST"]), Route("/", lambda _: Response())])
    return TestClient(requestlog.RequestLog(app), raise_server_exceptions=False)


def test_a_request_is_a_line_with_its_model_and_status_and_without_its_texts(log: Path) -> None:
    asking = client()
    asking.post("/api/chat", json={"model": "m:f16", "prompt": SECRET})
    asking.post("/api/chat", json={"model": "m:f16", "raw": True})
    asking.post("/api/chat", json={"model": "m:f16", "stream": True})
    asking.get("/")
    asking.get(f"/nowhere?words={SECRET}")
    asking.post("/a%0Ab", json={})
    asking.post("/api/chat", json={"model": "x\n" * 500})
    lines = log.read_text().splitlines()
    ends = [line.partition("requestlog: ")[2].rpartition(" ")[0].rpartition(" ")[0] for line in lines]
    assert ends[:5] == [
        "POST '/api/chat' 'm:f16' 200",
        "POST '/api/chat' 'm:f16' 418",
        "POST '/api/chat' 'm:f16' 500",
        "GET '/nowhere' '-' 404",
        "POST '/a\\nb' '-' 404",
    ]
    assert ends[5].endswith("' 200")
    assert len(lines) == 6
    assert len(lines[5]) < 1000
    assert SECRET not in log.read_text()


def test_the_log_stays_small(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, RotatingFileHandler))
    monkeypatch.setattr(handler, "maxBytes", 1000)
    asking = client()
    for _ in range(100):
        asking.post("/api/chat", json={"model": "m:f16"})
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["requests.log", "requests.log.1"]
    assert all(file.stat().st_size <= 1000 for file in files)


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with embedded(tmp_path / "models", arguments=("--log", str(tmp_path / "file" / "requests.log"))) as api:
        assert api.call("POST", "/api/chat", {"model": "none"}).status_code == 404


def test_the_engine_logs_to_the_file_that_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "requests.log"
    with embedded(tmp_path / "models", arguments=("--log", str(path))) as api:
        api.call("POST", "/api/chat", {"model": "none", "messages": [{"role": "user", "content": SECRET}]})
        api.call("GET", "/api/tags")
    (line,) = path.read_text().splitlines()
    assert "POST '/api/chat' 'none' 404" in line
