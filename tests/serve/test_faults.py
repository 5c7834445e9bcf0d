"""What a hostile or broken client, page, file or folder can do to the embedded engine: nothing to anybody else."""

import asyncio
import json
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

from serve.engine.bodies import read_json
from serve.engine.header import BrokenError
from serve.engine.origins import allowed_origins, is_local_host
from serve.engine.protocol import ApiError
from serve.engine.store import CONFIG, MEDIA, Store, parse_name
from serve.engine.weights import read
from tests.serve.conftest import PARAMETERS, TEMPLATE, Api, embedded
from tests.serve.test_embedded import long_chat, started

JSON = "application/json; charset=utf-8"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, gguf_bytes: bytes) -> Iterator[Api]:
    yield from started(tmp_path_factory.mktemp("faults"), gguf_bytes)


def memory_mb(api: Api) -> float:
    """The most that the server's process has held."""
    assert api.process
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "192.168.1.2"}, 200),
        ({"Host": "box.local"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "8.8.8.8"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "app://obsidian.md"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_foreign_hosts_and_origins_are_refused(own: Api, headers: dict[str, str], status: int) -> None:
    response = own.http.get("/api/tags", headers=headers)
    assert response.status_code == status
    assert response.headers.get("access-control-allow-origin") == (headers.get("Origin") if status == 200 else None)


def test_another_site_cannot_swap_a_model(own: Api) -> None:
    body = json.dumps({"source": "contract:f16", "destination": "contract:swapped"})
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    assert own.http.post("/api/copy", content=body, headers=headers).status_code == 403
    assert "contract:swapped" not in own.call("GET", "/api/tags").text


def test_a_preflight_is_answered(own: Api) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Headers": "content-type"}
    response = own.http.options("/api/chat", headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-headers"] == "content-type"


def test_ollama_origins_adds_origins() -> None:
    assert allowed_origins("'http://a.example, chrome-extension://*'")[:2] == (
        "http://a.example",
        "chrome-extension://*",
    )
    assert not any(is_local_host(host) for host in ("[", "127.0.0.1.evil.example", "1.1.1.1:80"))
    assert all(is_local_host(host) for host in ("", "[::1]:11434", "LOCALHOST", "10.0.0.1", "0.0.0.0"))


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", '{"model": "contract:f16", "messages": ' + DEEP),
        ("/api/chat", '{"model": "contract:f16", "messages": [{}], "format": ' + '{"items": ' * 900 + "1" + "}" * 901),
        ("/api/chat", '{"model": "contract:f16", "messages": [3]}'),
        ("/api/chat", '{"model": "contract:f16", "messages": [{"role": "user", "content": [1]}]}'),
        ("/api/chat", '{"model": "contract:f16", "top_logprobs": 1e400}'),
        ("/api/chat", '{"model": "contract:f16", "keep_alive": [1]}'),
        ("/api/chat", '{"model": "contract:f16", "keep_alive": NaN}'),
        ("/api/chat", '{"model": "contract:f16", "messages": [], "options": {"num_ctx": 1e400}}'),
        ("/api/chat", '{"model": "contract:f16", "messages": [], "options": {"num_ctx": ' + "9" * 5000 + "}}"),
        ("/api/chat", '{"model": "\\ud800"}'),
        ("/api/chat", '{"model": "a/b/c/d\\u0000"}'),
        ("/api/generate", '{"model": "contract:f16", "prompt": "x", "context": ["a"]}'),
        ("/api/generate", '{"model": "contract:f16", "prompt": "x", "template": "{{ ' + '\\"a\\" ' * 24 + '"}'),
        ("/api/generate", '{"model": "contract:f16", "prompt": "x", "images": ["eA=="]}'),
        ("/api/create", '{"model": "x", "files": {"a": 3}}'),
        ("/api/create", '{"model": "x", "files": {"a": "../../etc/passwd"}}'),
        ("/api/create", '{"model": "x", "from": "contract:f16", "parameters": {"stop": {}}, "template": "{{ if"}'),
        ("/api/show", '{"model": "\\u0000"}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": [{"role": "user", "content": null}]}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": [{"role": 3, "content": "x"}]}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": [{}], "response_format": 3}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": [{}], "response_format": {"json_schema": 3}}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": [{"content": "x"}], "stop": 3}'),
        ("/v1/chat/completions", '{"model": "contract:f16", "messages": ["x"], "stream": true, "stream_options": 3}'),
    ],
)  # fmt: skip
def test_odd_requests_are_refused_in_json(own: Api, path: str, body: str) -> None:
    response = own.http.post(path, content=body.encode(), timeout=20)
    assert 400 <= response.status_code <= 500
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["error"]
    assert response.status_code < 500 or path == "/api/generate" or "option" in response.text


def test_half_a_character_is_replaced(own: Api) -> None:
    body = '{"model": "contract:f16", "stream": false, "options": {"num_predict": 1}, "prompt": "a\\ud800b"}'
    assert own.call("POST", "/api/generate", body.encode()).status_code == 200


ODD_ENDS = "one\u2028two\u2029three\x85four\x1cfive"


@pytest.mark.parametrize("stream", [False, True])
def test_what_python_takes_for_a_line_end_ends_no_line(own: Api, stream: bool) -> None:
    response = own.chat(format={"enum": [ODD_ENDS]}, stream=stream, options={"num_predict": 200})
    assert response.status_code == 200
    chunks = [json.loads(line) for line in response.iter_lines()]  # as clients in Python read them
    assert json.loads("".join(chunk["message"]["content"] for chunk in chunks)) == ODD_ENDS
    assert chunks[-1]["done"]


def test_a_huge_body_is_refused_unread(own: Api) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"model": "'
        for _ in range(1000):
            yield b"x" * 2**20

    for headers in ({"Content-Length": str(11 + 1000 * 2**20)}, {}):
        before = memory_mb(own)
        try:
            status = own.http.post("/api/chat", content=endless(), headers=headers).status_code
        except httpx.TransportError:  # it hung up while we still sent
            status = 413
        assert status == 413
        assert memory_mb(own) - before < 100
    assert own.chat().status_code == 200


def test_a_client_that_stops_reading_holds_no_slot(own: Api) -> None:
    own.chat(options={"num_ctx": 2048})
    body = json.dumps(long_chat() | {"options": {"num_predict": 1500, "num_ctx": 2048}}).encode()
    request = b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    host, _, port = own.url.removeprefix("http://").partition(":")
    with ExitStack() as lazy:
        for _ in range(2 * (os.cpu_count() or 1) + 1):  # more than there are slots
            client = lazy.enter_context(socket.create_connection((host, int(port))))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.sendall(request)
        time.sleep(0.3)
        assert own.chat(options={"num_ctx": 2048}).status_code == 200


LIMITED = (
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400));"
    "sys.argv[0] = 'serve.embedded'; runpy.run_module('serve.embedded', run_name='__main__')"
)


def test_more_idle_connections_than_descriptors_leave_it_answering(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", LIMITED, "--models", str(tmp_path / "m"), "--port", "0"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout
        port = int(process.stdout.readline().split("http://127.0.0.1:")[1].split(",")[0])
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(440)]
        try:
            for half in idle[::2]:
                half.send(b"POST /api/chat HTTP/1.1\r\nContent-")
            for _ in range(3):
                assert httpx.get(f"http://127.0.0.1:{port}/api/version", timeout=10).status_code == 200
        except BaseException:
            print(log.read_text())
            raise
        finally:
            for connection in idle:
                connection.close()
            process.terminate()
    assert log.stat().st_size < 10_000


def test_a_request_that_is_given_up_is_no_fault_of_the_servers() -> None:
    class Gone:
        headers: Mapping[str, str] = MappingProxyType({})

        async def stream(self) -> Any:
            yield b"{"
            raise ClientDisconnect

    with pytest.raises(ApiError) as error:
        asyncio.run(read_json(Gone(), "ChatRequest"))  # type: ignore[arg-type]
    assert error.value.status == 499


def make(store: Store, name: str, text: str) -> None:
    """A model of a few small blobs, one of them shared."""
    parsed = parse_name(name)
    assert parsed
    layers = [store.add(MEDIA + "template", "shared"), store.add(MEDIA + "model", text)]
    config = dict.fromkeys(("model_format", "model_family", "model_families", "model_type", "file_type"), "")
    store.put(parsed, store.add(CONFIG, json.dumps(config)), layers)


def test_creating_and_deleting_at_once_loses_no_blob(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def churn(number: int) -> None:
        for turn in range(30):
            with store.lock:
                make(store, f"m{number}", f"weights {turn % 3}")
                assert store.get(f"m{number}")
            store.delete(f"m{(number + 1) % 4}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, range(4)))
    for model in store.all():
        assert all(store.blob(entry["digest"]).is_file() for entry in store.layers(model.name).values())


def test_one_missing_blob_or_bad_manifest_spoils_only_its_own_model(tmp_path: Path, gguf_bytes: bytes) -> None:
    with embedded(tmp_path / "models") as api:
        for name, system in (("contract:f16", "a"), ("contract:hurt", "b"), ("contract:bad", "c")):
            api.create(name, gguf_bytes, template=TEMPLATE, parameters=PARAMETERS, system=system)
        store = Store(tmp_path / "models")
        hurt, bad = parse_name("contract:hurt"), parse_name("contract:bad")
        assert hurt
        assert bad
        store.blob(store.layers(hurt)["system"]["digest"]).unlink()
        store.manifest(bad).write_text("{")
        assert [model["name"] for model in api.call("GET", "/api/tags").json()["models"]] == ["contract:f16"]
        shown = api.call("POST", "/api/show", {"model": "contract:hurt"})
        assert shown.status_code == 500
        assert shown.json()["error"].endswith("no such file or directory")
        for name in ("contract:hurt", "contract:bad"):
            assert api.call("DELETE", "/api/delete", {"model": name}).status_code == 200
        assert api.chat().status_code == 200


def mutants(content: bytes, n: int) -> Iterator[bytes]:
    """Files with one number of the header made wrong: a count, a length, a type, a dimension, an offset."""
    chooser = random.Random(1)
    header = content.index(b"blk.0.ffn_down.weight") + 60
    for _ in range(n):
        at, width = chooser.randrange(4, header), chooser.choice((4, 8))
        value = chooser.choice((2**31 - 1, 2**32 - 1, 2**40, 2**62, chooser.randrange(2**32)))
        yield content[:at] + struct.pack("<Q", value)[:width] + content[at + width :]


def test_mutated_headers_are_refused_before_anything_is_allocated(gguf_bytes: bytes, tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    refused, slowest = 0, 0.0
    resource.setrlimit(resource.RLIMIT_AS, (held + 200 * 2**20, limit[1]))
    try:
        for number, content in enumerate(mutants(gguf_bytes, 200)):
            path = tmp_path / f"{number}.gguf"
            path.write_bytes(content)
            begin = time.process_time()
            try:
                read(path)
            except BrokenError:
                refused += 1
            slowest = max(slowest, time.process_time() - begin)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)
    assert slowest < 2
    assert refused > 50  # the others changed a text or a number that may be any


def test_an_engine_that_was_sent_mutated_files_still_answers(own: Api, gguf_bytes: bytes) -> None:
    wrong = bytearray(gguf_bytes)
    at = gguf_bytes.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens") + 8
    wrong[at : at + 8] = struct.pack("<Q", 2**40)
    begin = time.monotonic()
    response = own.create("contract:wrong", bytes(wrong))
    assert (response.status_code, "entries" in response.json()["error"]) == (500, True)
    assert time.monotonic() - begin < 2
    assert memory_mb(own) < 400
    assert own.chat().status_code == 200


def test_a_stream_is_made_as_fast_as_it_can_be() -> None:
    from serve.engine.protocol import Stream

    sent: list[int] = []

    async def source() -> Any:
        for number in range(100):
            sent.append(number)
            yield f"{number}\n"

    async def scenario() -> None:
        stopped = asyncio.Event()

        async def send(message: Any) -> None:
            if message.get("body"):
                await stopped.wait()

        async def receive() -> Any:
            await asyncio.Event().wait()

        task = asyncio.create_task(Stream(source())({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send))
        await asyncio.sleep(0.1)
        assert len(sent) == 100
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
