"""The fields to extract, as JSON Schema: given in the config or inferred from the data's own outputs.

Nothing outside this file knows what a schema looks like inside; nothing at all knows the fields by name.
"""

import json
from collections.abc import Iterable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from extraction.json import Json
from extraction.values import KEYWORD, KINDS, unknown_rule

EXAMPLE_OF = {"string": "", "number": 0.0, "integer": 0, "boolean": False}
EITHER = ("anyOf", "oneOf")
# Keywords that restrict a value in a way that the grammar of an answer cannot (serve/engine/grammar.py).
UNENFORCED = (
    "pattern",
    "not",
    "if",
    "allOf",
    "patternProperties",
    "prefixItems",
    "uniqueItems",
    "contains",
    "multipleOf",
)
TYPE_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def check(schema: Json) -> Json:
    """The schema with what each `$ref` into it names in its place; `ValueError` unless it describes a record that an
    answer can be held to: an object with properties, by keywords of which llama.cpp makes a grammar."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"not a JSON Schema: {error.message}") from None
    inlined = _inline(schema, schema, "schema", ())
    if inlined.get("type") != "object" or not inlined.get("properties"):
        raise ValueError('a record\'s schema must be {"type": "object", "properties": {…}} with at least one property')
    if kind := unknown_rule(inlined):
        raise ValueError(f"{KEYWORD} cannot be {kind!r}: give one of {', '.join(KINDS)}")
    return {keyword: part for keyword, part in inlined.items() if keyword not in ("$defs", "definitions")}


def infer(records: Iterable[Json]) -> Json:
    """JSON Schema of records: fields in the order first seen, each nullable, typed by its first value not null."""
    return _nullable(_merge([_shape(record) for record in records]), top=True)


def problems(value: Any, schema: Json) -> list[str]:
    """What keeps `value` from fitting the schema, one phrase each, with the path of the field."""
    errors = Draft202012Validator(schema).iter_errors(value)
    return [f"{'.'.join(map(str, error.absolute_path)) or 'output'}: {error.message}" for error in errors]


def without(record: Json, names: Iterable[str], schema: Json) -> Json:
    """The record with null for the named fields, where the schema allows null."""
    for name in names:
        changed = record | {name: None}
        record = record if problems(changed, schema) else changed
    return record


def fields(schema: Json) -> list[str]:
    """Names of the top-level fields, in the schema's order."""
    return list(schema["properties"])


def names(schema: Json) -> set[str]:
    """Names of the fields at all levels."""
    inner = schema.get("properties", {})
    parts = [*inner.values(), schema.get("items"), *(part for keyword in EITHER for part in schema.get(keyword, []))]
    return set(inner).union(*(names(part) for part in parts if isinstance(part, dict)))


def ordered(record: Json, schema: Json) -> Json:
    """The record with its top-level fields in the schema's order; absent ones are null."""
    return {name: record.get(name) for name in fields(schema)}


def target(root: Json, reference: str) -> Any:
    """The part of the schema `root` that a `$ref` such as "#/$defs/money" names; None if there is none."""
    found: Any = root if reference.startswith("#") else None
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def skeleton(schema: Json) -> str:
    """The schema as the model sees it: one line of JSON with an empty value of each field's type."""
    return json.dumps(_empty(schema), ensure_ascii=False)


def _inline(schema: Any, root: Json, path: str, within: tuple[str, ...]) -> Json:
    """A part of the schema `root` without `$ref`. `path` names it; `within`: the references that led to it."""
    if not isinstance(schema, dict):
        raise ValueError(f'{path} is {json.dumps(schema)}, not a schema such as {{"type": "string"}}')
    if found := [keyword for keyword in UNENFORCED if keyword in schema]:
        raise ValueError(f"{path} has `{found[0]}`, to which no answer can be held while it is written: remove it")
    if reference := schema.get("$ref"):
        if reference in within:
            raise ValueError(f"{path} refers to itself by {reference!r}: write out as many levels as a record has")
        if not isinstance(named := target(root, reference), dict):
            raise ValueError(f"{path} refers to {reference!r}, which the schema does not have: define it under $defs")
        beside = {keyword: part for keyword, part in schema.items() if keyword != "$ref"}
        return _inline(named | beside, root, path, (*within, reference))
    schema = dict(schema)
    if "properties" in schema:
        inner = schema["properties"].items()
        schema["properties"] = {name: _inline(part, root, f"{path}.{name}", within) for name, part in inner}
    if "items" in schema:
        schema["items"] = _inline(schema["items"], root, f"{path}[]", within)
    for keyword in EITHER:
        if keyword in schema:
            schema[keyword] = [_inline(part, root, path, within) for part in schema[keyword]]
    return schema


def _kind(schema: Json) -> str:
    """The one type of a schema that is not "null", where it has another."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    declared = schema.get("type") or [TYPE_NAMES.get(type(value), "null") for value in values]
    parts = [] if declared else [_kind(part) for keyword in EITHER for part in schema.get(keyword, [])]
    kinds = [declared] if isinstance(declared, str) else [*declared, *parts]
    return next((kind for kind in kinds if kind != "null"), "null" if kinds else "string")


def _empty(schema: Json) -> Any:
    kind = _kind(schema)
    options = [part for keyword in EITHER for part in schema.get(keyword, []) if _kind(part) == kind]
    if options and "type" not in schema:
        return _empty(options[0])
    if kind == "object":
        return {name: _empty(child) for name, child in schema.get("properties", {}).items()}
    if kind == "array":
        return [_empty(schema.get("items", {}))]
    return EXAMPLE_OF.get(kind)


def _shape(value: Any) -> Json | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: _shape(child) for name, child in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": _merge([_shape(child) for child in value])}
    return {"type": TYPE_NAMES[type(value)]}


def _merge(shapes: list[Json | None]) -> Json | None:
    """One shape of several: the first one's type; a number beside integers is a number; objects join properties."""
    known = [shape for shape in shapes if shape is not None]
    if not known:
        return None
    kind = known[0]["type"]
    same = [shape for shape in known if shape["type"] == kind]
    if kind == "object":
        names = dict.fromkeys(name for shape in same for name in shape["properties"])
        return {"type": kind, "properties": {n: _merge([shape["properties"].get(n) for shape in same]) for n in names}}
    if kind == "array":
        return {"type": kind, "items": _merge([shape["items"] for shape in same])}
    if kind in ("integer", "number") and any(shape["type"] == "number" for shape in known):
        return {"type": "number"}
    return {"type": kind}


def _nullable(shape: Json | None, top: bool = False) -> Json:
    """A shape as JSON Schema in which every field is required and may be null; one never seen is a string."""
    shape = shape or {"type": "string"}
    result: Json = {"type": shape["type"] if top else [shape["type"], "null"]}
    if shape["type"] == "object":
        properties = {name: _nullable(child) for name, child in shape["properties"].items()}
        result |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    if shape["type"] == "array":
        result["items"] = _nullable(shape["items"])
    return result
