from decimal import Decimal
from typing import Any

import pytest

from eval.values import money, same, same_raw

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
]
NO_PRICES = ["", "007", "1.299.00", "iPhone 15", "12.5 kg", "€1299-1399", "12 34", "€", "5 €/St.", "1,2,3"]


@pytest.mark.parametrize(("text", "amount", "currency"), PRICES)
def test_an_amount_of_money_is_read(text: str, amount: str, currency: str | None) -> None:
    assert money(text) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", NO_PRICES)
def test_other_text_is_no_money(text: str) -> None:
    assert money(text) is None


EQUAL = [
    ("€ 1.299,00", "1299.00 EUR"),
    ("1299", "1,299.00"),
    ("Kyōto  Tower", " kyōto tower"),
    ("Ｋyōto", "Kyōto"),
    (None, ""),
    (None, [None]),
    (3, 3.0),
    ({"a": [{"b": "X"}], "c": None}, {"a": [{"b": "x"}]}),
]
DIFFERENT: list[tuple[Any, Any]] = [
    ("€ 12", "$ 12"),
    ("€ 12", "12"),
    ("12", "€ 12"),
    ("kr 12", "12 SEK"),
    ("€ 12", "€ 12 each"),
    ("007", "7"),
    ("a", None),
    (None, "a"),
    (True, 1),
    (1, "1"),
    ([1, 2], [2, 1]),
    ([1], [1, 2]),
    ({"a": "x"}, {"a": "x", "b": "y"}),
]


@pytest.mark.parametrize(("reference", "prediction"), EQUAL)
def test_the_same_value_in_another_form_is_right_but_not_raw(reference: Any, prediction: Any) -> None:
    assert same(reference, prediction)
    assert not same_raw(reference, prediction)


@pytest.mark.parametrize(("reference", "prediction"), DIFFERENT)
def test_another_value_is_wrong(reference: Any, prediction: Any) -> None:
    assert not same(reference, prediction)
    assert not same_raw(reference, prediction)


def test_the_order_of_keys_does_not_matter() -> None:
    assert same_raw({"a": 1, "b": 2}, {"b": 2, "a": 1})
