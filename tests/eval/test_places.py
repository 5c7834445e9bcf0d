import time

import pytest

from eval.places import texts

FOUND = [  # page, selector, texts
    ("<h1>A <b>B</b></h1>", "h1", ["A B"]),
    ('<p class="a total">1</p><p class="total">2</p>', ".total", ["1", "2"]),
    ('<i id="sku">1</i>', "#sku", ["1"]),
    ('<div class="fee"><b>1</b></div>', ".fee > b", ["1"]),
    ('<span class="box__totalFee">1</span>', "~fee", ["1"]),
    ('<span itemprop="x">1</span>', "[itemprop=x]", ["1"]),
    ('<img alt="a  b">', "img@alt", ["a b"]),
    ('<meta property="og:title" content="T">', "[property=og:title]@content", ["T"]),
    ("<dl><dt>Fee:</dt><dd>1</dd><dt>Tax</dt><dd>2</dd></dl>", 'label "fee"', ["1"]),
    ("<tr><th>Fee</th><td><a>1</a></td>", 'label "fee"', ["1"]),
    ("<ul><li><b>Fee:</b> 1</li></ul>", 'label "fee"', ["1"]),
    ("<p>Size<br>Fee: 1 €</p>", 'label "fee"', ["1 €"]),
    ("Size: 3\nFee: 1 & 2", 'label "fee"', ["1 & 2"]),
    ("<script>x</script><!-- y --><p>1</p>", "body", ["1"]),
]


@pytest.mark.parametrize(("page", "selector", "expected"), FOUND)
def test_a_selector_finds_its_texts_in_order(page: str, selector: str, expected: list[str]) -> None:
    assert texts(page)[selector][: len(expected)] == expected


@pytest.mark.parametrize("page", ["", " ", "<!-- x -->", "<p></p>", "<p>" * 5000])
def test_a_page_without_text_has_none(page: str) -> None:
    assert not texts(page)


def test_a_text_too_long_for_a_value_is_left_out() -> None:
    assert not {"p", ".a"} & texts(f'<p class="a">{"x" * 2000}</p>').keys()


def test_white_space_without_an_end_costs_no_time() -> None:
    started = time.process_time()
    texts(f"<p>a</p>{' ' * 200_000}b<p>c</p>")
    assert time.process_time() - started < 2
