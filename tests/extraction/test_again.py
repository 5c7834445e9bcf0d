import numpy as np
import pytest

from extraction.again import NOWHERE, Ballot, Stated, elect, unsure
from extraction.blocks import blocks
from extraction.json import Json
from extraction.ranker import fields

FIRST: Json = {"name": "Oak table", "price": None, "tags": ["a", "b"]}
SURE = {"name": 0.6, "price": 0.99, "tags": 0.1}
TAGS = {"type": "array", "items": {"type": "string"}}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "price": {"type": "number"}, "tags": TAGS}}


def ballot(name: str | None, probability: float, likelihood: float = 1.0) -> Ballot:
    return Ballot({"name": name}, {"name": probability}, {"name": likelihood} if name else {})


@pytest.mark.parametrize(
    ("least", "names"), [(0.0, ["price"]), (0.6, ["price"]), (0.7, ["name", "price"]), (1.0, ["name", "price"])]
)
def test_null_and_unsure_fields_are_asked_for_again_and_lists_are_not(least: float, names: list[str]) -> None:
    assert unsure(FIRST, SURE, list(FIRST), least) == names


def test_of_a_failed_answer_all_fields_are_asked_for_again() -> None:
    assert unsure(None, {}, ["name", "tags"], 0.9) == ["name", "tags"]


@pytest.mark.parametrize(
    ("ballots", "name", "probability"),
    [
        ([ballot("a", 0.6), ballot("b", 0.7)], "b", 0.35),
        ([ballot("a", 0.6), ballot("b", 0.6)], "a", 0.3),  # of equals the first
        ([ballot("a", 0.5), ballot("b", 0.9), ballot("a", 0.5)], "a", 1 / 3),  # twice
        ([ballot("a", 0.6, 0.9), ballot("b", 0.7, 0.1)], "a", 0.3),  # in a likelier block
        ([ballot("a", 0.6), ballot("b", 0.9, 0.0)], "a", 0.3),  # stated nowhere
        ([ballot("a", 0.4), ballot(None, 0.7)], "a", 0.2),  # null counts half
        ([ballot("a", 0.4), ballot(None, 0.9)], None, 0.45),
        ([ballot("a", 0.4)], "a", 0.4),
    ],
)
def test_the_value_whose_votes_weigh_the_most_is_elected(
    ballots: list[Ballot], name: str | None, probability: float
) -> None:
    assert elect(ballots, ["name"]) == ({"name": name}, {"name": pytest.approx(probability)})


def test_fields_that_were_sure_and_lists_stay() -> None:
    other = Ballot({"name": "b", "price": "b", "tags": []}, dict.fromkeys(FIRST, 1.0), dict.fromkeys(FIRST, 1.0))
    record, probability = elect([Ballot(FIRST, SURE, {"name": 1.0}), other], ["price", "tags"])
    assert record == FIRST | {"price": "b"}
    assert probability == SURE | {"price": 0.5}


def test_a_value_is_as_likely_as_the_likeliest_block_that_states_it() -> None:
    more = "word " * 20  # so that each element is a block of its own
    found = blocks(
        f"<body><h1>Oak table {more}</h1><p>€ 7,00 {more}</p><p>Oak table, € 5,00 {more}</p><p>Ash {more}</p>"
    )
    assert len(found) == 4
    probabilities = np.array([[0.6, 0.1, 0], [0, 0.2, 0], [0.3, 0.7, 0], [NOWHERE / 2, 0, 1]], np.float32)
    stated = Stated(found, fields(SCHEMA), probabilities)
    for record, likelihood in (
        ({"name": "OAK TABLE", "price": 7, "tags": ["Ash"]}, {"name": 0.6, "price": 0.2}),
        ({"name": "Ash", "price": None, "tags": []}, {"name": 0.0}),
        ({"name": "Elm", "price": 5.0}, {"name": 0.0, "price": 0.7}),
    ):
        assert stated.likelihood(record) == pytest.approx(likelihood)
