import json
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks import grown, short


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
@pytest.mark.parametrize(("part", "base"), [("learning", "embedded"), ("learning-half-billion", "half a billion")])
def test_each_cell_of_the_grid_is_trained_and_shown(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, part: str, base: str
) -> None:
    for room in ("configs", "data", "models"):
        (workspace / room).symlink_to(Path(__file__).parents[2] / room)
    small = {"num_hidden_layers": 9, "num_attention_heads": 8, "intermediate_size": 768}
    monkeypatch.setattr(grown, "make", partial(grown.make, times=1, shape=small))
    for name in ("EMBEDDED", "GROWN"):
        monkeypatch.setattr(short, name, getattr(short, name)._replace(batches=(1, 2), at_once=1))
    split = ("data.path=data/products.jsonl", "data.validation=0.005", "data.test=0.9")
    for name, value in (("ROWS", (12,)), ("EPOCHS", (1,)), ("SPLIT", split), ("ProcessPoolExecutor", Inline)):
        monkeypatch.setattr(short, name, value)
    short.main(["--only", part, "--out", "out", "--seeds", "1"])
    found = [json.loads(line) for line in Path("out/short.jsonl").read_text().splitlines()]
    assert {(entry["base"], entry["batch"], entry["steps"]) for entry in found} == {(base, 1, 2), (base, 2, 1)}
    assert all(entry["loss"] > 0 for entry in found)


def test_a_part_of_the_cells_is_a_table_too() -> None:
    """All of a seed come before the next; what would take too long is left out."""
    cells = short.grid(short.GROWN, (1, 2, 3))
    assert [cell.seed for cell in cells] == [1] * 23 + [2] * 23 + [3] * 23
    assert (800, 3, 1) not in {cell[1:4] for cell in cells}


def test_the_tables_have_every_seed() -> None:
    cells = [{"rows": 100, "epochs": 1, "batch": 2, "steps": 7, "loss": loss} for loss in (0.1, 0.2, 0.6)]
    assert "| 100 | 1 | 2 | 7 | 0.3000 | 0.1000 | 0.6000 | 3 |" in short.learning_table(cells)
    timed = [{"tokens": 2048, "layers": "ours", "tokens_per_second": speed} for speed in (20000, 21000)]
    assert "| 2,048 | ours | 20,000, 21,000 |" in short.speed_table(timed)
