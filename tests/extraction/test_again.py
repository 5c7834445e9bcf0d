import pytest

from extraction.again import Judged, prefer, unsure
from extraction.json import Json

FIRST: Judged = ({"name": "Oak table", "price": None, "tags": ["a", "b"]}, {"name": 0.6, "price": 0.99, "tags": 0.1})


@pytest.mark.parametrize(
    ("least", "names"), [(0.0, ["price"]), (0.6, ["price"]), (0.7, ["name", "price"]), (1.0, ["name", "price"])]
)
def test_null_and_unsure_fields_are_asked_for_again_and_lists_are_not(least: float, names: list[str]) -> None:
    assert unsure(*FIRST, list(FIRST[0]), least) == names


def test_of_a_failed_answer_all_fields_are_asked_for_again() -> None:
    assert unsure(None, {}, ["name", "tags"], 0.9) == ["name", "tags"]


@pytest.mark.parametrize(
    ("second", "probability", "changed"),
    [
        ({"name": "Ash table"}, 0.7, {"name": "Ash table"}),
        ({"name": "Ash table"}, 0.5, {}),  # less probable
        ({"name": "Elm table"}, 0.7, {}),  # not stated
        ({"name": None}, 0.9, {}),
        ({"price": "€ 5"}, 0.6, {"price": "€ 5"}),
        ({"price": "€ 5"}, 0.4, {}),
        ({"tags": ["a"]}, 0.9, {}),
    ],
)
def test_the_better_value_of_two_answers_stands(second: Json, probability: float, changed: Json) -> None:
    (name,) = second
    answer = FIRST[0] | second
    record, probabilities = prefer(FIRST, (answer, {name: probability}), [name], "<p>Ash table</p><b>€ 5</b> a")
    assert record == FIRST[0] | changed
    assert probabilities[name] == (probability if changed else FIRST[1][name])


def test_fields_that_were_sure_stay() -> None:
    assert prefer(FIRST, ({"name": "b", "price": "b", "tags": []}, {"name": 0.9}), ["price"], "b") == FIRST
