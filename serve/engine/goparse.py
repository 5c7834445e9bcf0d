"""Parse the part of Go's text/template that model templates use. What else is there is a TemplateError that names it.

Known: text, {{ .Field }}, $variables, if/else if/else, range (also `$i, $m :=` and else), continue, comments, trim
markers, and FUNCTIONS. That renders every template of Ollama's own library (its folder template/). Source: the
documentation of Go's text/template package.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from serve.engine.gofunctions import FUNCTIONS

# Possessive, so that text without an end is refused in one pass and not tried in every way.
ACTION = re.compile(
    r"""\{\{ (?P<left>-(?=\s))? (?: \s*/\*(?:[^*]|\*(?!/))*+\*/\s*
        | (?P<code>(?: "(?:[^"\\]|\\.)*+" | `[^`]*+` | [^"`}-] | \}(?!\}) | -(?!\}\}) | (?<!\s)- )*+) )
        (?P<right>(?<=\s)-)?\}\}""",
    re.DOTALL | re.VERBOSE,
)
TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*+"|`[^`]*`)|(?P<mark>:=|[=(),|])|(?P<word>[^\s(),|=:"`]+))')
FIELDS = {
    "System", "Prompt", "Response", "Messages", "Role", "Content", "Suffix", "Tools", "ToolCalls", "ToolName",
    "Thinking", "Images", "Think", "ThinkLevel", "IsThinkSet",
    "Function", "Name", "Description", "Parameters", "Properties", "Type", "Arguments",  # of tools: never filled
}  # fmt: skip
WORDS: dict[str, Any] = {"true": True, "false": False, "nil": None}


class TemplateError(ValueError):
    """The template uses what is not known here, or is not well formed."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Field:
    """`.A.B` where root is ".", `$x.A` where it is a variable; "$" is the data at the start."""

    root: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple["Expression", ...]


Expression = Literal | Field | Call


@dataclass(frozen=True)
class Print:
    value: Expression


@dataclass(frozen=True)
class Assign:
    name: str
    value: Expression


@dataclass(frozen=True)
class Branch:
    """An `if`, or a `range` where `each` is not None: the names of its variables."""

    subject: Expression
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...]
    each: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Continue:
    """Goes on with the next item of the range around it."""


Node = str | Print | Assign | Branch | Continue


def parse_nodes(text: str) -> tuple[Node, ...]:
    """The template as a tree; raises TemplateError."""
    pieces = list(_split(text))
    try:
        nodes, end = _block(pieces, 0, in_range=False)
    except RecursionError:
        raise TemplateError("the template is nested too deeply") from None
    if end < len(pieces):
        raise TemplateError(f"unexpected {{{{ {pieces[end][0]} }}}}")
    return nodes


def _split(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the template: text (False) and the code of an action (True), white space trimmed as marked."""
    position, trim = 0, False
    while (start := text.find("{{", position)) >= 0:
        if not (action := ACTION.match(text, start)):
            raise TemplateError(f"unclosed action {text[start : start + 40]!r}")
        before = text[position:start]
        before = before.lstrip() if trim else before
        yield before.rstrip() if action["left"] else before, False
        if action["code"] is not None:
            yield action["code"].strip(), True
        position, trim = action.end(), bool(action["right"])
    rest = text[position:]
    yield rest.lstrip() if trim else rest, False


def _block(pieces: list[tuple[str, bool]], position: int, in_range: bool) -> tuple[tuple[Node, ...], int]:
    """Nodes up to the `end` or `else` that closes the block, and where that is."""
    nodes: list[Node] = []
    while position < len(pieces):
        content, is_code = pieces[position]
        word = content.split(None, 1)[0] if is_code and content else ""
        if word in ("end", "else"):
            break
        if word in ("if", "range"):
            branch, position = _branch(pieces, position, word, content[len(word) :], in_range)
            nodes.append(branch)
        elif is_code and content == "continue":
            if not in_range:
                raise TemplateError("{{ continue }} outside of a range")
            nodes.append(Continue())
        elif is_code:
            nodes.append(_statement(content))
        elif content:
            nodes.append(content)
        position += 1
    return tuple(nodes), position


def _branch(pieces: list[tuple[str, bool]], position: int, word: str, head: str, in_range: bool) -> tuple[Branch, int]:
    """An if or range, and the position of its `end`."""
    each: tuple[str, ...] | None = None
    if word == "range":
        names, declared, rest = head.partition(":=")
        each = tuple(name.strip() for name in names.split(",")) if declared else ()
        head = rest if declared else head
    subject = _expression(head)
    body, position = _block(pieces, position + 1, in_range or word == "range")
    otherwise: tuple[Node, ...] = ()
    if position < len(pieces) and pieces[position][0].split()[0] == "else":
        following = pieces[position][0][len("else") :].strip()
        if following.startswith("if"):
            nested, position = _branch(pieces, position, "if", following[len("if") :], in_range)
            return Branch(subject, body, (nested,), each), position
        if following:
            raise TemplateError(f"{{{{ else {following} }}}} is not supported")
        otherwise, position = _block(pieces, position + 1, in_range)
    if position >= len(pieces) or pieces[position][0] != "end":
        raise TemplateError(f"{{{{ {word}{head} }}}} has no {{{{ end }}}}")
    return Branch(subject, body, otherwise, each), position


def _statement(code: str) -> Node:
    if found := re.match(r"(\$\w+)\s*:?=(?!=)(.*)", code, re.DOTALL):
        return Assign(found[1], _expression(found[2]))
    return Print(_expression(code))


def _expression(code: str) -> Expression:
    tokens = [found.group().strip() for found in TOKEN.finditer(code.strip())]
    if "".join(tokens) != re.sub(r"\s+", "", code) and not re.search(r'["`]', code):
        raise TemplateError(f"{{{{ {code.strip()} }}}} is not supported")
    if not tokens:
        raise TemplateError("an empty {{ }} is not supported")
    value, rest = _call(tokens, code)
    if rest:
        raise TemplateError(f"{rest[0]!r} in {{{{ {code.strip()} }}}} is not supported")
    return value


def _call(tokens: list[str], code: str) -> tuple[Expression, list[str]]:
    """One operand, or a function with its operands up to a closing parenthesis."""
    if tokens[0] not in FUNCTIONS:
        return _operand(tokens, code)
    name, tokens, arguments = tokens[0], tokens[1:], []
    while tokens and tokens[0] not in (")", "|"):
        argument, tokens = _operand(tokens, code)
        arguments.append(argument)
    if not arguments:
        raise TemplateError(f"{name} without arguments in {{{{ {code.strip()} }}}}")
    return Call(name, tuple(arguments)), tokens


def _operand(tokens: list[str], code: str) -> tuple[Expression, list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token == "(":
        value, rest = _call(rest or [""], code)
        if not rest or rest[0] != ")":
            raise TemplateError(f"{{{{ {code.strip()} }}}} lacks a closing parenthesis")
        return value, rest[1:]
    if token[0] in '"`':
        text = token[1:-1]
        return Literal(_unescape(text) if token[0] == '"' else text), rest
    if token in WORDS:
        return Literal(WORDS[token]), rest
    if re.fullmatch(r"-?\d+", token):
        return Literal(int(token)), rest
    if found := re.fullmatch(r"(\$\w*)?((?:\.\w+)*|\.)", token):
        path = tuple(name for name in found[2].split(".") if name)
        if unknown := [name for name in path if name not in FIELDS]:
            raise TemplateError(f"the field .{unknown[0]} in {{{{ {code.strip()} }}}} is not supported")
        return Field(found[1] or ".", path), rest
    raise TemplateError(f"{token!r} in {{{{ {code.strip()} }}}} is not supported")


def _unescape(text: str) -> str:
    """The text of a literal in double quotes. What is beyond latin-1 becomes escapes first, or it would be garbled."""
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError as error:
        raise TemplateError(f"{text!r} has an escape that is not supported: {error.reason}") from None
