import pytest

from serve.pages import NotText, decode, problem

GERMAN = "<p>Größe für Männer: 5 €, schön – „Söhne“</p>"
RUSSIAN = "<p>Настольная лампа из дуба, цена 450 рублей, доставка бесплатно</p>"
JAPANESE = "<p>木製テーブル 価格 5000円 送料無料の商品です</p>"
UTF8 = '<meta charset="utf-8">'
LATIN = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (GERMAN.encode(), GERMAN),
        (GERMAN.encode("utf-8-sig"), GERMAN),
        (GERMAN.encode("utf-16"), GERMAN),
        (GERMAN.encode("cp1252"), GERMAN),  # not declared at all
        ((UTF8 + GERMAN).encode("cp1252"), UTF8 + GERMAN),  # declared wrongly
        ((LATIN + GERMAN).encode(), LATIN + GERMAN),
        ((LATIN + GERMAN).encode("cp1252"), LATIN + GERMAN),  # browsers read this name as windows-1252
        ((UTF8 + RUSSIAN).encode("cp1251"), UTF8 + RUSSIAN),
        (RUSSIAN.encode("koi8-r"), RUSSIAN),
        ((UTF8 + JAPANESE).encode("shift_jis"), UTF8 + JAPANESE),
        (b"<meta charset=iso-2022-jp>" + JAPANESE.encode("iso2022_jp"), "<meta charset=iso-2022-jp>" + JAPANESE),
        (b"<meta charset=utf-16><p>x", "<meta charset=utf-16><p>x"),
        (b"<meta charset=rot13><p>x", "<meta charset=rot13><p>x"),
        (GERMAN.encode() * 9 + b"\xe2\x82", GERMAN * 9 + "\ufffd"),  # cut inside a character
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_has(content: bytes, text: str) -> None:
    assert decode(content) == text


def test_the_header_goes_before_the_page() -> None:
    assert decode((LATIN + RUSSIAN).encode("cp1251"), "windows-1251") == LATIN + RUSSIAN


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\0\0", bytes(range(1, 256)) * 9])
def test_what_is_no_text_is_said(content: bytes) -> None:
    with pytest.raises(NotText):
        decode(content)


def test_a_text_that_cannot_be_asked_for_is_named() -> None:
    assert problem("<p>\u2028\u2029\x85") is None
    assert problem(" \n") == "the page is empty"
    assert problem("a\ud83d") == "character 2 is half of a surrogate pair (U+D83D), not text"
