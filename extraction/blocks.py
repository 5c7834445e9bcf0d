"""A page as blocks: the pieces that a value, its label and little else stand in.

A block is a maximal subtree with at most `LARGEST` characters of text, or a run of text and inline elements between
such subtrees. A short list of short items (a breadcrumb trail) stays whole, and so does a label with what follows it.
Blocks are in document order, and every text of the page is in one. Each knows the elements that it stands in, and how
it reads on its own (`lean`).
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from extraction.lean import INLINE, WRAPPERS, collapsed, lean, text_of, values

LARGEST = 120  # characters of a block's text
TRAIL, ITEMS, ITEM = 300, 14, 60  # characters of a short list, of how many items at most, and of each
STEPS, LAST = 1000, 200  # characters of a breadcrumb trail with its attributes, and of its last item's text
LABEL = 40  # characters of a label at most
PIECE = 400  # characters of a piece of running text
DEEPEST = 200  # elements; what is deeper counts as one block

NAMES = ("class", "id", "itemprop", "property", "name")  # attributes that name what an element holds
LABELS = {"dt", "th", "label", "strong", "b"}
SENTENCE = re.compile(r"(?<=[.!?。！？])\s+")

Path = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """`path`: the elements around it, the outermost first, each as (tag, words of its naming attributes)."""

    text: str  # with the values of its attributes, white space collapsed
    html: str
    path: Path
    tags: tuple[str, ...]  # of the elements in it, the outermost first
    names: str  # words of their naming attributes
    siblings: int  # elements beside it of the same tag and class
    linked: float  # share of its characters inside <a>


@dataclass(slots=True)
class _Node:
    """What is in an element."""

    size: int  # characters of text and of attributes that are read as text
    flows: bool  # nothing but text and inline elements
    longest: int = 0  # characters of its longest child
    items: int = 0  # children with text
    loose: bool = False  # has text outside its children


def blocks(cleaned: str) -> list[Block]:
    """The blocks of a page that `extraction.clean` has cleaned; of text without markup, its lines."""
    if "<" not in cleaned:
        return [_line(line) for line in cleaned.split("\n") if line.strip()]
    source = f"<body>{cleaned}".encode("utf-8", "replace")
    root = etree.fromstring(source, etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True))
    return _labelled(list(_Cutter(root).cut(root, ()))) if root is not None else []


def _line(text: str) -> Block:
    text = collapsed(text)
    return Block(text, html.escape(text, quote=False), (), (), "", 0, 0.0)


class _Cutter:
    """Cuts one tree."""

    def __init__(self, root: Any) -> None:
        self.nodes: dict[Any, _Node] = {}
        self.kinds: dict[Any, Counter[tuple[str, str | None]]] = {}  # of an element's children
        elements = list(root.iter(etree.Element))
        for element in elements:
            loose = len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
            read = sum(map(len, values(element)))
            self.nodes[element] = _Node(loose + read, True, loose=loose > 0)
        for element in reversed(elements):  # children before parents
            parent = self.nodes.get(element.getparent())
            node = self.nodes[element]
            if parent is not None:
                parent.size += node.size
                parent.flows = parent.flows and node.flows and element.tag in INLINE
                parent.items += node.size > 0
                parent.longest = max(parent.longest, node.size)

    def cut(self, element: Any, path: Path) -> Iterator[Block]:
        """The blocks of an element and what is in it."""
        node = self.nodes[element]
        if not node.size:
            return
        if node.size <= LARGEST or self._is_trail(element) or len(path) >= DEEPEST:
            yield self._block([element], path)
            return
        inside = (*path, (element.tag, _names(element)))
        run: list[Any] = [element.text or ""]
        for child in element:
            if child not in self.nodes:  # a comment or processing instruction
                run.append(child.tail or "")
                continue
            if child.tag in INLINE and self.nodes[child].flows and child.tag != "br":
                run.append(child)
            else:
                yield from self._run(run, inside)
                run = []
                yield from self.cut(child, inside)
            run.append(child.tail or "")
        yield from self._run(run, inside)

    def _is_trail(self, element: Any) -> bool:
        """Whether an element is a short list of short items."""
        node = self.nodes[element]
        if node.loose or not 1 < node.items <= ITEMS or node.size > STEPS:
            return False
        return (node.size <= TRAIL and node.longest <= ITEM) or _ends_long(element)

    def _run(self, run: list[Any], path: Path) -> Iterator[Block]:
        """Text and inline elements between two subtrees, in blocks; a sentence keeps what is inline in it."""
        sizes = [len(part.strip()) if isinstance(part, str) else self.nodes[part].size for part in run]
        if not sum(sizes):
            return
        prose = any(size for part, size in zip(run, sizes, strict=True) if isinstance(part, str))
        limit = PIECE if prose else LARGEST
        group: list[Any] = []
        held = 0
        for part, size in zip(run, sizes, strict=True):
            if held and held + size > limit:
                yield self._block(group, path)
                group, held = [], 0
            if size > PIECE:
                yield from self._pieces(part, path)
            elif size:
                group.append(part)
                held += size
        if held:
            yield self._block(group, path)

    def _pieces(self, part: Any, path: Path) -> Iterator[Block]:
        """Long running text in pieces of sentences."""
        text = collapsed(part if isinstance(part, str) else " ".join(part.itertext()))
        held = ""
        for sentence in SENTENCE.split(text):
            if held and len(held) + len(sentence) > PIECE:
                yield self._block([held], path)
                held = ""
            held = f"{held} {sentence}" if held else sentence
        if held:
            yield self._block([held], path)

    def _block(self, parts: list[Any], path: Path) -> Block:
        elements = [part for part in parts if not isinstance(part, str)]
        inside = [inner for element in elements for inner in element.iter(etree.Element)]
        text = collapsed(" ".join(text_of(part) for part in parts))
        linked = sum(len(collapsed("".join(link.itertext()))) for link in inside if link.tag == "a")
        markup = lean(parts)
        if path and path[-1][0] not in WRAPPERS:
            markup = f"<{path[-1][0]}>{markup}</{path[-1][0]}>"
        return Block(
            text=text,
            html=markup,
            path=path,
            tags=tuple(inner.tag for inner in inside),
            names=" ".join(filter(None, map(_names, inside))),
            siblings=self._alike(elements[0]) if len(elements) == 1 else 0,
            linked=min(1.0, linked / max(1, len(text))),
        )

    def _alike(self, element: Any) -> int:
        """Siblings of the same tag and class."""
        parent = element.getparent()
        if parent is None:
            return 0
        if parent not in self.kinds:
            self.kinds[parent] = Counter((child.tag, child.get("class")) for child in parent)
        return self.kinds[parent][(element.tag, element.get("class"))] - 1


def _ends_long(element: Any) -> bool:
    """Whether all items of a list but the last are short links; the last, the page's own name, may be longer."""
    texts = {child: collapsed("".join(child.itertext())) for child in element if isinstance(child.tag, str)}
    items = [child for child, text in texts.items() if text]
    sizes = [len(texts[child]) for child in items]
    linked = all(len(list(child.iter("a"))) == 1 for child in items[:-1])
    return len(items) > 2 and linked and max(sizes[:-1]) <= ITEM and sizes[-1] <= LAST and sum(sizes[:-1]) <= TRAIL


def _names(element: Any) -> str:
    return " ".join(element.get(name, "") for name in NAMES if element.get(name))


def _labelled(found: list[Block]) -> list[Block]:
    """The blocks, a label together with the block after it."""
    joined: list[Block] = []
    label: Block | None = None
    for block in found:
        if label and label.path == block.path and len(label.text) + len(block.text) <= PIECE:
            joined[-1], label = _together(label, block), None
        else:
            joined.append(block)
            label = block if _is_label(block) else None
    return joined


def _is_label(block: Block) -> bool:
    return len(block.text) <= LABEL and (block.text.endswith(":") or (block.tags[:1] or ("",))[0] in LABELS)


def _together(label: Block, block: Block) -> Block:
    joint = "\n" if len(block.html) > LARGEST or "\n" in block.html else " "
    return Block(
        text=f"{label.text} {block.text}",
        html=f"{label.html}{joint}{block.html}",
        path=block.path,
        tags=label.tags + block.tags,
        names=f"{label.names} {block.names}".strip(),
        siblings=block.siblings,
        linked=block.linked,
    )
