"""What a pre-training run leaves behind: weights, the learning curve, the record."""

import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from extraction.json import Json
from pipeline.files import atomic_write
from pipeline.provenance import commit


def save(model: Any, folder: Path) -> None:
    """Write weights (float16) and configs as transformers' LlamaForCausalLM."""
    import torch
    from transformers import GenerationConfig, LlamaForCausalLM

    saved = LlamaForCausalLM(model.config)
    weights = {name: weight.cpu() for name, weight in model.state_dict().items()}
    saved.load_state_dict(weights | {"lm_head.weight": weights["model.embed_tokens.weight"]})
    saved.generation_config = GenerationConfig(do_sample=False, pad_token_id=1, eos_token_id=2)
    with TemporaryDirectory(dir=folder) as path:
        saved.to(torch.float16).save_pretrained(path)
        for file in Path(path).iterdir():
            file.replace(folder / file.name)


def draw(log: list[Json], path: Path) -> None:
    """A picture of the answers' loss over tokens."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print(f"matplotlib is not installed: {path} is left out")
        return
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([row["tokens"] / 1e6 for row in log], [row["answer_loss"] for row in log])
    axes.set(
        xlabel="million tokens",
        ylabel="loss of an answer's token",
        yscale="log",
        title="Pre-training of the embedded base",
    )
    axes.grid(alpha=0.3, which="both")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def record(device: str, log: list[Json], **facts: Any) -> Json:
    """What training.json says of the run; `facts` are the caller's own."""
    import numpy
    import torch
    import transformers

    program = f"torchrun --nproc-per-node {facts['processes']}" if facts["processes"] > 1 else "python"
    modules = (torch, transformers, numpy)
    return {
        "command": " ".join([program, "-m pretraining.train", *sys.argv[1:]]),
        "git": commit(),
        "device": torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "cpu",
        "versions": {"python": platform.python_version()} | {module.__name__: module.__version__ for module in modules},
        **facts,
        "final": log[-1],
    }
