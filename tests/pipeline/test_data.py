import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline import data
from pipeline.config import Data
from pipeline.errors import UserError
from pipeline.files import read_jsonl
from pipeline.manifest import read_manifest

ROWS = [{"input": f"<p>{i}</p>", "output": {"n": f"v{i % 30}", "x": None}, "shop": "abc"[i % 3]} for i in range(60)]


def marked(rows: list[dict[str, Any]], **settings: Any) -> dict[str, list[dict[str, Any]]]:
    configured = Data(**settings)
    return data.split(data.mark(rows, configured), configured)


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_the_three_formats_read_the_same(tmp_path: Path, suffix: str) -> None:
    from datasets import Dataset

    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        Dataset.from_list(ROWS).to_parquet(str(path))
    else:
        lines = [json.dumps(row) for row in ROWS]
        path.write_text("[" + ",".join(lines) + "]" if suffix == "json" else "\n".join(lines) + "\n")
    assert data.read(path) == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"input": "\xff"}', "not UTF-8: byte 11"),
        (b'{"input": "a"}\n{"input"', "row 2 is not JSON"),
        (b"[1, 2", "not a JSON list"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        data.read(path)
    assert "rows.jsonl" in str(caught.value)


def test_odd_line_ends_inside_a_text_end_no_row(tmp_path: Path) -> None:
    row = {"input": "a\u2028b\x85c", "output": {"n": "\u2029"}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert data.read(tmp_path / "rows.jsonl") == [row]


def test_a_missing_file_and_a_false_parquet_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there"):
        data.read(tmp_path / "none.jsonl")
    (tmp_path / "false.parquet").write_text("no")
    with pytest.raises(UserError, match=r"false\.parquet is not a Parquet"):
        data.read(tmp_path / "false.parquet")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"output": {"n": "a"}}, 'row 2 has no text under "input"'),
        ({"input": " ", "output": {"n": "a"}}, 'row 2 has no text under "input"'),
        ({"input": "x"}, 'row 2 has no object under "output"'),
        ({"input": "x", "output": "{no"}, "row 2: output: row 1 is not JSON"),
        ({"input": "x", "output": {"n": 7}}, "row 2: output does not fit the schema: n: 7"),
        ("text", "row 2 is a str"),
    ],
)
def test_a_bad_row_is_named_by_number_and_reason(bad: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        data.check([{"input": "x", "output": {"n": "a"}}, bad], None)


def test_a_field_outside_the_given_schema_is_named() -> None:
    schema = {"type": "object", "properties": {"m": {"type": ["string", "null"]}}}
    with pytest.raises(UserError, match="row 1: output has the field 'n'"):
        data.check([{"input": "x", "output": {"n": "a"}}], schema)


def test_rows_that_differ_in_space_case_or_entities_are_one() -> None:
    rows = [
        {"input": "Extract the product information:\n<b>Fish &amp; Chips</b>", "output": {"n": "Fish & Chips"}},
        {"input": "<B>FISH  &#38;\nchips</B>", "output": {"n": "fish &amp; chips"}},
        {"input": "<b>Fish & Chips</b>", "output": {"n": "other"}},
        {"input": "<b>Peas</b>", "output": {"n": "Peas"}},
    ]
    kept, conflicts = data.unique(rows)
    assert kept == [rows[0], rows[3]]
    assert conflicts == ["row 3 has the input of row 1 but another output; it is left out"]


def test_no_test_record_is_in_train_and_the_seed_decides() -> None:
    parts = marked(ROWS, seed=1)
    records = {name: {data.fold(row["output"]) for row in part} for name, part in parts.items()}
    assert not records["train"] & (records["test"] | records["validation"])
    assert not records["test"] & records["validation"]
    assert sum(map(len, parts.values())) == 60
    assert parts == marked(ROWS, seed=1)
    assert parts != marked(ROWS, seed=2)


def test_held_out_groups_are_in_test_only() -> None:
    rows = [row | {"output": {"n": str(i)}} for i, row in enumerate(ROWS)]
    parts = marked(rows, group="shop", holdout=["c"])
    assert {row["group"] for row in parts["train"] + parts["validation"]} == {"a", "b"}
    assert {(row["slice"], row["group"] == "c") for row in parts["test"]} == {("seen", False), ("unseen", True)}


def test_a_record_of_a_held_out_group_leaves_train() -> None:
    parts = marked(ROWS, group="shop", holdout=["c"])
    unseen = {data.fold(row["output"]) for row in parts["test"] if row["slice"] == "unseen"}
    assert not unseen & {data.fold(row["output"]) for row in parts["train"]}


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        (ROWS[:3], {}, "the validation split would be empty"),
        (ROWS, {"group": "shop", "holdout": ["a", "b", "c"]}, "the train split would be empty"),
        (ROWS, {"group": "shop", "holdout": ["z"]}, "no row has shop 'z'; there are a, b, c"),
        (ROWS, {"holdout": ["a"]}, "data.group does not say"),
        ([row | {"id": "same"} for row in ROWS], {}, "ids are not distinct"),
    ],
)
def test_a_split_that_cannot_be_is_refused(rows: list[Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        marked(rows, **settings)


def test_overlap_counts_distinct_values() -> None:
    def row(*values: str | None) -> list[dict[str, Any]]:
        return [{"output": {"f": value}} for value in values]

    parts = {"train": row("A ", "b", None), "validation": row("c"), "test": row("a", "a", "c", None)}
    assert data.overlap(parts) == {"f": (1, 2)}


def test_the_stage_writes_its_files_once(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "rows.json").write_text(json.dumps(ROWS))
    (workspace / "c.yaml").write_text("data: {path: rows.json}")
    monkeypatch.setattr(sys, "argv", ["data", "--config", "c.yaml"])
    data.main()
    said = capsys.readouterr().out
    assert "train 42, validation 6, test 12" in said
    assert "n: 0 of 6 distinct test values also occur in train" in said
    folder = workspace / "artifacts" / "c"
    assert read_manifest(folder)["data"]["n"] == {"train": 42, "validation": 6, "test": 12}
    assert read_jsonl(folder / "data" / "train.jsonl")[0].keys() == {"id", "input", "output", "slice"}
    data.main()
    assert "up to date" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["data", "--config", "c.yaml", "--set", "data.seed=1"])
    data.main()
    assert "up to date" not in capsys.readouterr().out
