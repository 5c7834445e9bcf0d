from pathlib import Path
from typing import Any

import pytest

from benchmarks import job


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(job, "WORK", tmp_path)
    return {"machine": {}, "runs": {}}


def test_a_part_that_fails_or_hangs_costs_only_its_row(record: dict[str, Any], tmp_path: Path) -> None:
    job.measure(record, "ours: export", tmp_path, ["-c", "raise SystemExit('no | such base')"], 20)
    job.measure(record, "before: export", tmp_path, ["-c", "import time; time.sleep(60)"], 0.5)
    output = job.measure(record, "ours: train", tmp_path, ["-c", "x = bytes(200_000_000); print(len(x))"], 20)
    assert [entry["code"] for entry in record["runs"].values()] == [1, 124, 0]
    assert output == "200000000\n"
    shown = job.table(record)
    assert "exit 1: no / such base" in shown
    assert "exit 124" in shown
    assert "export, s: not measured" in shown


def test_ratios_are_ours_to_the_older_codes(record: dict[str, Any]) -> None:
    for code, seconds, speed, n in (("before", 100.0, 2.0, 16), ("ours", 40.0, 30.0, 256)):
        record["runs"] |= {f"{code}: {stage}": {"code": 0, "seconds": seconds} for stage in ("train", "export")}
        asked = {"code": 0, "rows_per_second": speed, "n": n}
        record["runs"] |= {f"{code}: eval {variant}": asked for variant in ("base", "adapter")}
        answers = {"a": "{}", "b": "{}" if code == "ours" else "[]"}
        record["runs"][f"{code}: example answers"] = {"code": 0, "answers": answers}
    said = job.ratios(record["runs"])
    assert "export, s: 40.00 ÷ 100.00 = 0.400 (bar: ≤ 0.6)" in said
    assert "eval adapter, rows/s: 30.00 ÷ 2.00 = 15.000 (bar: ≥ 10)" in said
    assert said[0].endswith("97.07 ÷ 275.00 = 0.353 (bar: ≤ 0.45)")
    assert "same answers on the example dataset: 1 of 2 (bar: ≥ 0.99)" in said
