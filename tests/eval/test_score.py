import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eval import score, table
from eval.records import Prediction, Record, Results
from extraction.json import Json
from pipeline.config import Config, load
from pipeline.errors import UserError
from pipeline.manifest import Entry, read_manifest
from pipeline.splits import Example
from serve.latest import not_accepted
from tests.eval.conftest import FakeOllama

Start = Callable[[], FakeOllama]
SERVED_ONLY = "eval.variants=[f16, q4_k_m]"


def results_of(config: Config) -> Json:
    results: Json = json.loads((config.folder / "results.json").read_text())
    return results


def as_adapter(config: Config, server: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the adapter's answers be all right, without a model."""
    from eval import hf
    from extraction.parse import Answer, Status

    def answer_all(_: Config, variant: str, rows: list[Example]) -> Iterator[Prediction]:
        for row in rows:
            right = Answer(row["output"], Status.OK) if variant == "adapter" else Answer(None, Status.NOT_JSON, "x")
            yield Prediction(row, right, "", 1, 0.0)

    monkeypatch.setattr(hf, "answer_all", answer_all)


def spoil(server: FakeOllama, variant: str, n: int) -> None:
    """Let a served variant answer `n` of the examples with another town."""
    for key in [key for key in server.answers if key[0] == f"extractor:{variant}"][:n]:
        server.answers[key] = json.dumps(json.loads(server.answers[key]) | {"town": "Atlantis"})


def test_the_command_writes_whole_results_with_their_record(
    toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama().url)
    monkeypatch.setattr(sys, "argv", ["score", "--config", "toy.yaml", "--set", "eval.max_loss=1"])
    score.main()
    results = results_of(toy_run)
    assert list(results["variants"]) == ["base", "adapter", "f16", "q4_k_m", "asked"]
    assert all(list(slices) == ["all", "seen", "unseen"] for slices in results["variants"].values())
    assert results["variants"]["f16"]["all"]["normalised"]["mean_field_accuracy"] == 1.0
    assert results["variants"]["base"]["all"]["normalised"]["mean_field_accuracy"] == 0.0
    assert [(d["before"], d["after"]) for d in results["differences"]] == [
        ("base", "adapter"),
        ("adapter", "f16"),
        ("f16", "q4_k_m"),
        ("q4_k_m", "asked"),
        ("adapter", "q4_k_m"),
    ]
    record = results["record"]
    assert record["n"] == {"all": 12, "seen": 8, "unseen": 4}
    assert record["config"]["eval"]["max_loss"] == 1
    assert record["served"]["q4_k_m"]["digest"] == "4" * 64
    assert record["predictions"]["base"]["versions"].keys() >= {"python", "torch", "transformers"}
    assert record["predictions"]["f16"]["host"].startswith("http://127.0.0.1:")
    assert record["digests"]["data"].keys() == {
        f"data/{name}" for name in ("rules.json", "schema.json", "test.jsonl", "train.jsonl", "validation.jsonl")
    }
    assert list(results["baselines"]) == ["rules"]  # no toy page has markup
    assert results["baselines"]["rules"]["unseen"]["normalised"]["record_exact_match"] == 1.0
    assert record["baselines"]["markup"]["marked"] == 0
    assert record["baselines"]["rules"]["fields"]["town"]
    assert "results.json" in read_manifest(toy_run.folder)["eval"]["outputs"]
    assert results.keys() == Results.__annotations__.keys()
    assert record.keys() == Record.__annotations__.keys()
    for stage, entry in read_manifest(toy_run.folder).items():
        assert entry.keys() <= Entry.__annotations__.keys(), stage
    printed = capsys.readouterr().out
    assert printed.rstrip().endswith("artifacts/toy/fields.csv")
    assert max(map(len, printed.splitlines())) <= 120


def test_a_loss_beyond_max_loss_exits_with_1_after_writing(
    toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ollama()
    as_adapter(toy_run, server, monkeypatch)
    spoil(server, "q4_k_m", 12)
    words = (
        r"gate failed: adapter → q4_k_m −50\.0 points of mean field accuracy .*eval\.max_loss allows 2\.0; "
        r"lost by itself: town −100\.0; most of it from f16 to q4_k_m"
    )
    with pytest.raises(UserError, match=words):
        score.evaluate(load(Path("toy.yaml")), server.url)
    assert results_of(toy_run)["variants"]["q4_k_m"]["all"]["normalised"]["mean_field_accuracy"] == 0.5
    assert "Refused" in (toy_run.folder / "report.html").read_text()
    assert "| town | " in (toy_run.folder / "summary.md").read_text()
    fields = list(csv.DictReader(io.StringIO((toy_run.folder / "fields.csv").read_text())))
    kinds = {row["variant"]: row["kind"] for row in fields}
    assert kinds == {"rules": "baseline", "base": "baseline"} | dict.fromkeys(
        ("adapter", "f16", "q4_k_m", "asked"), "variant"
    )
    assert fields[0].keys() > {"slice", "field", "accuracy", "low", "high"}
    score.evaluate(load(Path("toy.yaml"), ["eval.max_loss=1"]), server.url)  # allowed, nothing asked again
    assert len(server.asked) == 24


def test_latest_is_a_variant_that_passed(
    toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server, digests = ollama(), ollama().digests.copy()
    as_adapter(toy_run, server, monkeypatch)
    spoil(server, "q4_k_m", 12)
    with pytest.raises(UserError, match=r"; f16 passes with mean field accuracy 1\.000 \(±0\.0 points\): VARIANT=f16"):
        score.evaluate(load(Path("toy.yaml"), ["eval.max_loss=0.3"]), server.url)
    latest = f"{toy_run.serve.name}:latest"
    assert server.digests[latest] == digests[f"{toy_run.serve.name}:f16"]
    assert f"{latest} is now f16, which passed" in capsys.readouterr().out
    assert "q4_k_m" in str(not_accepted(toy_run))
    assert "f16" not in str(not_accepted(toy_run)).partition(" of ")[0]
    score.evaluate(load(Path("toy.yaml"), ["eval.max_loss=1"]), server.url)
    assert server.digests[latest] == digests[f"{toy_run.serve.name}:q4_k_m"]
    assert not_accepted(toy_run) is None


def test_latest_stays_where_there_are_too_few_examples_to_tell(
    toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ollama()
    as_adapter(toy_run, server, monkeypatch)
    score.evaluate(load(Path("toy.yaml")), server.url)
    assert [verdict["verdict"] for verdict in results_of(toy_run)["gate"]] == ["undecided", "undecided"]
    latest = f"{toy_run.serve.name}:latest"
    assert latest not in server.digests
    assert f"{latest} stays as it is: no served variant has passed" in capsys.readouterr().out
    assert str(not_accepted(toy_run)).startswith("f16, q4_k_m of ")


def test_a_model_that_was_not_compared_with_its_adapter_is_not_latest(toy_run: Config, ollama: Start) -> None:
    server = ollama()
    score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY]), server.url)
    assert f"{toy_run.serve.name}:latest" not in server.digests
    assert str(not_accepted(toy_run)).startswith("f16, q4_k_m of ")


def test_the_step_that_lost_most_is_named(toy_run: Config, ollama: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ollama()
    as_adapter(toy_run, server, monkeypatch)
    spoil(server, "f16", 8)
    spoil(server, "q4_k_m", 12)
    with pytest.raises(UserError, match="most of it from adapter to f16"):
        score.evaluate(load(Path("toy.yaml")), server.url)


def test_without_the_adapter_quantization_alone_is_judged(toy_run: Config, ollama: Start) -> None:
    server = ollama()
    spoil(server, "q4_k_m", 12)
    with pytest.raises(UserError, match="gate failed: f16 → q4_k_m −50"):
        score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY]), server.url)


def test_too_few_examples_are_told_and_refused_only_if_strict(
    toy_run: Config, ollama: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ollama()
    score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY]), server.url)
    assert "Gate undecided: f16 → q4_k_m ±0.0" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UserError, match=r"gate undecided: .*not enough examples to tell whether it is within 2\.0"):
        score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY, "eval.strict=true"]), server.url)


def test_first_answers_are_scored_and_the_second_try_is_a_step_of_its_own(toy_run: Config, ollama: Start) -> None:
    server = ollama()
    first = next(key for key in server.answers if key[0] == "extractor:q4_k_m")
    server.endless.add(first)
    score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY]), server.url)
    variants = results_of(toy_run)["variants"]
    accuracy = {name: scores["all"]["normalised"]["record_exact_match"] for name, scores in variants.items()}
    assert accuracy == {"f16": 1.0, "q4_k_m": pytest.approx(11 / 12), "asked": 1.0}
    assert variants["q4_k_m"]["all"]["retried"] == 1
    assert variants["q4_k_m"]["all"]["statuses"] == {"aborted": 1, "ok": 11}


def test_validation_answers_calibrate_the_probabilities(toy_run: Config, ollama: Start) -> None:
    server = ollama()
    score.evaluate(load(Path("toy.yaml"), [SERVED_ONLY, "eval.calibration=5"]), server.url)
    assert len(server.asked) == 29
    found = results_of(toy_run)["calibration"]
    assert (found["n_validation"], found["n_test"]) == (10, 24)
    assert "How sure it is" in (toy_run.folder / "report.html").read_text()


def test_a_refusal_is_the_last_line_and_status_1(toy_run: Config, ollama: Start) -> None:
    server = ollama()
    server.digests.clear()
    command = [sys.executable, "-m", "eval.score", "--config", "toy.yaml", "--set", SERVED_ONLY]
    environment = {"PYTHONPATH": str(Path(score.__file__).parents[1]), "OLLAMA_HOST": server.url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: extractor:f16 at ")
    assert "Traceback" not in done.stderr


CHANGES = [(-0.004, "−0.4"), (0.0, "±0.0"), (-0.0001, "±0.0"), (0.125, "+12.5"), (None, "–")]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_changes_are_points_with_a_sign(change: float | None, expected: str) -> None:
    assert table.points(change) == expected
