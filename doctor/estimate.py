"""What a run on a base model will take: download, disk, memory, GPU memory, time; without its weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from doctor.finding import Finding, fine, warning, wrong
from doctor.machine import GB
from extraction.json import Json
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.rows import read
from trainer.conversion import BYTES_PER_WEIGHT
from trainer.memory import Shape, shape

NF4_BYTES = 0.55  # of a weight, with its scales
HEAD_BYTES = 2.0  # NF4 leaves the embeddings in 16 bit
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40": 362e12, "L4": 121e12, "A10": 125e12, "T4": 65e12}
PEAK |= {"5090": 210e12, "4090": 165e12, "3090": 71e12}  # published FLOP/s of dense 16-bit products
USUAL_PEAK = 150e12
SHARE_OF_PEAK = 0.45  # packed: 0.49 was measured on an H200 with a batch of 16
SECONDS_A_STEP = 1.0  # unpacked small batches wait for launches, not for products: measured on an H200
EXPORT_SECONDS = 32e-9  # a weight: 119.5 s were measured for 3.8 billion
ROWS = 200  # of the dataset, to count tokens on


def estimate(config: Config, settings: Any, tokenizer: Path, cards: list[Json]) -> list[Finding]:
    """Findings on what the run takes against what this machine has.

    `settings`: the base's transformers config. `tokenizer`: folder of the one that counts the dataset's tokens.
    """
    n_weights, embedded, model = measured(config, settings)
    four_bit = config.model.load_in_4bit or "bnb-4bit" in config.model.model_name_or_path
    stored = NF4_BYTES * (n_weights - embedded) + HEAD_BYTES * embedded if four_bit else 2 * n_weights
    return [
        _disk(config, n_weights, stored, model),
        _memory(n_weights),
        _gpu_memory(config, stored, model, cards),
        _time(config, tokenizer, n_weights, cards),
    ]


def measured(config: Config, settings: Any) -> tuple[int, int, Shape]:
    """Number of weights, of them in embeddings, and the shape; counted on a model without memory."""
    import torch
    from transformers import AutoModelForCausalLM

    if hasattr(settings, "quantization_config"):
        del settings.quantization_config
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(settings)
    n_weights = sum(weight.numel() for weight in model.parameters())
    return n_weights, model.get_input_embeddings().weight.numel(), shape(settings, config.lora.r)


def _disk(config: Config, n_weights: int, stored: float, model: Shape) -> Finding:
    """The base, merged and GGUF files, and the adapter's checkpoints with the optimizer's moments."""
    files = sum(BYTES_PER_WEIGHT[name] for name in ("f16", "f16", *config.export.quantization_method)) * n_weights
    need = stored + files + model.adapter_bytes() * (config.training.save_total_limit + 1)
    free = shutil.disk_usage(".").free
    text = f"{stored / GB:.1f} GB to download, {need / GB:.1f} GB of disk in all, {free / GB:.1f} GB free"
    remedy = "free some space; Ollama takes a copy of the GGUF files besides"
    return fine("needs disk", text) if free > need else wrong("needs disk", text, remedy)


def _memory(n_weights: int) -> Finding:
    """Merging holds the model in 16 bits, and its libraries."""
    import psutil

    need, free = 2.2 * n_weights + 0.6 * GB, psutil.virtual_memory().available
    text = f"up to {need / GB:.1f} GB in the export, {free / GB:.1f} GB free"
    remedy = "end other programs, add swap, or take a smaller base"
    return fine("needs memory", text) if free > need else warning("needs memory", text, remedy)


def _gpu_memory(config: Config, stored: float, model: Shape, cards: list[Json]) -> Finding:
    """At least: weights, adapter with optimizer, and one batch as small as the config allows, checkpointed."""
    batch = config.training.per_device_train_batch_size
    rows = 1 if batch == "auto" else batch
    tokens = rows * (config.model.max_length if config.training.packing else config.model.max_length // 4)
    need = stored + model.adapter_bytes() + tokens * model.bytes_per_token("unsloth", checkpointing=True) + 0.7 * GB
    text = f"at least {need / GB:.1f} GB in training"
    if not cards:
        return warning("needs GPU memory", f"{text}; no GPU is here", "run it where one is")
    free = max(card["free"] for card in cards)
    text = f"{text}, {free / GB:.0f} GB free"
    remedy = "model.load_in_4bit=true, a shorter model.max_length, a smaller batch, or a larger GPU"
    return fine("needs GPU memory", text) if free > need else wrong("needs GPU memory", text, remedy)


def _time(config: Config, tokenizer: Path, n_weights: int, cards: list[Json]) -> Finding:
    """Training by the GPU's published rate, export by weights; after the download."""
    try:
        n_rows, tokens = counted(config, tokenizer)
    except UserError as error:
        return warning("needs time", f"unknown: {error}", "DATA=rows.jsonl")
    name = cards[0]["name"] if cards else "an unnamed GPU"
    peak = next((rate for part, rate in PEAK.items() if part in name), USUAL_PEAK)
    epochs, training = config.training.num_train_epochs, config.training
    seconds = 4 * n_weights * tokens * epochs / (peak * SHARE_OF_PEAK)
    if not training.packing and training.per_device_train_batch_size != "auto":
        steps = epochs * n_rows / (training.per_device_train_batch_size * training.gradient_accumulation_steps)
        seconds = max(seconds, steps * SECONDS_A_STEP)
    minutes = (seconds + 60) / 60, EXPORT_SECONDS * n_weights / 60
    text = f"about {minutes[0]:.0f} min of training on {name}, {minutes[1]:.0f} min of export, and the download"
    return fine("needs time", f"{text} ({n_rows} rows, {tokens / 1e6:.2f} million tokens, {epochs:g} epochs)")


def counted(config: Config, folder: Path) -> tuple[int, int]:
    """Training rows and their tokens in one epoch, by a sample of the dataset."""
    from extraction.prompt import page
    from trainer.model import load_tokenizer

    rows = read(Path(config.data.path))
    sample = rows[:: max(1, len(rows) // ROWS)]
    tokenizer = load_tokenizer(str(folder))
    texts = [page(str(row.get("input"))) + str(row.get("output")) for row in sample]
    mean = sum(len(tokenizer(text)["input_ids"]) for text in texts) / len(texts)
    n_rows = round(len(rows) * (1 - config.data.validation - config.data.test))
    return n_rows, round(mean * n_rows)
