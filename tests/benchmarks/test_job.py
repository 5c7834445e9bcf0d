import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import answers, job
from benchmarks.jobtable import agreements, ratios, table
from benchmarks.measure import Record
from pipeline.files import read_jsonl, write_jsonl, write_text
from tests.conftest import give_ranker


def test_a_step_that_fails_or_hangs_or_finds_no_time_costs_only_its_row(tmp_path: Path) -> None:
    record = Record(tmp_path / "out", 60)
    record.run("ours: export", tmp_path, ["-c", "raise SystemExit('no | such base')"], 20)
    record.run("before: export", tmp_path, ["-c", "import time; time.sleep(60)"], 3.5)
    output = record.run("ours: train", tmp_path, ["-c", "x = bytes(200_000_000); print(len(x))"], 20)
    record.end = time.monotonic()
    record.run("before: train", tmp_path, ["-c", "raise SystemExit('it was begun')"], 20)
    assert [step["code"] for step in record.steps.values()] == [1, 124, 0, 125]
    assert output == "200000000\n"
    written = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert written == [{"title": title} | step for title, step in record.steps.items()]
    shown = table(record.steps)
    for text in ("exit 1: no / such base", "exit 124: no output", "no time was left", "export, s: not measured"):
        assert text in shown


def measured(code: str, seconds: float, speed: float, number: str = "") -> dict[str, Any]:
    steps: dict[str, Any] = {
        f"{code}: {stage}{number}": {"code": 0, "seconds": seconds, "peak_gb": 9.0} for stage in ("train", "export")
    }
    steps[f"{code}: eval{number}"] = {"code": 0, "seconds": 10.0}
    for variant in ("base", "adapter"):
        steps[f"{code}: eval{number}, {variant}:config:own"] = {"n": 75, "rows_per_second": speed}
    return steps


def test_ratios_are_ours_to_the_older_codes_with_the_range_of_the_pairs() -> None:
    steps = measured("before", 100.0, 2.0) | measured("ours", 40.0, 30.0)
    text = ratios(steps)
    assert "export, s: 40.00 ÷ 100.00 = 0.400 (bar: ≤ 0.6)" in text
    assert "adapter, rows/s of 75: 30.00 ÷ 2.00 = 15.000 (bar: none)" in text
    assert text[0] == "job (train, export, eval), s: 90.00 ÷ 210.00 = 0.429 (bar: ≤ 0.45)"
    steps |= measured("before", 100.0, 2.0, " 2") | measured("ours", 60.0, 30.0, " 2")
    assert "export, s: 50.00 ÷ 100.00 = 0.500, 0.400 to 0.600 of 2 pairs (bar: ≤ 0.6)" in ratios(steps)
    steps["ours: decoding, adapter:auto:graphs"] = {"rows_per_second": 50.0}
    assert ratios(steps)[-1].endswith("the older code's adapter at batch 16: 25.0 (bar: ≥ 10)")


def test_answers_are_compared_where_the_prompts_are_the_same() -> None:
    steps = {
        "before: example, adapter:16:plain": {"answers": {"a": [9, "{}"], "b": [9, "[]"], "c": [9, ""]}},
        "ours: example, adapter:auto:plain": {"answers": {"a": [9, "{}"], "b": [9, "{}"], "c": [8, ""]}},
    }
    assert "1 of 2 with prompts of one length" in agreements(steps)[0]
    assert agreements({}) == ["same answers on the example dataset: not measured"]


def test_a_way_of_decoding_that_fails_or_hangs_is_said_and_loses_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(_config: Any, mode: str, *_: Any) -> dict[str, Any]:
        if mode == "hangs":
            time.sleep(20)
        assert mode == "works", "no such way"
        return {"mode": mode}

    monkeypatch.setattr(answers, "measured", measured)
    before = signal.signal(signal.SIGALRM, answers.time_is_up)
    kept = {"adapter": "a model"}
    try:
        found = [answers.attempted(None, mode, [], kept, 0.2) for mode in ("works", "hangs", "fails")]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [(one["mode"], one["code"]) for one in found] == [("works", 0), ("hangs", 124), ("fails", 1)]
    assert "no such way" in found[2]["output"]
    assert kept == {}


FAKE = """
import os, sys
if "unknown" in sys.argv:
    sys.exit("there is no adapter")
for mode in sys.argv[3 : sys.argv.index("--")]:
    print("begun: " + mode, flush=True)
    if mode == "dies":
        os._exit(9)
    code = int(mode == "fails")
    print('measured: {"mode": "%s", "code": %d, "output": "", "rows_per_second": 3.0}' % (mode, code), flush=True)
    if code:
        sys.exit("no more on this device")
"""


def test_the_ways_after_one_that_ends_the_process_are_measured_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "answers.py").write_text(FAKE)
    monkeypatch.setattr(job, "PLACE", tmp_path)
    record = Record(tmp_path / "out", 60)
    work = job.Job(record, {"ours": tmp_path, "before": tmp_path}, tmp_path, "toy.yaml", [], 1)
    modes = {"one": 0, "dies": 1, "two": 0, "fails": 1, "three": 0}
    job.answers(work, "ours", "ours: decoding", 8, list(modes), [])
    codes = {title: step["code"] for title, step in record.steps.items() if ", " in title and "other" not in title}
    assert codes == {f"ours: decoding, {mode}": code for mode, code in modes.items()}
    job.answers(work, "before", "before: example", 8, ["unknown", "two"], [])
    record.end = time.monotonic()
    job.answers(work, "ours", "ours: example", 8, ["one", "two"], [])
    assert [step["code"] for title, step in record.steps.items() if "example" in title] == [1, 125]
    assert "ours: decoding, dies" in table(record.steps)


def test_of_an_export_only_what_is_read_later_stays(tmp_path: Path) -> None:
    for name in ("gguf/f16.gguf", "gguf/prompt.json", "merged/model.safetensors", "adapter/adapter.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    job.drop_large_files(tmp_path, keep_merged=True)
    assert (tmp_path / "merged" / "model.safetensors").is_file()
    job.drop_large_files(tmp_path, keep_merged=False)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} == {
        "gguf/prompt.json",
        "adapter/adapter.safetensors",
    }


def test_the_job_goes_stage_by_stage_each_code_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    folders = {code: tmp_path / code for code in job.CODES}

    def run(record: Record, title: str, folder: Path, command: list[str], limit: float) -> str:
        begun.append(title)
        record.steps[title] = {"code": 0, "seconds": 1.0}
        if "trainer.export" in command:
            model = folder / "artifacts" / f"job-{folder.name}" / "gguf" / "f16.gguf"
            model.parent.mkdir(parents=True)
            model.touch()
        return ""

    monkeypatch.setattr(Record, "run", run)
    job.part_job(job.Job(Record(tmp_path / "out", 60), folders, tmp_path / "base", "toy.yaml", [], 2))
    stages = ["before: data", "ours: data", "before: train", "ours: train and export", "before: export"]
    stages += ["before: eval", "ours: eval"]
    assert begun == [*stages, *(f"{stage} 2" for stage in stages)]
    begun.clear()
    job.part_job(job.Job(Record(tmp_path / "out", 60), folders, tmp_path / "base", "toy.yaml", [], 1, ["ours"]))
    assert begun == ["ours: data", "ours: train and export", "ours: eval"]
    assert not list(tmp_path.rglob("*.gguf"))


def test_the_older_code_is_asked_for_what_ours_leaves_of_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours prunes long pages, which the older code did not: only the same prompts can have the same answers."""
    run = tmp_path / "artifacts" / job.EXAMPLE
    give_ranker(run)
    schema = {"type": "object", "properties": {"name": {"type": ["string", "null"]}}, "required": ["name"]}
    write_text(run / "data" / "schema.json", json.dumps(schema))
    page = "<h1>Red chair</h1>" + "".join(f"<p>Sentence {n} says nothing of it.</p>" for n in range(400))
    write_jsonl(tmp_path / "test.jsonl", [{"id": "1", "input": page, "output": {"name": "Red chair"}}])
    (tmp_path / "toy.yaml").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    asked = job.Job(Record(tmp_path / "out", 60), {}, tmp_path / "base", str(tmp_path / "toy.yaml"), [], 1)
    job.write_as_read(asked, tmp_path / "test.jsonl")
    (row,) = read_jsonl(tmp_path / "test.jsonl")
    assert "Red chair" in row["input"]
    assert len(row["input"]) < len(page) / 4
    assert row["output"] == {"name": "Red chair"}


@pytest.mark.slow
def test_the_whole_job_runs_on_a_small_base(toy_base: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both codes are this one here. Every step goes well, and every ratio that has no GPU in it is measured."""
    monkeypatch.setattr(job, "EXAMPLE_ROWS", 4)
    monkeypatch.setattr(job, "DECODED", 8)
    for room in ("data", "eval", "extraction", "models", "pipeline", "serve", "trainer"):
        (workspace / room).symlink_to(Path(__file__).parents[2] / room)  # so that artifacts/ is not the project's
    (workspace / "toy.yaml").write_text("model: {max_length: 4096}\n")
    small = ["training.num_train_epochs=0.05", "serve.num_predict=8", "data.validation=0.03", "data.test=0.93"]
    options = ["--before", ".", "--out", str(workspace / "out"), "--base", str(toy_base)]
    job.main([*options, "--config", str(workspace / "toy.yaml"), "--set", *small])
    lines = [json.loads(line) for line in (workspace / "out" / "results.jsonl").read_text().splitlines()]
    assert [line for line in lines if line.get("code")] == []
    text = (workspace / "out" / "table.md").read_text()
    assert "not measured" not in text
    assert "4 of 4 with prompts of one length" in text
