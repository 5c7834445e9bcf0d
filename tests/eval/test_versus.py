import json
from pathlib import Path

import pytest

from eval import versus
from eval.records import VERSION
from extraction.json import Json
from pipeline import config as configuration
from pipeline.errors import UserError
from pipeline.files import write_jsonl, write_text
from pipeline.manifest import output_of, record_stage

RULES: Json = {"properties": {"town": {"x-match": "text"}, "seats": {"x-match": "number"}}}


def make(name: str, wrong: int, n: int = 200) -> None:
    """A run whose q4_k_m has the town wrong in the first examples."""
    (Path("c.yaml")).write_text("eval: {variants: [q4_k_m]}")
    config = configuration.load(Path("c.yaml"), run=name)
    configuration.save(config)
    rows = [{"id": f"r{i}", "input": f"<p>{i}</p>", "output": {"town": f"Bern {i}", "seats": i}} for i in range(n)]
    write_jsonl(config.folder / "data" / "test.jsonl", rows)
    write_text(config.folder / "data" / "rules.json", json.dumps(RULES))
    write_text(config.folder / "results.json", json.dumps({"version": VERSION}))
    records = [row["output"] | ({"town": "Atlantis"} if i < wrong else {}) for i, row in enumerate(rows)]
    samples = [
        {"id": row["id"], "reference": row["output"], "prediction": record, "status": "ok"}
        for row, record in zip(rows, records, strict=True)
    ]
    write_jsonl(config.folder / "samples" / "q4_k_m.jsonl", samples)
    record_stage(config.folder, "data", {}, [config.folder / "data"])
    test = output_of(config.folder, "data", "data/test.jsonl")
    record_stage(config.folder, "predict.q4_k_m", {"test": test}, [config.folder / "samples"])


def test_a_worse_run_is_refused_and_its_flips_are_shown(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make("a", 0)
    make("b", 30)
    with pytest.raises(UserError, match=r"gate failed: a → b −7\.5 points .* lost by itself: town −15\.0"):
        versus.main(["a", "b"], None)
    printed = capsys.readouterr().out
    assert "| town | 1.000 | 0.850 | −15.0 |" in printed
    assert "compare: town lost on r0: 'Bern 0' → 'Atlantis'" in printed
    versus.main(["b", "a"], None)
    assert "compare: passed: b → a +7.5" in capsys.readouterr().out


def test_only_examples_that_both_have_are_compared(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make("a", 0, n=200)
    make("b", 0, n=150)
    versus.main(["a", "b"], "q4_k_m")
    assert "150 examples are in both test splits (200 and 150)" in capsys.readouterr().out


def test_a_run_of_another_version_is_not_compared(workspace: Path) -> None:
    make("a", 0)
    make("b", 0)
    write_text(Path("artifacts/b/results.json"), '{"version": 1}')
    with pytest.raises(UserError, match=r"artifacts/b/results\.json has version 1, .* run `make eval` again"):
        versus.main(["a", "b"], None)


def test_one_run_cannot_be_compared() -> None:
    with pytest.raises(UserError, match='two runs are compared, not 1: give RUNS="a b"'):
        versus.main(["a"], None)
