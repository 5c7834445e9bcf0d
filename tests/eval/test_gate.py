import re
from typing import Any

import numpy as np
import pytest

from eval import gate
from eval.compare import difference, judge_changes
from eval.records import Verdict
from eval.statistics import Clusters
from extraction.json import Json

FIELDS = "abcd"
RULES: Json = {"properties": {field: {"x-match": "text"} for field in FIELDS}}


def rows(right: Any, groups: int) -> list[Any]:
    """Rows of right and wrong values. `right`: (n, 4) of booleans."""
    reference = dict.fromkeys(FIELDS, "yes")
    return [
        {"id": str(n), "group": f"g{n % groups}", "reference": reference}
        | {"prediction": {field: "yes" if flag else "no" for field, flag in zip(FIELDS, line, strict=True)}}
        for n, line in enumerate(right)
    ]


def judged(before: Any, after: Any, groups: int = 10**6, max_loss: float = 0.02) -> Verdict:
    found = difference(rows(before, groups), rows(after, groups), RULES)
    return gate.judge("f16", "q4_k_m", found, max_loss, lambda: "from f16 to q4_k_m")


def spoilt(n: int, lost: int, field: int) -> Any:
    right = np.ones((n, len(FIELDS)), dtype=bool)
    right[:lost, field] = False
    return right


CASES = [  # rows, of them wrong in field b, groups, verdict, words
    (421, 4, 60, "passed", r"passed: f16 → q4_k_m −0\.2 points .*n 421 in 60 groups\): .* \(2\.0\) is ruled out"),
    (421, 0, 60, "passed", "the smallest loss that so many can show is 0.2 points"),
    (
        20,
        0,
        20,
        "undecided",
        "not enough examples to tell whether it is within 2.0; .* is 3.9 points",
    ),
    (20, 1, 20, "undecided", "not enough examples"),
    (421, 60, 421, "failed", r"eval\.max_loss allows 2\.0; lost by itself: b −14\.3; most of it from f16 to q4_k_m"),
    (421, 20, 421, "failed", r"lost by itself: b −4\.8"),  # −1.2 points of the mean: the field is caught
    (421, 40, 1, "undecided", "one group is not enough"),
]


@pytest.mark.parametrize(("n", "lost", "groups", "verdict", "words"), CASES)
def test_the_verdict_and_its_words(n: int, lost: int, groups: int, verdict: str, words: str) -> None:
    found = judged(np.ones((n, 4), dtype=bool), spoilt(n, lost, 1), groups)
    assert found["verdict"] == verdict
    assert re.search(words, found["sentence"]), found["sentence"]


def test_a_loss_that_one_group_alone_had_fails_no_field() -> None:
    found = judged(np.ones((400, 4), dtype=bool), spoilt(400, 0, 0) & (np.arange(400) % 20 != 0)[:, None], groups=20)
    assert found["verdict"] == "undecided"
    assert not found["fields"]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "n_groups"), [(300, 40)])
def test_equal_variants_fail_no_more_often_than_is_said(n: int, n_groups: int) -> None:
    """Two variants that are wrong equally often, in groups of unlike difficulty, on 200 test sets."""
    random = np.random.default_rng(n + n_groups)
    index = np.arange(n) % n_groups
    verdicts = []
    for _ in range(200):
        hard = random.beta(1, 12, n_groups)[index][:, None]
        shared = random.random((n, 4)) > hard  # both err alike on most values
        before, after = (shared ^ (random.random((n, 4)) < hard / 4) for _ in range(2))
        changes = dict(zip(FIELDS, after.T.astype(float) - before.T, strict=True))
        found = judge_changes(changes, Clusters.of(list(map(str, index))), 0)
        verdicts.append(gate.judge("f16", "q4_k_m", found, 0.02, str)["verdict"])
    assert verdicts.count("failed") <= 16  # 5 % of 200 are 10; more than 16 come by chance in 2 % of such runs
    assert verdicts.count("passed") > 40  # else the test would prove nothing


def test_only_quantization_and_serving_are_judged() -> None:
    assert gate.judged_pairs(["base", "adapter", "f16", "q4_k_m", "asked"]) == [
        ("adapter", "f16"),
        ("adapter", "q4_k_m"),
    ]
    assert gate.judged_pairs(["f16", "q4_k_m"]) == [("f16", "q4_k_m")]
    assert gate.judged_pairs(["base", "q4_k_m"]) == []


def test_undecided_is_refused_only_where_asked_for() -> None:
    undecided = judged(np.ones((20, 4), dtype=bool), np.ones((20, 4), dtype=bool))
    assert gate.refusal([undecided], strict=False) is None
    assert "not enough examples" in (gate.refusal([undecided], strict=True) or "")
