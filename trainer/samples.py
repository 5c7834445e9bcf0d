"""Examples as token ids with labels: loss on the completion only, proved on every sample, and none cut."""

from collections.abc import Iterable
from typing import Any, TypedDict

from extraction.ground import drop_ungrounded
from extraction.json import Json
from extraction.prompt import CLEANED, Reader, completion, messages, page, render
from extraction.prune import is_long
from pipeline.errors import UserError
from pipeline.splits import Example
from trainer.chat import prompt_ids, special_tokens

IGNORED = -100  # the label that torch's cross entropy leaves out


class Encoded(TypedDict):
    """An example as the trainer learns it, (n_tokens,) each."""

    input_ids: list[int]
    labels: list[int]  # IGNORED but on the answer and its end token


def encode(tokenizer: Any, row: Example, schema: Json, end: str, max_length: int, reader: Reader = CLEANED) -> Encoded:
    """One example as token ids.

    Raises `UserError` where the sample is longer than `max_length`, or where prompt and answer share a token.
    """
    special = special_tokens(tokenizer)
    chat = messages(row["input"], schema, reader, special)
    answer = completion(left_of(row, schema, reader), schema, special) + end
    before = prompt_ids(tokenizer, chat)
    ids = tokenizer(render(tokenizer, chat) + answer, add_special_tokens=False)["input_ids"]
    if len(ids) > max_length:
        raise UserError(
            f"example {row['id']} has {len(ids)} tokens, more than model.max_length {max_length}: "
            "raise model.max_length (the base model's context permitting) or shorten the example"
        )
    if ids[: len(before)] != before:
        raise UserError(f"example {row['id']}: the tokenizer joins the prompt's end with the answer's start")
    labels = [IGNORED] * len(before) + ids[len(before) :]
    if (learnt := tokenizer.decode([label for label in labels if label != IGNORED])) != answer:
        raise UserError(f"example {row['id']}: the loss would be on {learnt!r} instead of {answer!r}")
    return {"input_ids": ids, "labels": labels}


def left_of(row: Example, schema: Json, reader: Reader) -> Json:
    """A row's record; of a pruned page, with null for what pruning lost, so that nobody learns to guess it."""
    record = row["output"]
    read = page(row["input"], reader)
    if reader.pruner is None or not is_long(read):
        return record
    return drop_ungrounded(record, reader.pruner.prune(read, schema), schema)


def encode_all(
    tokenizer: Any,
    rows: Iterable[Example],
    schema: Json,
    end: str,
    max_length: int,
    reader: Reader = CLEANED,
) -> list[Encoded]:
    """`encode` for every row, in order."""
    return [encode(tokenizer, row, schema, end, max_length, reader) for row in rows]
