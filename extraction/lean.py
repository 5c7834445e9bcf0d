"""How an element of a page reads on its own: lean, without wrappers, with class names on its leaves alone.

A leaf has a class name of the wrappers around it alone besides its own: often only they say what it is, as in
`<div class="old-price"><span class="price">`. An amount in pieces (mark and number) is a leaf too. A row (a label and
its value, the cells of a table's row, a breadcrumb trail) is one line, so that what belongs together stands together;
elements of the same tag and class that follow each other in it say their class once.
"""

import html
import re
from typing import Any

from lxml import etree

from extraction.names import Names, class_of, handed_on

NESTED = 60  # elements deep in a block; what is deeper is read as text
SPACE = re.compile(r"\s+")

VALUES = ("alt", "title", "content", "aria-label", "label", "datetime", "value")  # attributes that are read as text
INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img"),
    *("ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time"),
    *("tt", "u"),
}
WRAPPERS = {
    *("div", "span", "section", "article", "main", "header", "footer", "aside", "font", "center", "form", "body"),
    *("html", "figure", "nav", "fieldset", "tbody", "thead", "table", "tr", "ul", "ol", "dl"),
}
SINGLE = WRAPPERS | {"td", "li", "p"}  # unwrapped around a single element
VOID = {"img", "br", "hr", "input", "meta"}
AMOUNT, LETTERS = 24, 4  # characters of an amount at most, and of letters in it
NUMBER = re.compile(r"\d(?:[\d.,'’\s]*\d)?")
ONLY = re.compile(r'<(span|div|font)((?: class="[^"]*")?)>([^<]*)</\1>')  # a leaf that says nothing by its tag
CLASSED = re.compile(r'<([\w:-]+) class="[^"]*"')
RAISED = {"sup", "sub", "del", "ins", "s", "strike"}  # elements whose tag says something about a number


def collapsed(text: str) -> str:
    """A text whose runs of white space are one space each."""
    return SPACE.sub(" ", text).strip()


def values(element: Any) -> list[str]:
    """The attribute values of an element that are read as text and say more than its text does.

    What a link's title puts around the link's text ("Go to …") is said to those who point at it, and is not read.
    """
    found = [element.get(name) for name in VALUES if element.get(name)]
    if not found:
        return found
    own = collapsed("".join(element.itertext())).casefold()
    texts = {value: collapsed(value).casefold() for value in found}
    return [value for value, text in texts.items() if text != own and not (own and element.tag == "a" and own in text)]


def text_of(part: Any) -> str:
    """What is read of a text or an element: its text and its attributes' values, apart from each other."""
    if isinstance(part, str):
        return part
    texts = []
    for element in part.iter(etree.Element):
        texts += values(element)
        texts.append(element.text or "")
        if element is not part:
            texts.append(element.tail or "")
    return " ".join(texts)


def lean(parts: list[Any]) -> str:
    """Lean markup of texts and elements that stand side by side, without empty lines."""
    lines = _side_by_side([_lean(part) for part in parts]).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _lean(part: Any, handed: Names = (), depth: int = 0, in_row: bool = False) -> str:
    """Of a text or an element. A leaf in a row keeps its tag."""
    if isinstance(part, str):
        return _escaped(part)
    tag = part.tag
    own = tuple(part.get("class", "").split()[:2])
    name = class_of(own, handed)
    read = values(part)
    keys = {part.get(key): key for key in reversed(VALUES)}
    shown = "".join(f' {keys[value]}="{_quoted(value)}"' for value in read)
    if tag in VOID:
        return f"<{tag}{_class(name if shown else '')}{shown}>" if shown else "\n" if tag == "br" else ""
    inner, n_children, loose = _inside(part, handed_on(own, handed), depth, in_row)
    if name and not shown and n_children and (n_children > 1 or loose) and _is_amount(part):
        inner = inner if _in_pieces(part) else _escaped(collapsed("".join(part.itertext())))
        return _element(tag, _class(name), inner.strip())
    if not n_children and (tag not in WRAPPERS or shown or name or (in_row and loose)):
        inner = inner.strip() if in_row or tag not in INLINE or not depth else inner
        return _element(tag, _class(name) + shown, inner)
    if not shown and tag in (SINGLE if n_children == 1 and not loose else WRAPPERS):
        return inner if tag == "span" else f"\n{inner}\n"
    if n_children == 1 and not loose and (only := ONLY.fullmatch(inner.strip())):
        return _element(tag, only[2] + shown, only[3].strip())
    return _element(tag, shown, inner.strip())


def _element(tag: str, attributes: str, inner: str) -> str:
    """Its markup; after all but what is inline a line ends."""
    return f"<{tag}{attributes}>{inner}</{tag}>" + ("" if tag in INLINE else "\n")


def _is_amount(part: Any) -> bool:
    """Whether an element's text is short and one number for the most part."""
    text = collapsed("".join(part.itertext()))
    return len(text) <= AMOUNT and len(NUMBER.findall(text)) == 1 and sum(map(str.isalpha, text)) <= LETTERS


def _in_pieces(part: Any) -> bool:
    """Whether the elements in an amount say something about it: its number is in pieces, or one is raised."""
    numbers = sum(any(map(str.isdigit, piece)) for piece in part.itertext())
    return numbers > 1 or any(inner.tag in RAISED or values(inner) for inner in part.iter(etree.Element))


def _inside(part: Any, names: Names, depth: int, in_row: bool) -> tuple[str, int, bool]:
    """What is in an element, each piece once; the number of its child elements, and whether it has text beside them.

    `names`: class names that an only child is handed.
    """
    children = [child for child in part if isinstance(child.tag, str)]
    if depth == NESTED:
        return html.escape(collapsed(text_of(part)), quote=False), 0, True
    loose = bool((part.text or "").strip()) or any((child.tail or "").strip() for child in part)
    is_row = len(children) > 1 and _is_row(children)
    apart = in_row if len(children) == 1 else is_row and not loose
    pieces = [_escaped(part.text or "")]
    last = ""
    for child in part:
        if isinstance(child.tag, str):
            piece = _lean(child, names if len(children) == 1 else (), depth + 1, apart)
            if is_row:
                piece, last = _unlike(_on_line(piece, child.tag) if "\n" in piece else piece, last)
            pieces += [] if piece in pieces and not "".join(child.itertext()).strip() else [piece]
        pieces.append(_escaped(child.tail or ""))
    return _side_by_side(pieces), len(children), loose


def _is_row(children: list[Any]) -> bool:
    """Whether these elements are one line: none has two texts, and they are a pair or have no line break."""
    texts = [_texts(child) for child in children]
    return max(texts) == 1 and (sum(texts) == 2 or all(child.tag != "br" for child in children))


def _texts(element: Any) -> int:
    """The texts in an element, or the values that are read as such; two are not counted further."""
    n = 0
    for inner in element.iter(etree.Element):
        n += bool((inner.text or "").strip()) or bool(values(inner))
        n += inner is not element and bool((inner.tail or "").strip())
        if n > 1:
            break
    return n


def _on_line(piece: str, tag: str) -> str:
    """A piece beside the one before it; a term begins a line of its own."""
    return ("\n" if tag == "dt" else " ") + f"{' '.join(piece.split())} "


def _unlike(piece: str, last: str) -> tuple[str, str]:
    """A piece without its class if the one before it begins just so, and how it begins."""
    start = piece.lstrip()
    begun = CLASSED.match(start)
    if not begun or begun[0] != last:
        return piece, begun[0] if begun else ""
    return f"{piece[: len(piece) - len(start)]}<{begun[1]}{start[begun.end() :]}", last


def _side_by_side(pieces: list[str]) -> str:
    """The pieces in a row; two words that only their elements kept apart have a space between them.

    Numbers have none: `<span>49</span><sup>90</sup>` is one.
    """
    joined = ""
    for piece in filter(None, pieces):
        ends = joined[-1:] + piece[0]
        apart = len(ends) == 2 and ends.isalnum() and not ends.isdigit()
        joined += f" {piece}" if apart else piece
    return joined


def _escaped(text: str) -> str:
    """A text as markup; its line breaks are spaces, as they are to a reader."""
    return html.escape(SPACE.sub(" ", text), quote=False)


def _quoted(value: str) -> str:
    """A text as an attribute's value; an apostrophe stays as it is, since a model copies what it reads."""
    return html.escape(value, quote=False).replace('"', "&quot;")


def _class(name: str) -> str:
    return f' class="{_quoted(name)}"' if name else ""
