"""The committed example dataset: what its card promises, and that its generator makes it again."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from data import generate, layouts, pages, prices, values
from extraction.text import squash

FIELDS = ["name", "price", "category", "manufacturer"]
LINES = generate.OUT.read_text(encoding="utf-8").splitlines()
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]


class Shown(HTMLParser):
    """What a lenient reader sees: the text without the tags, and each attribute's value."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.attributes = "", list[str]()
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [value for _, value in attrs if value]


def collapsed(text: str) -> str:
    return " ".join(text.split())


def states(page: str, field: str, value: str) -> bool:
    shown = Shown(page)
    if any(value in collapsed(text) for text in (shown.text, *shown.attributes)):
        return True
    return field == "price" and re.sub(r"\s", "", value) in re.sub(r"\s", "", shown.text)


def test_the_committed_file_is_what_the_generator_makes() -> None:
    generated = [json.dumps(row, ensure_ascii=False) for row in generate.make_rows(generate.SEED)]
    assert generated == LINES


def test_another_seed_makes_other_rows() -> None:
    layout = layouts.LAYOUTS[0]
    assert generate.make_row(layout, Random(1)) != generate.make_row(layout, Random(2))


def test_rows_layouts_and_languages_are_as_many_as_promised() -> None:
    per_layout = Counter(row["layout"] for row in ROWS)
    assert len(ROWS) >= 1000
    assert [row["id"] for row in ROWS] == [f"p{number:04}" for number in range(1, len(ROWS) + 1)]
    assert sorted(per_layout) == layouts.LAYOUTS
    assert len(per_layout) >= 46
    whole = {per_layout.pop(layout) for layout in layouts.PAGES}
    assert whole == {generate.PAGES_PER_LAYOUT}
    assert set(per_layout.values()) == {generate.ROWS_PER_LAYOUT}
    assert len(Counter(row["language"] for row in ROWS)) >= 8


def test_unseen_layouts_exist() -> None:
    assert len(set(layouts.UNSEEN)) == len(layouts.UNSEEN) >= 10
    assert set(layouts.UNSEEN) | set(layouts.ONLY) <= set(layouts.LAYOUTS)


def test_every_row_has_the_fields_in_order_and_two_values() -> None:
    for row in ROWS:
        assert list(row) == ["id", "input", "output", "layout", "language"]
        assert list(row["output"]) == FIELDS
        assert sum(value is not None for value in row["output"].values()) >= 2, row["id"]
        assert all(value == collapsed(value) != "" for value in row["output"].values() if value is not None)


def test_every_value_is_stated_in_its_snippet() -> None:
    missing = [
        (row["id"], field, value)
        for row in ROWS
        for field, value in row["output"].items()
        if value is not None and not states(row["input"], field, value)
    ]
    assert missing == []


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_missing_in_some_rows_and_stated_in_most(field: str) -> None:
    absent = sum(row["output"][field] is None for row in ROWS)
    assert 0.02 * len(ROWS) < absent < 0.4 * len(ROWS)


def test_no_row_appears_twice() -> None:
    assert len({squash(row["input"]) for row in ROWS}) == len(ROWS)


def test_values_are_too_many_to_memorise() -> None:
    for field in ("name", "manufacturer", "price"):
        values = [row["output"][field] for row in ROWS if row["output"][field]]
        assert len(set(values)) > 0.8 * len(values), field


def test_lengths() -> None:
    lengths = [len(row["input"]) for row in ROWS if row["layout"] not in layouts.PAGES]
    assert min(lengths) >= 150
    assert max(lengths) <= 900
    assert 350 < sum(lengths) / len(lengths) < 520


def test_whole_pages_are_long_and_mostly_furniture() -> None:
    whole = [row for row in ROWS if row["layout"] in layouts.PAGES]
    assert 60 <= len(whole) <= 90
    assert all(8_000 <= len(row["input"]) <= 26_000 for row in whole)
    assert generate.OUT.stat().st_size < 4_000_000
    for row in whole:
        assert row["input"].count("href=") > 40
        stated = sum(len(value) for value in row["output"].values() if value)
        assert stated < 0.05 * len(Shown(row["input"]).text)


def test_some_whole_pages_are_only_in_test() -> None:
    assert 0 < len(set(layouts.PAGES) & set(layouts.UNSEEN)) < len(layouts.PAGES) / 2


def test_every_language_has_the_words_of_whole_pages() -> None:
    assert set(pages.WORDS) == set(values.VOCABULARY)
    assert len({tuple(words) for words in pages.WORDS.values()}) == 1


def test_the_config_holds_out_the_unseen_layouts() -> None:
    config = yaml.safe_load((generate.OUT.parents[1] / "configs" / "embedded.yaml").read_text(encoding="utf-8"))
    assert config["data"]["holdout"] == list(layouts.UNSEEN)


def test_no_mark_of_the_renderer_is_left() -> None:
    assert not re.search("[\ue000-\uf8ff]", Path(generate.OUT).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("pattern", "cents", "shown"),
    [
        ("1.234,56 €", 129900, "1.299,00 €"),
        ("CHF 1'234.56", 225, "CHF 2.25"),
        ("1 234 ₽", 13199000, "131 990 ₽"),
        ("¥1,234", 198000, "¥1,980"),
        ("1.234,- €", 4900, "49,- €"),
        ("1 234:-", 49900, "499:-"),
        ("1234,56 zł", 123450, "1234,50 zł"),
    ],
)
def test_prices_are_shown_in_the_patterns_format(pattern: str, cents: int, shown: str) -> None:
    assert prices.show(pattern, cents) == shown
    assert "".join(prices.parts(shown)) == shown


@pytest.mark.parametrize(
    ("price", "pieces"),
    [
        ("£450", ("£", "450", "", "")),
        ("1.299,00 €", ("", "1.299", ",00", " €")),
        ("¥1,980", ("¥", "1,980", "", "")),
        ("A$12.50", ("A$", "12", ".50", "")),
    ],
)
def test_a_price_comes_apart_at_its_fraction(price: str, pieces: tuple[str, str, str, str]) -> None:
    assert prices.parts(price) == pieces


@pytest.mark.parametrize(
    ("style", "encoded"),
    [
        ("plain", "K&amp;L für 5&quot;"),
        ("named", "K&amp;L f&uuml;r 5&quot;"),
        ("numeric", "K&amp;L f&#252;r 5&quot;"),
        ("bare", "K&L für 5&quot;"),
    ],
)
def test_values_are_escaped(style: str, encoded: str) -> None:
    assert layouts.encode('K&L für 5"', style) == encoded


def test_damage_keeps_text_and_attributes() -> None:
    page = '<div class="a"><p title="Vel">Tor</p><span>9 €</span></div>'
    for seed in range(50):
        broken = Shown(layouts.damage(page, Random(seed)))
        assert (broken.text, broken.attributes) == ("Tor9 €", ["a", "Vel"])
