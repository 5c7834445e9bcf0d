"""One record from the answers to the parts of a page, chosen by the model's own probabilities."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from extraction.json import Json
from extraction.parse import Answer, Status
from extraction.schema import fields

Tokens = Sequence[tuple[str, float]]  # text and log-probability
KEY = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
SKIPPED = 16  # characters of an answer that its tokens may leave out: servers do not tell of every byte


@dataclass(frozen=True)
class Part:
    """What the model said of one part: the parsed answer, its text, and the text's tokens."""

    answer: Answer
    text: str
    tokens: Tokens


def combine(parts: Sequence[Part], schema: Json) -> Answer:
    """Of each field the value that weighs the most: its own probability times the sum of its part's.

    So a part with most of the record outweighs one with a stray value, and still the record may come from several; of
    equals the first. An answer that failed is left out and said in `reason`; if all did, it is the first.
    """
    if all(part.answer.record is None for part in parts):
        return parts[0].answer
    chosen = {name: value for name, (value, _) in _choices(parts, schema).items()}
    failed = [part.answer.status for part in parts if part.answer.record is None]
    reason = f"{len(failed)} of {len(parts)} parts gave no record: {', '.join(dict.fromkeys(failed))}" if failed else ""
    return Answer(chosen, Status.OK, reason)


def probabilities(parts: Sequence[Part], schema: Json) -> dict[str, float]:
    """Probability (0 to 1) of each field of the combined record; a field without tokens is left out.

    A value's is the product over its tokens; of a field that every part left null it is the least sure part's.
    """
    chosen = {name: logprob for name, (_, logprob) in _choices(parts, schema).items()}
    return {name: math.exp(logprob) for name, logprob in chosen.items() if logprob is not None}


def _choices(parts: Sequence[Part], schema: Json) -> dict[str, tuple[Any, float | None]]:
    """The chosen value of each field and its log-probability; nothing where no part gave a record."""
    good = [(part.answer.record, confidence(part)) for part in parts if part.answer.record is not None]
    weighed = [(record, logprobs, _weight(record, logprobs)) for record, logprobs in good]
    chosen: dict[str, tuple[Any, float | None]] = {}
    for name in fields(schema) if good else ():
        stated = [
            (logprobs.get(name, -math.inf) + weight, record[name], logprobs.get(name))
            for record, logprobs, weight in weighed
            if record[name] is not None
        ]
        nulls = min((logprobs[name] for _, logprobs, _ in weighed if name in logprobs), default=None)
        chosen[name] = max(stated, key=lambda found: found[0], default=(0.0, None, nulls))[1:]
    return chosen


def _weight(record: Json, logprobs: dict[str, float]) -> float:
    """The logarithm of the sum of the probabilities of a record's values that are not null."""
    total = sum(math.exp(logprobs.get(name, -math.inf)) for name, value in record.items() if value is not None)
    return math.log(total) if total else -math.inf


def confidence(part: Part) -> dict[str, float]:
    """Log-probability of each top-level value, the sum over its tokens; a field without any is left out."""
    places = _places(part.text, part.tokens)
    found = {}
    for name, (start, end) in _spans(part.text).items():
        inside = [logprob for first, last, logprob in places if first < end and last > start]
        if inside:
            found[name] = sum(inside)
    return found


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """Where each top-level value of a JSON object stands in its text."""
    decoder = json.JSONDecoder()
    at = text.index("{") + 1
    found = {}
    while key := KEY.match(text, at):
        at = decoder.raw_decode(text, key.end())[1]
        found[json.loads(key[1])] = key.end(), at
    return found


def _places(text: str, tokens: Tokens) -> list[tuple[int, int, float]]:
    """(start, end, log-probability) of each token that is found in the text; a byte of a character is not."""
    at, found = 0, []
    for token, logprob in tokens:
        start = text.find(token, at, at + len(token) + SKIPPED) if token else -1
        if start >= 0:
            at = start + len(token)
            found.append((start, at, logprob))
    return found
