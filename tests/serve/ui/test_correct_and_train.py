"""The loop that the page is for: look, correct, train again on what was corrected, with a real model."""

import json

import pytest

from serve.ui.app import Session
from tests.conftest import Served

PAGES = 24


@pytest.mark.slow
def test_training_takes_the_corrected_file(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(served.folder)
    session = Session(served.host)
    for i in range(PAGES):
        page = f"<h1>Oak table {i}</h1><p>€ {450 + i}</p><p>Furniture</p>"
        found = session.extract({"page": page, "run": "embedded", "variant": "q4_k_m"})
        assert found["status"] == "ok"
        session.save({"id": found["id"], "edits": {"category": "Furniture", "name": f"Oak table {i}"}})
    path = served.folder / "artifacts" / "embedded" / "corrections.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["output"]["category"] for row in rows] == ["Furniture"] * PAGES
    arguments = ("--config", "embedded.yaml", "--run", "corrected", "--data", str(path))
    epochs = ("--set", "training.num_train_epochs=1")
    assert "train " in served.stage("pipeline.data", *arguments, *epochs)
    assert "adapter in artifacts/corrected/adapter" in served.stage("trainer.train", *arguments, *epochs)
    assert (served.folder / "artifacts" / "corrected" / "adapter" / "adapter_model.safetensors").is_file()
