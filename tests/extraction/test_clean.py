import html
import random
import re
import time

import pytest

from extraction.clean import clean
from extraction.prompt import page


@pytest.mark.parametrize("text", ["", "a < b & c  > d\n\n\t", "TOTAL <5%> 9.00 &nbsp;", "x <me@here.org> y", "a <b, c"])
def test_text_without_markup_comes_back_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "fragment",
    [
        "<tr><td>a</td><th>b</th></tr>",
        "<li>a</li><li>b</li>",
        "a<p>b</p>c",
        '<meta property="og:title" content="A"><title>B</title><h1>C</h1>',
        "<option>a</option><dd>b</dd><tbody><tr><td>c</td></tr></tbody>",
        '<p>a<br>b</p><img alt="c">',
        "<pre>\n a  b\n\n\tc</pre><textarea>  d\n</textarea>",
        "<x-y>a</x-y><n:m>b</n:m>",
        "<p><span><div>a</div></span></p>",
        "<span><section><td>a</td></section></span>",
    ],
)
def test_a_fragment_stays_as_it_is(fragment: str) -> None:
    assert clean(fragment) == fragment


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("<html><head><base href=x></head><body class=b>a</body></html>b", "ab"),
        ("<b>a</b><!-- x --><style>x</style><svg><title>x</title></svg><noscript>x<img alt=x></noscript>", "<b>a</b>"),
        ("<template>x</template><canvas>x</canvas><iframe>x</iframe><script>'<p>x'</script><p>a", "<p>a</p>"),
        ("<p>a<i class=icon></i></p><div class=b> <span id=c></span>\n</div><img src=x>", "<p>a</p>"),
        ("<tr><td>a<td class=b>&nbsp;<td></tr><tr><td></tr>", '<tr><td>a</td><td class="b"></td><td></td></tr>'),
        ("<div><section><span><b>a</b></span></section></div>", "<b>a</b>"),
        ("<div><b>a</b>!</div><div><b>a</b><b>b</b></div>", "<div><b>a</b>!</div><div><b>a</b><b>b</b></div>"),
        ("<div class=c><div>a</div></div>", '<div class="c"><div>a</div></div>'),
        ("<p>a\n\n\t b  <b> c </b></p>\n \n<p>\td", "<p>a\nb <b> c </b></p>\n<p> d</p>"),
        ("<p>a\n<i></i>\n b<i> </i>c", "<p>a\nb c</p>"),
        ("<p>19<i></i>99 and Pro<!-- -->duct, super<wbr>market", "<p>19 99 and Product, supermarket</p>"),
        ("<p>a<wbr>b<div>c</div>", "<p>ab</p><div>c</div>"),
        ("<picture><source srcset=x><img alt=a></picture>", '<img alt="a">'),
        (
            "<p>K&#269; &lt;b&gt; AT&amp;T A&B 1&nbsp;2\xa0&quot;",
            '<p>Kč &lt;b&gt; AT&amp;T A&amp;B 1&nbsp;2&nbsp;"</p>',
        ),
        ("Bo <bo@x.org> <p>a", "Bo &lt;bo@x.org&gt; <p>a</p>"),
        ("<p>a\x00\x01&#2;b", "<p>a� b</p>"),
    ],
)
def test_what_cannot_hold_a_value_goes_and_what_can_stays(written: str, cleaned: str) -> None:
    assert clean(written) == cleaned


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("class='a  b\nc d' id=e", 'class="a b c" id="e"'),
        (f"class='{'a' * 30} {'b' * 30}' id={'c' * 60}", f'class="{"a" * 30}" id="{"c" * 48}"'),
        ("style=a href=b onclick=c role=d width=1 target=e aria-hidden=true placeholder=f name=g", ""),
        ("itemprop=a content=12.50 property=b", 'itemprop="a" content="12.50" property="b"'),
        ("content=https://x.org/a.png title=a.jpg alt='' label=' '", ""),
        ("content=https://schema.org/InStock", 'content="https://schema.org/InStock"'),
        ("title='a \"b\" & <c>' aria-label='d\n e'", 'title="a &quot;b&quot; &amp; &lt;c&gt;" aria-label="d e"'),
        ("value=7 datetime=2020-01-02", 'value="7" datetime="2020-01-02"'),
        ("value=550e8400-e29b-41d4-a716-446655440000 title=0123456789abcdef01", ""),
        ("data-amount=1.299,00 data-brand='A b'", 'data-amount="1.299,00" data-brand="A b"'),
        ("data-item-id=5 data-track-name=a data-v-1a2b data-test=x data-reactroot=y", ""),
        ("data-a=true data-b='{\"c\": 1}' data-c=/d/e data-d=#e data-e=' - '", ""),
        (f"data-a={'b' * 81} data-c=dGhpcyBpcyBhIHRva2VuIDEyMw==", ""),
    ],
)
def test_attributes_that_a_reader_could_want_stay(written: str, kept: str) -> None:
    assert clean(f"<p {written}>a</p>") == f"<p {kept}>a</p>".replace(" >", ">")


def test_the_attributes_of_the_pages_own_elements_are_its_own() -> None:
    assert clean('<x-y amount="5 €" lang=de onload="f()"></x-y>') == '<x-y amount="5 €"></x-y>'


@pytest.mark.parametrize("name", ["og:description", "product:amount", "twitter:data1", "description", "citation_title"])
def test_what_meta_says_to_readers_stays(name: str) -> None:
    assert clean(f"<meta content='a  b' name={name} id=c>") == f'<meta name="{name}" content="a b">'


@pytest.mark.parametrize(
    "name", ["viewport", "robots", "og:image", "og:type", "fb:app_id", "csrf-token", "twitter:card"]
)
def test_what_meta_says_to_machines_goes(name: str) -> None:
    assert clean(f"<meta property={name} content=a><p>b</p>") == "<p>b</p>"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (' {"a" : "b  :  c" ,\n "d": [1, 2.50] }\n', '{"a":"b : c","d":[1,2.50]}'),
        (r'{"a":"\u00e9 \ud83d\ude00 5\/6 \u0022 \\u00e9 \ud83d"}', r'{"a":"é 😀 5/6 \u0022 \\u00e9 \ud83d"}'),
        (r'{"a":"<b>c<\/b> <!-- <\/script> &amp;"}', r'{"a":"<b>c</b> \u003c!-- \u003c/script> &amp;"}'),
        ('{"a b c', '{"a b c'),
        ("<a : 1", r"\u003ca:1"),
    ],
)
def test_linked_data_stays_without_its_white_space(written: str, kept: str) -> None:
    start = '<script type="application/ld+json">'
    assert clean(start + written + "</script>") == f"{start}{kept}</script>"
    assert clean(start + " </script><p>a</p>") == "<p>a</p>"


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ('<script type="application/ld+json">{"@type":"Product"}</script><p>a</p>', "<p>a</p>"),
        ('<meta property="og:title" content="b"><meta name="description" content="b"><p>a</p>', "<p>a</p>"),
        ('<p itemprop="price" content="5" class="c">a</p>', '<p class="c">a</p>'),
        ('<p property="price" title="5 €" datetime="2024">a</p>', '<p title="5 €" datetime="2024">a</p>'),
        ('<meta itemprop="name" content="b"><p hidden>a</p>', "<p>a</p>"),
        ("<p><dl><span itemprop=name>a", "<dl><span>a</span></dl>"),  # read twice
    ],
)
def test_markup_for_machines_can_be_left_out(written: str, cleaned: str) -> None:
    assert clean(written, markup=False) == cleaned


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("<div>" * 10_000 + "a" + "</div>" * 10_000 + "b", "<div>a</div>b"),
        ("<b>" * 10_000 + "a", "<b>" * 10_000 + "a" + "</b>" * 10_000),
        (f"<p title='{'a ' * 100_000}'>b</p>", f'<p title="{"a " * 99_999}a">b</p>'),
        (f"<{'a' * 99}><{'b' * 100}>c", f"<{'a' * 99}>&lt;{'b' * 100}&gt;c</{'a' * 99}>"),
        (" " * 300_000 + "<p>a", "<p>a</p>"),
        (f"<!--{'a' * 10_000_001}--><p>b", "<p>b</p>"),
        ("<p>a\ud800", "<p>a?</p>"),
        ("<p>a<p class='b", "<p>a</p>"),
    ],
)
def test_nothing_is_too_deep_or_too_long(written: str, cleaned: str) -> None:
    assert clean(written) == cleaned


TAGS = re.split(
    " ",
    "div span section p a b li ul table tr td h1 button form select option input img br pre textarea title head body"
    " html meta script style svg noscript iframe wbr source picture xmp plaintext frameset font x-y a:b col article"
    " dialog",
)
ATTRIBUTES = re.split(
    r"\|",
    "class='a b c d'|title='\"<b>'|id=q|alt=' '|value=5|data-x=1|style=a|content='&amp;&lt;é&nbsp;'|itemprop=z|name=n"
    "|hidden|style='display:none'"
    "|\"|type='application/ld+json'|href='x>y'|=|a=b=c|x='|aria-label='a\n b'|/|</b|data-\"=1",
)
TEXTS = re.split(
    r"\|",
    "a|b c| |\n| \n\t |&nbsp;|&amp;|&lt;b&gt;|&#1;|&#13;|&#x110000;|&copy|\0|\x01|\x04|&|<|< |>|\u3000|\x85|\ufeff"
    "|\uffff|<!-- c -->|<!--|<![CDATA[x]]>|<?php x ?>|</ |</>|<a@b>|<1|</script|\\u00e9|\\/|\\|\"|'|{|]|: |\r\n|\r|😀",
)


def broken_page(chance: random.Random) -> str:
    """Up to 25 start tags, end tags and texts in any order."""
    tags, parts = chance.sample(TAGS, 6), []
    for _ in range(chance.randint(1, 25)):
        start = " ".join(["<" + chance.choice(tags), *chance.choices(ATTRIBUTES, k=chance.choice([0, 0, 1, 2]))])
        end = "</" + chance.choice(tags)
        parts.append(chance.choice([start + chance.choice([">", ">", "/>", ""]), end + ">", chance.choice(TEXTS)]))
    return "".join(parts)


@pytest.mark.parametrize("seed", range(8))
def test_cleaning_twice_is_cleaning_once_whatever_the_markup(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        broken = broken_page(chance)
        cleaned = clean(broken)
        assert clean(cleaned) == cleaned, broken
        assert not re.search("[\x00-\x08\x0b-\x1f]", cleaned) or cleaned == broken


def test_no_text_is_lost_or_moved() -> None:
    chance = random.Random(0)
    for _ in range(500):
        parts = [
            f"<{chance.choice(TAGS[:20])}>{n} &lt;{n}&gt; " + chance.choice(["", "</p>", "</td>"]) for n in range(9)
        ]
        text = html.unescape(re.sub("<[^>]*>", " ", clean("".join(parts))))
        assert text.split() == [word for n in range(9) for word in (str(n), f"<{n}>")], parts


def test_the_prompt_finds_nothing_left_to_decode() -> None:
    cleaned = clean("<p title='&copy;'>K&#269; 1&nbsp;299 &amp;copy;")
    assert page(cleaned) == cleaned


def test_a_page_of_5_mb_is_cleaned_in_a_second_or_so() -> None:
    block = "<div class='c' style='color:red'><p title='t'>word 12 text <b>x</b></p></div>\n"
    start = time.process_time()
    assert len(clean(block * (5_000_000 // len(block)))) > 3_000_000
    assert time.process_time() - start < 2.0
