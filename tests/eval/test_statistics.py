import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import norm, t

from eval.statistics import (
    DRAWS,
    Clusters,
    bootstrap,
    change_interval,
    holm,
    mcnemar,
    micro_f1,
    ratio,
    share_interval,
    wilson,
)


def clusters(n: int, n_groups: int) -> Clusters:
    return Clusters.of([str(index % n_groups) for index in range(n)])


def test_wilson_interval_of_a_known_case() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson 1927; any table of the interval
    assert wilson(0, 0) is None


def test_whole_groups_are_drawn() -> None:
    values = np.array([1.0, 0.0] * 50)
    assert share_interval(values, clusters(100, 100)) == wilson(50, 100)
    low, high = share_interval(values, clusters(100, 10)) or (0, 1)  # ten groups, each all 0 or all 1
    assert low == pytest.approx(0.15, abs=0.06)
    assert high == pytest.approx(0.85, abs=0.06)


def test_one_group_says_nothing_about_others() -> None:
    assert share_interval([1, 0, 1], clusters(3, 1)) is None
    assert change_interval([1.0, 0.0, 1.0], 1.0, clusters(3, 1)) is None


def test_flags_that_are_all_alike_are_as_many_as_their_groups() -> None:
    assert share_interval([1] * 100, clusters(100, 10)) == wilson(10, 10)
    assert share_interval([0] * 100, clusters(100, 10)) == wilson(0, 10)


def test_the_draws_agree_with_scipys_on_sums_of_groups() -> None:
    random = np.random.default_rng(1)
    sizes = random.integers(1, 9, 30).astype(float)
    hits = random.binomial(sizes.astype(int), 0.8).astype(float)
    ours = bootstrap(np.column_stack([hits, sizes]), ratio)
    tail = norm.cdf(t.ppf(0.025, 29) * np.sqrt(30 / 29))  # the expansion for few groups
    theirs = scipy_bootstrap(
        (hits, sizes),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=DRAWS,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=2,
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_micro_f1_is_of_totals() -> None:
    assert micro_f1(np.array([[6.0, 2.0, 2.0], [0.0, 0.0, 0.0]]))[0] == 0.75
    low, high = bootstrap(np.array([[3.0, 1.0, 1.0]] * 20), micro_f1) or (0, 0)
    assert (low, high) == pytest.approx((0.75, 0.75))


@pytest.mark.parametrize("n", [50, 400])
def test_where_nothing_changed_a_loss_up_to_the_rule_of_three_stays_possible(n: int) -> None:
    low, high = change_interval(np.zeros(n), 1.0, clusters(n, n)) or (0, 0)
    assert -low == pytest.approx(3 / n, abs=1.1 / n)
    assert high == pytest.approx(3 / n, abs=1.1 / n)


def test_few_groups_make_the_interval_wider() -> None:
    values = np.random.default_rng(0).normal(size=60)
    few = change_interval(values, 0.01, clusters(60, 4)) or (0, 0)
    normal = 1.96 * np.std([values[index::4].mean() for index in range(4)]) / 2
    assert few[1] - few[0] > 2 * normal


def test_mcnemar_and_holm_of_known_cases() -> None:
    assert mcnemar(8, 1) == pytest.approx(0.0391, abs=1e-4)  # 2 · (C(9,0) + C(9,1)) / 2⁹
    assert mcnemar(0, 0) == 1.0
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
