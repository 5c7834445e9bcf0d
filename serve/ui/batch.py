"""The answers of `make extract` (or ask), and the pages that were asked for, read one by one where they lie."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError, unreadable
from serve import sources
from serve.lines import is_line


class Pages:
    """The pages of a source by id: its folder or file is read as far as the page in question, and never held.

    `places` are kept of the `wanted` ids alone; the first page of an id counts, as it does for extract.
    """

    def __init__(self, source: Path, wanted: set[str]) -> None:
        self.source = source
        self.wanted = wanted
        self.places: dict[str, int] = {}
        self._ahead = chain([next(pages := sources.read(source))], pages)  # an unreadable source is said at once
        self._lock = Lock()

    def find(self, name: str, sha256: str | None) -> str:
        """The text of a page; `UserError` where the source no longer has it as it was when it was answered."""
        place = self._place(name)
        if place is None:
            raise UserError(f"{self.source} has no page {name}: give the IN=… of which the answers were made")
        missing: sources.Page = {"id": name}
        page = next(sources.read(self.source, place), missing)
        if sha256 is not None and page.get("input_sha256") != sha256:
            # An archive that is one compressed piece is only read from its start.
            page = next((other for other in sources.read(self.source) if other["id"] == name), page)
        if "problem" in page:
            raise UserError(f"the page {name} cannot be shown: {page['problem']}")
        if sha256 is not None and page.get("input_sha256") != sha256:
            raise UserError(f"the page {name} has changed since it was answered: run `make extract` again")
        return page["input"]

    def _place(self, name: str) -> int | None:
        with self._lock:
            while name not in self.places and (page := next(self._ahead, None)):
                if page["id"] in self.wanted:
                    self.places.setdefault(page["id"], page["place"])
            return self.places.get(name)


class Batch:
    """Rows of an answers file by number, the last line of each id; and their pages where `source` is given."""

    def __init__(self, answers: Path, source: Path | None = None) -> None:
        last = {row["id"]: row for row in (_row(answers, line) for line in _lines(answers))}
        self.rows = list(last.values())
        self.pages = Pages(source, set(last)) if source else None

    def page(self, row: Json) -> str:
        """The page of a row."""
        if self.pages is None:
            raise UserError(f"the page of {row['id']} is not here: start with `make ui OUT=answers.jsonl IN=…`")
        return self.pages.find(row["id"], row["input_sha256"])

    def table(self) -> Json:
        """{"fields", "rows"}"""
        fields = dict.fromkeys(name for row in self.rows for name in row["output"] or {})
        return {"fields": list(fields), "rows": self.rows}


def _lines(answers: Path) -> Iterator[Any]:
    """The lines of a file of answers; an extraction that still runs may be about to end the last one."""
    try:
        if answers.suffix == ".parquet":
            yield from _parquet(answers)
            return
        with answers.open("rb") as file:
            for line in file:
                if line.strip() and line.endswith(b"\n"):
                    yield json.loads(line)
    except OSError as error:
        raise unreadable("answers", error) from None
    except ValueError:
        raise _not_answers(answers) from None


def _parquet(answers: Path) -> Iterator[Json]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    columns = ["id", "url", "record", "status", "reason", "probability", "input_sha256", "model"]
    try:
        for batch in ParquetFile(answers).iter_batches(columns=columns):
            yield from batch.to_pylist()
    except ArrowException as error:
        raise ValueError(error) from None


def _row(answers: Path, line: Any) -> Json:
    """What the table holds of a line."""
    if not is_line(line):
        raise _not_answers(answers)
    given = dict(line.get("probability") or {})  # a Parquet file has pairs
    probability = {name: value for name, value in given.items() if value is not None}
    return {
        "id": str(line["id"]),
        "url": line.get("url"),
        "output": line["record"],
        "status": str(line["status"]),
        "reason": str(line.get("reason") or ""),
        "probability": probability,
        "lowest": min(probability.values(), default=None),
        "input_sha256": line.get("input_sha256"),
        "model": line.get("model"),
    }


def _not_answers(answers: Path) -> UserError:
    return UserError(f"{answers} is not a file of answers: give the OUT=… of `make extract`")
