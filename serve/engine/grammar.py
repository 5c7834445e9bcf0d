"""JSON Schema → the grammar (GBNF) that llama.cpp samples by. Keys come out in the schema's order.

Enforced: type, properties, required, items, enum, const, anyOf, oneOf, $ref within the schema, minLength, maxLength,
minItems, maxItems. Bounds of numbers and `format` are not. What else would restrict the value is an error, since an
answer must not be looser than it looks. Source: the grammar notation in llama.cpp's grammars/README.md.

The wheel's own converter (`xllamacpp.json_schema_to_grammar`) makes a `%llguidance` grammar, which refuses nothing when
it is made. With it these tests fail: all of test_grammar.test_what_cannot_be_enforced_is_refused, "chat bad schema" of
test_recorded, and of test_contract the same refusal, test_schema_is_kept_in_its_order and
test_without_shift_the_window_ends_the_answer.
"""

import json
from typing import Any

from extraction.json import Json
from extraction.schema import UNENFORCED, target

# White space is bounded: a model must not go on with it for ever.
BASE = {
    "ws": '| " " | "\\n"{1,2} [ \\t]{0,20}',
    "char": r'[^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})',
    "string": r'"\"" char* "\"" ws',
    "integer": '"-"? ("0" | [1-9] [0-9]{0,15}) ws',
    "number": '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})? ws',
    "boolean": '("true" | "false") ws',
    "null": '"null" ws',
    "value": "object | array | string | number | boolean | null",
    "pair": 'string ":" ws value',
    "object": '"{" ws (pair ("," ws pair)*)? "}" ws',
    "array": '"[" ws (value ("," ws value)*)? "]" ws',
}
MOST_REPEATS = 1000  # llama.cpp refuses long repetitions; a longer bound is no bound


class UnrecognizedError(ValueError):
    """The schema, or the part of it under `schema`, cannot be made a grammar."""

    def __init__(self, schema: Any) -> None:
        super().__init__(f"Unrecognized schema: {json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}")


def from_schema(schema: Json) -> str:
    """The grammar's text; raises UnrecognizedError. `{"type": "object"}` gives any JSON object."""
    rules = _Rules(schema)
    rules.named["root"] = rules.visit(schema)
    return "\n".join(f"{name} ::= {body}" for name, body in (rules.named | BASE).items())


class _Rules:
    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.named: dict[str, str] = {}
        self.references: dict[str, str] = {}

    def visit(self, schema: Any) -> str:
        """An expression for a schema; parts become rules of their own."""
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, dict) or any(keyword in schema for keyword in UNENFORCED):
            raise UnrecognizedError(schema)
        if "$ref" in schema:
            return self._reference(schema)
        if "const" in schema:
            return _literals([schema["const"]])
        if "enum" in schema:
            return _literals(schema["enum"])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._either([self.visit(part) for part in schema[keyword]])
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if isinstance(kind, list):
            return self._either([self.visit(schema | {"type": one}) for one in kind])
        return self._typed(schema, kind)

    def _typed(self, schema: Json, kind: str | None) -> str:
        if kind is None and not schema.keys() - {"title", "description", "default", "examples"}:
            return "value"
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            item = self._name(self.visit(schema.get("items", True)))
            return f'"[" ws {_separated(item, schema.get("minItems", 0), schema.get("maxItems"))} "]" ws'
        if kind == "string" and ("minLength" in schema or "maxLength" in schema):
            return r'"\"" char' + _times(schema.get("minLength", 0), schema.get("maxLength")) + r' "\"" ws'
        if kind in ("string", "integer", "number", "boolean", "null"):
            return kind
        raise UnrecognizedError(schema)

    def _object(self, schema: Json) -> str:
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
        if not properties:
            item = (
                "pair"
                if extra in (None, True)
                else self._name(f'string ":" ws {self._name(self.visit(extra))}')
                if extra
                else ""
            )
            return f'"{{" ws ({item} ("," ws {item})*)? "}}" ws' if item else '"{" ws "}" ws'
        # Each rule is what may follow, with (`later`) or without (`first`) a key before it.
        first = later = ""
        for key, part in reversed(properties.items()):
            pair = self._name(f'{_quote(json.dumps(key, ensure_ascii=False))} ws ":" ws {self.visit(part)}')
            here, after = f"{pair} {later}".strip(), f'"," ws {pair} {later}'.strip()
            if key not in schema.get("required", []):
                here, after = (
                    f"{here} | {first}" if first else f"({here})?",
                    f"{after} | {later}" if later else f"({after})?",
                )
            first, later = self._name(here), self._name(after)
        return f'"{{" ws {first} "}}" ws'

    def _reference(self, schema: Json) -> str:
        reference = schema["$ref"]
        if reference in self.references:
            return self.references[reference]
        if (named := target(self.schema, reference)) is None:
            raise UnrecognizedError(schema)
        # named before it is visited: a schema may refer to itself
        name = self.references[reference] = f"ref{len(self.references)}"
        self.named[name] = self.visit(named)
        return name

    def _either(self, options: list[str]) -> str:
        return self._name(" | ".join(options))

    def _name(self, body: str) -> str:
        if body in BASE or body in self.named:
            return body
        name = next((name for name, known in self.named.items() if known == body), f"r{len(self.named)}")
        self.named[name] = body
        return name


def _literals(values: list[Any]) -> str:
    texts = " | ".join(_quote(json.dumps(value, ensure_ascii=False)) for value in values)
    return f"({texts}) ws"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _times(least: int, most: int | None) -> str:
    least = min(least, MOST_REPEATS)
    return f"{{{least},}}" if most is None or most > MOST_REPEATS else f"{{{least},{most}}}"


def _separated(item: str, least: int, most: int | None) -> str:
    if most == 0:
        return ""
    more = _times(max(least - 1, 0), None if most is None else most - 1)
    some = f'{item} ("," ws {item}){more}'
    return some if least else f"({some})?"
