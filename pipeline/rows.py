"""Read the rows of a data file and check each: one sentence names the file, the row and what to do about it.

A file is a JSON list, JSON Lines, Parquet, or CSV (with commas, semicolons or tabs) whose column `output` holds the
record as JSON.
"""

import csv
import io
import json
import math
import sys
from pathlib import Path
from typing import Any, NoReturn

from extraction import schema as schemas
from extraction.json import Json
from pipeline.errors import UserError, unreadable

ANOTHER = "give another with DATA=… or data.path"
PARQUET = b"PAR1"
# How files begin that are no data file, what they are, and what to do.
OTHERS = {
    b"PK\x03\x04": "a ZIP archive, as Excel's workbooks are: save the sheet as CSV in UTF-8",
    b"\x1f\x8b": "compressed: unpack it first (`gunzip -k`)",
    b"(\xb5/\xfd": "compressed: unpack it first (`unzstd`)",
    b"\xff\xfe": "UTF-16, not UTF-8: convert it first (`iconv -f UTF-16 -t UTF-8`)",
    b"\xfe\xff": "UTF-16, not UTF-8: convert it first (`iconv -f UTF-16 -t UTF-8`)",
}
CSV = (".csv", ".tsv")
DEEPEST = 50  # levels of an output


def read(path: Path) -> list[Json]:
    """The rows as they are; raises `UserError` naming the file and the row."""
    if not path.is_file():
        raise UserError(f"the data file {path} is not there: {ANOTHER}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable("data file", error) from None
    if content.startswith(PARQUET) or path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    text = _text(path, content)
    if not text.strip():
        raise UserError(f"the data file {path} is empty: {ANOTHER}")
    if path.suffix.lower() in CSV:
        return _read_csv(path, text)
    # json and not `datasets` reads the rows: Arrow would unify their types and could not say which row is the bad one.
    if text.lstrip().startswith("["):
        return _decode(text, f"{path} is not a JSON list")
    form = "" if text.lstrip().startswith("{") else f" (the name of a CSV file ends in {' or '.join(CSV)})"
    return [
        _decode(line, f"{path}: row {number} is not JSON{form}")
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
    if not schemas.fields(schema):
        raise UserError(f"no output of the data has a field: {ANOTHER}")
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
    if _is_deeper(row["output"], DEEPEST):
        raise UserError(f"row {number}: output is nested too deeply: {DEEPEST} levels are the most")
    try:
        json.dumps(row, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UserError(f"row {number} holds half a character ({half!a}): write it as UTF-8, or leave it out") from None


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether objects and lists stand in each other at more than so many levels."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _text(path: Path, content: bytes) -> str:
    if known := next((said for start, said in OTHERS.items() if content.startswith(start)), None):
        raise UserError(f"{path} is {known}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start} is {content[error.start]:#04x}"
        raise UserError(f"{path} is not UTF-8: {byte}; convert it first") from None


def _decode(text: str, complaint: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_number)
    except ValueError as error:
        raise UserError(f"{complaint}: {error}") from None
    except RecursionError:
        raise UserError(f"{complaint}: it is nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _number(text: str) -> float:
    """A number that is not too large: 1e999 would be written as Infinity, which is no JSON."""
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _read_csv(path: Path, text: str) -> list[Json]:
    csv.field_size_limit(sys.maxsize)  # a page may be longer than the 131,072 characters that csv allows
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    columns = list(reader.fieldnames or [])
    if missing := [name for name in ("input", "output") if name not in columns]:
        raise UserError(
            f"{path} is CSV without the column {missing[0]!r} (it has {', '.join(columns)}): name the pages' column"
            " `input`, and `output` the one with the records as JSON"
        )
    return list(reader)


def _read_parquet(path: Path) -> list[Json]:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_table

    try:
        table = read_table(path)
    except (ArrowException, ValueError, OSError) as error:
        raise UserError(f"{path} is not a Parquet file that can be read: {error}") from None
    if missing := [name for name in ("input", "output") if name not in table.column_names]:
        raise UserError(f"{path} is Parquet without the column {missing[0]!r} (it has {', '.join(table.column_names)})")
    rows: list[Json] = table.to_pylist()
    return rows
