import json
import sys
from pathlib import Path
from typing import Any

import pytest

from extraction.prompt import Reader
from pipeline import data
from pipeline.config import Data
from pipeline.errors import UserError
from pipeline.files import read_jsonl
from pipeline.manifest import read_manifest
from pipeline.splits import SPLITS

ROWS = [{"input": f"<p>{i}</p>", "output": {"n": f"v{i % 30}", "x": None}, "shop": "abc"[i % 3]} for i in range(60)]


def marked(rows: list[dict[str, Any]], **settings: Any) -> dict[str, list[dict[str, Any]]]:
    configured = Data(**settings)
    return data.split(data.to_examples(rows, configured), configured)


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


def test_rows_that_differ_in_a_script_are_one_only_where_pages_are_cleaned() -> None:
    rows = [{"input": f"<p>a</p><script>price = {price}</script>", "output": {"n": "a"}} for price in (1, 2)]
    assert data.unique(rows) == (rows[:1], [])
    assert data.unique(rows, Reader(clean=False)) == (rows, [])


def test_another_row_moves_no_row_to_another_split() -> None:
    """Added rows come last or first, and removed ones leave the others where they were."""
    rows = [{"id": f"r{i}", "input": f"<p>{i}</p>", "output": {"n": f"v{i}"}} for i in range(1000)]

    def where(rows: list[dict[str, Any]]) -> dict[str, str]:
        return {row["id"]: name for name, part in marked(rows).items() for row in part}

    before = where(rows)
    added = {"id": "new", "input": "<p>new</p>", "output": {"n": "new"}}
    for changed in ([*rows, added], [added, *rows], rows[:700], rows[100:]):
        after = where(changed)
        assert {name: split for name, split in after.items() if name in before} == {
            name: split for name, split in before.items() if name in after
        }
    shares = {name: list(before.values()).count(name) / 1000 for name in SPLITS}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.05)


def test_a_row_that_names_no_group_has_none() -> None:
    rows = [row | {"output": {"n": str(i)}} for i, row in enumerate(ROWS)]
    rows[0] = {name: value for name, value in rows[0].items() if name != "shop"}
    rows[1] = rows[1] | {"shop": None}
    parts = marked(rows, group="shop", holdout=["c"])
    ungrouped = [row for part in parts.values() for row in part if "group" not in row]
    assert [row["slice"] for row in ungrouped] == ["seen", "seen"]
    with pytest.raises(UserError, match="no row has shop 'None'; there are a, b, c"):
        marked(rows, group="shop", holdout=["None"])


def test_ids_are_kept_also_zero() -> None:
    rows: list[dict[str, Any]] = [{"id": i, "input": f"<p>{i}</p>", "output": {"n": f"v{i}"}} for i in range(3)]
    rows += [{"id": None, "input": "<p>x</p>", "output": {"n": "x"}}]
    assert [row["id"] for row in data.to_examples(rows, Data())] == ["0", "1", "2", "row4"]


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
        (ROWS, {"group": "shp"}, "no row has a 'shp'; the columns are input, output, shop"),
        ([row | {"id": "same"} for row in ROWS], {}, "'same' is the id of several rows"),
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
    output = capsys.readouterr().out
    assert "train 32, validation 8, test 20" in output
    assert "n: 0 of 10 distinct test values also occur in train" in output
    folder = workspace / "artifacts" / "c"
    assert read_manifest(folder)["data"]["n"] == {"train": 32, "validation": 8, "test": 20}
    assert read_jsonl(folder / "data" / "train.jsonl")[0].keys() == {"id", "input", "output", "slice", "columns"}
    data.main()
    assert "up to date" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["data", "--config", "c.yaml", "--set", "data.seed=1"])
    data.main()
    assert "up to date" not in capsys.readouterr().out


def test_labels_are_listed_for_fields_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.json").write_text(
        json.dumps([{**row, "output": {"n": row["output"]["n"], "x": {"y": 1}}} for row in ROWS])
    )
    Path("c.yaml").write_text("data: {path: rows.json}\nmodel: {model_name_or_path: m}\n")
    monkeypatch.setattr(sys, "argv", ["data", "--config", "c.yaml", "--set", "data.labels={n: [Nr.], z: [Zahl]}"])
    with pytest.raises(UserError, match=r"data\.labels has 'z', which is no field: give n, x"):
        data.main()
    monkeypatch.setattr(
        sys, "argv", ["data", "--config", "c.yaml", "--set", "data.labels={n: [Nr.], y: [Zahl]}", "data.validation=0.3"]
    )
    data.main()
