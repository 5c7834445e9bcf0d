"""Schemas as grammars, judged by llama.cpp itself: random answers are valid, and loose schemas are refused."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from serve.engine.grammar import UnrecognizedError, from_schema
from tests.serve.conftest import Api

NODE = {
    "type": "object",
    "properties": {"value": {"type": "boolean"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["value", "next"],
}
OPTIONAL = {"a": {"type": "null"}, "b": {"type": "boolean"}, "c": {"enum": ['"é\\', None, 3]}}


def answers(api: Api, schema: dict[str, Any], n: int = 4) -> Iterator[str]:
    """Answers at a temperature at which the model says anything that it may."""
    for seed in range(n):
        options = {"num_predict": 400, "seed": seed, "temperature": 1.5, "top_k": 0, "top_p": 1.0}
        answer = api.chat(format=schema, options=options).json()
        if answer.get("done_reason") == "stop":
            yield answer["message"]["content"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": OPTIONAL},
        {"type": "object", "properties": OPTIONAL, "required": ["b"]},
        {"type": "object", "properties": {"z": {"type": ["string", "null"], "maxLength": 4}}, "required": ["z"]},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 0},
        {"oneOf": [{"const": {"a": [1, "x"]}}, {"type": "boolean"}]},
        {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    ],
)
def test_answers_fit_the_schema(api: Api, schema: dict[str, Any]) -> None:
    found = list(answers(api, schema))
    assert found
    for text in found:
        jsonschema.validate(json.loads(text), schema)


def test_keys_that_are_not_required_may_be_missing(api: Api) -> None:
    found = [json.loads(text) for text in answers(api, {"type": "object", "properties": OPTIONAL}, n=8)]
    assert any(len(record) < len(OPTIONAL) for record in found)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"type": "string", "pattern": "^a"},
        {"type": "object", "properties": {"a": {"not": {}}}},
        {"$ref": "#/$defs/nosuch"},
        {"$ref": "https://example.org/schema"},
        {"type": "object", "properties": {"a": 3}},
    ],
)
def test_what_cannot_be_enforced_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnrecognizedError, match="Unrecognized schema"):
        from_schema(schema)
