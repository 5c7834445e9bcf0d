"""The text of a page from its bytes: what its encoding is, whatever the page says."""

import codecs
import re

from charset_normalizer import from_bytes

BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
HEAD = 4096  # bytes in which a page declares its encoding
RARE = 10  # of the characters beyond ASCII fewer than one in so many may be broken in a page in UTF-8
FEW = 16  # bytes beyond ASCII tell no encoding: then it is the web's default, windows-1252
SAMPLE = 200_000  # bytes that an encoding is guessed from
# As browsers read these names (the WHATWG Encoding Standard): pages say the left one and mean the right.
MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


class NotText(ValueError):  # noqa: N818
    """Bytes that are no page."""


def decode(content: bytes, declared: str | None = None) -> str:
    """The text of a page. `declared`: the encoding that its HTTP header names.

    A byte order mark is believed, then UTF-8 where the bytes beyond ASCII are that but for a few, then the header and
    the page's own <meta>, then a guess by the bytes where they are enough. Raises `NotText` for what is no text.
    """
    if content.startswith(BOMS):
        return content.decode("utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-16", errors="replace")
    if b"\0" in content:
        raise NotText("it holds zero bytes: not text")
    text = content.decode("utf-8", errors="replace")
    if text.count("\ufffd") * RARE < sum(not character.isascii() for character in text):
        return text
    meta = META.search(content[:HEAD])
    names = [name for name in (declared, meta and meta[1].decode("ascii")) if name]
    for name in [*names, *(["utf-8"] if content.isascii() else [])]:
        try:
            return content.decode(_meant(name))
        except (LookupError, UnicodeDecodeError):
            continue
    if sum(byte > 127 for byte in content) < FEW:
        return content.decode("cp1252", errors="replace")
    guess = from_bytes(content[:SAMPLE]).best()
    if guess is None:
        raise NotText("its encoding cannot be told")
    return content.decode(guess.encoding, errors="replace")


def _meant(name: str) -> str:
    """The codec that a page means by the name of an encoding; `LookupError` where there is none for text."""
    codec = codecs.lookup(name)
    if not codec._is_text_encoding or codec.name.startswith(("utf-16", "utf-32", "utf-7")):
        raise LookupError(name)  # a page in UTF-16 has no readable <meta>; the others are not for the web
    return MEANT.get(codec.name, codec.name)


def problem(page: str) -> str | None:
    """What keeps a text from being asked for: it is empty, or no Unicode; None where nothing does."""
    if not page.strip():
        return "the page is empty"
    try:
        page.encode()
    except UnicodeEncodeError as error:
        return f"character {error.start + 1} is half of a surrogate pair (U+{ord(page[error.start]):04X}), not text"
    return None
