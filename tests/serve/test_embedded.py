"""What is the embedded engine's own: its process, its model folder, crashes, waiting, unloading."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.engine import bodies, protocol
from serve.engine.store import parse_name
from tests.serve.conftest import PARAMETERS, TEMPLATE, Api, embedded
from tests.waiting import wait_for

ENDLESS = {"type": "array", "items": {"enum": list(range(1000, 1100))}, "minItems": 1000}  # many seconds


def started(models: Path, gguf_bytes: bytes) -> Iterator[Api]:
    with embedded(models, OLLAMA_NUM_PARALLEL="1") as api:
        api.create("contract:f16", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS)
        yield api


@pytest.fixture
def own(tmp_path: Path, gguf_bytes: bytes) -> Iterator[Api]:
    """An embedded engine that the test may end."""
    yield from started(tmp_path / "models", gguf_bytes)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, gguf_bytes: bytes) -> Iterator[Api]:
    """An embedded engine for the tests that leave it running."""
    yield from started(tmp_path_factory.mktemp("shared"), gguf_bytes)


def children(api: Api) -> list[int]:
    """The processes that hold loaded models."""
    assert api.process
    pid = api.process.pid
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def long_chat(stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": "u"}]
    options = {"num_predict": 20_000, "num_ctx": 2048}
    return {"model": "contract:f16", "messages": messages, "format": ENDLESS, "options": options, "stream": stream}


def test_a_fresh_folder_is_empty(tmp_path: Path) -> None:
    with embedded(tmp_path) as api:
        assert api.call("GET", "/api/tags").json() == {"models": []}
        assert api.call("GET", "/api/ps").json() == {"models": []}


def test_models_outlive_the_server(own: Api, tmp_path: Path) -> None:
    before = own.call("GET", "/api/tags").json()
    with embedded(tmp_path / "models") as again:
        assert again.call("GET", "/api/tags").json() == before


def test_deleting_the_last_name_removes_the_blobs(own: Api, tmp_path: Path) -> None:
    own.call("POST", "/api/copy", {"source": "contract:f16", "destination": "contract:b"})
    own.call("DELETE", "/api/delete", {"model": "contract:f16"})
    blobs = tmp_path / "models" / "blobs"
    assert len(list(blobs.iterdir())) == 4
    own.call("DELETE", "/api/delete", {"model": "contract:b"})
    assert list(blobs.iterdir()) == []


def test_a_crashed_runner_fails_one_answer_only(shared: Api) -> None:
    with shared.http.stream("POST", "/api/chat", json=long_chat()) as response:
        rows = response.iter_lines()
        next(rows)
        os.kill(children(shared)[0], signal.SIGKILL)
        *_, last = rows
    assert "the model runner has unexpectedly stopped" in json.loads(last)["error"]
    assert shared.chat().status_code == 200
    os.kill(children(shared)[0], signal.SIGKILL)  # while idle
    assert wait_for(lambda: not children(shared))
    assert shared.chat().status_code == 200


def test_weights_that_llama_cpp_refuses_are_a_500(shared: Api, gguf_bytes: bytes) -> None:
    shared.create("contract:odd", gguf_bytes.replace(b"output_norm", b"output_Norm"), template=TEMPLATE)
    response = shared.chat(model="contract:odd")
    assert response.status_code == 500
    assert "unable to load the model" in response.json()["error"]
    assert shared.chat().status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_the_server(shared: Api, stream: bool) -> None:
    shared.chat()
    if stream:
        with shared.http.stream("POST", "/api/chat", json=long_chat()) as response:
            next(response.iter_lines())
    else:
        with pytest.raises(httpx.ReadTimeout):
            shared.http.post("/api/chat", json=long_chat(stream=False), timeout=0.5)
    begin = time.monotonic()
    assert shared.chat(options={"num_ctx": 2048}).status_code == 200
    assert time.monotonic() - begin < 5


def test_requests_wait_for_each_other(shared: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: shared.chat("word " * n).json()["prompt_eval_count"], range(1, 9)))
    alone = [shared.chat("word " * n).json()["prompt_eval_count"] for n in range(1, 9)]
    assert found == alone
    assert len(children(shared)) == 1


def test_a_model_is_unloaded_after_keep_alive(shared: Api) -> None:
    for keep_alive, stays in (("200ms", False), (-1, True), (0, False)):
        shared.chat(keep_alive=keep_alive)
        assert wait_for(lambda: not children(shared), 1.5) is not stays
        assert bool(shared.call("GET", "/api/ps").json()["models"]) is stays


def test_num_ctx_and_shift_reload(shared: Api) -> None:
    seen = []
    for settings in ({}, {}, {"options": {"num_ctx": 1024}}, {"shift": False}):
        shared.chat(**settings)
        seen.append(children(shared)[0])
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_num_ctx_is_capped_by_the_model(shared: Api) -> None:
    shared.chat(options={"num_ctx": 100_000})
    assert shared.call("GET", "/api/ps").json()["models"][0]["context_length"] == 2048


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_children(own: Api, number: signal.Signals) -> None:
    own.chat()
    (child,) = children(own)
    assert own.process
    own.process.send_signal(number)
    assert own.process.wait(timeout=10) == 0
    assert wait_for(lambda: not Path(f"/proc/{child}").exists())


def test_the_children_end_with_a_killed_server(own: Api) -> None:
    own.chat()
    (child,) = children(own)
    assert own.process
    own.process.kill()
    assert wait_for(lambda: not Path(f"/proc/{child}").exists())


def test_a_taken_port_is_named_with_its_owner(shared: Api, tmp_path: Path) -> None:
    port = shared.url.rpartition(":")[2]
    command = [sys.executable, "-m", "serve.embedded", "--models", str(tmp_path / "m"), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert shared.process
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"port {port} is taken by" in line
    assert f"(pid {shared.process.pid})" in line


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"[]", "json: cannot unmarshal array into Go value of type api.ChatRequest"),
        (b'{"model": 3}', "json: cannot unmarshal number into Go struct field ChatRequest.model of type string"),
        (b'{"stream": "no"}', "json: cannot unmarshal string into Go struct field ChatRequest.stream of type bool"),
        (b'{"model": "x"', "unexpected EOF"),
        (b'{"model" "x"}', "invalid character '\"' after object key"),
        (b'{"model": x}', "invalid character 'x' looking for beginning of value"),
        (b'{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        (b'{"a": [1 2]}', "invalid character '2' after array element"),
        (b'{"model": "contract:f16", "messages": [], "keep_alive": "5"}', 'time: missing unit in duration "5"'),
        (b'{"model": "contract:f16", "messages": [], "keep_alive": "x"}', 'time: invalid duration "x"'),
        (b'{"model": "contract:f16", "top_logprobs": 21}', "top_logprobs must be between 0 and 20"),
        (b'{"model": "contract:f16", "tools": [{}]}', '"contract:f16" does not support tools'),
    ],
)
def test_bad_requests(api: Api, body: bytes, error: str) -> None:
    response = api.call("POST", "/api/chat", body)
    assert (response.status_code, response.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (90, 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("200ms", 0.2),
        ("0", 0),
        (-1, float("inf")),
        ("-1m", float("inf")),
    ],
)
def test_durations(value: Any, seconds: float) -> None:
    assert bodies.duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a:latest"),
        ("a:b", "a:b"),
        ("n/a:b", "n/a:b"),
        ("../x", None),
        ("a/../b", None),
        ("a:", None),
        ("", None),
        (".a", None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    found = parse_name(text)
    assert (found and str(found)) == name


def test_a_cancelled_request_is_499() -> None:
    class Gone:
        async def is_disconnected(self) -> bool:
            return True

    with pytest.raises(protocol.ApiError) as error:
        asyncio.run(protocol.cancel_on_disconnect(Gone(), asyncio.sleep(60)))  # type: ignore[arg-type]
    assert error.value.status == 499
