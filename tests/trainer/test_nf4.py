"""A base in NF4, of Phi-3's and of Llama's shape: trained, merged, exported, and read by llama.cpp."""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.config import NF4, Config
from trainer import export
from trainer.model import load_base
from trainer.quantize import open_gguf
from trainer.train import train

pytestmark = pytest.mark.slow
SIZE = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "bos_token_id": None,
}


@pytest.fixture(autouse=True)
def needs_bitsandbytes() -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes comes with the CUDA packages, and is not installed")


def nf4_base(toy_base: Path, folder: Path, phi3: bool) -> None:
    """A random model in NF4 with the toy tokenizer; Phi-3's special tokens strip the white space after them."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, MistralConfig

    shutil.copytree(toy_base, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    toy = json.loads((toy_base / "config.json").read_text())
    size = SIZE | {name: toy[name] for name in ("vocab_size", "eos_token_id", "pad_token_id")}
    shape: Any = MistralConfig(**size, num_key_value_heads=4, tie_word_embeddings=False)
    if not phi3:
        shape = LlamaConfig(**size, num_key_value_heads=2, tie_word_embeddings=True)
    torch.manual_seed(0)
    full = folder / "full"
    AutoModelForCausalLM.from_config(shape, dtype=torch.bfloat16).save_pretrained(full)
    nf4 = BitsAndBytesConfig(**NF4, bnb_4bit_compute_dtype=torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(full, quantization_config=nf4, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    shutil.rmtree(full)
    if phi3:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            text = (folder / name).read_text()
            (folder / name).write_text(text.replace('"rstrip": false', '"rstrip": true'))


def differences(config: Config, base: Path) -> tuple[float, float]:
    """Largest difference of logits between the NF4 base with its adapter and the merged model; the largest logit."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    trained = PeftModel.from_pretrained(load_base(str(base)), str(config.folder / "adapter")).eval()
    merged = AutoModelForCausalLM.from_pretrained(config.folder / "merged", dtype=torch.float32)
    ids = torch.arange(20, 60)[None]
    with torch.no_grad():
        a, b = trained(ids.to(trained.device)).logits.float().cpu(), merged(ids).logits
    return float((a - b).abs().max()), float(b.abs().max())


def answer(gguf: Path) -> str:
    """What llama.cpp generates from a GGUF."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.hostnames, params.port, params.n_ctx, params.warmup = ["127.0.0.1"], 0, 256, False
    server = xllamacpp.Server(params)
    body = {"prompt": "<dl><dt>Town</dt>", "n_predict": 8, "temperature": 0}
    text: str = httpx.post(f"{server.listening_address}/completion", json=body, timeout=60).json()["content"]
    return text


@pytest.mark.parametrize("phi3", [True, False], ids=["Phi-3's shape", "Llama's shape"])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_an_nf4_base_is_merged_with_what_it_was_trained_on(
    prepare: Any, toy_base: Path, workspace: Path, phi3: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = workspace / "some-base"
    nf4_base(toy_base, base, phi3)
    settings = (f"model.model_name_or_path={base}", "model.load_in_4bit=true", "model.backend=trl")
    config = prepare("nf4", *settings, "training.num_train_epochs=1", "training.optim=adamw_torch")
    train(config)
    monkeypatch.setattr("sys.argv", ["export", "--config", str(config.folder / "config.yaml")])
    export.main()
    difference, largest = differences(config, base)
    assert difference < 0.03 * largest  # bfloat16's rounding
    fields = open_gguf(config.folder / "gguf" / "f16.gguf").fields
    assert ("phi-3" in fields["general.name"].contents()) == phi3
    assert answer(config.folder / "gguf" / "q4_k_m.gguf")
