import pytest
from lxml import html

from benchmarks.evidence import resolved, stated
from extraction.evidence import Evidence, evidence
from extraction.parse import Answer, Status
from serve.result import Extraction

PAGE = '<html><body><h1>Canvas Backpack</h1><img alt="Nordvik"><p>now <b>€ 62</b> only</p></body></html>'


@pytest.mark.parametrize("value", ["Canvas Backpack", "Nordvik", "€ 62"])
def test_a_place_states_its_value(value: str) -> None:
    (place, *_) = evidence({"x": value}, PAGE)[("x",)]
    assert stated(html.document_fromstring(PAGE), PAGE, place) == value


def test_a_place_in_text_is_of_the_page() -> None:
    assert stated(None, "TOTAL 62", Evidence(None, None, 6, 8, "62")) == "62"


def test_values_that_a_page_does_not_state_do_not_count() -> None:
    answer = Answer({"price": "€ 62", "name": "Canvas Backpack", "maker": "Nobody", "category": None}, Status.OK, "")
    asked = Extraction(answer, answer, False, {}, [], PAGE, PAGE, "", 1, 1, 1, 2.0, 0.0, 0.0, "")
    assert resolved([asked]) == {"values": 2, "resolved": 2}


def test_a_place_that_says_something_else_is_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer({"price": "€ 62"}, Status.OK, "")
    asked = Extraction(answer, answer, False, {}, [], PAGE, PAGE, "", 1, 1, 1, 2.0, 0.0, 0.0, "")
    wrong = {("price",): [Evidence("/html/body/h1", None, 0, 6, "Canvas")]}
    monkeypatch.setattr(Extraction, "evidence", property(lambda self: wrong))
    assert resolved([asked]) == {"values": 1, "resolved": 0}
