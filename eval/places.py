"""What a rule can point at on a page: its texts, each by the selectors that lead to it."""

import re
from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from extraction.text import fold

Texts = dict[str, list[str]]  # by selector, in the page's order
LONGEST, LONGEST_LABEL = 1000, 30  # characters of a text, and of a label
MOST = 6  # classes of an element
NAMING = ("itemprop", "property", "name", "rel", "role", "slot", "type", "data-test", "data-testid", "data-qa")
SILENT = {*NAMING, "class", "id", "style"}  # attributes that name an element and say nothing
UNREAD = ("script", "style", "template", "noscript", "svg")
WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")
LABEL = re.compile("([^:：]+)[:：] ?(.+)")


def parsed(page: str) -> etree._Element | None:
    """The root of a page or fragment; None where it holds nothing. Text without markup is read line by line."""
    if "<" not in page:
        page = "".join(f"<p>{line.replace('&', '&amp;')}</p>" for line in page.splitlines())
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    return etree.fromstring(page.encode("utf-8", "replace"), parser) if page.strip() else None


def texts(page: str) -> Texts:
    """All texts of a page by selector.

    Selectors are like those of CSS (`h1`, `.total`, `#sku`, `[itemprop=name]`, `.total > b`); `~total` is a word in a
    class or an id, `img@alt` an attribute, and `label "total"` what stands after a label.
    """
    found: Texts = defaultdict(list)
    root = parsed(page)
    if root is None:
        return found
    etree.strip_elements(root, *UNREAD, with_tail=False)
    label = ""
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if event == "start":
            _enter(found, element, label)
        else:
            _add_labelled(found, element.tail)
        said = element.text if event == "start" else element.tail
        label = _as_label(said) if said and said.strip() else label
    return found


def whole(element: etree._Element) -> str:
    """An element's text without needless white space; empty where it is longer than `LONGEST`."""
    pieces, size = [], 0
    for piece in element.itertext():
        size += len(piece)
        if size > LONGEST:
            return ""
        pieces.append(piece)
    return " ".join("".join(pieces).split())


def _enter(found: Texts, element: etree._Element, label: str) -> None:
    """Add an element's text and attributes. `label`: the text before it, where that is short."""
    names, text = list(_names(element)), whole(element)
    for attribute, value in element.attrib.items():
        if attribute not in SILENT and value.strip() and len(value) <= LONGEST:
            for name in names:
                found[f"{name}@{attribute}"].append(" ".join(value.split()))
    if not text:
        return
    parent = element.getparent()
    inside = [f"{name} > {element.tag}" for name in _names(parent)] if parent is not None else []
    for name in (*names, *inside, *(f"~{word}" for word in _words(element))):
        found[name].append(text)
    if label and not len(element):
        found[f'label "{label}"'].append(text)
    if len(element) <= 2 and not any(len(child) for child in element):
        _add_labelled(found, text)


def _add_labelled(found: Texts, text: str | None) -> None:
    """Add what stands after the colon of a text such as "Total: 12"."""
    match = LABEL.fullmatch(" ".join(text.split())) if text and len(text) <= LONGEST else None
    if match and (label := _as_label(match[1])):
        found[f'label "{label}"'].append(match[2])


def _as_label(text: str | None) -> str:
    """A short text as a label; empty where it cannot be one."""
    label = fold(text or "").rstrip(" :：")
    return label if len(label) <= LONGEST_LABEL and not label.isdigit() else ""


def _names(element: etree._Element) -> Iterator[str]:
    """The simple selectors of an element."""
    yield element.tag
    yield from (f".{name}" for name in element.get("class", "").split()[:MOST])
    if name := element.get("id"):
        yield f"#{name}"
    for attribute in NAMING:
        if name := element.get(attribute):
            yield f"[{attribute}={name}]"


def _words(element: etree._Element) -> list[str]:
    """The words in an element's classes and id, each once."""
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return list(dict.fromkeys(word.lower() for word in WORD.findall(names)))[: 2 * MOST]
