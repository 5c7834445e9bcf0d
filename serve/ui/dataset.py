"""Corrected examples, appended to a file that `make train DATA=` takes."""

import fcntl
import json
import os
import re
from pathlib import Path
from typing import Any

from extraction.json import Json
from extraction.schema import ordered, problems
from pipeline.errors import UserError, is_disk_full

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.jsonl")


def corrected(record: Json, edits: dict[str, str | None], schema: Json) -> Json:
    """The record with texts put in by path (`price`, `offers.0.price`), read by the type that the schema wants.

    None is null. Raises `UserError` where the result does not fit the schema.
    """
    result = ordered(json.loads(json.dumps(record)), schema)
    for path, text in edits.items():
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        place: Any = result
        kind = schema
        for key in way:
            place, kind = place[key], _inner(kind, key)
        place[last] = _read(path, text, _inner(kind, last))
    if wrong := problems(result, schema):
        raise UserError(f"the record does not fit the schema: {wrong[0]}")
    return result


def append(path: Path, page: str, record: Json) -> int:
    """Append {"input", "output"}, whole or not at all; the number of examples that the file then has."""
    line = json.dumps({"input": page, "output": record}, ensure_ascii=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
            file.seek(0)
            return sum(1 for _ in file)
    except OSError as error:
        remedy = "free some space" if is_disk_full(error) else f"`chmod u+w {path}` lets it"
        raise UserError(f"cannot write {path} as user {os.getuid()}: {error.strerror}; {remedy}") from None


def _inner(schema: Json, key: str | int) -> Json:
    inner: Json = schema.get("items", {}) if isinstance(key, int) else schema.get("properties", {}).get(key, {})
    return inner


def _read(path: str, text: str | None, schema: Json) -> Any:
    declared = schema.get("type", "string")
    kinds = declared if isinstance(declared, list) else [declared]
    if text is None or "string" in kinds:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise UserError(f"{path} must be of type {' or '.join(kinds)}, not {text!r}") from None
