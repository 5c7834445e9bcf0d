"""A page under construction: the site's hand, what is sold, and what the page has said so far."""

from random import Random
from typing import Any

from pretraining.corpus import inline
from pretraining.corpus.letters import code_like, digits
from pretraining.corpus.markup import Markup
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.product import Product

AFTER = (("div", "strong", "small"), ("div", "p", "p"), ("li", "b", "p"), ("td", "b", "p"), ("div", "h3", "div"),
         ("p", "em", "small"), ("div", "div", "label"), ("li", "div", "small"), ("div", "span", "span"),
         ("li", "span", "span"), ("div", "span", "div"), ("li", "strong", "span"), ("div", "b", "span"))  # fmt: skip
Row = tuple[str | None, str, str]  # slot or None, label, value


class Page:
    """`shown` holds slot -> value for everything that the page states: the gold."""

    def __init__(self, r: Random, product: Product, whole: bool = False) -> None:
        self.r = r
        self.whole = whole  # as a site serves it, not a snippet
        self.m = Markup(r)
        self.product = product
        self.shown: dict[str, Any] = {}
        self.named_by_trail = False  # the breadcrumb ends with the whole name
        self.in_trail = False  # … or with some of it
        self.look = weighted(r, {"table": 0.34, "dl": 0.2, "ul": 0.2, "divs": 0.2, "br": 0.06})
        self.colon = pick(r, ("", "", ":", ": ", " :"))
        self.maker_below = False  # only a row below says who made it
        self.price_markup = ""  # of the product's own amount

    def show(self, slot: str, value: Any) -> None:
        """Note that the page states a value; the first statement counts."""
        self.shown.setdefault(slot, value)

    def code(self) -> str:
        """A product code or number that is nobody's price."""
        return code_like(self.r) if chance(self.r, 0.5) else digits(self.r, self.r.randint(4, 9))

    def rows(self, rows: list[Row], look: str = "") -> str:
        """Label and value pairs as a table, list, definition list, nested blocks or lines."""
        for slot, _, value in rows:
            if slot:
                self.show(slot, value)
        pairs = [(label + self.colon.strip(), value) for _, label, value in rows]
        drawn: str = getattr(self, "_" + (look or self.look))(pairs)
        return drawn

    def _table(self, pairs: list[tuple[str, str]]) -> str:
        m, r = self.m, self.r
        head = pick(r, ("th", "td"))
        inner = pick(r, ("", "", "span", "b", "a"))
        rows = [
            m.el(
                "tr",
                "table row",
                m.leaf(head, "table label", label),
                m.el("td", "table value", self._inner(inner, value)),
            )
            for label, value in pairs
        ]
        kind = r.randrange(5)
        if kind == 0 and len(rows) < 4:
            return m.join(rows)
        body = m.el("tbody", "", *rows)
        return body if kind == 1 else m.el("table", "table", body if kind < 4 else m.join(rows))

    def _dl(self, pairs: list[tuple[str, str]]) -> str:
        m, grouped = self.m, chance(self.r, 0.25)
        items = []
        for label, value in pairs:
            both = [m.leaf("dt", "table label", label), m.leaf("dd", "table value", value)]
            items += [m.el("div", "table row", *both)] if grouped else both
        return m.el("dl", "table", *items)

    def _ul(self, pairs: list[tuple[str, str]]) -> str:
        m, r = self.m, self.r
        tag = pick(r, ("span", "strong", "b", "span", "label"))
        bare, inner = chance(r, 0.25), pick(r, ("", "", "span", "a"))
        items = []
        for label, value in pairs:
            head = m.text(label) + ("" if label.endswith(":") else ":") if bare else m.leaf(tag, "table label", label)
            items.append(m.el("li", "table row", f"{head} {self._inner(inner, value)}"))
        return m.el("ul", "table list", *items)

    def _divs(self, pairs: list[tuple[str, str]]) -> str:
        m, r = self.m, self.r
        outer, left, right = pick(
            r,
            (
                ("div", "span", "span"),
                ("div", "div", "div"),
                ("p", "span", "span"),
                ("div", "h4", "p"),
                ("div", "p", "p"),
                ("div", "strong", "span"),
                ("li", "span", "div"),
            ),
        )
        rows = [
            m.el(outer, "table row", m.join([m.leaf(left, "table label", label), m.leaf(right, "table value", value)]))
            for label, value in pairs
        ]
        return m.el("div", "table", *rows) if len(rows) > 1 else rows[0]

    def _after(self, pairs: list[tuple[str, str]]) -> str:
        """Each value before or above its label."""
        m = self.m
        outer, value_tag, label_tag = pick(self.r, AFTER)
        rows = []
        for label, value in pairs:
            both = [m.leaf(value_tag, "table value", value), m.leaf(label_tag, "table label", label.rstrip(": "))]
            rows.append(m.el(outer, "table row", m.join(both)))
        kind = {"td": "tr", "li": "ul"}.get(outer, "div")
        listed = m.el(kind, "table", *rows)
        return m.el("table", "table", listed) if kind == "tr" else listed

    def _inline(self, pairs: list[tuple[str, str]]) -> str:
        """Several labels and values on one line, and then a line of the next."""
        return inline.lines(self.m, self.r, pairs)

    def _br(self, pairs: list[tuple[str, str]]) -> str:
        m, tags = self.m, ("<b>", "</b>") if chance(self.r, 0.5) else ("", "")
        heads = [tags[0] + m.text(label.rstrip(":")) + ":" + tags[1] for label, _ in pairs]
        lines = [f"{head} {m.text(value)}" for head, (_, value) in zip(heads, pairs, strict=True)]
        return m.el("p", "table", "<br>\n".join(lines) if m.nl else "<br>".join(lines))

    def _inner(self, tag: str, value: str) -> str:
        return self.m.leaf(tag, "", value) if tag else self.m.text(value)
