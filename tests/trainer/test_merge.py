import json
from pathlib import Path

import pytest

from pipeline import config as configuration
from trainer import export

SETTINGS = {"r": 4, "lora_alpha": 6, "target_modules": ["q_proj", "down_proj"], "init_lora_weights": False}


@pytest.mark.parametrize("stored", ["bfloat16", "float16", "float32"])
def test_a_merge_adds_in_float32_what_it_holds_as_it_is_stored(stored: str, workspace: Path, toy_base: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = workspace / "base"
    tokenizer = AutoTokenizer.from_pretrained(toy_base)
    tokenizer.save_pretrained(base)
    AutoModelForCausalLM.from_pretrained(toy_base, dtype=getattr(torch, stored)).save_pretrained(base)
    settings = [f"model.model_name_or_path={base}", "lora.r=4"]
    (workspace / "toy.yaml").write_text("{}\n")
    config = configuration.load(workspace / "toy.yaml", settings, run="merge")
    trained = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), LoraConfig(task_type="CAUSAL_LM", **SETTINGS)
    )
    trained.save_pretrained(config.folder / "adapter")
    tokenizer.save_pretrained(config.folder / "adapter")
    loaded = export.load_for_merging(str(base), four_bit=False)
    assert {str(weight.dtype) for weight in loaded.parameters()} == {f"torch.{stored}"}

    export.merge(config)
    kept = torch.float16 if stored == "float16" else torch.bfloat16
    assert json.loads((config.folder / "merged" / "config.json").read_text())["dtype"] == str(kept).split(".")[1]
    expected = trained.merge_and_unload().to(kept).state_dict()
    merged = load_file(config.folder / "merged" / "model.safetensors")
    assert any(not torch.equal(expected[name], loaded.state_dict()[name].to(kept)) for name in merged)
    for name, weight in merged.items():
        assert torch.equal(weight, expected[name]), name
