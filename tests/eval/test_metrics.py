from typing import Any

import pytest

from eval.compare import difference, joint, last_served, pairs, path, steps
from eval.metrics import Decision, decide, grounded, precision_recall_f1, raw, score
from extraction.json import Json

TEXT: Json = {"properties": {"x": {"x-match": "text"}}}


def row(reference: Any, prediction: Any, status: str = "ok", **more: Any) -> Any:
    record = None if status != "ok" else {"x": prediction}
    fixed = {"id": "1", "status": status, "input": "", "retried": False}
    return fixed | {"reference": {"x": reference}, "prediction": record} | more


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
    decision = decide({"x": reference}, {"x": prediction}, "x", TEXT)
    # Nine certain hits and one certain error of each kind, so that every ratio is defined and moves.
    known = [Decision(True, True, 1)] * 9 + [Decision(True, False, 0), Decision(False, True, 0)]
    tp, fp, fn = (known_count + count for known_count, count in zip((9, 1, 1), counts, strict=True))
    expected = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "f1": 2 * tp / (2 * tp + fp + fn)}
    assert precision_recall_f1([*known, decision]) == pytest.approx(expected)
    assert decision.right is right


@pytest.mark.parametrize(("reference", "omitted"), [("a", 1), (None, 0)])
def test_a_failed_answer_is_wrong_in_every_field(reference: str | None, omitted: int) -> None:
    field = score([row(reference, None, "not JSON")], TEXT)["normalised"]["fields"]["x"]
    assert (field["accuracy"], field["omitted"], field["hallucinated"], field["wrong"]) == (0.0, omitted, 0, 0)


def test_undefined_ratios_are_none() -> None:
    assert precision_recall_f1([decide({"x": None}, {"x": None}, "x", TEXT)]) == {
        "precision": None,
        "recall": None,
        "f1": None,
    }
    assert precision_recall_f1([decide({"x": "a"}, {"x": None}, "x", TEXT)]) == {
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
    }


def test_blank_text_is_a_value_only_in_the_raw_match() -> None:
    assert decide({"x": None}, {"x": ""}, "x", TEXT) == Decision(False, False, 1)
    assert decide({"x": None}, {"x": ""}, "x", TEXT, raw) == Decision(False, True, 0)


def test_a_slice_is_scored_field_by_field_and_over_all() -> None:
    rows: list[Any] = [
        {"reference": {"x": "€ 5", "y": 1}, "prediction": {"x": "5 EUR", "y": 1}, "status": "ok", "input": "5 EUR"},
        {"reference": {"x": "b", "y": 2}, "prediction": {"x": "c", "y": 2}, "status": "ok", "input": "b"},
        {"reference": {"x": "d", "y": 3}, "prediction": None, "status": "wrong type", "input": "d"},
        {"reference": {"x": None, "y": 4}, "prediction": None, "status": "cut by length", "input": ""},
    ]
    rows = [{"id": str(index), "retried": index == 1} | row for index, row in enumerate(rows)]
    rules: Json = {"properties": {"x": {"x-match": "money"}, "y": {"x-match": "number"}}}
    scores = score(rows, rules)
    assert (scores["groups"], scores["retried"]) == (4, 1)
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


def test_flips_both_ways_are_counted() -> None:
    before = [row("a", p, id=str(i)) for i, p in enumerate("aaab")]
    after = [row("a", p, id=str(i)) for i, p in enumerate("abba")]
    found = difference(before, after, TEXT)
    flips = found["fields"]["x"]
    assert (flips["right_to_wrong"], flips["wrong_to_right"], flips["accuracy"]) == (2, 1, -0.25)
    assert (flips["p"], flips["p_holm"]) == (1.0, 1.0)
    assert (found["mean_field_accuracy"], found["changed_records"], found["n"]) == (-0.25, 3, 4)


STEPS = [
    (["base", "adapter", "f16", "q4_k_m"], [("base", "adapter"), ("adapter", "f16"), ("f16", "q4_k_m")]),
    (["adapter", "merged", "f16"], [("adapter", "merged"), ("merged", "f16")]),
    (["adapter", "q8_0", "f16", "q4_k_m"], [("adapter", "f16"), ("f16", "q4_k_m"), ("f16", "q8_0")]),
    (["base"], []),
    (["f16", "q4_k_m", "asked"], [("f16", "q4_k_m"), ("q4_k_m", "asked")]),
    (["adapter", "f16", "asked"], [("adapter", "f16"), ("f16", "asked")]),
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


def test_a_step_over_variants_that_were_not_scored_is_named_as_joint() -> None:
    assert joint(["base", "adapter", "f16", "q4_k_m"]) == {("adapter", "f16"): ["merged"]}
    assert joint(["adapter", "q4_k_m"]) == {("adapter", "q4_k_m"): ["merged", "f16"]}
    assert joint(["base", "adapter", "merged", "f16", "q4_k_m"]) == {}


def test_users_get_the_quantized_variant() -> None:
    assert last_served(["base", "f16", "q4_k_m"]) == "q4_k_m"
    assert last_served(["base", "f16"]) == "f16"
    assert last_served(["base"]) is None


def test_part_of_a_list_counts_in_the_agreement_only() -> None:
    rules: Json = {"properties": {"x": {"x-match": "set", "items": {}}}}
    found = score([row(["a", "b"], ["b", "c"])], rules)["normalised"]["fields"]["x"]
    assert (found["accuracy"], found["agreement"]) == (0.0, 0.5)
