"""The language that a page states of itself. None is guessed: a page that states none is one that states none."""

import re
from collections.abc import Iterator

from lxml import etree

NOT_STATED = "not stated"
CODE = re.compile(r"\s*([a-z]{2,3})(?![a-z])", re.IGNORECASE)  # a primary subtag, of "de-AT" or "pt_BR"


def stated(page: str) -> str:
    """A language code, such as "de" of "de-AT", or `NOT_STATED`.

    Of <html lang>, else og:locale, else content-language. In a fragment, which has no <html>, the one element that
    holds everything stands for it.
    """
    if "<" not in page:
        return NOT_STATED
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True)
    root = etree.fromstring(page.encode("utf-8", "replace"), parser)
    if root is None:
        return NOT_STATED
    codes = (found for text in _declarations(root) if (found := CODE.match(text)))
    return next((code[1].lower() for code in codes), NOT_STATED)


def _declarations(root: etree._Element) -> Iterator[str]:
    """What may name the language, the most binding first."""
    for element in (root, *root.iterfind("body"), *_whole(root)):
        yield element.get("lang", "")
        yield element.get("xml:lang", "")
    metas = list(root.iter("meta"))
    yield from (meta.get("content", "") for meta in metas if meta.get("property", "").lower() == "og:locale")
    for meta in metas:
        if "content-language" in (meta.get("http-equiv", "").lower(), meta.get("name", "").lower()):
            yield meta.get("content", "")


def _whole(root: etree._Element) -> list[etree._Element]:
    """The element that all of a page's body is in, as a list; an empty list where there is none."""
    inside = root.xpath("body/*")
    return inside if len(inside) == 1 and not root.xpath("normalize-space(body/text())") else []
