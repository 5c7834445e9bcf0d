"""A page as a reader sees it, made harmless, with the values of a record marked where they stand.

The browser shows it in a sandboxed frame under a policy that allows nothing but inline styles, so that no script runs
and no request leaves; what follows also takes away what would only look broken there.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, document_fromstring, tostring

from extraction.split import MARKUP
from serve.located import Value

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-same-origin"
)
REMOVED = ["script", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "link", "meta", "template"]
REMOVED += ["svg", "math", "audio", "video", "source", "track", "canvas", "portal", "title"]
KEPT = {
    "class",
    "id",
    "style",
    "title",
    "lang",
    "dir",
    "hidden",
    "colspan",
    "rowspan",
    "span",
    "scope",
    "align",
    "valign",
}
KEPT |= {"width", "height", "border", "cellpadding", "cellspacing", "bgcolor", "color", "face", "size", "start", "type"}
KEPT |= {"value", "checked", "selected", "open", "placeholder", "label", "datetime", "data-fieldsift"}
STYLES = {"style", "width", "height", "hidden", "bgcolor", "color", "face", "size", "align"}
OUTSIDE = re.compile(r"url\s*\(|@import|image-set\s*\(|expression\s*\(|-moz-binding", re.IGNORECASE)
RAW = re.compile(r"<(title|textarea|select|option)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
STATIC = Path(__file__).parent / "static"
READER, MARKS = ((STATIC / name).read_text(encoding="utf-8") for name in ("reader.css", "marks.css"))
Span = tuple[int, int, int]  # start, end, number of the value


def shown(page: str, values: Sequence[Value], token: str, styled: bool = True) -> str:
    """The document for the frame. A place is marked by data-fieldsift="<token>:<number of the value>".

    The token is one that the page cannot know, so it cannot mark places itself.
    """
    spans = [(place.start, place.end, i) for i, value in enumerate(values) for place in value.evidence]
    if not MARKUP.search(page):
        body = "".join(
            _opened(token, i) + html.escape(text) + "</mark>" if i >= 0 else html.escape(text)
            for text, i in _cut(page, 0, len(page), spans)
        )
        return _document(f"<pre>{body}</pre>")
    marked = "".join(_marked(page, spans, token))
    root = document_fromstring(marked.encode("utf-8", "replace"), parser=_parser())
    _clean(root, styled)
    return _document(tostring(root, encoding="unicode"))


def _document(body: str) -> str:
    """Our style for plain pages first, which the page's own overrides; that of the marks last, which nothing does."""
    head = f"<!doctype html><meta charset=utf-8><title>The page</title><style>{READER}</style>"
    return f"{head}{body}<style>{MARKS}</style>"


def _parser() -> etree.HTMLParser:
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)


def _marked(page: str, spans: Sequence[Span], token: str) -> Iterator[str]:
    """The page's source with marks around its texts, and in the start tags whose attributes hold a value."""
    raw = [match.span() for match in RAW.finditer(page)]
    at = 0
    for match in MARKUP.finditer(page):
        yield from _text(page, at, match.start(), spans, token, raw)
        inside = next((i for start, _, i in spans if match.start() < start < match.end()), None)
        if inside is not None and match["name"] and not match["end"]:
            head = match.start() + 1 + len(match["name"])
            yield f'{page[match.start() : head]} data-fieldsift="{token}:{inside}"{page[head : match.end()]}'
        else:
            yield match[0]
        at = match.end()
    yield from _text(page, at, len(page), spans, token, raw)


def _text(
    page: str, start: int, end: int, spans: Sequence[Span], token: str, raw: Iterable[tuple[int, int]]
) -> Iterator[str]:
    if any(first <= start < last for first, last in raw):
        yield page[start:end]
        return
    for text, i in _cut(page, start, end, spans):
        yield f"{_opened(token, i)}{text}</mark>" if i >= 0 and text.strip() else text


def _opened(token: str, number: int) -> str:
    return f'<mark data-fieldsift="{token}:{number}">'


def _cut(page: str, start: int, end: int, spans: Sequence[Span]) -> Iterator[tuple[str, int]]:
    """Pieces of a text with the number of the shortest span over each, or -1."""
    over = [span for span in spans if span[0] < end and span[1] > start]
    borders = sorted({start, end, *(min(max(place, start), end) for span in over for place in span[:2])})
    for first, last in pairwise(borders):
        holding = [span for span in over if span[0] <= first and span[1] >= last]
        yield page[first:last], min(holding, key=lambda span: span[1] - span[0])[2] if holding else -1


def _clean(root: HtmlElement, styled: bool) -> None:
    for element in list(root.iter(*REMOVED, *(() if styled else ("style",)))):
        element.drop_tree()
    for element in list(root.iter(etree.Element)):
        if element.tag in ("form", "noscript", "marquee", "dialog"):
            element.tag = "div"
        if element.tag in ("input", "button", "select", "textarea"):
            element.set("disabled", "")
        if element.tag == "img":
            element.tag, element.text = "span", element.get("alt", "").strip() or "image"
            element.set("class", "fieldsift-image")
        if element.tag == "style" and OUTSIDE.search(element.text or ""):
            element.text = OUTSIDE.sub("none(", element.text)
        _strip(element, styled)


def _strip(element: HtmlElement, styled: bool) -> None:
    for name in list(element.attrib):
        unwanted = name not in KEPT | {"disabled"} or (name in STYLES and not styled)
        if unwanted or (element.get("class") == "fieldsift-image" and name in STYLES):
            del element.attrib[name]
        elif name == "style" and OUTSIDE.search(element.attrib[name]):
            element.attrib[name] = OUTSIDE.sub("none(", element.attrib[name])
