import random
import re

import pytest

from extraction.split import chats, split

ROWS = "".join(f"<tr><td>item{i}</td><td>{i},00 €</td></tr>" for i in range(60))
PAGES = {
    "table": f"<body><table class='items'>{ROWS}</table></body>",
    "lines": "\n".join(f"line {i} of plain text" for i in range(50)),
    "one long text": "<div><p>" + " ".join(f"w{i}" for i in range(300)) + "</p></div>",
    "no white space": "§" * 300,
    "one long attribute": "<img alt='" + " ".join(f"w{i}" for i in range(300)) + "'>",
    "script": "<script>" + "if (a<b) {x='<div>'}\n" * 50 + "</script><p>end</p>",
    "deep": "<div><span>" * 99 + "core" + "</span></div>" * 99,
    "nothing closed": "<li><b>x" * 99 + "<script>y" + "<!-- z" * 99,
    "nothing opened": "x</b></li>" * 99,
    "broken tags": "<a href=\"x'y>z<<b <>&&lt;" * 20,
}


def n_tokens(text: str) -> int:
    """A word and any other character is a token."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def covered(page: str, parts: list[str]) -> int:
    """How much of the page the parts hold without a gap, each from some character of its own on."""
    at = 0
    for part in parts:
        ends = [page.rfind(part[i:], 0, at + len(part) - i) + len(part) - i for i in range(len(part))]
        at = max([at, *(end for i, end in enumerate(ends) if end >= len(part) - i)])
    return at


def test_a_page_that_fits_is_one_part_as_it_is() -> None:
    assert split("<p>one</p>\n two", n_tokens, 9, 2) == ["<p>one</p>\n two"]
    assert split("", n_tokens, 0, 0) == [""]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("limit", "overlap"), [(40, 8), (40, 0), (7, 99), (1, 1), (0, -1)])
def test_parts_are_short_enough_and_hold_the_whole_page(name: str, limit: int, overlap: int) -> None:
    page = PAGES[name]
    parts = split(page, n_tokens, limit, overlap)
    assert len(parts) > 1
    assert max(map(n_tokens, parts)) <= max(limit, 1)
    assert covered(page, parts) == len(page)


def test_noise_is_split_without_loss() -> None:
    r = random.Random(1)
    for _ in range(100):
        page = "".join(
            r.choices(["<", ">", "/", "p", "div", "'", '"', " ", "\n", "!--", "-->", "&", "é", "script"], k=150)
        )
        parts = split(page, n_tokens, 20, 4)
        assert covered(page, parts) == len(page)


def test_a_part_is_headed_by_the_open_elements() -> None:
    page = f"<main id=m><h1>A</h1><br><img><p>gone</p><table>{ROWS}</table></main>"
    first, second, *_, last = split(page, n_tokens, 160, 20)
    assert first.startswith("<main id=m><h1>A</h1>")
    assert second.startswith("<main id=m><table><tr>")
    assert last.startswith("<main id=m><table><tr>")
    wide = f"<main id={'very_' * 9} x y z><table>{ROWS}</table></main>"
    assert split(wide, lambda text: len(text) // 2, 200, 20)[1].startswith("<table><tr>")  # main's tag costs too much


def test_a_small_element_is_whole_in_some_part() -> None:
    parts = split(PAGES["table"], n_tokens, 200, 50)
    for row in re.findall(r"<tr>.*?</tr>", ROWS):
        assert any(row in part for part in parts), row
    assert all(part.count("<tr>") == part.count("</tr>") for part in parts)


def test_a_part_ends_where_few_elements_are_open() -> None:
    blocks = "".join(f"<section>{'<p>x</p>' * 9}</section>" for _ in range(9))
    for part in split(f"<body>{blocks}</body>", n_tokens, 250, 62)[:-1]:
        assert part.endswith("</section>")
        assert part.startswith("<body><section>")


def test_a_chat_is_asked_once_for_each_part_of_its_page() -> None:
    system, page = {"role": "system", "content": "S"}, "\n".join(f"line {i}" for i in range(100))
    asked = chats([system, {"role": "user", "content": page}], n_tokens, 64)
    assert len(asked) > 3
    assert all(chat[0] == system and chat[1]["role"] == "user" for chat in asked)
    assert covered(page + "\n", [chat[1]["content"] + "\n" for chat in asked]) == len(page) + 1
    short = [system, {"role": "user", "content": "one"}]
    assert chats(short, n_tokens, 64) == [short]
    assert chats(asked[0], n_tokens, 5) == [asked[0]]  # no room for a page at all: for the server to refuse


def test_only_a_page_that_does_not_fit_is_asked_in_smaller_parts() -> None:
    chat = [{"role": "user", "content": "\n".join(f"line {i}" for i in range(100))}]
    whole = n_tokens(chat[0]["content"])
    assert chats(chat, n_tokens, whole, part=70) == [chat]
    assert max(n_tokens(part[0]["content"]) for part in chats(chat, n_tokens, whole - 1, part=70)) <= 70
    assert len(chats(chat, n_tokens, whole - 1, part=9_999)) == 2


@pytest.mark.parametrize("page", ["word %d and more ", "<p class='a%d'>b</p>", "<b>%d"])
def test_a_long_page_is_counted_a_few_times_and_not_at_every_halving(page: str) -> None:
    text = "".join(page % number for number in range(20_000))
    counted = 0

    def count(piece: str) -> int:
        nonlocal counted
        counted += len(piece)
        return len(piece) // 3 + 1

    assert len(split(text, count, 500, 60)) > 100
    assert counted < 8 * len(text)
