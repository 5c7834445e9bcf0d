"""The base model with training examples in its prompt, as many as the context holds: a baseline without training.

The examples are the first of the training split, which is in the order of a hash, as turns of a conversation before the
page's. A page that leaves no room for one is asked as of the base model.
"""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from eval import hf
from eval.provenance import FEW_SHOT
from eval.records import Prediction
from extraction.prompt import Messages, completion, messages, render
from pipeline.config import Config
from pipeline.files import read_schema
from pipeline.reading import reader
from pipeline.splits import Example, read_split
from serve.client import read_prompt


def answer_all(config: Config, rows: Sequence[Example]) -> Iterator[Prediction]:
    """The prediction for each row, longest prompts first."""
    tokenizer, model = hf.load(config, "base")
    schema, turns = read_schema(config.folder), known_turns(config, tokenizer)
    asked, shots = [], []
    for row in rows:
        parts = hf.prompts(tokenizer, row["input"], schema, config)
        ids, n = prompt(config, tokenizer, turns, row["input"]) if len(parts) == 1 else ([], 0)
        asked.append((row, [ids] if n else parts))
        shots.append(n)
    print(f"eval: {FEW_SHOT}: {median(shots):g} examples in a prompt at the median")
    yield from hf.answer_prompts(config, tokenizer, model, asked)


def known_turns(config: Config, tokenizer: Any) -> list[Messages]:
    """The user's and the assistant's message of training examples, more than the context holds where there are."""
    schema, special, how = read_schema(config.folder), read_prompt(config.folder).special, reader(config)
    turns, room = list[Messages](), config.serve.max_prompt
    for row in read_split(config.folder, "train"):
        _, user = messages(row["input"], schema, how, special)
        turns.append([user, {"role": "assistant", "content": completion(row["output"], schema, special)}])
        room -= sum(len(tokenizer(turn["content"], add_special_tokens=False).input_ids) for turn in turns[-1])
        if room < 0:
            break
    return turns


def prompt(config: Config, tokenizer: Any, turns: Sequence[Messages], page: str) -> tuple[list[int], int]:
    """Token ids of a page's prompt after as many turns as there is room for, and how many; ([], 0) for none."""
    schema, special = read_schema(config.folder), read_prompt(config.folder).special
    system, user = messages(page, schema, reader(config), special)
    for n in range(len(turns), 0, -1):
        chat = [system, *(message for turn in turns[:n] for message in turn), user]
        ids: list[int] = tokenizer(render(tokenizer, chat), add_special_tokens=False, verbose=False).input_ids
        if len(ids) <= config.serve.max_prompt:
            return ids, n
    return [], 0
