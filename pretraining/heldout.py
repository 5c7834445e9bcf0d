"""Ask a finished base model for samples that it was not trained on, greedily, and count right records and fields."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from extraction.json import Json
from extraction.parse import parse_answer
from extraction.special import show
from pretraining.stream import chat

BATCH = 150
MAX_NEW_TOKENS = 300


def answers(folder: Path, samples: list[Any], device: str) -> list[str]:
    """The model's greedy answers, in the order of the samples."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).to(device).eval()
    chats = [chat(sample) for sample in samples]
    prompts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
    given = [""] * len(samples)
    order = sorted(range(len(samples)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        inputs = tokenizer([prompts[i] for i in chosen], return_tensors="pt", padding=True).to(device)
        with torch.inference_mode():
            outputs = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        texts = tokenizer.batch_decode(outputs[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
        for i, text in zip(chosen, texts, strict=True):
            given[i] = text
    return given


def judge(samples: list[Any], given: list[str]) -> Iterator[Json]:
    """One row a sample: the domain, the records expected and given (null if not parsed), which fields are right."""
    for sample, text in zip(samples, given, strict=True):
        answer = parse_answer(show(text), sample.schema)
        got = answer.record or {}
        right = {name: answer.record is not None and got.get(name) == value for name, value in sample.record.items()}
        yield {"domain": sample.domain, "expected": sample.record, "given": answer.record, "text": text, "right": right}


def figures(rows: list[Json]) -> Json:
    """n, share of exact records, share of right fields and share of parsed answers: in all and by domain."""
    by_domain: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        by_domain[row["domain"]].append(row)
    return {"all": shares(rows)} | {domain: shares(group) for domain, group in sorted(by_domain.items())}


def shares(rows: list[Json]) -> Json:
    """The figures of one group of judged samples."""
    fields = [right for row in rows for right in row["right"].values()]
    return {
        "n": len(rows),
        "exact_match": round(sum(all(row["right"].values()) for row in rows) / len(rows), 4),
        "field_accuracy": round(sum(fields) / len(fields), 4),
        "parsed": round(sum(row["given"] is not None for row in rows) / len(rows), 4),
    }
