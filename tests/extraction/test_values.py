from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from extraction.numbers import date, money, number, readings
from extraction.schema import check
from extraction.text import fold, squash
from extraction.values import agreement, annotated, described, plain, same, same_raw

PRICES = [
    ("€ 1.299,00", "1299", "EUR"),
    ("1299.00 EUR", "1299", "EUR"),
    ("1.299 €", "1299", "EUR"),
    ("1.299,- €", "1299", "EUR"),
    ("1 299,00 zł", "1299", "PLN"),
    ("1\u202f299 €", "1299", "EUR"),
    ("CHF 1'299.50", "1299.5", "CHF"),
    ("$1,299", "1299", "USD"),
    ("US $12.99", "12.99", "USD"),
    ("$5 CAD", "5", "CAD"),
    ("Rs. 1,29,900", "129900", "INR"),
    ("1.299,000", "1299", None),
    ("0.999", "0.999", None),
    ("12,5", "12.5", None),
    ("£.99", "0.99", "GBP"),
    ("99 ر.س", "99", "SAR"),
    ("1 490 руб.", "1490", "RUB"),
    ("1.234,56 €", "1234.56", "EUR"),
    ("1,234.56", "1234.56", None),
    ("1'234.50 CHF", "1234.5", "CHF"),
    ("₹1,00,000", "100000", "INR"),
    ("١٬٢٣٤٫٥٠ ر.س", "1234.5", "SAR"),
    ("−5 €", "-5", "EUR"),
    ("$ -5", "-5", "USD"),
]
NO_PRICES = ["", "007", "1.299.00", "iPhone 15", "12.5 kg", "€1299-1399", "12 34", "€", "5 €/St.", "1,2,3"]


@pytest.mark.parametrize(("text", "amount", "currency"), PRICES)
def test_an_amount_of_money_is_read(text: str, amount: str, currency: str | None) -> None:
    assert money(text) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", NO_PRICES)
def test_other_text_is_no_money(text: str) -> None:
    assert money(text) is None


READINGS = [
    ("1.299", ["1299", "1.299"]),
    ("1.29", ["1.29"]),
    ("1.299,50", ["1299.5"]),
    ("1,29,900", ["129900"]),
    ("007", ["7"]),
    (".5", ["0.5"]),
    ("1.2.3", []),
]


@pytest.mark.parametrize(("digits", "expected"), READINGS)
def test_digits_are_read_in_every_way_the_likeliest_first(digits: str, expected: list[str]) -> None:
    assert readings(digits) == [Decimal(text) for text in expected]


DATES = [
    ("2024-03-04", datetime(2024, 3, 4)),
    ("4. März 2024", datetime(2024, 3, 4)),
    ("March 4, 2024", datetime(2024, 3, 4)),
    ("4 mars 2024", datetime(2024, 3, 4)),
    ("12 de março de 2024", datetime(2024, 3, 12)),
    ("2024年3月4日", datetime(2024, 3, 4)),
    ("4 марта 2024", datetime(2024, 3, 4)),
    ("٠٤/٠٣/٢٠٢٤", datetime(2024, 3, 4)),
    ("04/03/2024", datetime(2024, 3, 4)),
    ("04.03.24", datetime(2024, 3, 4)),
    ("04/03/2024 12:30", datetime(2024, 3, 4, 12, 30)),
    ("10", None),
    ("yesterday", None),
    ("March 2024", None),
    ("iPhone 15 2024", None),
    ("1.234.567,89", None),
    ("31/02/2024", None),
]


@pytest.mark.parametrize(("text", "expected"), DATES)
def test_a_whole_date_is_read_in_any_language(text: str, expected: datetime | None) -> None:
    assert date(text) == expected


def test_the_month_may_come_first() -> None:
    assert date("04/03/2024", month_first=True) == datetime(2024, 4, 3)


NUMBERS = [("1.234,5", "1234.5"), ("-3", "-3"), ("1 000", "1000"), ("12 kg", None), ("007", None), ("", None)]


@pytest.mark.parametrize(("text", "expected"), NUMBERS)
def test_a_number_is_a_whole_text(text: str, expected: str | None) -> None:
    assert number(text) == (Decimal(expected) if expected else None)


EQUAL = [  # rule, reference, prediction
    ("money", "€ 1.299,00", "1299.00 EUR"),
    ("money", "1.234,56 €", "EUR 1,234.56"),
    ("money", "1'234.50 CHF", "CHF 1234.50"),
    ("money", "₹1,00,000", "Rs. 100000"),
    ("money", "١٬٢٣٤ ر.س", "1,234 SAR"),
    ("money", "On request", "on  request"),
    ("number", "1299", "1,299.00"),
    ("number", "0,5", ".5"),
    ("text", "Kyōto  Tower", " kyōto tower"),
    ("text", "Ｋyōto", "Kyōto"),
    ("text", "Cafe\u0301", "Café"),
    ("text", "STRASSE", "straße"),
    ("text", "١٢", "12"),
    ("date", "2024-03-04", "4. März 2024"),
    ("date", "04/03/2024", "2024-03-04"),
    ("date", "2024-03-04", "2024-03-04 10:30"),
    ("date-mdy", "04/03/2024", "April 3, 2024"),
    ("url", "https://Shop.example:443/a%20b/", "https://shop.example/a b"),
    ("set", ["Red", "blue"], ["Blue", "red"]),
    ("text", None, ""),
    ("list", None, [None]),
    ("number", 3, 3.0),
]
DIFFERENT: list[tuple[str, Any, Any]] = [
    ("text", "1.10", "1.1"),
    ("text", "1.234", "1234"),
    ("text", "Café", "Cafe"),
    ("text", "Müller", "Mueller"),
    ("text", "€ 5", "5 EUR"),
    ("exact", "Oak", "oak"),
    ("money", "€ 12", "$ 12"),
    ("money", "€ 12", "12"),
    ("money", "12", "€ 12"),
    ("money", "kr 12", "12 SEK"),
    ("money", "€ 12", "€ 12 each"),
    ("money", "€ 1.299", "€ 1,29"),
    ("number", "007", "7"),
    ("number", "1.5", "15"),
    ("date", "04/03/2024", "2024-04-03"),
    ("date", "2024-03-04 10:30", "2024-03-04 10:31"),
    ("url", "https://a.example/x", "https://a.example/y"),
    ("url", "https://a.example/x?q=1", "https://a.example/x?q=2"),
    ("text", "a", None),
    ("text", None, "a"),
    ("exact", True, 1),
    ("number", 1, "1"),
    ("list", [1, 2], [2, 1]),
    ("list", [1], [1, 2]),
    ("set", ["a", "a"], ["a", "b"]),
]


@pytest.mark.parametrize(("rule", "reference", "prediction"), EQUAL)
def test_the_same_value_in_another_form_is_right_but_not_raw(rule: str, reference: Any, prediction: Any) -> None:
    assert same(reference, prediction, {"x-match": rule})
    assert not same_raw(reference, prediction)


@pytest.mark.parametrize(("rule", "reference", "prediction"), DIFFERENT)
def test_another_value_is_wrong(rule: str, reference: Any, prediction: Any) -> None:
    assert not same(reference, prediction, {"x-match": rule})
    assert not same_raw(reference, prediction)


ITEM = {"type": "object", "properties": {"name": {"x-match": "text"}, "price": {"x-match": "money"}}}
OFFERS = {"type": "array", "x-match": "objects", "items": ITEM}
OAK, ASH = {"name": "Oak", "price": "€ 5"}, {"name": "Ash", "price": "€ 7"}
LISTS = [
    ([OAK, ASH], [{"name": "ash", "price": "7 EUR"}, {"name": "OAK", "price": "5 EUR"}], 1.0),
    ([OAK, ASH], [ASH], 0.5),
    ([OAK], [OAK, ASH], 0.5),
    # The first item agrees with both by its price; only the best alignment finds three of four values.
    ([{"name": "Oak", "price": "€ 5"}, {"name": "Ash", "price": "€ 5"}], [{"name": "Ash", "price": "€ 5"}, OAK], 1.0),
    ([OAK, ASH], [{"name": "Ash", "price": "€ 5"}, {"name": "Ash", "price": "€ 7"}], 0.75),
    ([OAK], [], 0.0),
    ([], [], 1.0),
]


@pytest.mark.parametrize(("reference", "prediction", "expected"), LISTS)
def test_lists_of_objects_are_aligned_so_that_most_agrees(reference: Any, prediction: Any, expected: float) -> None:
    assert agreement(reference, prediction, OFFERS) == expected


def test_in_order_the_same_objects_are_apart() -> None:
    assert agreement([OAK, ASH], [ASH, OAK], OFFERS | {"x-match": "list"}) == 0


def test_objects_are_compared_property_by_property() -> None:
    assert same({"a": [{"b": "X"}], "c": None}, {"a": [{"b": "x"}]}, {})
    assert not same({"a": "x"}, {"a": "x", "b": "y"}, {})
    assert agreement({"name": "Oak", "price": "€ 5"}, {"name": "Oak", "price": "€ 6"}, ITEM) == 0.5


def test_the_order_of_keys_does_not_matter() -> None:
    assert same_raw({"a": 1, "b": 2}, {"b": 2, "a": 1})


INFERRED = [
    (["€ 5", "12,50 €", "7"], "money"),
    (["5.00", "12.50", "7"], "text"),  # without a currency a number may be a version or a code
    (["1.10", "1.2"], "text"),
    (["Oak", "Ash"], "text"),
    (["2024-03-04", "5 March 2024"], "date"),
    (["04/13/2024", "04/03/2024"], "date-mdy"),
    (["13/04/2024", "04/03/2024"], "date"),
    (["https://a.example/1", "https://b.example/2"], "url"),
    ([1, 2.5], "number"),
    ([True, False], "exact"),
    ([None, None], "text"),
    ([["a"], ["b"]], "list"),
]


@pytest.mark.parametrize(("values", "rule"), INFERRED)
def test_the_rule_is_inferred_from_the_outputs(values: list[Any], rule: str) -> None:
    schema = {"properties": {"x": {"items": {}} if isinstance(values[0], list) else {}}}
    assert annotated(schema, [{"x": value} for value in values])["properties"]["x"]["x-match"] == rule


def test_what_is_declared_stays_and_the_rest_is_inferred_inside_lists_too() -> None:
    schema = {"type": "object", "properties": {"sku": {"type": "string", "x-match": "exact"}, "offers": OFFERS}}
    bare = plain(schema)
    assert "x-match" not in str(bare)
    records = [{"sku": "€ 5", "offers": [OAK, ASH]}]
    assert described(annotated(schema, records))["sku"] == "exact"
    assert described(annotated(bare, records)) == {
        "sku": "money",
        "offers": "objects",
        "offers[].name": "text",
        "offers[].price": "money",
    }


def test_a_field_may_have_the_keywords_name() -> None:
    assert plain({"properties": {"x-match": {"type": "string", "x-match": "text"}}}) == {
        "properties": {"x-match": {"type": "string"}}
    }


def test_a_rule_that_is_none_is_refused() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "x-match": "fuzzy"}}}}
    with pytest.raises(ValueError, match="x-match cannot be 'fuzzy': give one of exact, text, money"):
        check(schema)


FOLDED = [("  A\u00a0 B ", "a b"), ("ﬁne", "fine"), ("ΣΑΣ", "σασ"), ("½", "1⁄2"), ("١٢٫٥", "12.5"), ("Ǆ", "dž")]


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_text_is_folded_alike_everywhere(text: str, expected: str) -> None:
    assert fold(text) == expected
    assert fold(fold(text)) == expected


def test_squashed_text_has_letters_digits_and_symbols_only() -> None:
    assert squash("Oak &amp; Ash – “№ 5”, € 3") == "oakashno5€3"
