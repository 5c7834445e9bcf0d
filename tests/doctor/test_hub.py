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


def online(endpoint: str, cache: Path) -> dict[str, str]:
    """An environment that knows no other hub than `endpoint`: a test before may have gone offline in this process."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    return kept | {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "PYTHONPATH": str(ROOT)}


def examined(folder: Path, endpoint: str, model: str = "toys/tiny") -> dict[str, dict[str, str]]:
    """The findings on a model, by name, from a process that knows no other hub than `endpoint`."""
    data = ROOT / "data" / "products.jsonl"
    text = f"model: {{model_name_or_path: {model}}}\ndata: {{path: {data}}}\n"
    (folder / "hub.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=folder,
        env=online(endpoint, folder / "cache"),
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
        command = [sys.executable, "-c", fetch, revision]
        done = subprocess.run(command, env=online(endpoint, tmp_path), capture_output=True, text=True)
        assert done.stdout.split() == [level], done.stderr


def test_a_hub_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    found = examined(tmp_path, "http://127.0.0.1:9")
    assert list(found) == ["base model"]
    assert found["base model"]["level"] == "wrong"
    assert found["base model"]["text"] == (
        "http://127.0.0.1:9 cannot be reached and the cache does not hold toys/tiny, so it was not checked"
    )


def test_without_the_hub_a_known_base_is_still_estimated(tmp_path: Path) -> None:
    found = examined(tmp_path, "http://127.0.0.1:9", "unsloth/Phi-3-mini-4k-instruct-bnb-4bit")
    assert list(found) == ["base model", "needs disk", "needs memory", "needs GPU memory", "needs time"]
    assert "cannot be reached" in found["base model"]["text"]
    assert found["needs disk"]["text"].startswith("2.2 GB to download")
    assert "3 epochs" in found["needs time"]["text"]


@pytest.mark.parametrize(
    ("name", "n_weights"),  # as the models' cards give them
    [
        ("unsloth/gemma-3-1b-it", 999_885_952),
        ("NousResearch/Llama-2-7b-chat-hf", 6_738_415_616),
        ("unsloth/Llama-3.2-1B-Instruct", 1_235_814_400),
        ("unsloth/Phi-3-mini-4k-instruct-bnb-4bit", 3_821_079_552),
        ("Qwen/Qwen3-0.6B", 596_049_920),
        ("unsloth/Qwen3-8B", 8_190_735_360),
    ],
)
def test_a_published_shape_has_the_published_number_of_weights(name: str, n_weights: int) -> None:
    from doctor.estimate import measured
    from doctor.shapes import published
    from pipeline.config import load

    assert measured(load(ROOT / "configs" / "embedded.yaml"), published(name))[0] == n_weights


def test_the_shape_of_each_configs_base_is_known() -> None:
    from doctor.shapes import SHAPES, published
    from pipeline.config import load

    bases = {load(path).model.model_name_or_path for path in (ROOT / "configs").glob("*.yaml")} - {"models/embedded"}
    assert len(bases) == len(SHAPES)
    assert all(published(base) for base in bases)


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
