"""Answers as a Parquet file: one row a line of OUT, the record's fields as columns of a struct."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from extraction.json import Json
from extraction.schema import fields
from pipeline.errors import UserError
from pipeline.files import atomic_write
from serve.lines import Line

ROWS = 1000  # of a row group
TYPES = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}


def write(target: Path, lines: Iterable[Line], schema: Json) -> None:
    """Write the lines, whole or not at all; `schema` is the records'."""
    from pyarrow import Table
    from pyarrow.parquet import ParquetWriter

    form, waiting = arrow_schema(schema), iter(lines)
    with atomic_write(target) as temporary, ParquetWriter(temporary, form) as writer:
        while rows := [_row(line) for line in islice(waiting, ROWS)]:
            writer.write_table(Table.from_pylist(rows, form))


def read(source: Path) -> Iterator[Line]:
    """The lines of a file that `write` wrote; `UserError` where it is none."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        for batch in ParquetFile(source).iter_batches(batch_size=ROWS):
            for row in batch.to_pylist():
                yield cast(Line, row | {"probability": dict(row["probability"])})
    except (ArrowException, KeyError, TypeError):
        raise UserError(f"{source} is there and is not a file of answers: give another OUT=…") from None


def _row(line: Line) -> Json:
    return {**line, "probability": list(line["probability"].items())}


def arrow_schema(schema: Json) -> Any:
    """The columns of a Parquet file of answers whose records fit a JSON Schema."""
    import pyarrow

    def typed(part: Json) -> Any:
        kinds = [part.get("type", "string")] if isinstance(part.get("type", "string"), str) else part["type"]
        kind = next((kind for kind in kinds if kind != "null"), "string")
        if kind == "array":
            return pyarrow.list_(typed(part.get("items", {})))
        if kind == "object" and part.get("properties"):
            return pyarrow.struct([(name, typed(child)) for name, child in part["properties"].items()])
        return pyarrow.type_for_alias(TYPES.get(kind, "string"))

    place = [(name, pyarrow.string()) for name in ("field", "xpath", "attribute")]
    place += [(name, pyarrow.int64()) for name in ("start", "end")]
    texts = ["id", "url", "input_sha256"]
    numbers = [("prompt_tokens", pyarrow.int64()), ("answer_tokens", pyarrow.int64()), ("seconds", pyarrow.float64())]
    return pyarrow.schema(
        [
            *((name, pyarrow.string()) for name in texts),
            ("record", pyarrow.struct([(name, typed(schema["properties"][name])) for name in fields(schema)])),
            ("status", pyarrow.string()),
            ("reason", pyarrow.string()),
            ("probability", pyarrow.map_(pyarrow.string(), pyarrow.float64())),
            ("unsure", pyarrow.list_(pyarrow.string())),
            ("evidence", pyarrow.list_(pyarrow.struct(place))),
            ("model", pyarrow.string()),
            ("settings", pyarrow.string()),
            *numbers,
        ]
    )
