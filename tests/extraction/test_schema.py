import json
import re
from typing import Any

import pytest

from extraction import schema as schemas

NESTED = [{"a": "x", "b": 1, "tags": ["t"], "maker": {"name": "M"}, "never": None}, {"b": 2.5, "new": True}]


def test_inference_sees_every_row() -> None:
    schema = schemas.infer(NESTED)
    assert schemas.fields(schema) == ["a", "b", "tags", "maker", "never", "new"]
    assert (
        schemas.skeleton(schema)
        == '{"a": "", "b": 0.0, "tags": [""], "maker": {"name": ""}, "never": "", "new": false}'
    )
    for record in NESTED:
        assert not schemas.problems(schemas.ordered(record, schema), schema)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"a": 1}, "a: 1 is not of type"),
        ({"tags": "t"}, "tags: 't' is not of type"),
        ({"maker": {"name": "M", "x": 1}}, "maker: Additional properties"),
        ({"new": 1}, "new: 1 is not of type"),
    ],
)
def test_what_does_not_fit_is_named(record: dict[str, Any], problem: str) -> None:
    schema = schemas.infer(NESTED)
    assert schemas.problems(schemas.ordered(record, schema), schema)[0].startswith(problem)


MONEY = {"type": ["object", "null"], "properties": {"amount": {"type": "number"}, "unit": {"enum": ["EUR", None]}}}
TEXT = {"type": "string"}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("properties", "skeleton"),
    [
        ({"price": {"$ref": "#/$defs/money"}}, '{"price": {"amount": 0.0, "unit": ""}}'),
        (
            {"prices": {"type": "array", "items": {"$ref": "#/$defs/money"}}},
            '{"prices": [{"amount": 0.0, "unit": ""}]}',
        ),
        ({"price": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/money"}]}}, '{"price": {"amount": 0.0, "unit": ""}}'),
        ({"price": {"$ref": "#/$defs/alias", "title": "Price"}}, '{"price": {"amount": 0.0, "unit": ""}}'),
        ({"gone": {"type": "null"}, "old": {"type": ["null"]}}, '{"gone": null, "old": null}'),
        ({"kind": {"enum": [None, 3]}, "one": {"const": True}, "any": {}}, '{"kind": 0, "one": false, "any": ""}'),
        ({"either": {"oneOf": [{"type": "null"}, {"type": "integer"}]}}, '{"either": 0}'),
    ],
)
def test_a_skeleton_shows_what_a_given_schema_means(properties: dict[str, Any], skeleton: str) -> None:
    given = record(**properties) | {"$defs": {"money": MONEY, "alias": {"$ref": "#/$defs/money"}}}
    checked = schemas.check(given)
    assert schemas.skeleton(checked) == skeleton
    assert "$" not in json.dumps(checked)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "nonsense"}, "not a JSON Schema"),
        ({"type": "array"}, "at least one property"),
        ({"type": "object", "properties": {}}, "at least one property"),
        (record(a={"$ref": "#/$defs/none"}), "schema.a refers to '#/$defs/none', which the schema does not have"),
        (record(a={"$ref": "https://example.org/a.json"}), "refers to 'https://example.org/a.json'"),
        (
            record(a={"$ref": "#/$defs/a"}) | {"$defs": {"a": record(b={"$ref": "#/$defs/a"})}},
            "schema.a.b refers to",
        ),
        (record(a=True), "schema.a is true, not a schema"),
        (record(a={"type": "array", "items": False}), "schema.a[] is false, not a schema"),
        (record(a=TEXT | {"pattern": "^[0-9]+$"}), "schema.a has `pattern`"),
        (record(a={"anyOf": [TEXT, {"not": TEXT}]}), "schema.a has `not`"),
    ],
)
def test_a_schema_that_no_answer_can_be_held_to_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        schemas.check(schema)
    assert "\n" not in str(caught.value)
