"""Labels and values of which several stand on one line: only their order says which value a label has."""

from random import Random

from pretraining.corpus.markup import Markup
from pretraining.corpus.pick import chance, pick

Pair = tuple[str, str]  # label, value

BARS = (" | ", " · ", " • ", " / ", "; ", " – ", "  ", " ")
AROUND = ("div", "p", "li", "div", "section", "h4")
LABELS = ("b", "strong", "span", "em", "small", "label", "i", "span")
VALUES = ("span", "span", "em", "i", "b", "a", "strong")
AFTER = 0.25  # of the lines of elements have each value before its label


def lines(m: Markup, r: Random, pairs: list[Pair]) -> str:
    """The pairs, two to four on a line, as text between bars, in elements, in cells of both, or as terms."""
    width = pick(r, (2, 2, 2, 3, 3, 4))
    groups = [pairs[i : i + width] for i in range(0, len(pairs), width)]
    draw = pick(r, KINDS)(m, r)
    drawn = [draw(group) for group in groups]
    outer = {"li": "ul", "tr": "table"}.get(draw.outer, pick(r, ("div", "section", "div")))
    return m.el(outer, "table", *drawn) if len(drawn) > 1 or outer in ("ul", "table") else drawn[0]


class _Text:
    """Running text: a label, a colon and a value, then a bar. Labels may be bold."""

    def __init__(self, m: Markup, r: Random) -> None:
        self.m, self.outer = m, pick(r, AROUND)
        self.bar, self.colon = pick(r, BARS), pick(r, (": ", ": ", " = ", " "))
        self.bold = pick(r, ("", "b", "strong", "span")) or ("b" if not self.colon.strip() else "")

    def __call__(self, group: list[Pair]) -> str:
        return self.m.el(self.outer, "row", self.m.text(self.bar).join(map(self.said, group)))

    def said(self, pair: Pair) -> str:
        """A label and its value."""
        m, label = self.m, pair[0].rstrip(": ")
        head = m.leaf(self.bold, "label", label) if self.bold else m.text(label)
        return f"{head}{self.colon}{m.text(pair[1])}"


class _Elements:
    """An element for each label and each value, in a row."""

    def __init__(self, m: Markup, r: Random) -> None:
        self.m, self.outer = m, pick(r, AROUND)
        self.label, self.value = pick(r, LABELS), pick(r, VALUES)
        self.after, self.colon = chance(r, AFTER), pick(r, ("", "", ":"))

    def __call__(self, group: list[Pair]) -> str:
        return self.m.el(self.outer, "row", self.m.join([part for pair in group for part in self.said(pair)]))

    def said(self, pair: Pair) -> list[str]:
        """A label and its value, or the value first."""
        label = self.m.leaf(self.label, "label", pair[0].rstrip(": ") + ("" if self.after else self.colon))
        both = [label, self.m.leaf(self.value, "value", pair[1])]
        return both[::-1] if self.after else both


class _Cells:
    """A table in which each cell has a label and its value."""

    outer = "tr"

    def __init__(self, m: Markup, r: Random) -> None:
        self.m = m
        self.within: _Text | _Elements = _Text(m, r) if chance(r, 0.5) else _Elements(m, r)

    def __call__(self, group: list[Pair]) -> str:
        said = (self.within.said(pair) for pair in group)
        cells = [self.m.el("td", "value", text if isinstance(text, str) else self.m.join(text)) for text in said]
        return self.m.el("tr", "row", *cells)


class _Terms:
    """A list of terms and descriptions for each line."""

    outer = "dl"

    def __init__(self, m: Markup, r: Random) -> None:
        self.m = m

    def __call__(self, group: list[Pair]) -> str:
        parts = [(self.m.leaf("dt", "label", label), self.m.leaf("dd", "value", value)) for label, value in group]
        return self.m.el("dl", "row", *[part for pair in parts for part in pair])


KINDS: tuple[type[_Text] | type[_Elements] | type[_Cells] | type[_Terms], ...] = (
    _Text, _Elements, _Elements, _Cells, _Terms,
)  # fmt: skip
