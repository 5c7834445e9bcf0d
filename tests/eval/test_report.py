import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval import report, score
from eval.charts import change_bars, grouped_bars
from eval.records import VERSION, read_results
from extraction.json import Json
from extraction.prompt import page as read
from pipeline.config import Config, load
from pipeline.errors import UserError
from pipeline.files import read_jsonl, write_jsonl, write_text
from pipeline.manifest import record_stage
from tests.eval.conftest import FakeOllama

EVIL = '</pre><script src="http://evil.example/x.js">alert(1)</script><img src=http://evil.example/i.png>'


def evaluated(config: Config, server: FakeOllama) -> str:
    """The report of a run in which a page, a reference and an answer hold HTML."""
    path = config.folder / "data" / "test.jsonl"
    rows = read_jsonl(path)
    page = rows[0]["input"]
    rows[0] |= {"input": page + EVIL, "output": rows[0]["output"] | {"town": EVIL}}
    write_jsonl(path, rows)
    record_stage(config.folder, "data", {}, [config.folder / "data"])
    for model in server.digests:
        server.answers[model, read(page + EVIL)] = json.dumps({"town": EVIL + "?", "seats": 0})
    score.evaluate(load(Path("toy.yaml"), ["eval.variants=[f16, q4_k_m]"]), server.url)
    return (config.folder / "report.html").read_text()


def test_the_report_escapes_everything_and_loads_nothing(toy_run: Config, ollama: Callable[[], FakeOllama]) -> None:
    page = evaluated(toy_run, ollama())
    assert page.count("&lt;script src=&#34;http://evil.example") == 4  # input, reference, two answers
    assert "<script" not in page
    assert "<img" not in page
    markup = re.findall(r"<[^>]+>", page)
    assert len(markup) > 100
    assert not [tag for tag in markup if re.search(r"\b(src|href|xlink|action|data)\b\s*=", tag)]
    assert not re.search(r"@import|url\(", page)


def test_the_report_can_be_made_again_without_models(toy_run: Config, ollama: Callable[[], FakeOllama]) -> None:
    page = evaluated(toy_run, ollama())
    (toy_run.folder / "report.html").unlink()
    assert report.write_report(toy_run).read_text() == page


def test_the_report_names_the_commit_of_the_base(toy_run: Config, ollama: Callable[[], FakeOllama]) -> None:
    assert f"<td>base model</td><td>{toy_run.model.model_name_or_path}</td>" in evaluated(toy_run, ollama())
    results = read_results(toy_run.folder)
    results["record"]["base"] = {"name": "org/name", "weights": {}, "revision": "c0ffee"}
    assert "<td>org/name at <code>c0ffee</code></td>" in report.render(results, {}, RULES)
    del results["record"]["base"]  # of an earlier code
    assert "base model" not in report.render(results, {}, RULES)


OLDER = rf"has version (1|None), and this code reads version {VERSION}: run `make eval`"


@pytest.mark.parametrize(
    ("content", "words"), [('{"version": 1}', OLDER), ("{}", OLDER), ("[]", "is damaged .*: run `make eval` first")]
)
def test_results_of_another_version_are_refused_with_the_remedy(toy_run: Config, content: str, words: str) -> None:
    write_text(toy_run.folder / "results.json", content)
    with pytest.raises(UserError, match=words):
        report.write_report(toy_run)


def test_damaged_results_are_refused(toy_run: Config) -> None:
    write_text(toy_run.folder / "results.json", '{"version": ')
    with pytest.raises(UserError, match=r"results\.json is damaged .* run `make eval` first"):
        report.write_report(toy_run)


def test_a_report_before_the_evaluation_is_an_error(toy_run: Config) -> None:
    with pytest.raises(UserError, match=r"results\.json is not there: run `make eval` first"):
        report.write_report(toy_run)


RULES: Json = {"properties": {"town": {"x-match": "text"}}}


def sample(name: str, town: str | None, status: str = "ok") -> Any:
    record = {"town": town} if status == "ok" else None
    common = {"id": name, "slice": "seen", "input": "", "answer": "", "status": status, "reason": ""}
    return common | {"reference": {"town": "Bern"}, "prediction": record}


def test_what_quantization_lost_comes_first_and_what_is_right_not_at_all() -> None:
    samples = {
        "base": [sample("a", "x"), sample("b", "x"), sample("c", "x"), sample("d", "x")],
        "f16": [sample("a", "Bern"), sample("b", "x"), sample("c", "Bern"), sample("d", "Bern")],
        "q4_k_m": [sample("a", "BERN"), sample("b", "x"), sample("c", None, "not JSON"), sample("d", "Bern")],
    }
    found = report.worst(samples, RULES)
    assert [(e["id"], e["lost"], e["wrong"]) for e in found] == [("c", 1, 1), ("b", 0, 2)]
    assert found[0]["fields"] == [("town", "Bern", [("x", "wrong"), ("Bern", "right"), ("not JSON", "wrong")])]
    assert report.cell(samples["q4_k_m"][0], "town", RULES) == ("BERN", "near")


def test_long_text_is_shortened_and_says_so() -> None:
    assert report.shorten("abcdef", 4) == "abcd … (2 more characters)"
    assert report.shorten("abcd", 4) == "abcd"


def test_the_bars_are_as_high_as_their_values() -> None:
    chart = grouped_bars(["a<b", "c"], {"base": [0.5, None], "f16": [1.0, 0.25]})
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', chart)]
    assert heights == [110.0, 220.0, 55.0]
    assert "a&lt;b" in chart


def test_a_loss_goes_to_the_left_of_the_axis() -> None:
    chart = change_bars([("f16 → q4_k_m", -0.02, [-0.03, 0.0])])
    axis = float(re.search(r'class="axis" x1="([\d.]+)"', chart)[1])  # type: ignore[index]
    x, width = map(float, re.search(r'class="loss" x="([\d.]+)" y="\d+" width="([\d.]+)"', chart).groups())  # type: ignore[union-attr]
    assert x < axis
    assert x + width == pytest.approx(axis)
