import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval import baselines, fewshot, hf, report, score, summary, table
from eval.predict import Task, samples_path
from eval.records import Prediction
from eval.slices import finer
from extraction.json import Json
from extraction.parse import Answer, Status
from pipeline.config import Config, load
from pipeline.files import read_jsonl, write_jsonl
from pipeline.manifest import read_manifest, record_stage
from pipeline.splits import Example, read_split
from tests.eval.conftest import FakeOllama

Start = Callable[[], FakeOllama]


def marked(config: Config, ids: set[str]) -> None:
    """Let the pages of some test rows, and half of the training's, state the town for machines too."""
    for split in ("train", "test"):
        path = config.folder / "data" / f"{split}.jsonl"
        rows = read_jsonl(path)
        for number, row in enumerate(rows):
            if row["id"] in ids or (split == "train" and number % 2):
                row["input"] += f'<meta property="og:place" content="{row["output"]["town"]}">'
        write_jsonl(path, rows)
    record_stage(config.folder, "data", {}, [config.folder / "data"])


def test_rules_and_markup_read_a_page_without_a_model(toy_run: Config) -> None:
    marked(toy_run, {"r0", "r1"})
    baselines.predict_all(toy_run)
    found = {name: {row["id"]: row for row in rows} for name, rows in baselines.answers(toy_run).items()}
    assert all(row["prediction"] == row["reference"] for row in found["rules"].values())
    assert found["markup"]["r1"]["prediction"] == {"town": "Łódź 1", "seats": None}
    assert found["markup"]["r2"]["prediction"] == {"town": None, "seats": None}
    assert baselines.marked(toy_run) == [True, True] + [False] * 10
    entry = read_manifest(toy_run.folder)["predict.markup"]
    assert (entry["fields"]["town"], entry["marked"]) == (["og:place[0]"], 2)


def test_a_baseline_is_not_made_again_until_its_data_change(
    toy_run: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = baselines.predict_all(toy_run)
    assert [path.name for path in paths] == ["rules.jsonl", "markup.jsonl"]
    baselines.predict_all(toy_run)
    assert capsys.readouterr().out.count("up to date") == 2
    marked(toy_run, {"r0"})
    baselines.predict_all(toy_run)
    assert "up to date" not in capsys.readouterr().out


def test_objects_are_read_property_by_property() -> None:
    schema = {"properties": {"of": {"properties": {"a": {"x-match": "text"}, "b": {"x-match": "number"}}}}}
    pages = [{"h1": [name], "b": [str(number)]} for number, name in enumerate("xyz")]
    records = [{"of": {"a": name, "b": number}} for number, name in enumerate("xyz")]
    readers = baselines.learn(pages, records, schema, constant=False)
    assert baselines.record(readers, {"h1": ["x"], "b": ["7"]}, schema, named=False) == {"of": {"a": "x", "b": 7}}
    assert baselines.described(readers) == {"of.a": ["h1[0]"], "of.b": ["b[0]"]}


def test_markup_without_training_rows_that_have_any_is_read_by_name() -> None:
    schema = {"properties": {"town": {"x-match": "text"}}}
    readers = baselines.learn([{}], [{"town": "Bern"}], schema, constant=False)
    page = {"Place.town": ["Oslo"]}
    assert baselines.record(readers, page, schema, named=True) == {"town": "Oslo"}
    assert baselines.record(readers, page, schema, named=False) == {"town": None}


def test_the_context_is_filled_with_training_examples(toy_run: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def generate(model: Any, tokenizer: Any, ids: list[list[int]], *_: Any, **__: Any) -> list[hf.Generated]:
        assert all(len(prompt) <= toy_run.serve.max_prompt for prompt in ids)
        asked.extend(tokenizer.decode(prompt) for prompt in ids)
        return [hf.Generated('{"town": "Oslo", "seats": 1}', cut=False)] * len(ids)

    monkeypatch.setattr(hf, "generate", generate)
    rows = read_split(toy_run.folder, "test")
    long: Example = {"id": "long", "input": f"<p>{'word ' * 300}</p>", "output": {}, "slice": "seen"}
    found = {one.row["id"]: one.first.record for one in fewshot.answer_all(toy_run, [*rows, long])}
    assert found.keys() == {*(row["id"] for row in rows), "long"}
    full = [prompt for prompt in asked if "word" not in prompt]
    assert len(full) == 12
    assert all(2 <= prompt.count("<|assistant|>") <= 20 and prompt.endswith("<|assistant|>") for prompt in full)
    first = read_jsonl(toy_run.folder / "data" / "train.jsonl")[0]
    assert all(f"{first['input']}<|end|><|assistant|>{json.dumps(first['output'])}<|end|>" in one for one in full)


def results_with(toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch, *overrides: str) -> Json:
    """The results of a run with a baseline of each kind; the base model answers nothing."""

    def answer_all(_: Config, *given: Any) -> Iterator[Prediction]:
        return (Prediction(row, Answer(None, Status.NOT_JSON, "x"), "", 1, 0.0) for row in given[-1])

    monkeypatch.setattr(hf, "answer_all", answer_all)
    monkeypatch.setattr(fewshot, "answer_all", answer_all)
    marked(toy_run, {"r0", "r1"})
    score.evaluate(load(Path("toy.yaml"), ["eval.max_loss=1", *overrides]), ollama().url)
    found: Json = json.loads((toy_run.folder / "results.json").read_text())
    return found


def test_baselines_stand_beside_the_variants_and_in_no_step(
    toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "eval.baselines=[rules, markup, few-shot]", "eval.variants=[base, f16]"
    results = results_with(toy_run, ollama, monkeypatch, *settings)
    assert list(results["baselines"]) == ["rules", "markup", "few-shot"]
    assert list(results["variants"]) == ["base", "f16", "asked"]
    assert [(d["before"], d["after"]) for d in results["differences"]] == [("base", "f16"), ("f16", "asked")]
    assert table.columns(results) == ["rules", "markup", "few-shot", "base", "f16"]
    sums = {line.label: line for line in table.lines(results, "all")}
    assert sums["record exact match"].values[0] == (1.0, 1.0)
    assert sums["record exact match"].spans[0] == pytest.approx((0.757, 1), abs=1e-3)  # Wilson's of 12 of 12
    page = (toy_run.folder / "report.html").read_text()
    assert "<th>base, zero-shot" in page
    assert "By what the baseline markup reads each field" in page
    assert "og:place[0]" in page
    assert "(0.676 to 1.000)" in summary.markdown(results)
    assert "Baselines, mean field accuracy: rules 1.000 " in table.sentences(results)[0]
    assert "2 of 12 test pages have markup" in table.sentences(results)[0]
    assert report.write_report(load(Path("toy.yaml"))).read_text() == page


USUAL, ALL = ["base", "adapter", "f16", "q4_k_m"], ["base", "adapter", "merged", "f16", "q4_k_m", "q8_0", "asked"]


@pytest.mark.parametrize(("variants", "raw"), [(USUAL, True), (ALL, False)])
def test_the_table_fits_120_columns_without_cutting_a_figure(variants: list[str], raw: bool) -> None:
    names = ["rules", "markup"] if variants is USUAL else ["rules", "markup", "few-shot"]
    match = {"fields": {"a": {"accuracy": 0.12345}}, "mean_field_accuracy": 0.5, "interval": [0.25, 0.75]}
    match |= {"record_exact_match": 0.5, "record_interval": None}
    scores = {"normalised": match, "raw": match, "valid_json": 1.0, "grounded": None}
    results = {
        "variants": {name: {"all": scores} for name in variants},
        "baselines": {name: {"all": scores} for name in names},
        "record": {"n": {"all": 12}, "config": {"data": {"group": None}}},
        "differences": [{"before": "q4_k_m", "after": "asked", "all": {"changed_records": 1}}],
    }
    widest = Console(width=1000).measure(score.build_table(results, "all", raw=True)).maximum
    assert (widest <= 120) is raw
    printed = io.StringIO()
    Console(width=120, file=printed).print(score.build_table(results, "all", raw))
    assert printed.getvalue().count("0.123") == (1 + raw) * (len(variants) + len(names))
    assert printed.getvalue().count("0.750") == len(variants) + len(names)


def test_samples_of_baselines_are_files_of_their_own(toy_run: Config) -> None:
    baselines.predict_all(toy_run)
    (row, *_) = read_jsonl(samples_path(toy_run, Task("rules")))
    assert json.loads(row["answer"]) == row["prediction"] == row["final"]
    assert (row["status"], row["prompt_tokens"], row["probability"]) == ("ok", 0, {})


def test_pages_with_markup_are_scored_apart() -> None:
    def row(i: int, right: bool) -> Any:
        return {"id": str(i), "input": "", "reference": {"x": "a"}, "prediction": {"x": "a" if right else "b"}}

    flags = [i % 2 == 0 for i in range(30)]
    samples = {"f16": [row(i, True) for i in range(30)], "markup": [row(i, flag) for i, flag in enumerate(flags)]}
    found = finer(samples, {"properties": {"x": {"x-match": "text"}}}, [], flags)["markup"]
    accuracy = {value: part["variants"]["markup"]["mean_field_accuracy"] for value, part in found.items()}
    assert accuracy == {"with markup": 1.0, "without markup": 0.0}
