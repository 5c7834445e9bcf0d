import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doctor.hub import shrunk
from tests.doctor.conftest import COMMIT, Hub

ROOT = Path(__file__).parents[2]
CHECK = """
from pathlib import Path
from doctor.finding import as_json
from doctor.hub import check_hub
from pipeline.config import load
print(as_json(check_hub(load(Path("hub.yaml")), [])))
"""


def examined(folder: Path, endpoint: str) -> dict[str, dict[str, str]]:
    """The findings on the model toys/tiny, by name, from a process that knows no other hub than `endpoint`."""
    data = ROOT / "data" / "products.jsonl"
    text = f"model: {{model_name_or_path: toys/tiny}}\ndata: {{path: {data}}}\n"
    (folder / "hub.yaml").write_text(text)
    outer = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=folder,
        env=os.environ | outer,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


@pytest.mark.slow
def test_a_base_of_the_hub_is_proved_by_its_small_files(tmp_path: Path, hub: Hub) -> None:
    found = examined(tmp_path, hub.url)
    assert "model.safetensors" not in hub.asked
    assert {"config.json", "tokenizer.json"} <= set(hub.asked)
    assert found["base model"]["level"] == "warning"
    assert found["base model"]["remedy"] == f"write `revision: {COMMIT}` under `model:` in the config"
    assert found["stop token"]["text"].startswith("'<|end|>'")
    assert found["GGUF"]["text"] == "llama.cpp converts llama"
    assert found["prompt parity"]["level"] == "fine", found["prompt parity"]
    assert "GB to download" in found["needs disk"]["text"]
    assert "691" not in found["needs time"]["text"]
    assert "million tokens, 3 epochs" in found["needs time"]["text"]
    assert not list(tmp_path.glob("artifacts"))


def test_a_pinned_base_in_the_cache_needs_no_hub(tmp_path: Path, hub: Hub) -> None:
    fetch = (
        "import sys; from doctor.hub import fetch; from pipeline.config import Model;"
        "print(fetch(Model(model_name_or_path='toys/tiny', revision=sys.argv[1]))[1].level)"
    )
    for endpoint, revision, level in ((hub.url, "main", "warning"), ("http://127.0.0.1:9", COMMIT, "fine")):
        online = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
        environment = online | {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", fetch, revision], env=environment, capture_output=True, text=True)
        assert done.stdout.split() == [level], done.stderr


def test_a_hub_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    found = examined(tmp_path, "http://127.0.0.1:9")
    assert list(found) == ["base model"]
    assert found["base model"]["level"] == "wrong"
    assert found["base model"]["text"] == (
        "http://127.0.0.1:9 cannot be reached and the cache does not hold toys/tiny, so it was not checked"
    )


@pytest.mark.slow
def test_a_base_without_a_chat_template(tmp_path: Path, hub: Hub) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(hub.folder, folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    hub.folder = folder
    found = examined(tmp_path, hub.url)
    base = found["base model"]
    assert base["level"] == "wrong"
    assert "has no chat template" in base["text"]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("LlamaConfig", {"num_key_value_heads": 8}),
        ("Phi3Config", {"pad_token_id": 0}),
        ("Qwen3Config", {}),
        ("Gemma3TextConfig", {}),
    ],
)
def test_a_toy_of_each_architecture_runs(kind: str, settings: dict[str, Any]) -> None:
    import torch
    import transformers

    config = getattr(transformers, kind)(vocab_size=64, **settings)
    model = transformers.AutoModelForCausalLM.from_config(shrunk(config))
    assert sum(weight.numel() for weight in model.parameters()) < 10_000_000
    assert model(torch.tensor([[1, 2, 3]])).logits.shape == (1, 3, 64)
