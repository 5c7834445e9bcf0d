import random
import time

import pytest

from extraction.blocks import LARGEST, PIECE, blocks
from extraction.clean import clean

CARD = '<div class="card"><a href="#">Oak table</a><span class="price">€ 450</span></div>'


def page(*parts: str) -> str:
    filler = "".join(f"<p>{'lorem ipsum dolor ' * 12}{i}</p>" for i in range(3))
    return f"<body><header>{filler}</header>{''.join(parts)}<footer>{filler}</footer></body>"


def test_a_small_subtree_is_one_block_rendered_lean() -> None:
    found = [block for block in blocks(page(CARD)) if "450" in block.text]
    assert [block.html for block in found] == ['<a>Oak table</a><span class="price">€ 450</span>']
    assert found[0].names == "card price"
    assert [tag for tag, _ in found[0].path] == ["html", "body"]


def test_a_leaf_without_a_class_has_its_wrappers() -> None:
    (found,) = [block for block in blocks(page('<div class="main-price"><b>9,99</b></div>')) if "9,99" in block.text]
    assert found.html == '<b class="main-price">9,99</b>'


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        (
            '<div><div class="old-price"><span class="price">€ 9</span></div>'
            '<div class="row special-price"><b class="price">€ 7</b></div></div>',
            '<span class="old-price price">€ 9</span> <b class="special-price price">€ 7</b>',
        ),
        (
            '<div class="maker"><div class="row"><a class="link">Nordvik 9</a></div></div>',
            '<a class="maker link">Nordvik 9</a>',
        ),
        ('<div class="maker">von <a class="link">Nordvik 9</a></div>', 'von <a class="maker link">Nordvik 9</a>'),
        (
            '<div class="col-6"><b class="text-2xl font-bold">Nordvik 9</b></div>',
            '<b class="text-2xl font-bold">Nordvik 9</b>',
        ),
        ('<div class="brand"><b class="text-2xl font-bold">Nordvik 9</b></div>', '<b class="brand">Nordvik 9</b>'),
    ],
)
def test_a_leaf_has_a_telling_class_of_the_wrappers_around_it_alone(markup: str, html: str) -> None:
    (found,) = [block for block in blocks(page(markup)) if "9" in block.text]
    assert found.html == html


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ('<i>€</i><b class="value">1.299,00</b>', "€1.299,00"),
        ("£<b>1.299</b><sup>99</sup>", "£<b>1.299</b><sup>99</sup>"),
    ],
)
def test_an_amount_in_pieces_keeps_its_class(markup: str, html: str) -> None:
    (found,) = [block for block in blocks(page(f'<div class="old-price">{markup}</div>')) if "1.299" in block.text]
    assert found.html == f'<div class="old-price">{html}</div>'


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ("<dt>Maker</dt><dd>Nordvik</dd>", "<dt>Maker</dt> <dd>Nordvik</dd>"),
        ("<div>Maker:</div><div>Nordvik</div>", "Maker: Nordvik"),
    ],
)
def test_a_label_stays_with_what_follows_it(markup: str, html: str) -> None:
    rows = "".join(f"<dt>Label {i}</dt><dd>{'value ' * 8}{i}</dd>" for i in range(9))
    (found,) = [block for block in blocks(page(f"<dl>{markup}{rows}</dl>")) if "Nordvik" in block.text]
    assert found.html == html


def test_texts_that_a_style_sets_apart_do_not_grow_together() -> None:
    markup = "<div><span>Maker</span><span>Nordvik</span></div>"
    (found,) = [block for block in blocks(page(markup)) if "Nordvik" in block.text]
    assert found.html == "<span>Maker</span><span>Nordvik</span>"
    assert found.text == "Maker Nordvik"


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<div>\n<span>4</span>\n<span>Cabins</span>\n</div>", ["<span>4</span> <span>Cabins</span>"]),
        ("<div><div>4</div><div><b>Cabins</b></div></div>", ["<div>4</div> <b>Cabins</b>"]),
        ("<p>4<br>Cabins</p>", ["<p>4", "Cabins</p>"]),
        ("<div><b>4</b><br><b>Cabins</b></div>", ["<b>4</b> <b>Cabins</b>"]),
        ("<dl><dt>Cabins<dd>4<dt>Beam<dd>2 m</dl>", ["<dt>Cabins</dt> <dd>4</dd>", "<dt>Beam</dt> <dd>2 m</dd>"]),
        ("<table><tr><td>Cabins<td>4<tr><td>2</table>", ["<td>Cabins</td> <td>4</td>", "<td>2</td>"]),
        ("<ul><li>\n<i>4</i>\n<i>Cabins</i><li>2</ul>", ["<li><i>4</i> <i>Cabins</i></li>", "<li>2</li>"]),
    ],
)  # fmt: skip
def test_a_label_and_its_value_are_a_line(markup: str, lines: list[str]) -> None:
    found = [block for block in blocks(page(f"<main>{markup}</main>")) if "Cabins" in block.text]
    assert [line for block in found for line in block.html.split("\n")] == lines


def test_a_trail_of_links_is_one_block_and_a_menu_is_not() -> None:
    trail = "".join(f'<li><a href="#">Department number {i} of the shop</a></li>' for i in range(6))
    menu = "".join(f'<li><a href="#">Department number {i} of the shop</a></li>' for i in range(60))
    assert len([block for block in blocks(page(f"<ol>{trail}</ol>")) if "Department" in block.text]) == 1
    assert len([block for block in blocks(page(f"<ol>{menu}</ol>")) if "Department" in block.text]) == 60


def test_a_trail_may_end_in_a_long_name() -> None:
    name = "Walnut sideboard with four doors, a drawer and brass handles, 180 cm wide"
    steps = "".join(f'<li><a title="All of our {step}">{step}</a></li>' for step in ("Home", "Furniture", "Sideboards"))
    (found,) = [block for block in blocks(page(f"<ul>{steps}<li>{name}</li></ul>")) if "Sideboards" in block.text]
    assert "Home" in found.text
    assert name in found.text
    unlinked = f"<ul><li>Home furniture of all kinds</li><li>Sideboards of all kinds</li><li>{name}</li></ul>"
    assert len([block for block in blocks(page(unlinked)) if name in block.text or "Home" in block.text]) > 1


def test_an_attribute_that_repeats_the_text_is_read_once() -> None:
    (found,) = [block for block in blocks(page('<a title="Lamps">Lamps</a>')) if "Lamps" in block.text]
    assert found.text == "Lamps"


def test_a_row_says_the_same_class_once_and_a_link_has_that_of_the_span_in_it() -> None:
    steps = "".join(f'<li><a href="#"><span class="step">{step}</span></a></li>' for step in ("Home", "Tables", "Oak"))
    (found,) = blocks(f"<body><ul>{steps}</ul>")
    assert found.html == '<a class="step">Home</a> <a>Tables</a> <a>Oak</a>'
    (found,) = blocks('<body><p><b class="x">A</b> <b class="y">B</b> <b class="x">C</b> <i class="x">D</i></p>')
    assert found.html == '<p><b class="x">A</b> <b class="y">B</b> <b class="x">C</b> <i class="x">D</i></p>'


def test_what_a_links_title_puts_around_its_text_is_not_read() -> None:
    links = '<a title="Go to Comedy">Comedy</a> <a title="Films of 1999">Years</a>'
    (found,) = blocks(f'<body><p>{links} <b title="Brand: Nordvik">Nordvik</b></p>')
    assert found.html == (
        '<p><a>Comedy</a> <a title="Films of 1999">Years</a> <b title="Brand: Nordvik">Nordvik</b></p>'
    )


def test_text_without_markup_is_cut_at_its_lines() -> None:
    assert [block.html for block in blocks("TOTAL 5 & more\n\n CASH 10")] == ["TOTAL 5 &amp; more", "CASH 10"]


def words(text: str) -> list[str]:
    return sorted("".join(c if c.isalnum() else " " for c in text).split())


@pytest.mark.parametrize("seed", range(20))
def test_every_text_of_a_page_is_in_one_block(seed: int) -> None:
    r = random.Random(seed)
    tags = ["div", "span", "p", "b", "ul", "li", "table", "tr", "td", "h1", "a", "section"]
    parts: list[str] = []
    written: list[str] = []
    for i in range(400):
        tag = r.choice(tags)
        written.append(f"w{i}")
        parts.append(r.choice([f"<{tag}>w{i} ", f"</{tag}>w{i} ", f"w{i}<br>"]))
    found = blocks(clean("<body>" + "".join(parts)))
    assert words(" ".join(block.text for block in found)) == sorted(written)
    assert all(len(block.text) <= max(LARGEST, PIECE) + 60 for block in found)


@pytest.mark.parametrize(
    "source",
    ["<div>" * 3_000 + "deep", "<p>" + "word " * 200_000, "<ul>" + "<li>x</li>" * 50_000, "<b><i>" * 500 + "x" * 2_000],
    ids=["deep", "long", "many", "nested"],
)
def test_odd_pages_take_bounded_time(source: str) -> None:
    started = time.process_time()
    assert blocks(clean(source))
    assert time.process_time() - started < 5


def test_an_apostrophe_in_an_attribute_is_read_as_it_is() -> None:
    read = blocks('<p>Soup</p><img alt="Anna\'s &quot;best&quot; &lt;soup&gt; &amp; more">')[-1].html
    assert read.replace("<p>Soup</p> ", "") == '<img alt="Anna\'s &quot;best&quot; &lt;soup&gt; &amp; more">'
