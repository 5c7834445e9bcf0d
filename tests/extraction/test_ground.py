import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from extraction.ground import drop_ungrounded, ground_answer, grounded
from extraction.parse import Answer, Status
from extraction.schema import infer

PAGE = (
    '<h1 title="Oak  &amp; Ash">Table &laquo;<b>Fin</b>e&raquo;&#8211;One</h1><!-- sold -->'
    "<i>1</i><sup>299</sup> <u>€</u>, 5<!-- -->49 pcs<td>12</td><td>30</td>"
    "<p data-w=7.5kg>1.234.567,89 / 1,500 / 2 000 / 12,34,567 / ½ ﬁne Ｆｕｌｌ</p><meta content='in_stock \"now\"'>"
)
CASES: list[tuple[Any, bool]] = [
    ("Oak & Ash", True),
    ("table “FINE” - one", True),
    ("1299 €", True),
    ("1.299 €", True),
    ("1299 $", False),
    ("549 pcs", True),
    ("fine full", True),
    ("in stock now", True),
    ("Ash Table", False),  # an attribute's value and the text are apart
    ("title", False),
    ("sold", False),
    ("Birch", False),
    ("…", False),
    ("–", True),
    ("", True),
    (1299, True),
    (549, True),
    (12, True),
    (30, True),
    (7.5, True),
    (1234567.89, True),
    (1500, True),
    (1.5, True),
    (2000.0, True),
    (1234567, True),
    (-12, True),
    (1301, False),
    (34.5, False),
    (None, True),
    (True, True),
    ([12, "Fine"], True),
    ([12, "Birch"], False),
    ({"a": {"b": [None, "Oak"]}}, True),
    ({"a": {"b": [31]}}, False),
]


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_a_value_is_grounded_if_the_page_states_it(value: Any, expected: bool) -> None:
    assert grounded(value, PAGE) is expected


def test_what_the_page_does_not_state_becomes_null() -> None:
    record = {"name": "Oak", "price": 6, "made": True, "tags": ["Fine", "Birch"], "size": {"w": 12, "h": 31}}
    rejected = {"name": "Oak", "price": None, "made": True, "tags": ["Fine", None], "size": {"w": 12, "h": None}}
    assert drop_ungrounded(record, PAGE, infer([record])) == rejected
    assert record["price"] == 6


def test_a_value_that_may_not_be_null_is_kept() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}}}
    assert drop_ungrounded({"a": "Birch", "b": "Birch"}, PAGE, schema) == {"a": "Birch", "b": None}


def test_a_failed_answer_stays_what_it_is() -> None:
    failed = Answer(None, Status.NOT_JSON, "x")
    assert ground_answer(failed, PAGE, {}) is failed
    assert ground_answer(Answer({"a": "Birch"}, Status.OK), PAGE, infer([{"a": "x"}])).record == {"a": None}


def test_every_value_of_the_example_dataset_is_grounded() -> None:
    lines = (Path(__file__).parents[2] / "data" / "products.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) > 1000
    assert [row["id"] for row in rows if not grounded(row["output"], row["input"])] == []
    other = [row["id"] for row, after in pairwise(rows) if grounded(after["output"], row["input"])]
    assert len(other) < 10  # that of another page is not
