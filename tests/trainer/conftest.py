import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import config as configuration
from pipeline import data
from pipeline.config import Config
from tests.conftest import toy_rows
from trainer import ranking


@pytest.fixture
def prepare(workspace: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a run of toy rows ready for training: its config."""
    (workspace / "rows.json").write_text(json.dumps(toy_rows(30)))
    (workspace / "toy.yaml").write_text(f"model: {{model_name_or_path: {toy_base}}}\ndata: {{path: rows.json}}\n")

    def run(name: str, *overrides: str) -> Config:
        settings = ["training.num_train_epochs=2", "lora.r=8", *overrides]
        arguments = ["data", "--config", "toy.yaml", "--run", name, "--set", *settings]
        monkeypatch.setattr("sys.argv", arguments)
        data.main()
        config = configuration.load(workspace / "toy.yaml", settings, run=name)
        ranking.choose(config)
        return config

    return run
