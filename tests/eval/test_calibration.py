from typing import Any

import numpy as np
import pytest

from eval import calibration
from extraction.json import Json
from pipeline.errors import UserError

RULES: Json = {"properties": {"x": {"x-match": "text"}}}


def draw(n: int, temperature: float, seed: int) -> tuple[Any, Any]:
    """Values as probable as `calibration.scaled` says, told with log-odds `temperature` times too large."""
    random = np.random.default_rng(seed)
    true = random.beta(4, 1, n)
    return calibration.scaled(true, 1 / temperature), (random.random(n) < true).astype(float)


def test_one_temperature_mends_overconfidence() -> None:
    known, test = draw(4000, 2.5, 1), draw(4000, 2.5, 2)
    temperature = calibration.fit(*known)
    assert temperature == pytest.approx(2.5, rel=0.1)
    assert calibration.error(*test) > 0.06
    assert calibration.error(calibration.scaled(test[0], temperature), test[1]) < 0.03


def test_no_error_on_validation_does_not_give_certainty() -> None:
    p = np.full(20, 0.9)
    assert calibration.scaled(p, calibration.fit(p, np.ones(20)))[0] < 0.99


def test_the_error_of_a_known_case() -> None:
    p, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1.0, 1.0, 1.0, 0.0])
    assert calibration.error(p, right) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)


def test_the_threshold_is_the_lowest_that_keeps_the_precision() -> None:
    p, right = np.array([0.9, 0.8, 0.7, 0.6, 0.6]), np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    assert calibration.least(p, right, 0.8) == pytest.approx(0.6)
    assert calibration.least(p, right, 0.9) == pytest.approx(0.8)
    assert calibration.least(p, 1 - right, 0.9) is None
    assert calibration.curve(p, right)[2] == pytest.approx((0.6, 2 / 3))


def test_slices_name_a_column_that_is_not_there() -> None:
    from eval.slices import lengths, values

    rows: list[Any] = [{"input": "x" * n, "columns": {"shop": "a"}} for n in (1, 5, 9)]
    assert values(rows, "shop") == ["a", "a", "a"]
    assert len(set(lengths(rows))) == 3
    with pytest.raises(UserError, match=r"eval\.slices: no test row has 'lang' in the data; there are shop"):
        values(rows, "lang")
