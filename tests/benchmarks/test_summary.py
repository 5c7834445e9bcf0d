import json
from pathlib import Path

from benchmarks.runs import enter
from benchmarks.summary import BEST, BEST_UNSLOTH, PAIRED, TUTORIAL_UNSLOTH, table


def test_the_strongest_baseline_is_compared_run_by_run() -> None:
    speeds = {f"{BEST} 1": 110, f"{BEST_UNSLOTH} 1": 100, f"{BEST} 2": 120, f"{BEST_UNSLOTH} 2": 100, f"{BEST} 3": 90}
    runs = {title: {"tokens_per_second": speed, "wall": 1.0, "code": 0} for title, speed in speeds.items()}
    said = table({"machine": {}, "tests": "", "runs": runs})
    assert "ours ÷ Unsloth packed at its best: 1.150 (1.100 to 1.200, 2 pairs; bar: at least 1.05)" in said


def test_the_tutorials_recipe_is_compared_run_by_run_too() -> None:
    runs = {
        title: {"tokens_per_second": speed, "wall": 1.0, "code": 0}
        for title, speed in ((f"{PAIRED} 1", 300), (f"{TUTORIAL_UNSLOTH} 1", 10), (f"{PAIRED} 2", 330))
    }
    said = table({"machine": {}, "tests": "", "runs": runs})
    assert "ours ÷ the tutorial's on Unsloth, in turn: 30.000 (30.000 to 30.000, 1 pairs; bar: at least 12)" in said


def test_a_run_is_written_as_soon_as_it_has_ended(tmp_path: Path) -> None:
    record = {"runs": {}, "out": str(tmp_path / "train.json")}
    enter(record, "steady, ours", {"code": 0, "wall": 40.1})
    assert json.loads((tmp_path / "train.json").read_text()) == record
