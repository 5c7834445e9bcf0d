"""Read the rows of a data file and check each: one sentence names the file, the row and what to do about it.

A file is a JSON list, JSON Lines, Parquet, or CSV whose column `output` holds the record as JSON.
"""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from extraction import schema as schemas
from extraction.json import Json
from pipeline.errors import UserError, unreadable

ANOTHER = "give another with DATA=… or data.path"


def read(path: Path) -> list[Json]:
    """The rows as they are; raises `UserError` naming the file and the row."""
    try:
        if not path.is_file():
            raise UserError(f"the data file {path} is not there: {ANOTHER}")
        if path.suffix == ".parquet":
            return _read_parquet(path)
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}; convert it first"
        ) from None
    except OSError as error:
        raise unreadable("data file", error) from None
    if not text.strip():
        raise UserError(f"the data file {path} is empty: {ANOTHER}")
    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_csv(path, text)
    # json and not `datasets` reads the rows: Arrow would unify their types and could not say which row is the bad one.
    if text.lstrip().startswith("["):
        return _decode(text, f"{path} is not a JSON list")
    return [
        _decode(line, f"{path}: row {number} is not JSON")
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


def check(rows: list[Json], schema: Json | None) -> tuple[list[Json], Json]:
    """Rows with `input` (str) and `output` (dict that fits the schema), and the schema, inferred where it is None."""
    if not rows:
        raise UserError(f"the data has no rows: {ANOTHER}")
    for number, row in enumerate(rows, 1):
        _check_form(number, row)
    schema = schema or schemas.infer(row["output"] for row in rows)
    for number, row in enumerate(rows, 1):
        if unknown := [name for name in row["output"] if name not in schemas.fields(schema)]:
            raise UserError(f"row {number}: output has the field {unknown[0]!r}, which the schema does not have")
        row["output"] = schemas.ordered(row["output"], schema)
        if wrong := schemas.problems(row["output"], schema):
            raise UserError(f"row {number}: output does not fit the schema: {wrong[0]}")
    return rows, schema


def _check_form(number: int, row: Any) -> None:
    if not isinstance(row, dict):
        raise UserError(f'row {number} is a {type(row).__name__}, not an object with "input" and "output"')
    if not isinstance(row.get("input"), str) or not row["input"].strip():
        raise UserError(f'row {number} has no text under "input"')
    if isinstance(row.get("output"), str):  # CSV and Parquet files hold the record as JSON text
        row["output"] = _decode(row["output"], f"row {number}: output is not JSON")
    if not isinstance(row.get("output"), dict):
        raise UserError(f'row {number} has no object under "output"')
    try:
        json.dumps(row, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UserError(f"row {number} holds half a character ({half!a}): write it as UTF-8, or leave it out") from None


def _decode(text: str, complaint: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise UserError(f"{complaint}: {error}") from None
    except RecursionError:
        raise UserError(f"{complaint}: it is nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _read_csv(path: Path, text: str) -> list[Json]:
    csv.field_size_limit(sys.maxsize)  # a page may be longer than the 131,072 characters that csv allows
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    columns = list(reader.fieldnames or [])
    if missing := [name for name in ("input", "output") if name not in columns]:
        raise UserError(
            f"{path} is CSV without the column {missing[0]!r} (it has {', '.join(columns)}): name the pages' column"
            " `input`, and `output` the one with the records as JSON"
        )
    return list(reader)


def _read_parquet(path: Path) -> list[Json]:
    from datasets import Dataset
    from pyarrow.lib import ArrowException

    try:
        rows: list[Json] = Dataset.from_parquet(str(path)).to_list()
    except (ArrowException, ValueError, OSError) as error:
        raise UserError(f"{path} is not a Parquet file that can be read: {error}") from None
    return rows
