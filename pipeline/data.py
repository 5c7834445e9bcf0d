"""Read a dataset, check every row, split it, and write artifacts/<run>/data/{train,validation,test}.jsonl.

Reads a JSON list or JSON Lines of {"input", "output", …}, or Parquet with these columns. Writes rows of {"id", "input",
"output", "slice"} (slice: "seen", or "unseen" for groups that only the test split holds), schema.json and config.yaml.

    python -m pipeline.data --config configs/embedded.yaml
"""

import html
import json
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from extraction import schema as schemas
from extraction.json import Json
from extraction.prompt import page
from pipeline import config as configuration
from pipeline.errors import UserError, run, unreadable
from pipeline.files import sha256, write_jsonl, write_text
from pipeline.manifest import record_stage, up_to_date

SPLITS = ("train", "validation", "test")


def read(path: Path) -> list[Json]:
    """Rows of a JSON list, JSON Lines or Parquet file, as they are; raises `UserError` naming the file and the row."""
    try:
        if not path.is_file():
            raise UserError(f"the data file {path} is not there: give another with DATA=… or data.path")
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
        raise UserError(f"the data file {path} is empty: give another with DATA=… or data.path")
    # json and not `datasets` reads the rows: Arrow would unify their types and could not say which row is the bad one.
    if text.lstrip().startswith("["):
        return _decode_list(path, text)
    return [_decode(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def check(rows: list[Json], schema: Json | None) -> tuple[list[Json], Json]:
    """Rows with `input` (str) and `output` (dict that fits the schema), and the schema, inferred where it is None."""
    if not rows:
        raise UserError("the data has no rows: give another file with DATA=… or data.path")
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


def fold(value: Any) -> str:
    """What two rows are compared by: text without white space, case and entities."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return re.sub(r"\s+", "", html.unescape(text)).casefold()


def unique(rows: list[Json]) -> tuple[list[Json], list[str]]:
    """The first of the rows whose input is the same but for white space, case and entities; what to tell the user."""
    kept: dict[str, Json] = {}
    conflicts = []
    for number, row in enumerate(rows, 1):
        first = kept.setdefault(fold(page(row["input"])), row)
        if first is not row and fold(first["output"]) != fold(row["output"]):
            conflicts.append(
                f"row {number} has the input of row {rows.index(first) + 1} but another output; it is left out"
            )
    return list(kept.values()), conflicts


def split(rows: list[Json], settings: configuration.Data) -> dict[str, list[Json]]:
    """Rows by split. Rows of one record stay together, held-out groups are in test only; deterministic by seed."""
    unseen = {fold(row["output"]) for row in rows if row["slice"] == "unseen"}
    records: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        records[fold(row["output"])].append(row)
    keys = sorted(records.keys() - unseen)
    random.Random(settings.seed).shuffle(keys)
    tests, validations = round(len(keys) * settings.test), round(len(keys) * settings.validation)
    chosen = {
        "train": keys[tests + validations :],
        "validation": keys[tests : tests + validations],
        "test": [*keys[:tests], *sorted(unseen)],
    }
    parts = {name: [row for key in chosen[name] for row in records[key]] for name in SPLITS}
    for name, part in parts.items():
        if not part:
            counts = f"{len(rows)} rows with {len(records)} distinct records"
            raise UserError(
                f"the {name} split would be empty: {counts} are too few; add rows or change data.validation and"
                " data.test"
            )
    return parts


def overlap(parts: dict[str, list[Json]]) -> dict[str, tuple[int, int]]:
    """Per field: how many distinct test values also occur in train, and how many there are."""
    values: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in SPLITS}
    for name, part in parts.items():
        for row in part:
            for field, value in row["output"].items():
                if value is not None:
                    values[name][field].add(fold(value))
    return {field: (len(found & values["train"][field]), len(found)) for field, found in values["test"].items()}


def mark(rows: list[Json], settings: configuration.Data) -> list[Json]:
    """Rows as the stages hand them on: id, input, output, slice, and the group where the data names one."""
    if settings.holdout and settings.group is None:
        raise UserError("data.holdout names groups but data.group does not say which column holds them")
    groups = {str(row[settings.group]) for row in rows if settings.group in row} if settings.group else set()
    if unknown := [name for name in settings.holdout if name not in groups]:
        raise UserError(
            f"data.holdout: no row has {settings.group} {unknown[0]!r}; there are {', '.join(sorted(groups)) or 'none'}"
        )
    width = len(str(len(rows)))
    marked = []
    for number, row in enumerate(rows, 1):
        group = str(row.get(settings.group)) if settings.group else None
        marked.append(
            {"id": str(row.get("id") or f"row{number:0{width}}"), "input": row["input"], "output": row["output"]}
            | {"slice": "unseen" if group in settings.holdout else "seen"}
            | ({"group": group} if group else {})
        )
    if len({row["id"] for row in marked}) < len(marked):
        raise UserError("the rows' ids are not distinct: make the `id` column unique or leave it out")
    return marked


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    source = Path(config.data.path)
    rows = read(source)
    inputs = {"data": sha256(source), "settings": config.data.model_dump(exclude={"path"}, by_alias=True)}
    if up_to_date(config.folder, "data", inputs):
        print(f"data: up to date ({config.folder}/data)")
        return
    rows, schema = check(rows, config.data.json_schema)
    rows, conflicts = unique(mark(rows, config.data))
    parts = split(rows, config.data)
    _report(parts, source, schema, conflicts)
    _write(config, schema, parts, inputs)


def _write(config: configuration.Config, schema: Json, parts: dict[str, list[Json]], inputs: Json) -> None:
    paths = [config.folder / "data" / f"{name}.jsonl" for name in SPLITS]
    for path in paths:
        write_jsonl(path, parts[path.stem])
    schema_path = config.folder / "data" / "schema.json"
    write_text(schema_path, json.dumps(schema, indent=1, ensure_ascii=False))
    resolved = config.model_copy(update={"data": config.data.model_copy(update={"json_schema": schema})})
    configuration.save(resolved)
    record_stage(
        config.folder, "data", inputs, [*paths, schema_path], n={name: len(part) for name, part in parts.items()}
    )


def _report(parts: dict[str, list[Json]], source: Path, schema: Json, conflicts: list[str]) -> None:
    unseen = sum(row["slice"] == "unseen" for row in parts["test"])
    counts = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
    print(f"data: {source}: {counts}" + (f" (of them {unseen} of groups that only test holds)" if unseen else ""))
    print(f"data: fields {', '.join(schemas.fields(schema))}")
    for field, (known, total) in overlap(parts).items():
        print(f"data: {field}: {known} of {total} distinct test values also occur in train")
    for conflict in conflicts[:5]:
        print(f"data: warning: {conflict}")
    if len(conflicts) > 5:
        print(f"data: warning: and {len(conflicts) - 5} more such rows")


def _check_form(number: int, row: Any) -> None:
    if not isinstance(row, dict):
        raise UserError(f'row {number} is a {type(row).__name__}, not an object with "input" and "output"')
    if not isinstance(row.get("input"), str) or not row["input"].strip():
        raise UserError(f'row {number} has no text under "input"')
    if isinstance(row.get("output"), str):  # Parquet files often hold the record as JSON text
        row["output"] = _decode(Path(f"row {number}: output"), 1, row["output"])
    if not isinstance(row.get("output"), dict):
        raise UserError(f'row {number} has no object under "output"')


def _decode(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise UserError(f"{path}: row {number} is not JSON: {error}") from None


def _decode_list(path: Path, text: str) -> list[Json]:
    try:
        rows: list[Json] = json.loads(text)
    except ValueError as error:
        raise UserError(f"{path} is not a JSON list: {error}") from None
    return rows


def _read_parquet(path: Path) -> list[Json]:
    from datasets import Dataset
    from pyarrow.lib import ArrowException

    try:
        rows: list[Json] = Dataset.from_parquet(str(path)).to_list()
    except (ArrowException, ValueError, OSError) as error:
        raise UserError(f"{path} is not a Parquet file that can be read: {error}") from None
    return rows


if __name__ == "__main__":
    run(main)
