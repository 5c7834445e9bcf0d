import json
import logging
import sys
from pathlib import Path

import pytest

from pipeline import data, log
from pipeline.errors import run
from tests.conftest import toy_rows


def stage(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["data.py", "--config", "c.yaml", *arguments])
    run(data.main)


@pytest.fixture
def config(workspace: Path) -> Path:
    (workspace / "rows.json").write_text(json.dumps(toy_rows(30)))
    (workspace / "c.yaml").write_text("data: {path: rows.json}")
    return workspace / "artifacts" / "c" / "logs" / "data.log"


def test_a_stage_logs_what_it_ran_with_and_how_it_ended(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(monkeypatch)
    assert "INFO" not in capsys.readouterr().err
    lines = config.read_text().splitlines()
    assert '"path":"rows.json"' in lines[0]
    assert " INFO pipeline.config: data: config " in lines[0]
    assert lines[-1].endswith(" s: done")
    stage(monkeypatch, "-v")
    assert "INFO pipeline.config: data: config" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        stage(monkeypatch, "--set", "data.group=shp")
    assert "s: error: data.group: no row has a 'shp'" in config.read_text().splitlines()[-1]
    assert capsys.readouterr().err.startswith("error: data.group")


def test_an_unforeseen_error_is_logged_with_its_trace(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "unique", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stage(monkeypatch)
    assert "Traceback" in config.read_text()


def test_who_only_asks_writes_no_file(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ask.py"])
    log.begin(workspace / "run")
    log.begin(workspace / "run")
    assert not (workspace / "run").exists()
    assert len([handler for handler in logging.getLogger().handlers if handler.name == log.__name__]) == 1
