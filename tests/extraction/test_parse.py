import pytest

from extraction.parse import Status, parse_answer

SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "n": {"type": ["number", "null"]}}}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"a": "x", "n": 1}', Status.OK),
        (' {"n": null,\n"a": null} ', Status.OK),
        ('```json\n{"a": "x", "n": 1}\n```', Status.OK),
        ("", Status.NOT_JSON),
        ('{"a": "x", "n": 1', Status.NOT_JSON),
        ('Here: {"a": "x", "n": 1}', Status.NOT_JSON),
        ('{"a": "x", "n": 1} and more', Status.NOT_JSON),
        ("{'a': 'x', 'n': 1}", Status.NOT_JSON),
        ('{"a": "x", "n": NaN}', Status.NOT_JSON),
        ('{"a": "x", "a": "y", "n": 1}', Status.NOT_JSON),
        ('[{"a": "x", "n": 1}]', Status.NOT_AN_OBJECT),
        ("null", Status.NOT_AN_OBJECT),
        ('{"a": "x"}', Status.MISSING_FIELD),
        ('{"a": "x", "n": 1, "z": 2}', Status.UNEXPECTED_FIELD),
        ('{"a": 5, "n": 1}', Status.WRONG_TYPE),
        ('{"a": "x", "n": "1"}', Status.WRONG_TYPE),
    ],
)
def test_every_answer_has_a_named_outcome(text: str, status: Status) -> None:
    answer = parse_answer(text, SCHEMA)
    assert answer.status == status
    assert (answer.record is None) == (status != Status.OK)
    assert bool(answer.reason) == (status != Status.OK)


def test_an_answer_that_the_engine_cut_is_never_a_record() -> None:
    assert parse_answer('{"a": "x", "n": 1}', SCHEMA, cut=True).status == Status.CUT_BY_LENGTH


def test_fields_come_in_the_schemas_order() -> None:
    record = parse_answer('{"n": 1, "a": "x"}', SCHEMA).record
    assert record is not None
    assert list(record) == ["a", "n"]
