"""What a page is cleaned of before a model reads it: whatever cannot hold a value.

The parser's events are written out again as they come, so a fragment stays a fragment: a row needs no table, nothing is
wrapped, no depth is too deep, and every text of the page is in the result, in its order.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from extraction.attributes import SPACES, kept
from extraction.hidden import hidden

NAME = r"(?![\w:-]{100})[A-Za-z][\w-]*(?::[\w-]+)*[ \t\n\f\r/>]"  # the parser cuts longer ones
MARKUP = re.compile(rf"<(?:(?={NAME})|/[A-Za-z]|!)[^<>]*>", re.ASCII)
STRAY = re.compile(rf"<(?=[A-Za-z])(?!{NAME})", re.ASCII)  # <me@here.org>: a parser would take it for a tag
REMOVED = {"style", "template", "svg", "canvas", "iframe", "noscript", "script", "link", "base", "noframes", "noembed"}
# These go, what is in them stays. The second line's are empty, but the parser, being of HTML 4, does not end them.
UNWRAPPED = {"html", "head", "body", "picture", "xmp", "plaintext", "noscript", "dialog"}
UNWRAPPED |= {"source", "track", "wbr", "embed", "keygen", "command", "bgsound"}
VOID = {"area", "basefont", "br", "col", "frame", "hr", "img", "input", "isindex", "meta", "param"}
WRAPPERS = {"div", "span", "section"}
CELLS = {"td", "th"}  # an empty one still counts columns
WHOLE = {"html", "head", "body"}  # hidden until a script has run, or by a slip
UNSAID = {"title"}  # no reader finds its text in the page, and every page has one
VERBATIM = {"pre", "textarea"}
LINKED_DATA = "application/ld+json"

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"})
CONTROLS = dict.fromkeys([*range(9), *range(11, 32)], " ")
SPECIAL = re.compile(r"[\x00-\x08\x0b-\x1f&<>\xa0]")
# The text has no control characters; three of them hide the white space of <pre>, one is where something was dropped.
HIDE = str.maketrans(" \n\t", "\x01\x02\x03")
HIDDEN = re.compile("[\x01-\x03]")
GAP = "\x04"
RUN = re.compile(r"[ \t\n\x04]{2,}|[\t\x04]")

JSON_SPACES = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))| ?([{}\[\]:,]) ?')
JSON_ESCAPE = re.compile(r"(?<!\\)\\(?:/|u[dD][89abAB]HH\\u[dD][c-fC-F]HH|uHHHH)".replace("H", "[0-9a-fA-F]"))
JSON_MARKUP = re.compile(rf"<(?=!--|/script)|{STRAY.pattern}", re.ASCII | re.IGNORECASE)


def clean(text: str, markup: bool = True) -> str:
    """A page or fragment without what cannot hold a value; text without markup comes back as it is.

    Comments, scripts (but linked data), styles, pictures' insides, attributes and elements that no reader sees and
    elements that are left empty go; every other text stays. A page that says nothing else, in <meta> or linked data
    neither, keeps what it hides and its <noscript>. Cleaning twice is cleaning once. Without `markup`, what a page says
    to machines goes too: linked data, <meta> (OpenGraph), the attributes of microdata and RDFa.
    """
    if not MARKUP.search(text):
        return text
    page = _read(text, _Page(markup))
    if page.hides and not page.says:
        page = _read(text, _Page(markup, shows=True))
    cleaned = RUN.sub(_white_space, "".join(page.written)).strip(" \n")
    shown = HIDDEN.sub(lambda space: " \n\t"[ord(space[0]) - 1], cleaned)
    return clean(shown, markup) if page.misread else shown


def _read(text: str, page: "_Page") -> "_Page":
    source = "<body>" + STRAY.sub("&lt;", text)  # in an open body, text needs no paragraph of its own
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    etree.fromstring(source.encode("utf-8", "replace"), parser)
    return page


@dataclass(slots=True)
class _Element:
    tag: str
    at: int  # its start tag's place in what is written
    bare: bool  # without attributes
    holds: bool  # a value, in an attribute, its text or anything in it
    text: bool = False
    children: int = 0
    child: str = ""  # the last one's tag; none if it is a wrapper that could not be unwrapped


class _Page:
    """The parser's target."""

    def __init__(self, markup: bool, shows: bool = False) -> None:
        self.markup = markup
        self.shows = shows  # what is hidden too
        self.says = self.hides = False  # anything, but its title; from its readers
        self.written: list[str] = []
        self.open = [_Element("body", 0, bare=False, holds=True)]
        self.removing = 0  # how many elements deep
        self.verbatim = 0
        self.linked: list[str] = []
        self.misread = False  # written as it was read, it would be read otherwise

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        parent = self.open[-1]
        if self.removing or self._goes(tag, attributes):
            self.removing += 1
        elif tag in UNWRAPPED:
            self.open.append(parent)
        else:
            if len(self.open) > 1 and self.open[-2] is parent and not _nests(parent.tag, tag):
                self.misread = True
            stay, holds = (f' type="{LINKED_DATA}"', False) if tag == "script" else kept(tag, attributes, self.markup)
            self.says |= holds
            self.open.append(_Element(tag, len(self.written), not stay, holds))
            self.written.append(f"<{tag}{stay}>")
            self.verbatim += tag in VERBATIM

    def _goes(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether an element and all in it is left out."""
        if tag == "meta" and not self.markup:
            return True
        if tag in REMOVED and not (self.markup and _is_linked_data(tag, attributes)):
            self.hides |= tag == "noscript"
            return not (self.shows and tag == "noscript")
        if self.shows or tag in WHOLE or not hidden(tag, attributes):
            return False
        self.hides = True
        return True

    def data(self, text: str) -> None:
        element = self.open[-1]
        if self.removing:
            return
        special = SPECIAL.search(text)
        if special:
            text = text.translate(CONTROLS)
        if not text.isspace():
            element.text = element.holds = True
            self.says |= element.tag not in UNSAID
        if element.tag == "script":
            self.linked.append(text)
            return
        if special:
            text = text.translate(ESCAPES)
        self.written.append(text.translate(HIDE) if self.verbatim else text)

    def end(self, tag: str) -> None:
        if self.removing:
            self.removing -= 1
            if not self.removing:
                self.written.append(GAP)
            return
        element, parent = self.open.pop(), self.open[-1]
        if element is parent:
            return
        self.verbatim -= tag in VERBATIM
        if tag == "script":
            self.written.append(_minified("".join(self.linked)))
            self.linked.clear()
        if element.holds:
            parent.holds = True
            parent.children += 1
            parent.child = self._close(element, parent)
        elif tag in CELLS or tag == "br":
            parent.children += 1
            parent.child = tag
            self.written[element.at + 1 :] = [f"</{tag}>"] if tag in CELLS else []
        else:
            self._drop(element)

    def close(self) -> None:
        """The parser wants it; all is written."""

    def _close(self, element: _Element, parent: _Element) -> str:
        """End an element that holds something, or unwrap it; the tag that now stands in the parent."""
        if element.tag not in VOID:
            self.written.append(f"</{element.tag}>")
        if element.text or element.children != 1 or not element.bare or element.tag not in WRAPPERS:
            return element.tag
        if not element.child or not _nests(parent.tag, element.child):
            return ""
        self.written[element.at] = self.written[-1] = ""
        return element.child

    def _drop(self, element: _Element) -> None:
        inside = "".join(self.written[element.at + 1 :])
        self.written[element.at :] = ["\n" if "\n" in inside else " " if inside.strip(GAP) else GAP]


def _is_linked_data(tag: str, attributes: Mapping[str, str]) -> bool:
    return tag == "script" and attributes.get("type", "").strip().lower().startswith(LINKED_DATA)


@lru_cache(maxsize=4096)
def _nests(outer: str, inner: str) -> bool:
    """Whether `outer` stays open when `inner` begins in it; a paragraph, for one, ends where a <div> begins."""
    if outer == "body":
        return True
    root = etree.fromstring(f"<body><{outer}><{inner}>", etree.HTMLParser())
    return len(root[0][0]) > 0


def _minified(text: str) -> str:
    """JSON without white space between its parts and with letters for \\u…, whether it is valid or not."""
    text = JSON_SPACES.sub(r"\1\2", SPACES.sub(" ", text).strip(" "))
    return JSON_MARKUP.sub(r"\\u003c", JSON_ESCAPE.sub(_json_character, text))  # else the script could end inside it


def _json_character(escape: re.Match[str]) -> str:
    character: str = "/" if escape[0] == r"\/" else json.loads(f'"{escape[0]}"')
    return character if character == "/" or (character > "\x7f" and character.isprintable()) else escape[0]


def _white_space(run: re.Match[str]) -> str:
    """A run's one character; where something was dropped between two texts, they do not grow together."""
    if "\n" in run[0]:
        return "\n"
    if run[0].strip(GAP):
        return " "
    around = run.string[run.start() - 1 : run.start()], run.string[run.end() : run.end() + 1]
    return "" if around[0] in "\x01\x02\x03>" or around[1] in "\x01\x02\x03<" else " "
