"""Intervals and tests. Everything that an evaluation says about chance is computed here.

Test examples of one layout or shop resemble each other, so intervals come from a bootstrap that draws whole groups. It
is written with numpy: scipy.stats.bootstrap would draw anew for every figure, while here one set of draws serves all
fields and variants (tests/eval/test_statistics.py compares the two). Intervals are two-sided, at 95 %.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, norm, t
from statsmodels.stats.multitest import multipletests

LEVEL = 0.95
DRAWS, SEED = 5000, 3407
FEWEST = 2  # groups without which nothing can be said about other groups

Array = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Clusters:
    """Which group each row belongs to. `index`: (n,) numbers of groups, `n_groups` of them."""

    index: NDArray[np.intp]
    n_groups: int

    @classmethod
    def of(cls, groups: Sequence[str]) -> "Clusters":
        """The clusters that the rows' group names make."""
        names, index = np.unique(np.array(groups, dtype=str), return_inverse=True)
        return cls(index, len(names))

    @property
    def independent(self) -> bool:
        """Whether every row is a group of its own."""
        return self.n_groups == len(self.index)

    def sums(self, columns: ArrayLike) -> Array:
        """Sums by group, (n_groups, k), of columns (n, k)."""
        values = np.asarray(columns, dtype=float)
        found = np.zeros((self.n_groups, values.shape[1]))
        np.add.at(found, self.index, values)
        return found


def bootstrap(sums: Array, statistic: Callable[[Array], Array]) -> Interval | None:
    """Interval of a statistic of totals, drawing groups with replacement; None for fewer than two groups.

    `sums`: (n_groups, k), what each group adds to the k totals; `statistic`: totals (draws, k) to values (draws,). A
    percentile interval, expanded for few groups as Hesterberg (2015, "What teachers should know about the bootstrap")
    does: by Student's t with n_groups - 1 degrees of freedom and by the missing factor sqrt(n / (n - 1)).
    """
    n_groups = len(sums)
    if n_groups < FEWEST:
        return None
    values = statistic(_draws(n_groups) @ sums)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    tail = norm.cdf(t.ppf((1 - LEVEL) / 2, n_groups - 1) * np.sqrt(n_groups / (n_groups - 1)))
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def share_interval(flags: ArrayLike, clusters: Clusters) -> Interval | None:
    """Interval of a share: Wilson's where rows are independent, else by groups.

    Where all flags are alike, drawing groups shows no spread: then Wilson's for as many examples as there are groups.
    """
    right = np.asarray(flags, dtype=float)
    n, hits = len(right), int(right.sum())
    if n == 0:
        return None
    if clusters.independent:
        return wilson(hits, n)
    if hits in (0, n):
        return wilson(clusters.n_groups if hits else 0, clusters.n_groups)
    return bootstrap(clusters.sums(np.column_stack([right, np.ones(n)])), ratio)


def change_interval(changes: ArrayLike, smallest: float, clusters: Clusters) -> Interval | None:
    """Interval of a mean change over paired rows. `changes`: (n,); `smallest`: the least change that a row can have.

    Two made-up rows, one that lost `smallest` and one that gained it, keep the interval open where no or hardly any row
    changed (Agresti and Min, 2005, do so for paired shares): that nothing changed in n rows does not prove that nothing
    can. Without a change they give about ±3 · smallest / n, which is the rule of three.
    """
    values = np.asarray(changes, dtype=float)
    if clusters.n_groups < FEWEST:
        return None
    sums = clusters.sums(np.column_stack([values, np.ones(len(values))]))
    made_up = np.array([[-smallest, 0.0], [smallest, 0.0]])
    return bootstrap(np.concatenate([sums, made_up]), lambda totals: np.clip(ratio(totals), -1, 1))


def ratio(totals: Array) -> Array:
    """First total over second, (draws,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return totals[:, 0] / totals[:, 1]


def micro_f1(totals: Array) -> Array:
    """F1 of totals of (true positives, false positives, false negatives), (draws,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 * totals[:, 0] / (2 * totals[:, 0] + totals[:, 1] + totals[:, 2])


def wilson(right: int, n: int) -> Interval | None:
    """Wilson's interval of a share; None for no examples."""
    if n == 0:
        return None
    found = binomtest(right, n).proportion_ci(confidence_level=LEVEL, method="wilson")
    return float(found.low), float(found.high)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided p of McNemar's exact test: how likely the flips are so uneven where no variant is better."""
    return float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the same order."""
    return [float(p) for p in multipletests(list(p_values), method="holm")[1]] if p_values else []


@lru_cache(maxsize=16)
def _draws(n_groups: int) -> Array:
    """How often each group is drawn: (DRAWS, n_groups), the same at every call."""
    chances = np.full(n_groups, 1 / n_groups)
    return np.random.default_rng(SEED).multinomial(n_groups, chances, size=DRAWS).astype(float)
