from typing import Any

import pytest

from eval.induction import learn
from eval.places import texts
from eval.rules import PARTS, Rule

PIECES = [
    ("Fee: 1 €", "after the colon", "1 €"),
    ("Home > Tools > Saws", "last piece", "Saws"),
    ("Home > Tools > Saws", "last piece but one", "Tools"),
    ("Saw | My shop", "first piece", "Saw"),
    ("now € 1.299,00 (was 1500)", "amount", "€ 1.299,00"),
    ("from 12,- Kč a month", "amount", "12,- Kč"),
    ("12 pieces", "figures", "12"),
    ("12", "figures", None),
    ("Saw", "last piece", None),
    ("Saw", "after the colon", None),
]


@pytest.mark.parametrize(("text", "part", "expected"), PIECES)
def test_a_part_is_cut_out_of_a_text(text: str, part: str, expected: str | None) -> None:
    assert PARTS[part](text) == expected


def read(pages: list[str], values: list[Any], page: str, kind: str = "text", constant: bool = True) -> Any:
    return learn([texts(one) for one in pages], values, kind, constant).read(texts(page))


TITLED = [f"<h1>t{i}</h1><p class=maker>m{i}</p><b>{i}</b>" for i in range(6)]


def test_the_selector_that_was_right_most_often_answers_first() -> None:
    pages = [*TITLED[:4], "<h1>sale</h1><p class=title>t4</p>", "<h1>sale</h1><p class=title>t5</p>"]
    reader = learn([texts(page) for page in pages], [f"t{i}" for i in range(6)], "text")
    assert reader.read(texts("<h1>x</h1><p class=title>y</p>")) == "y"
    assert reader.read(texts("<h1>x</h1>")) == "x"
    assert len(reader.rules) < 20


def test_a_rule_that_is_wrong_more_often_than_null_is_not_kept() -> None:
    values = ["m0", "m1", None, None, None, None]
    assert read(TITLED, values, "<h1>t</h1><p class=maker>m</p>") is None


def test_numbers_come_as_the_field_has_them() -> None:
    assert read(TITLED, [0, 1, 2, 3, 4, 5], "<b>1.250</b>", "number") == 1250
    assert read(TITLED, [0.5, 1, 2, 3, 4, 5], "<b>12,5</b>", "number") == 12.5
    assert read(TITLED, [0, 1, 2, 3, 4, 5], "<b>many</b>", "number") is None


def test_values_are_compared_by_the_fields_rule() -> None:
    pages = [f"<p>Fee</p><i>{i}.00 EUR</i>" for i in range(4)]
    assert read(pages, [f"€ {i}" for i in range(4)], "<p>Fee</p><i>7 CHF</i>", "money") == "7 CHF"


def test_a_list_is_all_texts_of_a_selector() -> None:
    pages = [f"<h1>x</h1><li>a{i}</li><li>b{i}</li>" for i in range(3)]
    assert read(pages, [[f"a{i}", f"b{i}"] for i in range(3)], "<li>c</li><li>d</li><li>e</li>") == ["c", "d", "e"]


def test_what_no_rule_finds_is_the_most_frequent_value_or_null() -> None:
    values = [True, True, True, False, None, True]
    assert read(TITLED, values, "<h1>t</h1>") is True
    assert read(TITLED, values, "<h1>t</h1>", constant=False) is None
    assert read([], [], "<h1>t</h1>") is None
    assert read(TITLED, [[{"a": "t0"}]] * 6, "<h1>t</h1>", constant=False) is None


def test_a_rule_is_told_as_a_person_would_write_it() -> None:
    rules = [Rule("li", -1), Rule("h1", 0, "amount"), Rule("li", None)]
    assert list(map(str, rules)) == ["li[-1]", "h1[0] amount", "li"]
