"""Greedy answers of the variants that are not served: the base model, with the adapter, or merged with it.

On CUDA in the type that the weights were saved in, elsewhere in float32. Decoding is free: no grammar holds it to the
schema.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from extraction.config import Config
from extraction.files import read_schema
from extraction.parse import Answer, Status, parse
from extraction.prompt import messages, render
from serve.client import read_prompt

Json = dict[str, Any]


@dataclass(frozen=True)
class Generated:
    """One answer: its text without special tokens, and whether a limit cut it before an end token."""

    text: str
    cut: bool


def answer_all(config: Config, variant: str, rows: Sequence[Json]) -> Iterator[tuple[Json, Answer, Json]]:
    """(row, parsed answer, facts: answer, prompt_tokens, seconds) for each row, longest prompts first."""
    tokenizer, model = load(config, variant)
    schema, ends = read_schema(config.folder), end_ids(tokenizer, read_prompt(config.folder).stop)
    prompts = [
        tokenizer(render(tokenizer, messages(row["input"], schema)), add_special_tokens=False).input_ids for row in rows
    ]
    waiting = []
    for row, ids in sorted(zip(rows, prompts, strict=True), key=lambda pair: -len(pair[1])):
        if len(ids) < config.serve.num_ctx:
            waiting.append((row, ids))
            continue
        reason = f"{len(ids)} prompt tokens, num_ctx is {config.serve.num_ctx}; raise serve.num_ctx"
        yield row, Answer(None, Status.TOO_LONG, reason), {"answer": "", "prompt_tokens": len(ids), "seconds": 0.0}
    for start in range(0, len(waiting), config.eval.batch_size):
        batch = waiting[start : start + config.eval.batch_size]
        started = time.monotonic()
        answers = generate(model, tokenizer, [ids for _, ids in batch], ends, config)
        seconds = round((time.monotonic() - started) / len(batch), 4)
        for (row, ids), answer in zip(batch, answers, strict=True):
            facts = {"answer": answer.text, "prompt_tokens": len(ids), "seconds": seconds}
            yield row, parse(answer.text, schema, cut=answer.cut), facts


def load(config: Config, variant: str) -> tuple[Any, Any]:
    """(tokenizer, model in evaluation mode) of a variant; the tokenizer is the trained one's for all."""
    import torch
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    adapter = config.folder / "adapter"
    sources = {
        "base": config.model.model_name_or_path,
        "adapter": PeftConfig.from_pretrained(str(adapter)).base_model_name_or_path,
        "merged": config.folder / "merged",
    }
    device, dtype = ("cuda", "auto") if torch.cuda.is_available() else ("cpu", torch.float32)
    attention = None if device == "cuda" else "eager"  # twice as fast as SDPA at one token a step on a CPU
    model: Any = AutoModelForCausalLM.from_pretrained(str(sources[variant]), dtype=dtype, attn_implementation=attention)
    if variant == "adapter":
        model = PeftModel.from_pretrained(model, str(adapter))
    model.generation_config = GenerationConfig()  # a base model's own may sample or penalise repetition
    return AutoTokenizer.from_pretrained(str(adapter)), model.to(device).eval()


def end_ids(tokenizer: Any, stop: Sequence[str]) -> list[int]:
    """Ids that end an answer: the token that closes the assistant's turn, and the tokenizer's own end token."""
    closing = [tokenizer(text, add_special_tokens=False).input_ids for text in stop]
    return sorted({ids[0] for ids in closing if len(ids) == 1} | {tokenizer.eos_token_id} - {None})


def generate(
    model: Any, tokenizer: Any, prompts: Sequence[list[int]], ends: list[int], config: Config
) -> list[Generated]:
    """Greedy answers to a batch of prompts, each as if it were alone: left padding is masked."""
    import torch

    width = max(map(len, prompts))
    pad = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    limits = {"max_new_tokens": config.serve.num_predict, "eos_token_id": ends, "pad_token_id": pad}
    with torch.inference_mode():
        output = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, **limits)[:, width:].tolist()
    return [
        _until_end(tokenizer, new, ends, config.serve.num_ctx - len(p)) for p, new in zip(prompts, output, strict=True)
    ]


def _until_end(tokenizer: Any, new: list[int], ends: list[int], room: int) -> Generated:
    """The new tokens before the first end token. `room`: tokens left in the context, where a server would stop."""
    end = next((place for place, token in enumerate(new[:room]) if token in ends), None)
    return Generated(tokenizer.decode(new[:room][:end], skip_special_tokens=True), cut=end is None)
