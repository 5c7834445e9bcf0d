"""The embedded engine under load, with the benchmark's own clients: nobody gets another's answer, nothing ends it."""

from pathlib import Path

import pytest

from benchmarks.load import load
from benchmarks.serve import Setting, compare
from serve.engine.cores import n_cores
from tests.serve.conftest import PARAMETERS, TEMPLATE, embedded

OPTIONS = {"num_predict": 24, "seed": 1, "temperature": 0, "num_ctx": 512}


def asked(n: int, num_predict: int = 24) -> list[dict[str, object]]:
    shared = {"model": "contract:f16", "stream": False, "options": OPTIONS | {"num_predict": num_predict}}
    return [shared | {"messages": [{"role": "user", "content": f"page {i} " + "word " * i}]} for i in range(n)]


def test_engines_take_turns_and_are_counted(
    tmp_path: Path, gguf_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with embedded(tmp_path / "models") as api:
        api.create("contract:f16", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS)
        compare([Setting("a", api.url, 1), Setting("b", api.url, 2)], asked(6), 4)
    *_, first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("| a | ")
    assert " 6 of 6 " in first
    assert " 6 of 6 " in second


@pytest.mark.slow
def test_thirty_seconds_of_64_clients(tmp_path: Path, gguf_bytes: bytes) -> None:
    with embedded(tmp_path / "models", OLLAMA_MAX_QUEUE="16") as api:
        api.create("contract:f16", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS)
        outcome = load(api.url, asked(32, 160), n_clients=64, seconds=30)
        assert api.chat().status_code == 200
    assert (outcome.wrong, outcome.other) == ([], [])
    assert len(outcome.seconds) > 64
    assert outcome.busy > 0
    assert outcome.p95() <= outcome.bound(16 + n_cores())  # those that wait, and one a core
