"""Strict parsing of an answer into a record or a named failure. A failure counts as wrong and is never dropped.

Tolerated: white space around the JSON, one Markdown code fence around it, fields in any order. Nothing else: no text
before or after, no trailing comma, no single quotes, no NaN, no field that the schema does not have, none twice.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extraction.json import Json
from extraction.schema import fields, ordered, problems

FENCE = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?```\Z", re.DOTALL)


class Status(StrEnum):
    """What became of an answer."""

    OK = "ok"
    NOT_JSON = "not JSON"
    NOT_AN_OBJECT = "not an object"
    MISSING_FIELD = "missing field"
    UNEXPECTED_FIELD = "unexpected field"
    WRONG_TYPE = "wrong type"
    CUT_BY_LENGTH = "cut by length"
    # These are the engine's, named here because they count as wrong like the others:
    TOO_LONG = "too long"
    ABORTED = "aborted"
    PROMPT_CHANGED = "prompt changed"
    SERVER_ERROR = "server error"
    NO_PAGE = "no page"


@dataclass(frozen=True)
class Answer:
    """A parsed answer: `record` is null unless `status` is ok; `reason` says what was wrong."""

    record: Json | None
    status: Status
    reason: str = ""


def parse_answer(text: str, schema: Json, cut: bool = False) -> Answer:
    """Parse a model's whole answer. `cut`: the engine stopped at a length limit, so even a whole object is suspect."""
    if cut:
        return Answer(None, Status.CUT_BY_LENGTH, f"no end after {len(text)} characters")
    try:
        value = json.loads(_unfenced(text), parse_constant=_refuse, object_pairs_hook=_unique)
    except ValueError as error:
        return Answer(None, Status.NOT_JSON, str(error))
    if not isinstance(value, dict):
        return Answer(None, Status.NOT_AN_OBJECT, f"a JSON {type(value).__name__}")
    if missing := [name for name in fields(schema) if name not in value]:
        return Answer(None, Status.MISSING_FIELD, ", ".join(missing))
    if unexpected := [name for name in value if name not in fields(schema)]:
        return Answer(None, Status.UNEXPECTED_FIELD, ", ".join(unexpected))
    if wrong := problems(value, schema):
        return Answer(None, Status.WRONG_TYPE, wrong[0])
    return Answer(ordered(value, schema), Status.OK)


def _unfenced(text: str) -> str:
    stripped = text.strip()
    fenced = FENCE.match(stripped)
    return fenced[1] if fenced else stripped


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a field stands twice")
    return record
