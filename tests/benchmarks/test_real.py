import gzip
import json
from pathlib import Path

import pytest

from benchmarks import real
from extraction.json import Json
from extraction.values import annotated

GOLD: Json = {"name": "Oak Table", "price": "€ 1.299,00", "manufacturer": "Norr"}
RULES = annotated({"properties": {name: {} for name in GOLD}}, [GOLD])
CASES = [  # field, answer, (true positive, false positive, false negative, by leniency alone)
    ("name", "OAK  table", (1, 0, 0, 0)),
    ("name", "Oak-Table", (1, 0, 0, 1)),
    ("name", "Norr Oak Table", (1, 0, 0, 1)),
    ("name", "Oak", (0, 1, 1, 0)),
    ("name", None, (0, 0, 1, 0)),
    ("price", "1299 EUR", (1, 0, 0, 0)),
    ("price", "1.299", (1, 0, 0, 1)),
    ("price", "€ 1,29", (0, 1, 1, 0)),
    ("manufacturer", "Norr Oak Table", (0, 1, 1, 0)),
]


@pytest.mark.parametrize(("field", "answer", "expected"), CASES)
def test_values_are_compared_by_the_evaluations_rules_and_leniencies_are_counted(
    field: str, answer: str | None, expected: tuple[int, int, int, int]
) -> None:
    assert real.count({"output": GOLD}, {field: answer}, field, RULES) == expected


def test_compressed_pages_are_scored_and_a_page_without_markup_has_no_markup_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = "<h1>Oak Table</h1><p>€ 1.299,00</p><p class=brand>Norr</p>"
    rows = [{"input": page, "output": GOLD, "url": f"https://{shop}.example/"} for shop in "aabc"]
    path = tmp_path / "gold.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    real.main(path, [], [], tmp_path / "figures.json")
    printed = capsys.readouterr().out
    assert "4 pages of 3 shops" in printed
    assert "price as money" in printed
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert list(figures) == ["rules"]
    assert figures["rules"]["micro_f1"] == 1.0


def test_markup_is_scored_on_the_pages_that_have_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = '<div itemscope><h1 itemprop="name">Oak Table</h1></div>'
    rows = [{"input": page, "output": {"name": "Oak Table"}} for page in (marked, "<h1>Oak Table</h1>")]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, rows)))
    real.main(tmp_path / "gold.jsonl", [], [], None)
    assert "schema.org (1 pages)" in capsys.readouterr().out


def test_without_markup_nobody_reads_what_a_page_says_to_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = '<h1 itemprop="name">Oak Table</h1><p itemprop="brand">Norr</p>'
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"input": page, "output": {"name": "Oak Table", "manufacturer": "Norr"}}))
    real.main(path, [], [], tmp_path / "figures.json", markup=False)
    assert "schema.org" not in capsys.readouterr().out
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["markup"] is False
    assert written["figures"]["rules"]["fields"]["manufacturer"]["f1"] == 0.0


def test_middle_and_tail_are_median_and_95th_percentile() -> None:
    assert real.middle_and_tail(range(101)) == [50.0, 95.0]
