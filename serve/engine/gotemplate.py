"""How Ollama fills a model's Go template with messages. Source: Ollama's documentation of its templates."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from extraction.json import Json
from serve.engine.gofunctions import FUNCTIONS
from serve.engine.goparse import (
    Assign,
    Branch,
    Call,
    Continue,
    Expression,
    Field,
    Literal,
    Node,
    Print,
    TemplateError,
    parse_nodes,
)

MOST_STEPS = 100_000
MOST_CHARACTERS = 50_000_000  # of a prompt: more than any request may have, and any context holds


class _NextItem(Exception):  # noqa: N818 (no error)
    """Raised by a {{ continue }} to its range."""


@dataclass(frozen=True)
class Template:
    """A parsed template; `render` fills it with messages of {"role", "content"}."""

    nodes: tuple[Node, ...]

    def render(self, messages: list[dict[str, str]]) -> str:
        """The prompt for a chat."""
        merged = _merge(messages)
        if _mentions(self.nodes, "Messages"):
            system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
            capitals = [{"Role": message["role"], "Content": message["content"]} for message in merged]
            return _execute(self.nodes, {"System": system, "Messages": capitals})
        return self._fold(merged)

    def _fold(self, messages: list[dict[str, str]]) -> str:
        """A template of one turn is rendered a turn; the last turn ends at the response, which the model writes."""
        slots = {"system": "System", "user": "Prompt", "assistant": "Response"}
        earlier, turn = "", dict.fromkeys(slots.values(), "")
        for message in messages:
            slot = slots.get(message["role"], "")
            taken = {"System": turn["Prompt"] or turn["Response"], "Prompt": turn["Response"]}.get(slot)
            if taken:
                earlier += _execute(self.nodes, turn)
                turn = dict.fromkeys(turn, "")
            if slot:
                turn[slot] = message["content"]
        return earlier + _execute(_until_response(self.nodes)[0], turn)


def parse_template(text: str) -> Template:
    """Parse a template; one that has neither .Messages nor .Response gets a .Response at its end, as in Ollama."""
    nodes = parse_nodes(text)
    if not _mentions(nodes, "Messages") and not _mentions(nodes, "Response"):
        nodes = (*nodes, Print(Field(".", ("Response",))))
    return Template(nodes)


def _execute(nodes: tuple[Node, ...], data: Json) -> str:
    """The rendered text; a TemplateError where it takes more than MOST_STEPS nodes, as ranges within ranges can."""
    texts, length = [], 0
    for number, text in enumerate(_run(nodes, data, {"$": data})):
        if number > MOST_STEPS:
            raise TemplateError(f"the template takes more than {MOST_STEPS} steps")
        if (length := length + len(text)) > MOST_CHARACTERS:
            raise TemplateError(f"the prompt exceeds {MOST_CHARACTERS} characters")
        texts.append(text)
    return "".join(texts)


def _run(nodes: tuple[Node, ...], dot: Any, variables: Json) -> Iterator[str]:
    for node in nodes:
        yield ""  # a step, also of a node that prints nothing
        if isinstance(node, str):
            yield node
        elif isinstance(node, Print):
            yield _text(_value(node.value, dot, variables))
        elif isinstance(node, Assign):
            variables[node.name] = _value(node.value, dot, variables)
        elif isinstance(node, Continue):
            raise _NextItem
        elif node.each is None:
            yield from _run(node.body if _value(node.subject, dot, variables) else node.otherwise, dot, variables)
        else:
            yield from _range(node, dot, variables)


def _range(node: Branch, dot: Any, variables: Json) -> Iterator[str]:
    items = _value(node.subject, dot, variables) or ()
    names = node.each or ()
    for index, item in enumerate(items):
        yield ""
        variables |= zip(names, (index, item) if len(names) == 2 else (item,), strict=False)
        with suppress(_NextItem):
            yield from _run(node.body, item, variables)
    if not items:
        yield from _run(node.otherwise, dot, variables)


def _value(expression: Expression, dot: Any, variables: Json) -> Any:
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Call):
        arguments = [_value(argument, dot, variables) for argument in expression.arguments]
        try:
            return FUNCTIONS[expression.function](*arguments)
        except TypeError as error:
            raise TemplateError(f"{expression.function}: {error}") from None
    if expression.root != "." and expression.root not in variables:
        raise TemplateError(f"the variable {expression.root} is not defined")
    value = dot if expression.root == "." else variables[expression.root]
    for name in expression.path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _merge(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Consecutive messages of one role as one."""
    merged: list[dict[str, str]] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"] != "tool":
            merged[-1] = merged[-1] | {"content": f"{merged[-1]['content']}\n\n{message['content']}"}
        else:
            merged.append(message)
    return merged


def _mentions(nodes: tuple[Node, ...], field: str) -> bool:
    return any(
        _names(node.subject, field) or _mentions(node.body, field) or _mentions(node.otherwise, field)
        if isinstance(node, Branch)
        else isinstance(node, Print | Assign) and _names(node.value, field)
        for node in nodes
    )


def _names(expression: Expression, field: str) -> bool:
    if isinstance(expression, Call):
        return any(_names(argument, field) for argument in expression.arguments)
    return isinstance(expression, Field) and field in expression.path


def _until_response(nodes: tuple[Node, ...]) -> tuple[tuple[Node, ...], bool]:
    """The nodes up to the first that prints .Response, it included, and whether there was one."""
    kept: list[Node] = []
    for node in nodes:
        if isinstance(node, Branch):
            body, found = _until_response(node.body)
            otherwise, found_there = _until_response(node.otherwise)
            kept.append(replace(node, body=body, otherwise=otherwise))
            if found or found_there:
                return tuple(kept), True
        else:
            kept.append(node)
            if isinstance(node, Print) and _names(node.value, "Response"):
                return tuple(kept), True
    return tuple(kept), False
