"""Each place resolves with lxml on the page as given, and states the value there."""

import time
from typing import Any

import pytest
from lxml import html as lxml_html

from extraction.evidence import Evidence, evidence
from extraction.ground import grounded

PAGE = """<!doctype html><html><head><title>Oak Table | Shop</title></head><body><nav><a href="#">Tables</a></nav>
<h1>Oak <b>Table</b></h1><script>var p = "Oak Table";</script><img alt="Nordvik"><p>by Nordvik</p>
<span class=price>€ 1&#46;299,<sup>50</sup></span><ul><li>red</li><li>green</li></ul><p>Weight: 12,5&nbsp;kg</p>
</body></html>"""


def resolved(place: Evidence, page: str) -> str:
    """What stands at a place, found by lxml alone."""
    (element,) = lxml_html.document_fromstring(page).xpath(place.xpath)
    text = element.get(place.attribute) if place.attribute else "".join(element.itertext())
    return str(text[place.start : place.end])


@pytest.mark.parametrize(
    ("value", "xpath", "text"),
    [
        ("Oak Table", "/html/body/h1", "Oak Table"),
        ("oak table", "/html/body/h1", "Oak Table"),
        ("Nordvik", "/html/body/p[1]", "Nordvik"),
        ("€ 1.299,50", "/html/body/span", "€ 1.299,50"),
        ("green", "/html/body/ul/li[2]", "green"),
        (12.5, "/html/body/p[2]", "12,5"),
        (1299.5, None, None),  # no one text of the page has this number
    ],
)
def test_a_value_is_found_where_it_stands(value: Any, xpath: str | None, text: str | None) -> None:
    places = evidence({"x": value}, PAGE)[("x",)]
    assert [place.xpath for place in places[:1]] == ([xpath] if xpath else [])
    for place in places:
        assert resolved(place, PAGE) == place.text
    if text:
        assert places[0].text == text


@pytest.mark.parametrize(
    "page", ["<p><!-- x -->Oak</p>", "<p>pine <b>O</b><!-- -->ak<?x y?></p>", "<p>a<?x y?>Oak</p>"]
)
def test_text_after_a_comment_is_text(page: str) -> None:
    (place,) = evidence({"x": "Oak"}, page)[("x",)]
    assert (place.xpath, place.text, resolved(place, page)) == ("/html/body/p", "Oak", "Oak")


def test_equal_texts_of_an_element_are_places_of_their_own() -> None:
    places = evidence({"x": "Oak"}, "<p>Oak<br>Oak</p>")[("x",)]
    assert [(place.start, place.end) for place in places] == [(0, 3), (3, 6)]


def test_an_attribute_is_the_last_resort() -> None:
    (place,) = evidence({"x": "Nordvik"}, '<div><img alt="Nordvik GmbH"></div>')[("x",)]
    assert (place.xpath, place.attribute, place.text) == ("/html/body/div/img", "alt", "Nordvik")
    assert (place.start, place.end) == (0, 7)


def test_what_was_read_comes_before_what_was_not() -> None:
    page = "<p>old price 5 € it was</p><p>now only 5 € today</p>"
    assert evidence({"x": "5 €"}, page, "<p>now only 5 € today</p>")[("x",)][0].xpath == "/html/body/p[2]"


@pytest.mark.parametrize("tag", ["o:p", "x@y", "x[1]", "x\"y'z"])
def test_a_tag_that_is_no_name_is_counted(tag: str) -> None:
    inside = f"<{tag}>Ash</{tag}><b>Oh</b><!-- 2 --><{tag}><p>Oak</p></{tag}>"
    page = f"<!-- 1 --><h1>Pine</h1><{tag}>Pine</{tag}><div>{inside}</div>"
    (place,) = evidence({"x": "Oak"}, page)[("x",)]
    assert place.xpath == "/html/body/div/*[3]/*[1]"
    assert resolved(place, page) == "Oak"


def test_a_page_without_markup_has_ranges_alone() -> None:
    (place,) = evidence({"x": "Oak"}, "TOTAL 5\nOak table")[("x",)]
    assert place == Evidence(None, None, 8, 11, "Oak")


def test_nested_values_have_their_paths() -> None:
    record = {"colours": ["red", "green"], "none": None, "box": {"maker": "Nordvik"}}
    assert set(evidence(record, PAGE)) == {("colours", 0), ("colours", 1), ("box", "maker")}


@pytest.mark.parametrize("page", ["<div>" * 3_000 + "x", "<p></p>", "", "<", "a\x00b <b>\ud800</b>", "<!--x-->"])
def test_odd_pages_have_no_places(page: str) -> None:
    assert evidence({"x": "absent value"}, page)[("x",)] == []


def test_a_large_page_takes_a_second() -> None:
    page = "<body>" + "<p>some words about nothing</p>" * 60_000 + "<h1>Oak Table</h1>"
    assert grounded("Oak Table", page)
    started = time.process_time()
    (place,) = evidence({"x": "Oak Table"}, page)[("x",)]
    assert resolved(place, page) == "Oak Table"
    assert time.process_time() - started < 5
