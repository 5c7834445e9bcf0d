import json
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from benchmarks import short


class Inline:
    """A pool without processes, so that the small grid is theirs too."""

    _processes = None

    def __init__(self, *_: Any) -> None:
        pass

    def submit(self, function: Callable[[short.Cell], Any], cell: short.Cell) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(cell))
        return done

    def shutdown(self, **_: Any) -> None:
        pass


@pytest.mark.slow
def test_each_cell_of_the_grid_is_trained_and_shown(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("configs", "data", "models"):
        (workspace / room).symlink_to(Path(__file__).parents[2] / room)
    for name, value in (("ROWS", (8,)), ("EPOCHS", (1,)), ("BATCHES", (1, 2)), ("SEEDS", (1,)), ("PROCESSES", 1)):
        monkeypatch.setattr(short, name, value)
    split = ("data.path=data/products.jsonl", "data.validation=0.005", "data.test=0.9")
    monkeypatch.setattr(short, "SPLIT", split)
    monkeypatch.setattr(short, "ProcessPoolExecutor", Inline)
    short.main(["--only", "learning", "--out", "out"])
    found = [json.loads(line) for line in Path("out/short.jsonl").read_text().splitlines()]
    assert {(entry["batch"], entry["steps"] >= 1, entry["loss"] > 0) for entry in found} == {
        (1, True, True),
        (2, True, True),
    }


def test_the_tables_have_every_seed() -> None:
    cells = [{"rows": 100, "epochs": 1, "batch": 2, "steps": 7, "loss": loss} for loss in (0.1, 0.2, 0.6)]
    assert "| 100 | 1 | 2 | 7 | 0.3000 | 0.1000 | 0.6000 | 3 |" in short.learning_table(cells)
    timed = [{"tokens": 2048, "layers": "ours", "tokens_per_second": speed} for speed in (20000, 21000)]
    assert "| 2,048 | ours | 20,000, 21,000 |" in short.speed_table(timed)
