import pytest

from extraction.distinct import distinct_answer
from extraction.json import Json
from extraction.parse import Answer, Status

TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
SCHEMA: Json = {"type": "object", "properties": {"length": TEXT, "beam": TEXT, "cabins": NUMBER, "berths": NUMBER}}
EMPTY: Json = dict.fromkeys(SCHEMA["properties"])


def record_of(read: str, **given: object) -> Json | None:
    return distinct_answer(Answer(EMPTY | given, Status.OK), read, SCHEMA).record


def test_a_value_belongs_to_the_field_that_its_line_names() -> None:
    read = "<li>Beam 3,2 m</li>\n<li>Hull steel</li>"
    assert record_of(read, length="3,2 m", beam="3,2 m") == EMPTY | {"beam": "3,2 m"}


@pytest.mark.parametrize(
    "read",
    [
        "<li>Length 3,2 m</li>\n<li>Beam 3,2 m</li>",  # stated twice
        "<li>LOA 3,2 m</li>",  # for neither
        "<li>Length and beam 3,2 m</li>",  # for both
        "<li>Beam 3,2 m</li>\n<li>Length 13,2 m</li>\n<li>Dinghy 3,2 m</li>",
    ],
)
def test_where_nobody_can_tell_all_keep_it(read: str) -> None:
    kept = EMPTY | {"length": "3,2 m", "beam": "3,2 m"}
    assert record_of(read, length="3,2 m", beam="3,2 m") == kept


def test_numbers_are_values_too_and_a_field_that_must_be_there_stays() -> None:
    assert record_of("<li>Cabins: 4</li>", cabins=4, berths=4) == EMPTY | {"cabins": 4}
    strict = {"type": "object", "properties": {"cabins": {"type": "number"}, "berths": {"type": "number"}}}
    both = Answer({"cabins": 4, "berths": 4}, Status.OK)
    assert distinct_answer(both, "<li>Cabins: 4</li>", strict) == both


def test_an_answer_that_failed_stays_as_it_is() -> None:
    failed = Answer(None, Status.NOT_JSON, "no object")
    assert distinct_answer(failed, "<li>Beam 3,2 m</li>", SCHEMA) == failed
