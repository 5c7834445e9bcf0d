"""Make a base model of Phi-3-mini's shape with random weights, where no model hub can be reached; and time the GPU.

Writes FOLDER/phi-3-mini-bnb-4bit: the weights in NF4 as unsloth/Phi-3-mini-4k-instruct-bnb-4bit has them (Unsloth's
copy is of the Mistral architecture), with the embedded base's tokenizer. Prints one line of JSON: GPU, versions, number
of weights, and the rate of an 8192³ bf16 matrix product in TFLOP/s.

    python -m benchmarks.phi3 FOLDER
"""

import json
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.config import NF4

SHAPE = {
    "vocab_size": 32064,
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "max_position_embeddings": 4096,
    "sliding_window": 2048,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "eos_token_id": 2,
    "pad_token_id": 1,
    "bos_token_id": None,
}
NAME = "phi-3-mini-bnb-4bit"
TOKENIZER = Path(__file__).parents[1] / "models" / "embedded"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "unsloth", "unsloth_zoo", "triton")


def make(folder: Path, **changes: Any) -> int:
    """Write the model into `folder`; its number of weights. `changes` are of the shape, for a smaller one."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, MistralConfig

    torch.manual_seed(0)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(MistralConfig(**SHAPE | changes), dtype=torch.bfloat16)
    n_weights = sum(weight.numel() for weight in model.parameters())
    full = folder / "bf16"
    model.save_pretrained(full)
    del model
    torch.cuda.empty_cache()
    nf4 = BitsAndBytesConfig(**NF4, bnb_4bit_compute_dtype=torch.bfloat16)
    loaded = AutoModelForCausalLM.from_pretrained(
        full, quantization_config=nf4, dtype=torch.bfloat16, device_map={"": 0}
    )
    loaded.save_pretrained(folder / NAME)
    shutil.rmtree(full)
    copy_tokenizer(folder / NAME)
    return n_weights


def copy_tokenizer(folder: Path) -> None:
    """Give a model the embedded base's tokenizer and chat template."""
    for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(TOKENIZER / name, folder / name)


def matrix_rate(size: int = 8192, times: int = 50) -> float:
    """TFLOP/s of `times` products of two `size`² bf16 matrices of random numbers."""
    import torch

    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(10):
        a @ b
    torch.cuda.synchronize()
    started = time.monotonic()
    for _ in range(times):
        a @ b
    torch.cuda.synchronize()
    return 2 * size**3 * times / (time.monotonic() - started) / 1e12


def main() -> None:
    import torch

    rate = matrix_rate()
    n_weights = make(Path(sys.argv[1]))
    versions = {name: version(name) for name in LIBRARIES}
    gpu = torch.cuda.get_device_name()
    print(json.dumps({"gpu": gpu, "n_weights": n_weights, "tflops": round(rate, 1), "versions": versions}))


if __name__ == "__main__":
    main()
