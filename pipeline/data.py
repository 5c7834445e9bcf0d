"""Read a dataset, check every row, split it, and write artifacts/<run>/data/{train,validation,test}.jsonl.

Reads what pipeline/rows.py reads: {"input", "output", …} a row. Writes rows of {"id", "input", "output", "slice", …}
(slice: "seen", or "unseen" for groups that only the test split holds), schema.json, rules.json (what counts as equal)
and config.yaml.

    python -m pipeline.data --config configs/embedded.yaml
"""

import hashlib
import html
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Literal

from extraction import schema as schemas
from extraction.json import Json
from extraction.prompt import CLEANED, Reader, page
from extraction.text import fold as folded
from extraction.values import annotated, plain
from pipeline import config as configuration
from pipeline.errors import UserError, run
from pipeline.files import sha256, write_jsonl, write_text
from pipeline.manifest import record_stage, up_to_date
from pipeline.reading import unpruned
from pipeline.rows import check, read
from pipeline.splits import SPLITS, Example

LONGEST_COLUMN = 80  # characters of a value that rows may be sliced by


def fold(value: Any) -> str:
    """What two rows are compared by: text without white space, case and entities."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return folded(html.unescape(text)).replace(" ", "")


def unique(rows: list[Example], reader: Reader = CLEANED) -> tuple[list[Example], list[str]]:
    """The first of the rows whose page is the same but for white space, case and entities; what to tell the user.

    Pages are compared as the `reader` reads them before pruning.
    """
    kept: dict[str, tuple[int, Example]] = {}
    conflicts = []
    for number, row in enumerate(rows, 1):
        first, known = kept.setdefault(fold(page(row["input"], reader)), (number, row))
        if fold(known["output"]) != fold(row["output"]):
            conflicts.append(f"row {number} has the input of row {first} but another output; it is left out")
    return [row for _, row in kept.values()], conflicts


def split(rows: list[Example], settings: configuration.Data) -> dict[str, list[Example]]:
    """Rows by split, each about as large as asked for. Rows of one record stay together, held-out groups are in test.

    A record's split is drawn by the hash of the seed and the record, so no other row, added or removed, moves it.
    """
    unseen = {fold(row["output"]) for row in rows if row["slice"] == "unseen"}
    records: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        records[fold(row["output"])].append(row)
    parts: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for draw, record in sorted((_draw(settings.seed, record), record) for record in records):
        if record in unseen or draw < settings.test:
            name = "test"
        else:
            name = "validation" if draw < settings.test + settings.validation else "train"
        parts[name] += records[record]
    for name, part in parts.items():
        if not part:
            counts = f"{len(rows)} rows with {len(records)} distinct records"
            raise UserError(
                f"the {name} split would be empty: {counts} are too few; add rows, or change data.validation,"
                " data.test or data.seed"
            )
    return parts


def _draw(seed: int, record: str) -> float:
    """A number from 0 to 1, uniform over records, that depends on nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed} {record}".encode()).digest()[:8]) / 2**64


def overlap(parts: dict[str, list[Example]]) -> dict[str, tuple[int, int]]:
    """Per field: how many distinct test values also occur in train, and how many there are."""
    values: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in SPLITS}
    for name, part in parts.items():
        for row in part:
            for field, value in row["output"].items():
                if value is not None:
                    values[name][field].add(fold(value))
    return {field: (len(found & values["train"][field]), len(found)) for field, found in values["test"].items()}


def to_examples(rows: list[Json], settings: configuration.Data) -> list[Example]:
    """Rows as the stages hand them on: id, input, output, slice, and the group where the row names one."""
    if settings.holdout and settings.group is None:
        raise UserError("data.holdout names groups but data.group does not say which column holds them")
    groups = [_text(row, settings.group) for row in rows]
    if settings.group and not any(groups):
        columns = dict.fromkeys(name for row in rows for name in row)
        raise UserError(f"data.group: no row has a {settings.group!r}; the columns are {', '.join(columns)}")
    if unknown := [name for name in settings.holdout if name not in groups]:
        known = ", ".join(sorted({group for group in groups if group}))
        raise UserError(f"data.holdout: no row has {settings.group} {unknown[0]!r}; there are {known}")
    width = len(str(len(rows)))
    ids = [_text(row, "id") or f"row{number:0{width}}" for number, row in enumerate(rows, 1)]
    if repeated := [name for name, count in Counter(ids).items() if count > 1]:
        raise UserError(f"{repeated[0]!r} is the id of several rows: make the `id` column unique or leave it out")
    return [_example(*parts, settings.holdout) for parts in zip(rows, ids, groups, strict=True)]


def _example(row: Json, name: str, group: str | None, holdout: list[str]) -> Example:
    part: Literal["seen", "unseen"] = "unseen" if group in holdout else "seen"
    example: Example = {"id": name, "input": row["input"], "output": row["output"], "slice": part}
    if group:
        example["group"] = group
    if short := _columns(row):
        example["columns"] = short
    return example


def _columns(row: Json) -> dict[str, str]:
    """The row's other short columns, by which an evaluation can be sliced."""
    others = {name: str(value) for name, value in row.items() if isinstance(value, str | int | float)}
    return {
        name: value
        for name, value in others.items()
        if name not in ("id", "input", "output") and 0 < len(value) <= LONGEST_COLUMN
    }


def _text(row: Json, column: str | None) -> str | None:
    """What a row has in a column, as text; None where it has nothing there."""
    value = row.get(column) if column else None
    return None if value in (None, "") else str(value)


def main() -> None:
    config = configuration.from_arguments(configuration.arguments(__doc__ or "").parse_args())
    source = Path(config.data.path)
    rows = read(source)
    inputs = {"data": sha256(source), "settings": config.data.model_dump(exclude={"path"}, by_alias=True)}
    if up_to_date(config.folder, "data", inputs):
        configuration.save(config)
        print(f"data: up to date ({config.folder}/data)")
        return
    rows, schema = check(rows, config.data.json_schema)
    if strange := sorted(set(config.data.labels) - schemas.names(schema)):
        raise UserError(f"data.labels has {strange[0]!r}, which is no field: give {', '.join(schemas.fields(schema))}")
    examples, conflicts = unique(to_examples(rows, config.data), unpruned(config, schema))
    parts = split(examples, config.data)
    _report(parts, source, schema, conflicts)
    _write(config, schema, parts, inputs)


def _write(config: configuration.Config, schema: Json, parts: dict[str, list[Example]], inputs: Json) -> None:
    paths = [config.folder / "data" / f"{name}.jsonl" for name in SPLITS]
    for path in paths:
        write_jsonl(path, parts[path.stem])
    # What counts as equal stands beside the schema: another rule must not train the model again.
    rules = annotated(schema, [row["output"] for row in parts["train"]])
    for name, content in (("schema.json", plain(schema)), ("rules.json", rules)):
        paths.append(config.folder / "data" / name)
        write_text(paths[-1], json.dumps(content, indent=1, ensure_ascii=False))
    configuration.save(config)
    record_stage(config.folder, "data", inputs, paths, n={name: len(part) for name, part in parts.items()})


def _report(parts: dict[str, list[Example]], source: Path, schema: Json, conflicts: list[str]) -> None:
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


if __name__ == "__main__":
    run(main)
