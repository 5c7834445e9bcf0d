"""The answers of `make extract` (or ask) beside the pages that were asked for."""

from pathlib import Path
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.rows import read


class Batch:
    """Rows of an answers file by number; `pages` holds each row's page where the rows' file is given."""

    def __init__(self, answers: Path, source: Path | None) -> None:
        self.rows = [_row(number, row) for number, row in enumerate(read(answers), 1)]
        inputs = read(source) if source else []
        pages = {str(row.get("id", f"row{number}")): row.get("input") for number, row in enumerate(inputs, 1)}
        self.pages = [pages.get(row["id"]) for row in self.rows]

    def table(self) -> Json:
        """{"fields", "rows"}: each row with its lowest probability, and whether its page is here."""
        fields = dict.fromkeys(name for row in self.rows for name in row["output"] or {})
        rows = [row | {"has_page": page is not None} for row, page in zip(self.rows, self.pages, strict=True)]
        return {"fields": list(fields), "rows": rows}


def _row(number: int, row: Any) -> Json:
    if not isinstance(row, dict) or "status" not in row:
        raise UserError(f"row {number} of the answers has no status: give the OUT=… of `make extract` or `make ask`")
    record = row.get("record", row.get("output"))
    probability = {name: value for name, value in (row.get("probability") or {}).items() if value is not None}
    return {
        "id": str(row.get("id", f"row{number}")),
        "output": record if isinstance(record, dict) else None,
        "status": str(row["status"]),
        "reason": str(row.get("reason") or ""),
        "probability": probability,
        "lowest": min(probability.values(), default=None),
    }
