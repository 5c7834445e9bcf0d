"""The one prompt. Training, HF inference and serving all begin here.

The system message carries the task and the schema, so that it can be stored in the served model: whoever sends it only
a page gets the fields that it was trained for. The user message is the page.
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from jinja2.exceptions import TemplateError

from extraction.clean import clean
from extraction.json import Json
from extraction.labels import Labels, relabelled
from extraction.prune import Pruner
from extraction.schema import ordered, skeleton
from extraction.special import hide

Messages = list[dict[str, str]]

TASK = "Extract these fields as JSON. Copy each value as it is written; null if it is not there."
# Datasets in the tutorial's form begin each input with an instruction of their own; ours replaces it.
INSTRUCTION = re.compile(r"\A\s*extract [^<\n]{0,80}:[ \t]*\n", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
MARKUP = ("<", ">", "&", '"', "\xa0")  # decoded, these would read as markup, or not at all


@dataclass(frozen=True)
class Reader:
    """How a page is read: cleaned of what cannot hold a value, with its markup for machines or not, pruned or not, with
    the words of its fields for the labels that are listed."""

    clean: bool = True
    markup: bool = True  # only cleaning takes it out
    pruner: Pruner | None = None
    labels: Labels = ()


CLEANED = Reader()


def page(text: str, reader: Reader = CLEANED) -> str:
    """The input before it is pruned: without a leading instruction line, with its letters written as letters, cleaned
    as the reader says (extraction/clean.py), and with the labels that it lists in its fields' words.

    A small model cannot know every entity by name or number, so `K&#269;` becomes `Kč`; those of markup stay.
    """
    return _unpruned(text, reader.clean, reader.markup, reader.labels)


@lru_cache(maxsize=4)  # a page may be read twice: when it is asked again, or when its record is compared with it
def _unpruned(text: str, cleaned: bool, markup: bool, listed: Labels) -> str:
    body = INSTRUCTION.sub("", text, count=1)
    return relabelled(ENTITY.sub(_decode, clean(body, markup) if cleaned else body).strip(), listed)


def _decode(entity: re.Match[str]) -> str:
    character = html.unescape(entity[0])
    return entity[0] if character in MARKUP else character


def system(schema: Json) -> str:
    """The system message for a schema."""
    return f"{TASK}\n{skeleton(schema)}"


def messages(text: str, schema: Json, reader: Reader = CLEANED, special: Sequence[str] = ()) -> Messages:
    """Chat messages that ask for the schema's fields of `text`, as the reader reads it.

    None of the base's `special` tokens is in the page; extraction.special.show undoes that in the answer.
    """
    read = page(text, reader)
    user = hide(reader.pruner.prune(read, schema) if reader.pruner else read, special)
    return [{"role": "system", "content": system(schema)}, {"role": "user", "content": user}]


def completion(record: Json, schema: Json, special: Sequence[str] = ()) -> str:
    """The answer that the model is trained to give: the record as one line of JSON, fields in the schema's order.

    A `special` token in a value is written as the page has it (`messages`).
    """
    return hide(json.dumps(ordered(record, schema), ensure_ascii=False), special)


class ChatTokenizer(Protocol):
    """The part of a transformers tokenizer that rendering needs."""

    def apply_chat_template(self, conversation: Messages, *, tokenize: bool, add_generation_prompt: bool) -> Any: ...


def render(tokenizer: ChatTokenizer, chat: Messages) -> str:
    """The prompt as one string, by the base model's own chat template.

    A template that refuses or drops the system role gets its text at the head of the user's turn instead.
    """
    try:
        rendered: str = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        dropped = chat[0]["content"] not in rendered
    except TemplateError:
        dropped = True
    if not dropped:
        return rendered
    first, second, *rest = chat
    joined = {"role": second["role"], "content": f"{first['content']}\n\n{second['content']}"}
    merged: str = tokenizer.apply_chat_template([joined, *rest], tokenize=False, add_generation_prompt=True)
    return merged
