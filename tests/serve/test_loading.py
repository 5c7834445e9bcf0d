"""Who is answered when: slots, the queue, requests alone; and the threads of the child that answers."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from serve.engine import loading
from serve.engine.cores import n_cores
from serve.engine.llama import Setup
from serve.engine.loading import BUSY
from serve.engine.options import Options
from serve.engine.protocol import ApiError
from tests.serve.conftest import PARAMETERS, TEMPLATE, Api, embedded
from tests.serve.test_contract import lines
from tests.serve.test_embedded import children, long_chat, wait_for


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, gguf_bytes: bytes) -> Iterator[Api]:
    """Two slots and a queue of two, started as `make` starts it."""
    settings = {"OLLAMA_NUM_PARALLEL": "2", "OLLAMA_MAX_QUEUE": "2", "OMP_WAIT_POLICY": "PASSIVE"}
    with embedded(tmp_path_factory.mktemp("busy"), **settings) as api:
        api.create("contract:f16", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS)
        api.chat(options={"num_ctx": 2048})
        yield api


def test_the_child_waits_as_it_must_whatever_the_parent_was_told(busy: Api) -> None:
    child, *_ = children(busy)
    environment = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
    assert b"GOMP_SPINCOUNT=1000" in environment
    assert not any(line.startswith(b"OMP_WAIT_POLICY") for line in environment)


def ticks(pid: int) -> int:
    """Processor time of a process, in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_an_idle_engine_takes_no_core(busy: Api) -> None:
    busy.chat(options={"num_ctx": 2048})
    assert busy.process
    processes = [busy.process.pid, *children(busy)]
    time.sleep(0.5)
    before = sum(map(ticks, processes))
    time.sleep(3)
    assert sum(map(ticks, processes)) - before <= 0.01 * 3 * os.sysconf("SC_CLK_TCK")


def endless(api: Api, **body: Any) -> Any:
    """A streamed answer of many seconds, begun; closing it ends it."""
    return api.http.stream("POST", "/api/chat", json=long_chat() | body)


def test_answers_share_the_slots_and_the_rest_wait_or_are_refused(busy: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        with endless(busy) as first, endless(busy) as second:
            rows = first.iter_lines(), second.iter_lines()
            for _ in range(3):  # both go on at once
                assert all(next(row) for row in rows)
            asked = [pool.submit(busy.chat, options={"num_ctx": 2048}) for _ in range(6)]
            assert wait_for(lambda: sum(done.done() for done in asked) == 3)
            time.sleep(0.2)
            refused = [done.result() for done in asked if done.done()]
        answered = [done.result() for done in asked if done.result() not in refused]
    assert [(response.status_code, response.json()) for response in refused] == [(503, {"error": BUSY})] * 3
    assert [response.status_code for response in answered] == [200] * 3


@pytest.mark.skipif(n_cores() < 2, reason="one core has one child")
def test_a_child_that_crashes_takes_no_other_answer_along(busy: Api) -> None:
    with endless(busy) as first, endless(busy) as second:
        rows = first.iter_lines(), second.iter_lines()
        assert all(next(row) for row in rows)
        os.kill(children(busy)[0], signal.SIGKILL)
        assert any("unexpectedly stopped" in line for pair in zip(*rows, strict=False) for line in pair)
        rest = [line for row in rows for line in islice(row, 1500)]  # of the other answer
    assert len(rest) == 1500
    assert not any("unexpectedly stopped" in line for line in rest)
    assert busy.chat(options={"num_ctx": 2048}).status_code == 200


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head(busy: Api) -> None:
    def ask() -> float:
        begin = time.monotonic()
        assert busy.call("GET", "/api/tags").status_code == 200
        return time.monotonic() - begin

    seconds = [ask() for _ in range(40)]
    assert min(seconds[20:]) < 0.03  # the kernel delays acknowledgements by 40 ms, but not the first ones


class Loadable:
    """Stands for a child that answers at once."""

    def __init__(self, setup: Setup) -> None:
        self.alive = True
        self.answering = 0
        self.setup = setup

    async def close(self) -> None:
        self.alive = False


def loadable(monkeypatch: pytest.MonkeyPatch, n_bytes: int = 1000) -> Any:
    """A model of so many bytes whose children are stand-ins, on a machine of four cores."""

    async def start(_: Any, setup: Setup) -> Loadable:
        return Loadable(setup)

    monkeypatch.setattr(loading.Runner, "start", start)
    monkeypatch.setattr(loading.weights, "read", lambda _: SimpleNamespace(number=lambda _: 512))
    monkeypatch.setattr(loading, "n_cores", lambda: 4)
    return SimpleNamespace(digest="d", weights="w", size=n_bytes)


@pytest.mark.parametrize(
    ("n_bytes", "slots", "num_thread", "expected"),
    [
        (loading.SMALL - 1, None, 0, (4, 1, 1, 4)),
        (loading.SMALL - 1, 1, 0, (1, 1, 1, 4)),
        (loading.SMALL - 1, 8, 0, (4, 2, 1, 4)),
        (loading.SMALL - 1, 3, 2, (3, 1, 2, 2)),
        (loading.SMALL, None, 0, (1, 1, 4, 4)),
        (loading.SMALL, 8, 0, (1, 8, 4, 4)),
    ],
)
def test_a_small_model_has_a_child_a_core_and_writes_with_one_thread(
    monkeypatch: pytest.MonkeyPatch, n_bytes: int, slots: int | None, num_thread: int, expected: tuple[int, ...]
) -> None:
    model = loadable(monkeypatch, n_bytes)

    async def scenario() -> tuple[int, ...]:
        engine = loading.Engine(slots)
        async with engine.use(model, Options(num_thread=num_thread), True, 1.0) as loaded:
            setup = loaded.setup
            return len(loaded.runners), setup.n_parallel, setup.n_threads, setup.n_threads_batch

    assert asyncio.run(scenario()) == expected


def test_a_request_goes_to_the_child_that_has_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    model = loadable(monkeypatch)

    async def scenario() -> list[Any]:
        engine = loading.Engine(3)
        async with AsyncExitStack() as stack:
            asked = [engine.use(model, Options(), True, 1.0) for _ in range(3)]
            taken = [(await stack.enter_async_context(one)).runner for one in asked]
        return taken

    assert len(set(asyncio.run(scenario()))) == 3


def test_no_child_is_left_where_one_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    model, started = loadable(monkeypatch), []

    async def start(_: Any, setup: Setup) -> Loadable:
        if started:
            raise ApiError(500, "unable to load the model")
        started.append(Loadable(setup))
        return started[0]

    monkeypatch.setattr(loading.Runner, "start", start)

    async def scenario() -> None:
        async with loading.Engine(2).use(model, Options(), True, 1.0):
            pass

    with pytest.raises(ApiError, match="unable to load the model"):
        asyncio.run(scenario())
    assert [one.alive for one in started] == [False]


def test_a_deterministic_request_has_no_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    model = loadable(monkeypatch)
    events: list[str] = []

    async def ask(engine: loading.Engine, name: str, alone: bool) -> None:
        async with engine.use(model, Options(), True, 0.0, alone):
            events.append(f"{name} begins beside {engine.answering - 1}")
            await asyncio.sleep(0.01)
            events.append(f"{name} ends")

    async def scenario() -> None:
        engine = loading.Engine(slots=2)
        asked = [("a", False), ("b", False), ("c", True), ("d", False), ("e", False)]
        await asyncio.gather(*(ask(engine, *one) for one in asked))
        assert engine.loaded is None  # keep_alive 0

    asyncio.run(scenario())
    at = events.index("c begins beside 0")
    assert events[:4] == ["a begins beside 0", "b begins beside 1", "a ends", "b ends"]
    assert events[at : at + 2] == ["c begins beside 0", "c ends"]
    assert events[-2:] == ["d ends", "e ends"]


def test_deterministic_answers_are_the_same_to_the_last_digit_alone_and_among_others(api: Api) -> None:
    def ask(number: int) -> Any:
        answer = api.chat(f"page {number} " + "word " * number, logprobs=True, deterministic=True).json()
        return answer["message"], answer["logprobs"]

    alone = [ask(number) for number in range(32)]
    with ThreadPoolExecutor(32) as pool:
        together = list(pool.map(ask, reversed(range(32))))
    assert alone == together[::-1]


@pytest.mark.parametrize("schema", [None, "json", {"const": "%" * 100}, {"const": "ab" * 40}, {"type": "boolean"}])
def test_a_whole_answer_is_its_stream(api: Api, schema: Any) -> None:
    asked = {"format": schema, "options": {"num_predict": 90}, "logprobs": True}
    whole = api.chat(**asked).json()
    assert "message" in whole, whole
    chunks = lines(api.chat(**asked, stream=True))
    assert whole["message"]["content"] == "".join(chunk["message"]["content"] for chunk in chunks)
    assert (whole["done"], whole.get("done_reason")) == (chunks[-1]["done"], chunks[-1].get("done_reason"))
    streamed = [token["token"] for chunk in chunks for token in chunk.get("logprobs", [])]
    assert [token["token"] for token in whole["logprobs"]] == streamed


def test_a_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serve.embedded", "--models", str(tmp_path), "--port", "0"]
    environment = os.environ | {"OLLAMA_NUM_PARALLEL": "two"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr == "error: OLLAMA_NUM_PARALLEL is 'two': set it to a whole number of at least 1, or unset it\n"


def test_threads_are_physical_cores_within_the_quota(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    n_visible = len(os.sched_getaffinity(0))
    assert n_cores(tmp_path, quota) == n_visible
    quota.write_text("max 100000\n")
    assert n_cores(tmp_path / "x", quota) == n_visible
    quota.write_text("50000 100000\n")
    assert n_cores(tmp_path / "y", quota) == 1
    for number in os.sched_getaffinity(0):
        siblings = tmp_path / f"cpu{number}" / "topology" / "thread_siblings_list"
        siblings.parent.mkdir(parents=True)
        siblings.write_text("0-63\n")
    assert n_cores(tmp_path, tmp_path / "none") == 1
