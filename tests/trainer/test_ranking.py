"""The run's ranker: fitted where there are enough long pages, the given one elsewhere, and recorded either way."""

import json
from pathlib import Path
from typing import Any

import pytest

from extraction.ranker import Ranker
from pipeline import config as configuration
from pipeline import data
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.manifest import read_manifest
from pipeline.reading import pruner, pruning
from trainer import ranking


def long_rows(n: int, element: str = "<q class='zz'>{}</q>", field: str = "q") -> list[dict[str, Any]]:
    """Rows of pages of 8,000 characters whose value stands in an element; the default is one that no shop has."""
    noise = "".join(f"<p>{'nothing of note is said here at all ' * 5}{i}</p>" for i in range(40))
    return [
        {
            "input": f"<body>{noise}{element.format(f'Town {i}')}{noise}</body>",
            "output": {field: f"Town {i}"},
        }
        for i in range(n)
    ]


@pytest.fixture
def prepared(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def prepare(rows: list[dict[str, Any]], *overrides: str) -> Config:
        (workspace / "rows.json").write_text(json.dumps(rows))
        (workspace / "toy.yaml").write_text("data: {path: rows.json}\n")
        monkeypatch.setattr("sys.argv", ["data", "--config", "toy.yaml", "--run", "r", "--set", *overrides])
        data.main()
        return configuration.load(workspace / "toy.yaml", list(overrides), run="r")

    return prepare


def test_without_long_pages_the_given_ranker_is_used(prepared: Any) -> None:
    config = prepared([{"input": f"<p>{i}</p>", "output": {"q": str(i)}} for i in range(30)])
    with pytest.raises(UserError, match="make train"):
        pruner(config)
    ranking.choose(config)
    assert read_manifest(config.folder)["ranker"]["chosen"] == "given"
    ours = Ranker.load(ranking.OURS).members[0]["score"]
    assert (Ranker.load(config.folder / "ranker.safetensors").members[0]["score"] == ours).all()
    changed = (config.folder / "ranker.safetensors").stat().st_mtime_ns
    ranking.choose(config)
    assert (config.folder / "ranker.safetensors").stat().st_mtime_ns == changed
    (config.folder / "ranker.safetensors").write_bytes(b"another's")
    with pytest.raises(UserError, match="not the file"):
        pruning(config)


def test_where_the_given_ranker_loses_nothing_none_is_fitted(prepared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = prepared(long_rows(60, "<h1>{}</h1>", "name"))
    monkeypatch.setattr(ranking, "fit", lambda *_: pytest.fail("fitted for nothing"))
    ranking.choose(config)
    entry = read_manifest(config.folder)["ranker"]
    assert entry["pages"]["train"] >= ranking.FEWEST
    assert entry["chosen"] == "given"
    assert entry["judged"]["given"]["kept"] == 1.0


@pytest.mark.slow
def test_a_ranker_learns_from_the_runs_own_long_pages(prepared: Any) -> None:
    config = prepared(long_rows(60), "data.page_tokens=64")
    ranking.choose(config)
    entry = read_manifest(config.folder)["ranker"]
    assert entry["pages"]["train"] >= ranking.FEWEST
    assert entry["judged"]["fitted"]["kept"] == 1.0
    assert entry["judged"]["fitted"]["kept"] >= entry["judged"]["given"]["kept"]


def test_pruning_is_off_where_the_config_says_so(prepared: Any) -> None:
    config = prepared([{"input": f"<p>{i}</p>", "output": {"q": str(i)}} for i in range(30)], "data.prune=false")
    ranking.choose(config)
    assert pruner(config) is None
    assert pruning(config) is None
    assert "ranker" not in read_manifest(config.folder)


def test_a_ranker_that_is_not_there_is_one_sentence(prepared: Any) -> None:
    config = prepared([{"input": f"<p>{i}</p>", "output": {"q": str(i)}} for i in range(30)], "data.ranker=nowhere")
    with pytest.raises(UserError, match="nowhere is not there"):
        ranking.choose(config)
    for content in (b"", b"no ranker", ranking.OURS.read_bytes()[:-100]):
        Path("nowhere").write_bytes(content)
        with pytest.raises(
            UserError, match=r"nowhere is no ranker that can be read .* give a run's ranker\.safetensors"
        ):
            ranking.choose(config)
