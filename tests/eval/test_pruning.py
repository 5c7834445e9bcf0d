from pathlib import Path
from typing import Any

import pytest

from eval.pruning import losses, sentence
from pipeline.config import Config
from tests.conftest import give_ranker

TEXT = {"type": ["string", "null"]}
SCHEMA = {"type": "object", "properties": {"name": TEXT, "town": TEXT}}


def row(name: str, town: str, long: bool = True) -> dict[str, Any]:
    noise = "".join(f"<p>{'nothing of note is said here at all ' * 5}{i}</p>" for i in range(40))
    page = f"<body>{noise if long else ''}<h1>{name}</h1><p>{town}</p>{noise if long else ''}"
    return {"input": page, "output": {"name": name, "town": town}}


@pytest.fixture
def config(workspace: Path) -> Config:
    config = Config.model_validate({"run": "r", "data": {"page_tokens": 64}})
    give_ranker(config.folder)
    return config


def test_what_pruning_lost_is_told_by_field(config: Config) -> None:
    rows = [row(f"Oak table {i}", f"Town {i}") for i in range(4)] + [row("short", "page", long=False)]
    found = losses(config, rows, SCHEMA)
    assert found
    assert (found["pages"], found["stated"]) == (4, 8)
    assert found["fields"]["name"]["kept"] == 4
    assert found["kept"] == sum(both["kept"] for both in found["fields"].values())
    assert sentence(found).startswith("pruning → reading: of 8 values that 4 long pages state, ")


def test_a_value_that_is_cut_away_counts_as_lost(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extraction.prune.Pruner.prune", lambda *_: "<h1>Oak table 0</h1>")
    found = losses(config, [row("Oak table 0", "Bern")], SCHEMA)
    assert found
    assert found["fields"] == {"name": {"stated": 1, "kept": 1}, "town": {"stated": 1, "kept": 0}}
    assert sentence(found).endswith("lost: town 1.")


def test_without_long_pages_there_is_nothing_to_tell(config: Config) -> None:
    assert losses(config, [row("short", "page", long=False)], SCHEMA) is None
    off = config.model_copy(update={"data": config.data.model_copy(update={"prune": False})})
    assert losses(off, [row("Oak table", "Bern")], SCHEMA) is None
