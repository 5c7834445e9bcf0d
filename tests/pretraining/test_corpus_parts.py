"""Parts of the corpus: receipts read from images, columns of lists, amounts as numbers, field names of a domain."""

import re
from collections.abc import Callable
from random import Random

import pytest

from extraction.ground import grounded
from pretraining.corpus import attribution, receipts, rows
from pretraining.corpus.asked import amount_of
from pretraining.corpus.domains import COMMON, DOMAINS, read
from pretraining.corpus.letterhead import COUNTRIES, Till, letterhead, till
from pretraining.corpus.ocr import damaged
from pretraining.corpus.odd import KINDS, odd
from pretraining.corpus.page import Page
from pretraining.corpus.product import product
from pretraining.corpus.product_names import marketing
from pretraining.corpus.steady import column
from pretraining.corpus.till import Goods, money_format, sum_lines

FIELDS = {**DOMAINS, **read("rows.txt", COMMON)}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.299,50 €", 1299.5),
        ("$1,299.00", 1299.0),
        ("12 100 ₽", 12100.0),
        ("1'299.5 CHF", 1299.5),
        ("Rs.1,150", 1150.0),
        ("free", None),
    ],
)
def test_an_amount_is_read_whatever_its_separators(text: str, amount: float | None) -> None:
    assert amount_of(text) == amount


def test_damage_spares_the_values() -> None:
    r, lines, values = (
        Random(1),
        ["TOTAL SALES RM 12.50", "LOT 7, JALAN BESAR,", "THANK YOU"],
        ["12.50", "LOT 7, JALAN BESAR, 123 TOWN"],
    )
    seen = {line for _ in range(200) for line in damaged(r, lines, values, 1.0)}
    assert all("12.50" in line for line in seen if line.endswith("0"))
    assert "LOT 7, JALAN BESAR," in seen
    assert len(seen) > 20


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_the_total_is_what_was_paid_less_the_change(country: str) -> None:
    checked = 0
    for seed in range(60):
        t = Till(Random(seed), country)
        m, values = money_format(t), dict[str, str]()
        sum_lines(t, Goods([("PEN", 2, 150), ("BOOK", 1, 1999)]), m, values)
        if "change" in values:
            paid, change, total = (amount_of(values[key]) for key in ("paid", "change", "total"))
            assert round((paid or 0) - (change or 0), 2) == total
            checked += 1
    assert checked > 10


def test_each_field_name_belongs_to_one_slot() -> None:
    assert len(DOMAINS) >= 45
    for domain, slots in FIELDS.items():
        names = [name for slot in slots.values() for name in slot.fields]
        assert len(names) == len(set(names)), domain


def test_a_column_keeps_its_currency() -> None:
    cash = read("rows.txt", COMMON)
    slot = next(slot for slots in cash.values() for slot in slots.values() if slot.maker == "cash")
    for seed in range(20):
        make = column(Random(seed), slot, "en")
        marks = {"".join(c for c in make() if c not in "0123456789.,' ") for _ in range(8)}
        assert len(marks) == 1


def test_lists_of_objects_come_with_their_rows() -> None:
    r, found = Random(2), 0
    for _ in range(200):
        _, schema, record, _ = rows.sample(r)
        for name, part in schema["properties"].items():
            if part.get("items", {}).get("type") == "object" and record[name] is not None:
                assert 1 <= len(record[name]) <= 8
                found += 1
    assert found > 150


def test_rare_values_have_no_stray_space() -> None:
    r = Random(3)
    values = [odd(r, "en", "Sensors All in One") for _ in range(300)]
    assert all(value and value == " ".join(value.split()) for value in values)
    assert len(set(values)) > 280
    assert len(KINDS) > 10


def test_receipts_ask_for_the_standard_fields_half_of_the_time() -> None:
    r = Random(4)
    records = [receipts.sample(r)[2] for _ in range(300)]
    assert 0.35 < sum(len(record) == 4 and None not in record.values() for record in records) / 300 < 0.75


def test_receipts_state_their_values_and_addresses_repeat_words() -> None:
    r, repeated, addresses = Random(6), 0, 0
    for _ in range(400):
        values: dict[str, str] = {}
        t = till(r)
        lines = letterhead(t, values)
        assert grounded([values["company"], values.get("address")], "\n".join(lines)), (values, lines)
        names = re.findall(r"[^\W\d_]{3,}", values.get("address", "").upper())
        addresses += bool(names)
        repeated += len(set(names)) < len(names)
    assert 0.25 < repeated / addresses < 0.6  # of real receipts 0.4


def test_what_stands_about_a_firm_is_not_the_firm() -> None:
    r = Random(8)
    drawn = [(letterhead(till(r), values := {}), values) for _ in range(600)]
    above = [lines[0] for lines, values in drawn if not values["company"].startswith(lines[0])]
    assert 0.08 * 600 < len(above) < 0.35 * 600
    split = [values for lines, values in drawn if any(values["company"].endswith(f" {line}") for line in lines)]
    assert 0.02 * 600 < len(split) < 0.2 * 600


@pytest.mark.parametrize("say", [attribution._wordmark, attribution._titled, attribution._panel])
def test_a_maker_said_without_a_label_is_stated(say: Callable[[Page, str], str]) -> None:
    for seed in range(40):
        page = Page(Random(seed), product(Random(seed)))
        assert grounded("Ab Cde", say(page, "Ab Cde"))


def test_marketing_follows_a_name() -> None:
    tails = {marketing(Random(seed), "de") for seed in range(200)}
    assert len(tails) > 100
    assert all(tail == tail.rstrip() and tail[0] in " ," for tail in tails)


def test_a_line_that_an_address_holds_twice_is_not_read_wrongly() -> None:
    for seed in range(300):
        values = {"address": "5 Abcdefg Street, Abcdefg Street, 12345 Town"}
        top = ["Abcdefg Street,"]
        receipts._spoil(Random(seed), top, values)
        assert top == ["Abcdefg Street,"]
        assert values == {"address": "5 Abcdefg Street, Abcdefg Street, 12345 Town"}
