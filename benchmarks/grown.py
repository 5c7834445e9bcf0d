"""Grow the embedded base into a larger model that computes the same, for measurements of what a larger one learns.

Random weights learn nothing from a few hundred rows. So each layer is widened and layers are added with the function
kept, as in Net2Net (Chen, Goodfellow and Shlens 2015, arXiv:1511.05641): the residual stream is repeated, what reads it
takes the mean of the copies, and new heads, feed-forward units and layers add nothing until they are trained. Writes
FOLDER: the weights in bfloat16 and the embedded base's tokenizer. Prints the number of weights.

    python -m benchmarks.grown FOLDER
"""

import sys
from pathlib import Path
from typing import Any

from benchmarks.phi3 import TOKENIZER as EMBEDDED
from benchmarks.phi3 import copy_tokenizer

TIMES = 4  # that the residual stream is repeated: a power of two, so that bfloat16 rounds as in the smaller one
HALF_BILLION = {"num_hidden_layers": 12, "num_attention_heads": 32, "intermediate_size": 4608}
READ = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")  # the residual stream
WRITE = ("o_proj", "down_proj")


def grow(model: Any, times: int, shape: dict[str, int]) -> Any:
    """A Llama with the residual stream of `model` repeated and LlamaConfig's keys of `shape`; the same logits.

    The new rows of what reads the stream are random, so that the zero columns behind them have gradients.
    """
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    old = model.config
    if shape["num_attention_heads"] * old.num_key_value_heads % old.num_attention_heads:
        raise ValueError(f"{shape['num_attention_heads']} heads cannot be grouped as {old.num_attention_heads} are")
    changed = {"hidden_size": times * old.hidden_size, **shape}
    changed["num_key_value_heads"] = shape["num_attention_heads"] * old.num_key_value_heads // old.num_attention_heads
    torch.manual_seed(0)
    grown = AutoModelForCausalLM.from_config(LlamaConfig(**old.to_dict() | changed), dtype=torch.float32)
    weights = grown.state_dict()
    with torch.no_grad():
        for name, weight in weights.items():
            if name.split(".")[-2] in WRITE:
                weight.zero_()
        for name, weight in model.state_dict().items():
            place = moved(name, old.num_hidden_layers, shape["num_hidden_layers"])
            fill(weights[place], name, weight.float(), times)
    return grown


def moved(name: str, layers: int, more: int) -> str:
    """The name of a weight among `more` layers, of which those of the model are spread evenly."""
    parts = name.split(".")
    if parts[1] == "layers":
        parts[2] = str(int(parts[2]) * more // layers)
    return ".".join(parts)


def fill(target: Any, name: str, weight: Any, times: int) -> None:
    """Write a weight into the grown one: where it reads the stream divided by `times`, so that it takes the mean."""
    kind = name.split(".")[-2]
    if kind in READ:
        target[: weight.shape[0]] = weight.repeat(1, times) / times
    elif kind in WRITE:
        target[:, : weight.shape[1]] = weight.repeat(times, 1)
    elif kind == "lm_head":  # where it is the embedding too, the last norm has divided by `times`
        target.copy_(weight.repeat(1, times))
    elif weight.dim() == 1:
        target.copy_(weight.repeat(times) / (times if name == "model.norm.weight" else 1))
    else:
        target.copy_(weight.repeat(1, times))


def make(folder: Path, times: int = TIMES, shape: dict[str, int] = HALF_BILLION) -> int:
    """Write the grown base where it is not there; its number of weights, 0 where it was."""
    import torch
    from transformers import AutoModelForCausalLM

    if (folder / "config.json").is_file():
        return 0
    grown = grow(AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32), times, shape).to(torch.bfloat16)
    unfinished = folder.with_name(f"{folder.name}.part")
    grown.save_pretrained(unfinished)
    copy_tokenizer(unfinished)
    unfinished.rename(folder)
    return sum(weight.numel() for weight in grown.parameters())


def main() -> None:
    print(f"{make(Path(sys.argv[1])):,} weights")


if __name__ == "__main__":
    main()
