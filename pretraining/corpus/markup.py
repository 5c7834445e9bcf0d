"""One site's hand: how it writes elements, white space, attributes and entities. Drawn once a page, then kept to."""

import re
from html import escape, unescape
from html.entities import codepoint2name
from random import Random

from pretraining.corpus.letters import latin
from pretraining.corpus.naming import Naming, hashed
from pretraining.corpus.pick import chance, pick, weighted
from pretraining.corpus.shapes import shape

BLOCK = {
    "div",
    "section",
    "ul",
    "ol",
    "nav",
    "table",
    "tbody",
    "tr",
    "dl",
    "header",
    "footer",
    "article",
    "aside",
    "form",
    "main",
    "figure",
}
OPTIONAL_END = {"li", "p", "td", "tr", "dd", "dt", "th", "option"}
VOID = {"img", "input", "br", "hr", "meta", "link"}
EXTRA = (("data-testid", "*"), ("data-id", "*"), ("style", "display:block"), ("role", "presentation"), ("data-v-*", ""),
         ("tabindex", "0"), ("aria-hidden", "true"), ("data-track", "*"), ("onclick", "return false;"))  # fmt: skip
KEPT = {"title", "alt"}
# What some sites write in place of usual elements: within a line, and as blocks. Struck-through text keeps its own.
INLINE = {
    "usual": ("span", "b", "strong", "em", "i", "small", "a", "label"),
    "instead": (
        *("abbr", "b", "bdi", "big", "cite", "code", "data", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark"),
        *("output", "q", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var"),
    ),
}
BLOCKS = {
    "usual": ("div", "p", "h1", "h2", "h3", "h4", "section", "article"),
    "instead": (
        *("address", "article", "aside", "center", "dd", "details", "div", "dt", "fieldset", "figcaption", "figure"),
        *("footer", "form", "h4", "h5", "h6", "header", "legend", "li", "main", "menu", "nav", "p", "section"),
        "summary",
    ),
}
TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
INLINE_TAG = re.compile(rf"</?(?:{'|'.join(sorted({*INLINE['usual'], *INLINE['instead']}))})\b[^>]*>")


def plain(html: str) -> str:
    """The text that a reader sees: tags removed, entities decoded, white space collapsed."""
    return collapse(unescape(TAG.sub(" ", INLINE_TAG.sub("", html))))


def collapse(text: str) -> str:
    """White space (no-break spaces too) collapsed to single spaces, none at the ends."""
    return " ".join(text.split())


class Markup:
    """Writes elements in one style. `el` takes markup, `text` takes plain text and escapes it."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.names = Naming(r)
        self.space = weighted(r, {"min": 0.34, "lines": 0.40, "indent": 0.26})
        self.pad = weighted(r, {"": 0.66, "\n": 0.13, " ": 0.14, "end": 0.07})
        self.attributes = weighted(r, {"lean": 0.52, "rich": 0.42, "bare": 0.06})
        self.quote = weighted(r, {'"': 0.93, "'": 0.05, "": 0.02})
        self.unclosed = chance(r, 0.03)
        self.upper = chance(r, 0.015)
        self.named_entities = chance(r, 0.05)
        self.escape_quotes = chance(r, 0.12)
        self.ids = chance(r, 0.3)
        self.microdata = chance(r, 0.25)
        self.blank = chance(r, 0.06)
        self.indent = pick(r, ("  ", "  ", "    ", "\t", " "))
        self.nl = "" if self.space == "min" else "\n"
        self.instead = self._instead(INLINE) | self._instead(BLOCKS) if chance(r, 0.15) else {}

    def text(self, text: str) -> str:
        """Plain text as markup."""
        out = escape(text, quote=False)
        if self.escape_quotes:
            out = out.replace('"', "&quot;").replace("'", "&#39;")
        if "\u00a0" in out:
            out = out.replace("\u00a0", "&nbsp;")
        if self.named_entities and not out.isascii():
            out = "".join(_entity(c) for c in out)
        return out

    def attrs(self, role: str, given: dict[str, str]) -> str:
        """Attributes of an element, those that this site's page has kept."""
        if self.attributes == "bare":
            given, role = {k: v for k, v in given.items() if k in KEPT}, ""
        out = []
        name = self.names.of(role) if role else ""
        if name and self.ids and chance(self.r, 0.1):
            out.append(("id", name.split()[0]))
        elif name:
            out.append(("class", name))
        for key, value in given.items():
            if self.attributes == "rich" or key in KEPT or key == "class":
                out.append((key.replace("_", "-"), value))
        if self.attributes == "rich" and chance(self.r, 0.08):
            out.append(self._extra())
        return "".join(f" {key}={self._quoted(value)}" for key, value in out)

    def el(self, tag: str, role: str, /, *kids: str, **given: str) -> str:
        """An element around markup; blocks on lines of their own where the site breaks lines."""
        if self.attributes == "rich" and tag == "a" and "href" not in given:
            given["href"] = self.url()
        tag = self.instead.get(tag, tag)
        name = tag.upper() if self.upper else tag
        start = f"<{name}{self.attrs(role, given)}>"
        if tag in VOID:
            return start
        end = "" if self.unclosed and tag in OPTIONAL_END else f"</{name}>"
        if tag not in BLOCK or not kids:
            return start + self.join(kids) + end
        body = self.nl + self.nl.join(kids) + self.nl
        if self.space == "indent":
            body = body.rstrip("\n").replace("\n", "\n" + self.indent) + "\n"
        return start + body + end

    def leaf(self, tag: str, role: str, text: str, /, **given: str) -> str:
        """An element around plain text, with the white space that this site puts there."""
        inner = self.text(text)
        if self.pad == "end":
            inner += " "
        elif self.pad:
            inner = self.pad + inner + self.pad
        return self.el(tag, role, inner, **given)

    def join(self, parts: tuple[str, ...] | list[str]) -> str:
        """Inline neighbours, on lines of their own where the site breaks lines."""
        return self.nl.join(parts)

    def wrap(self, html: str, role: str, depth: int) -> str:
        """`depth` wrappers around markup."""
        for level in range(depth):
            tag = "div" if chance(self.r, 0.85) else pick(self.r, ("section", "article", "header", "span", "aside"))
            html = self.el(tag, f"{role} wrapper" if level % 2 == 0 else "wrapper", html)
        return html

    def url(self) -> str:
        """A link target."""
        return shape(self.r, "en", "link")

    def _instead(self, kind: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """Some of the usual elements and what this site writes for them, which may be an element of its own."""
        r = self.r
        usual = r.sample(kind["usual"], r.randint(0, 3))
        own = kind is BLOCKS and chance(r, 0.2)
        return {tag: f"{latin(r)}-{latin(r)}" if own else pick(r, kind["instead"]) for tag in usual}

    def _quoted(self, value: str) -> str:
        value = escape(value, quote=False)
        if self.quote == "'" and "'" not in value:
            return f"'{value}'"
        if self.quote == "" and value.isalnum():
            return value
        return '"' + value.replace('"', "&quot;") + '"'

    def _extra(self) -> tuple[str, str]:
        r = self.r
        key, value = pick(r, EXTRA)
        return key.replace("*", hashed(r, 6).lower()), value.replace("*", latin(r))


def _entity(c: str) -> str:
    return f"&{codepoint2name[ord(c)]};" if ord(c) > 127 and ord(c) in codepoint2name else c
