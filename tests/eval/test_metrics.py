from typing import Any

import numpy as np
import pytest

from eval.compare import bootstrap, difference, pairs, path, steps
from eval.metrics import Decision, decide, grounded, precision_recall_f1, score, wilson
from eval.values import same, same_raw
from extraction.json import Json


def row(reference: Any, prediction: Any, status: str = "ok", **more: Any) -> Json:
    record = None if status != "ok" else {"x": prediction}
    return {"id": "1", "reference": {"x": reference}, "prediction": record, "status": status, "input": ""} | more


CASES = [  # reference, prediction, (tp, fp, fn), right
    ("a", "a", (1, 0, 0), True),
    ("a", "b", (0, 1, 1), False),
    ("a", None, (0, 0, 1), False),
    (None, "a", (0, 1, 0), False),
    (None, None, (0, 0, 0), True),
]


@pytest.mark.parametrize(("reference", "prediction", "counts", "right"), CASES)
def test_a_decision_counts_as_the_practice_has_it(
    reference: str | None, prediction: str | None, counts: tuple[int, int, int], right: bool
) -> None:
    decision = decide({"x": reference}, {"x": prediction}, "x", same)
    # Nine certain hits and one certain error of each kind, so that every ratio is defined and moves.
    known = [Decision(True, True, True)] * 9 + [Decision(True, False, False), Decision(False, True, False)]
    tp, fp, fn = (known_count + count for known_count, count in zip((9, 1, 1), counts, strict=True))
    expected = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    assert precision_recall_f1([*known, decision]) == pytest.approx(expected)
    assert decision.right is right


@pytest.mark.parametrize(("reference", "omitted"), [("a", 1), (None, 0)])
def test_a_failed_answer_is_wrong_in_every_field(reference: str | None, omitted: int) -> None:
    field = score([row(reference, None, "not JSON")], ["x"])["normalised"]["fields"]["x"]
    assert (field["accuracy"], field["omitted"], field["hallucinated"], field["wrong"]) == (0.0, omitted, 0, 0)


def test_undefined_ratios_are_none() -> None:
    assert precision_recall_f1([decide({"x": None}, {"x": None}, "x", same)]) == {
        "precision": None,
        "recall": None,
        "f1": None,
    }
    assert precision_recall_f1([decide({"x": "a"}, {"x": None}, "x", same)]) == {
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
    }


def test_blank_text_is_a_value_only_in_the_raw_match() -> None:
    assert decide({"x": None}, {"x": ""}, "x", same) == Decision(False, False, True)
    assert decide({"x": None}, {"x": ""}, "x", same_raw) == Decision(False, True, False)


def test_a_slice_is_scored_field_by_field_and_over_all() -> None:
    rows: list[Json] = [
        {"reference": {"x": "€ 5", "y": 1}, "prediction": {"x": "5 EUR", "y": 1}, "status": "ok", "input": "5 EUR"},
        {"reference": {"x": "b", "y": 2}, "prediction": {"x": "c", "y": 2}, "status": "ok", "input": "b"},
        {"reference": {"x": "d", "y": 3}, "prediction": None, "status": "wrong type", "input": "d"},
        {"reference": {"x": None, "y": 4}, "prediction": None, "status": "cut by length", "input": ""},
    ]
    scores = score(rows, ["x", "y"])
    normalised, raw = scores["normalised"], scores["raw"]
    assert [normalised["fields"][f]["accuracy"] for f in "xy"] == [0.25, 0.5]
    assert normalised["mean_field_accuracy"] == 0.375
    assert normalised["record_exact_match"] == 0.25
    assert normalised["micro_f1"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 4))
    assert normalised["macro_f1"] == pytest.approx((2 / (2 + 1 + 2) + 4 / (4 + 2)) / 2)
    assert raw["fields"]["x"]["accuracy"] == 0.0
    assert (scores["valid_json"], scores["valid_schema"], scores["cut_by_length"]) == (0.75, 0.5, 0.25)
    assert (scores["grounded"], scores["grounded_fields"]) == (0.25, {"x": 0.5, "y": 0.0})
    assert scores["statuses"] == {"cut by length": 1, "ok": 2, "wrong type": 1}


def test_only_values_that_can_be_judged_count_as_grounded_or_not() -> None:
    values = ["Blue", "Red", None, "", True, ["Blue", 7], {"a": None}]
    rows = [row("-", value, input='<p title="Blue">7</p>') for value in values] + [row("-", None, "not JSON")]
    assert grounded(rows, ["x"]) == {"x": [True, False, True]}


def test_wilson_interval_of_a_known_case() -> None:
    assert wilson(8, 10) == pytest.approx([0.4902, 0.9433], abs=1e-4)  # Wilson 1927; any table of the interval
    assert wilson(0, 0) is None


def test_flips_both_ways_are_counted() -> None:
    before = [row("a", p, id=str(i)) for i, p in enumerate("aaab")]
    after = [row("a", p, id=str(i)) for i, p in enumerate("abba")]
    found = difference(before, after, ["x"])
    assert found["fields"]["x"] == {"right_to_wrong": 2, "wrong_to_right": 1, "accuracy": -0.25}
    assert (found["mean_field_accuracy"], found["changed_records"], found["n"]) == (-0.25, 3, 4)


def test_the_bootstrap_draws_whole_groups() -> None:
    values = np.array([1.0, 0.0] * 50)
    alone = bootstrap(values, [str(i) for i in range(100)])
    grouped = bootstrap(values, [str(i % 10) for i in range(100)])
    assert alone == pytest.approx([0.4, 0.6], abs=0.02)  # ± 1.96 · sqrt(0.25 / 100)
    assert grouped == pytest.approx([0.2, 0.8], abs=0.1)  # ten groups, each all 0 or all 1
    assert bootstrap(values, ["one"] * 100) is None


STEPS = [
    (["base", "adapter", "f16", "q4_k_m"], [("base", "adapter"), ("adapter", "f16"), ("f16", "q4_k_m")]),
    (["adapter", "merged", "f16"], [("adapter", "merged"), ("merged", "f16")]),
    (["adapter", "q8_0", "f16", "q4_k_m"], [("adapter", "f16"), ("f16", "q4_k_m"), ("f16", "q8_0")]),
    (["base"], []),
]


@pytest.mark.parametrize(("variants", "expected"), STEPS)
def test_the_chain_is_made_of_the_variants_present(variants: list[str], expected: list[tuple[str, str]]) -> None:
    assert steps(variants) == expected


def test_pairs_add_the_way_from_the_adapter_to_what_is_served() -> None:
    assert ("adapter", "q4_k_m") in pairs(["adapter", "f16", "q4_k_m"])
    assert path(["base", "adapter", "merged", "f16", "q4_k_m", "q8_0"], "q4_k_m") == [
        ("adapter", "merged"),
        ("merged", "f16"),
        ("f16", "q4_k_m"),
    ]
