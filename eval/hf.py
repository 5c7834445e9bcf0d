"""Greedy answers of the variants that are not served: the base model, with the adapter, or merged with it.

On CUDA in the type that the weights were saved in, elsewhere in float32. Decoding is free: no grammar holds it to the
schema. A page longer than the context is asked in the same parts as of a server, and its record chosen in the same way.
How many pages are asked at once, and how a model is made fast without changing its numbers, is eval/decode.py's.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval import decode, graphs
from eval.records import Prediction
from extraction.combine import Part, Tokens, combine
from extraction.ground import ground_answer
from extraction.json import Json
from extraction.parse import Answer, Status, parse_answer
from extraction.prompt import Messages, completion, messages, render
from extraction.special import show
from extraction.split import chats
from pipeline.config import NF4, Config
from pipeline.cpu import use_fast_products
from pipeline.errors import UserError
from pipeline.files import read_schema
from pipeline.reading import reader
from pipeline.splits import Example
from serve.client import read_prompt, too_long


@dataclass(frozen=True)
class Generated:
    """One answer: its text without special tokens, whether a limit cut it before an end token, its tokens if wanted."""

    text: str
    cut: bool
    tokens: Tokens = ()


def answer_all(config: Config, variant: str, rows: Sequence[Example]) -> Iterator[Prediction]:
    """The prediction for each row, longest prompts first."""
    tokenizer, model = load(config, variant)
    schema = read_schema(config.folder)
    yield from answer_prompts(
        config, tokenizer, model, [(row, prompts(tokenizer, row["input"], schema, config)) for row in rows]
    )


def answer_prompts(
    config: Config, tokenizer: Any, model: Any, asked: Sequence[tuple[Example, list[list[int]]]]
) -> Iterator[Prediction]:
    """The same for rows with the token ids of their prompts: one, or one for each part of the page."""
    schema, ends = read_schema(config.folder), end_ids(tokenizer, read_prompt(config.folder).stop)
    waiting = []
    for row, parts in sorted(asked, key=lambda pair: -sum(map(len, pair[1]))):
        if len(parts) == 1 and len(parts[0]) < config.serve.num_ctx:
            waiting.append((row, parts[0]))
            continue
        started = time.monotonic()
        answer, text = answer_long(model, tokenizer, parts, ends, schema, config)
        answer = finished(answer, row, schema, config)
        yield Prediction(row, answer, text, sum(map(len, parts)), round(time.monotonic() - started, 4))
    while waiting:
        size = decode.batch_size(config, model, len(waiting[0][1]))
        batch, waiting = waiting[:size], waiting[size:]
        started = time.monotonic()
        answers = answer_batch(model, tokenizer, [ids for _, ids in batch], ends, config)
        seconds = round((time.monotonic() - started) / len(batch), 4)
        for (row, ids), generated in zip(batch, answers, strict=True):
            answer = parse_answer(show(generated.text), schema, cut=generated.cut)
            yield Prediction(row, finished(answer, row, schema, config), generated.text, len(ids), seconds)


def answer_batch(
    model: Any, tokenizer: Any, prompts: Sequence[list[int]], ends: list[int], config: Config
) -> list[Generated]:
    """The answers to a batch; one that the memory does not hold is asked in halves."""
    import torch

    try:
        return generate(model, tokenizer, prompts, ends, config)
    except torch.OutOfMemoryError:
        if len(prompts) == 1:
            raise UserError(
                f"the GPU's memory does not hold one prompt of {len(prompts[0])} tokens beside the model: lower"
                " serve.num_ctx, or free the GPU"
            ) from None
    torch.cuda.empty_cache()
    half = len(prompts) // 2
    parts = prompts[:half], prompts[half:]
    return [answer for part in parts for answer in answer_batch(model, tokenizer, part, ends, config)]


def prompts(tokenizer: Any, text: str, schema: Json, config: Config) -> list[list[int]]:
    """Token ids of what is asked for a page: of one prompt, or of one for each part, as in serve.client."""

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False).input_ids
        return found

    def prompt(chat: Messages) -> list[int]:
        return ids(render(tokenizer, chat))

    chat = messages(text, schema, reader(config), read_prompt(config.folder).special)
    if config.serve.on_overlong == "error":
        return [prompt(chat)]
    limit = config.serve.max_prompt - len(prompt(messages("", schema)))
    return [prompt(part) for part in chats(chat, lambda piece: len(ids(piece)), limit, config.serve.part_tokens)]


def answer_long(
    model: Any, tokenizer: Any, parts: Sequence[list[int]], ends: list[int], schema: Json, config: Config
) -> tuple[Answer, str]:
    """The answer to a page that is longer than the context, and its text: chosen from its parts', or none."""
    if len(parts) == 1:
        return Answer(None, Status.TOO_LONG, too_long(len(parts[0]), config.serve)), ""
    answers = [generate(model, tokenizer, [ids], ends, config, scored=True)[0] for ids in parts]
    answer = combine([Part(parse_answer(show(s.text), schema, cut=s.cut), s.text, s.tokens) for s in answers], schema)
    return answer, answers[0].text if answer.record is None else completion(answer.record, schema)


def finished(answer: Answer, row: Example, schema: Json, config: Config) -> Answer:
    """The answer, without values that the page does not state where `serve.ground` asks for that."""
    return ground_answer(answer, row["input"], schema) if config.serve.ground else answer


def load(config: Config, variant: str) -> tuple[Any, Any]:
    """(tokenizer, model in evaluation mode) of a variant; the tokenizer is the trained one's for all.

    An adapter that was trained on a base in 4 bits is judged on it, as far as the device can. In float32 the adapter is
    added to the weights: the answers are the same. In 16 bits that rounds them, which is a loss to be measured
    (`merged`), so there it stays beside them.
    """
    import torch
    from peft import PeftConfig, PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    adapter = config.folder / "adapter"
    sources = {
        "base": config.model.model_name_or_path,
        "adapter": PeftConfig.from_pretrained(str(adapter)).base_model_name_or_path,
        "merged": config.folder / "merged",
    }
    source = str(sources[variant])
    cuda, stored = torch.cuda.is_available(), AutoConfig.from_pretrained(source, revision=config.model.revision)
    options: Json = {"dtype": "auto", "device_map": {"": 0}}
    if not cuda:
        options = {"dtype": torch.float32, "attn_implementation": decode.attention(stored)}
    elif config.model.load_in_4bit and variant != "merged" and not hasattr(stored, "quantization_config"):
        options["quantization_config"] = BitsAndBytesConfig(**NF4, bnb_4bit_compute_dtype=torch.bfloat16)
    loaded = AutoModelForCausalLM.from_pretrained(source, revision=config.model.revision, **options)
    model: Any = decode.dequantized(loaded)
    if variant == "adapter":
        # Under autocast the adapter was trained in the base's 16 bits; in float32 each layer would cast to it and back.
        model = PeftModel.from_pretrained(model, str(adapter), autocast_adapter_dtype=False).to(model.dtype)
        model = model if cuda else model.merge_and_unload()
    use_fast_products()
    return AutoTokenizer.from_pretrained(str(adapter)), model.eval()


def end_ids(tokenizer: Any, stop: Sequence[str]) -> list[int]:
    """Ids that end an answer: the token that closes the assistant's turn, and the tokenizer's own end token."""
    closing = [tokenizer(text, add_special_tokens=False).input_ids for text in stop]
    return sorted({ids[0] for ids in closing if len(ids) == 1} | {tokenizer.eos_token_id} - {None})


def generate(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[list[int]],
    ends: list[int],
    config: Config,
    scored: bool = False,
) -> list[Generated]:
    """Greedy answers to a batch of prompts, each as if it were alone: left padding is masked. `scored`: with tokens."""
    import torch

    pad = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    with torch.inference_mode():
        outputs = decoder(model)(model, prompts, pad, ends, config.serve.num_predict, scored)
    answers = []
    for prompt, (new, logprobs) in zip(prompts, outputs, strict=True):
        answer = _until_end(tokenizer, new, ends, config.serve.num_ctx - len(prompt))
        answers.append(replace(answer, tokens=_tokens(tokenizer, new, logprobs)))
    return answers


def decoder(model: Any) -> Callable[..., list[decode.Tokens]]:
    """How a model's answers are found: on a GPU by CUDA graphs, where its cache can be of a fixed size."""
    return graphs.greedy if model.device.type == "cuda" else decode.greedy


def _until_end(tokenizer: Any, new: list[int], ends: list[int], room: int) -> Generated:
    """The new tokens before the first end token. `room`: tokens left in the context, where a server would stop."""
    end = next((place for place, token in enumerate(new[:room]) if token in ends), None)
    return Generated(tokenizer.decode(new[:room][:end], skip_special_tokens=True), cut=end is None)


def _tokens(tokenizer: Any, new: list[int], logprobs: list[float]) -> Tokens:
    """(text, log-probability) of each new token; its text is what it adds to those before it."""
    texts = [tokenizer.decode(new[:n], skip_special_tokens=True) for n in range(len(logprobs) + 1)]
    return [(text[len(before) :], logprob) for before, text, logprob in zip(texts, texts[1:], logprobs, strict=False)]
