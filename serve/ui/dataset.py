"""Corrected examples, appended to a file that `make train DATA=` takes."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from extraction.json import Json
from extraction.numbers import money
from extraction.schema import ordered, problems
from pipeline.errors import UserError, is_disk_full


def corrected(record: Json, edits: dict[str, str | None], schema: Json) -> Json:
    """The record with texts put in by path (`price`, `offers.0.price`); None is null.

    Where the schema wants no text, it is read as JSON or as an amount ("€ 1.299,50"). Raises `UserError` where the
    result does not fit the schema.
    """
    result = ordered(json.loads(json.dumps(record)), schema)
    for path, text in edits.items():
        part, key = _place(result, path)
        for value in _meanings(text):
            part[key] = value
            if not any(f"{path}.".startswith(f"{wrong.partition(': ')[0]}.") for wrong in problems(result, schema)):
                break
        else:
            part[key] = text
    if wrong := problems(result, schema):
        raise UserError(f"the record does not fit the schema: {wrong[0]}")
    return result


def corrections_of(schema: Json, own: Json) -> str:
    """The file for corrected records of a schema; those of other fields than the run's `own` have one apart.

    A dataset has one set of fields, so records of two schemas in one file would train neither.
    """
    if schema == own:
        return "corrections.jsonl"
    return f"corrections-{hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:8]}.jsonl"


def value_at(record: Json, path: str) -> Any:
    """What a record has at a path."""
    part, key = _place(record, path)
    return part[key]


def missing(folder: Path) -> UserError:
    """What to say where the folder of a run was deleted while its page was looked at."""
    return UserError(
        f"nothing was saved, because {folder} is no longer there: put it back or make the run again, then save again;"
        " this page keeps your corrections"
    )


def append(path: Path, page: str, record: Json) -> int:
    """Append {"input", "output"}, whole or not at all; the number of examples that the file then has.

    Raises `UserError` where the file cannot be written, or its folder is no longer there.
    """
    line = json.dumps({"input": page, "output": record}, ensure_ascii=False).encode() + b"\n"
    try:
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
    except FileNotFoundError:
        raise missing(path.parent) from None
    except OSError as error:
        remedy = "free some space" if is_disk_full(error) else f"`chmod u+w {path}` lets it"
        raise UserError(f"cannot write {path} as user {os.getuid()}: {error.strerror}; {remedy}") from None


def _place(part: Any, path: str) -> tuple[Any, Any]:
    """The object or list that holds what a path names, and its key there; a key may have dots."""
    keys = part if isinstance(part, dict) else range(len(part))
    for key in keys:
        if path == str(key):
            return part, key
    for key in keys:
        if path.startswith(f"{key}.") and isinstance(part[key], dict | list):
            return _place(part[key], path.removeprefix(f"{key}."))
    raise UserError(f"the record has no {path!r}")


def _meanings(text: str | None) -> Iterator[Any]:
    """What a text may stand for: itself, JSON, an amount."""
    yield text
    if text is None:
        return
    with contextlib.suppress(ValueError, RecursionError):
        yield json.loads(text, parse_constant=_refuse)
    if amount := money(text):
        yield int(amount[0]) if amount[0] == int(amount[0]) else float(amount[0])


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
