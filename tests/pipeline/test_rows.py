import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import Table
from pyarrow.parquet import write_table

from pipeline.errors import UserError
from pipeline.rows import check, read

ROWS = [
    {"input": f"<p>{i},\n\u2028{i}</p>", "output": {"n": f"v{i}", "x": None}, "shop": "abc"[i % 3]} for i in range(9)
]


DELIMITERS = {"csv": ",", "semicolon.csv": ";", "tsv": "\t"}


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet", "PARQUET", "parquet.data", *DELIMITERS])
def test_all_formats_read_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    if "parquet" in suffix.lower():
        write_table(Table.from_pylist(ROWS), path)
    elif suffix in DELIMITERS:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(ROWS[0]), delimiter=DELIMITERS[suffix])
            writer.writeheader()
            writer.writerows(row | {"output": json.dumps(row["output"])} for row in ROWS)
    else:
        lines = [json.dumps(row) for row in ROWS]
        path.write_text("[" + ",".join(lines) + "]" if suffix == "json" else "\n".join(lines) + "\n")
    assert check(read(path), None)[0] == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"input": "\xff"}', "not UTF-8: byte 11"),
        (b'{"input": "a"}\n{"input"', "row 2 is not JSON"),
        (b"[1, 2", "not a JSON list"),
        (b'{"input": "a", "output": {"n": NaN}}', "row 1 is not JSON: NaN is not a JSON number"),
        (b'{"input": ' + b"[" * 100_000, "row 1 is not JSON: it is nested too deeply"),
        (b"[" * 100_000, "not a JSON list: it is nested too deeply"),
        (b'{"input": "a", "output": {"n": 1e999}}', "row 1 is not JSON: 1e999 is not a JSON number"),
        (b'input,output\n<p>,"{}"\n', r"row 1 is not JSON \(the name of a CSV file ends in \.csv or \.tsv\)"),
        ('{"input": "a"}'.encode("utf-16"), r"is UTF-16, not UTF-8: .*iconv"),
        (gzip.compress(b"{}"), r"is compressed: .*gunzip"),
        (b"PK\x03\x04...", r"is a ZIP archive, as Excel's workbooks are: save the sheet as CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read(path)
    assert "rows.jsonl" in str(caught.value)


def test_odd_line_ends_inside_a_text_end_no_row(tmp_path: Path) -> None:
    row = {"input": "a\u2028b\x85c", "output": {"n": "\u2029"}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert read(tmp_path / "rows.jsonl") == [row]


def test_a_missing_file_and_a_false_parquet_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "false.parquet").write_text("no")
    with pytest.raises(UserError, match=r"false\.parquet is not a Parquet"):
        read(tmp_path / "false.parquet")
    write_table(Table.from_pylist([{"html": "<p>", "output": "{}"}]), tmp_path / "columns.parquet")
    with pytest.raises(UserError, match=r"without the column 'input' \(it has html, output\)"):
        read(tmp_path / "columns.parquet")


def test_an_unreadable_parquet_is_one_sentence_and_a_good_one_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "false.parquet").write_text("no")
    write_table(Table.from_pylist(ROWS), tmp_path / "good.parquet")
    read_both = "from pipeline.rows import read; from pathlib import Path; read(Path('good.parquet'))\n"
    read_both += "try: read(Path('false.parquet'))\nexcept Exception: pass"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "HF_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", read_both]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "cache").exists()  # no copy of the data elsewhere


def nested(levels: int) -> Any:
    return {"n": nested(levels - 1)} if levels else "a"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"output": {"n": "a"}}, 'row 2 has no text under "input"'),
        ({"input": " ", "output": {"n": "a"}}, 'row 2 has no text under "input"'),
        ({"input": "x"}, 'row 2 has no object under "output"'),
        ({"input": "x", "output": "{no"}, "row 2: output is not JSON"),
        ({"input": "x", "output": {"n": 7}}, "row 2: output does not fit the schema: n: 7"),
        ("text", "row 2 is a str"),
        ({"input": "x", "output": nested(200)}, "row 2: output is nested too deeply: 50 levels"),
        ({"input": "a \ud83d b", "output": {"n": "a"}}, r"row 2 holds half a character \('\\ud83d'\)"),
    ],
)
def test_a_bad_row_is_named_by_number_and_reason(bad: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check([{"input": "x", "output": {"n": "a"}}, bad], None)


def test_a_field_outside_the_given_schema_is_named() -> None:
    schema = {"type": "object", "properties": {"m": {"type": ["string", "null"]}}}
    with pytest.raises(UserError, match="row 1: output has the field 'n'"):
        check([{"input": "x", "output": {"n": "a"}}], schema)


def test_csv_without_the_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("html,name,price\n<p>a</p>,a,1\n")
    with pytest.raises(UserError, match=r"rows\.csv is CSV without the column 'input' \(it has html, name, price\)"):
        read(path)


def test_a_page_in_csv_may_be_long_and_hold_any_character(tmp_path: Path) -> None:
    page = "<p>a\u2028b\n" + "x" * 200_000
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["input", "output"], [page, '{"n": "a"}']])
    assert check(read(path), None)[0] == [{"input": page, "output": {"n": "a"}}]


def test_outputs_without_a_field_are_named() -> None:
    with pytest.raises(UserError, match="no output of the data has a field: give another"):
        check([{"input": "x", "output": {}}], None)
