import json

import pytest

from eval.markup import by_name, properties


def linked(thing: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(thing)}</script>'


OFFER = {"price": 12.5, "priceCurrency": "EUR"}
STATED = [  # page, property, texts
    (linked({"@type": "Product", "name": "A &amp; B"}), "Product.name", ["A & B"]),
    (linked({"@graph": [{"@type": ["Book"], "author": {"name": "C"}}]}), "Book.author.name", ["C"]),
    (linked([{"@type": "X", "offers": [OFFER]}]), "X.offers.price priceCurrency", ["12.5 EUR"]),
    ('<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">A</b></div>', "Product.name", ["A"]),
    (
        '<div itemscope itemtype="x/P"><p itemprop="o" itemscope><meta itemprop="fee" content="1">'
        '<meta itemprop="feeCurrency" content="USD"></p><i itemprop="name">A</i></div>',
        "P.o.fee feeCurrency",
        ["1 USD"],
    ),
    ('<b itemprop="name">A</b>', "name", ["A"]),
    ('<div typeof="schema:Event"><b property="schema:name">A</b></div>', "Event.name", ["A"]),
    ('<meta property="og:title" content=" T "><meta name="twitter:site" content="@x">', "og:title", ["T"]),
    ('<time itemprop="day" datetime="2024-01-02">Tuesday</time>', "day", ["2024-01-02"]),
]


@pytest.mark.parametrize(("page", "name", "expected"), STATED)
def test_a_property_has_its_texts(page: str, name: str, expected: list[str]) -> None:
    assert properties(page)[name] == expected


UNMARKED = ["", "text", '<h1 class="name">A</h1><meta name="viewport" content="x">', linked([]) + linked("x")]


@pytest.mark.parametrize("page", [*UNMARKED, '<script type="application/ld+json">{"name": </script>'])
def test_a_page_without_markup_states_nothing(page: str) -> None:
    assert not properties(page)


def test_a_field_is_read_by_its_name_the_least_nested_first() -> None:
    page = linked({"@type": "P", "review": {"name": "R"}, "name": "A", "brand": {"name": "B"}, "offers": OFFER})
    found = properties(page)
    assert by_name("Name", "text", found) == "A"
    assert by_name("brand", "text", found) == "B"
    assert by_name("price", "money", found) == "12.5 EUR"
    assert by_name("price", "number", found) == "12.5"
    assert by_name("sku", "text", found) is None
