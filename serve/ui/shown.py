"""A page as a reader sees it, made harmless, with the values of a record marked where they stand.

The browser shows it in a sandboxed frame under a policy that allows nothing but inline styles, so that no script runs
and no request leaves; what follows also takes away what would only look broken there.
"""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import Element, HtmlElement, HTMLParser, document_fromstring, fragment_fromstring, tostring

from extraction.split import MARKUP
from serve.located import Value

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-same-origin"
)
REMOVED = ["script", "iframe", "frame", "object", "applet", "base", "link", "meta", "template", "noembed", "noframes"]
REMOVED += ["svg", "math", "audio", "video", "canvas", "portal", "title"]
EMPTY = ["embed", "source", "track", "frameset"]  # lxml takes what follows the first three for their content
RENAMED = dict.fromkeys(["form", "noscript", "marquee", "dialog"], "div")
RENAMED |= dict.fromkeys(["plaintext", "xmp", "listing"], "pre")  # in which a browser reads tags as text
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
MOST_ELEMENTS = 20_000  # that are shown
PLACES = 5  # of a value that are marked
OUTSIDE = re.compile(r"url\s*\(|@import|image-set\s*\(|expression\s*\(|-moz-binding", re.IGNORECASE)
RAW = {"title", "textarea", "select", "option", "script", "style"}  # hold no elements
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # which lxml reads and does not write
STATIC = Path(__file__).parent / "static"
READER, MARKS = ((STATIC / name).read_text(encoding="utf-8") for name in ("reader.css", "marks.css"))


def shown(page: str, values: Sequence[Value], token: str, styled: bool = True) -> str:
    """The document for the frame. A place is marked by data-fieldsift="<token>:<number of the value>:<of the place>".

    The token is one that the page cannot know, so it cannot mark places itself.
    """
    places = [
        (place, f"{token}:{i}:{n}") for i, value in enumerate(values) for n, place in enumerate(value.evidence[:PLACES])
    ]
    if not MARKUP.search(page):
        root = fragment_fromstring(f"<pre>{html.escape(page)}</pre>")
        for place, name in places:
            _wrap(root, place.start, place.end, name)
        return _document(tostring(root, encoding="unicode"))
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # a page of comments alone
        return _document("")
    tree = root.getroottree()
    found = [(place, name, tree.xpath(place.xpath)) for place, name in places if place.xpath]  # before any mark
    for place, name, elements in found:
        if elements and place.attribute is not None:
            elements[0].set("data-fieldsift", name)
        elif elements:
            _wrap(elements[0], place.start, place.end, name)
    _clean(root, styled)
    _shorten(root)
    return _document(tostring(root, encoding="unicode"))


def _document(body: str) -> str:
    """Our style for plain pages first, which the page's own overrides; that of the marks last, which nothing does."""
    head = f"<!doctype html><meta charset=utf-8><title>The page</title><style>{READER}</style>"
    return f"{head}{body}<style>{MARKS}</style>"


def _wrap(element: HtmlElement, start: int, end: int, name: str) -> None:
    """Mark the characters of an element's text (XPath's string()), over the borders of the elements in it."""
    at = 0
    for owner, kind in list(_texts(element)):
        text = getattr(owner, kind) or ""
        first, last = max(start - at, 0), min(end - at, len(text))
        at += len(text)
        if first >= last or not text[first:last].strip() or (kind == "text" and owner.tag in RAW):
            continue
        mark = Element("mark", {"data-fieldsift": name})
        text = _writable(text)
        mark.text, mark.tail = text[first:last], text[last:]
        setattr(owner, kind, text[:first])
        if kind == "text":
            owner.insert(0, mark)
        else:
            parent = owner.getparent()
            parent.insert(parent.index(owner) + 1, mark)


def _writable(text: str) -> str:
    return CONTROL.sub("\ufffd", text)


def _texts(element: HtmlElement) -> Iterator[tuple[Any, str]]:
    """Where the pieces of an element's text are: (node, "text" or "tail"), in document order."""
    for event, node in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        if event == "start":
            yield node, "text"
        elif node is not element:
            yield node, "tail"


def _clean(root: HtmlElement, styled: bool) -> None:
    for comment in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        comment.drop_tree()
    for element in list(root.iter(*EMPTY)):
        element.drop_tag()
    for element in list(root.iter(*REMOVED, *(() if styled else ("style",)))):
        element.drop_tree()
    for element in list(root.iter(etree.Element)):
        element.tag = RENAMED.get(element.tag, element.tag)
        if element.tag in ("input", "button", "select", "textarea"):
            element.set("disabled", "")
        if element.tag == "img":
            element.tag, element.text = "span", _writable(element.get("alt", "").strip()) or "image"
            element.set("class", "fieldsift-image")
        if element.tag == "style" and OUTSIDE.search(element.text or ""):
            element.text = OUTSIDE.sub("none(", _writable(element.text))
        _strip(element, styled)


def _shorten(root: HtmlElement) -> None:
    """Leave out what follows the first elements of a page so large that it would stop the browser."""
    beyond = list(root.iter(etree.Element))[MOST_ELEMENTS:]
    for element in reversed(beyond):
        element.getparent().remove(element)
    if beyond:
        note = Element("p")
        note.text = f"The page goes on: its first {MOST_ELEMENTS:,} elements are shown."
        root.append(note)


def _strip(element: HtmlElement, styled: bool) -> None:
    for name in list(element.attrib):
        unwanted = name not in KEPT | {"disabled"} or (name in STYLES and not styled)
        if unwanted or (element.get("class") == "fieldsift-image" and name in STYLES):
            del element.attrib[name]
        elif name == "style" and OUTSIDE.search(element.attrib[name]):
            element.attrib[name] = OUTSIDE.sub("none(", _writable(element.attrib[name]))
