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


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"type": "array"}, {"type": "object", "properties": {}}])
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"data\.schema"):
        schemas.check(schema)
