import pytest

from trainer.distractors import add

ROWS = [{"id": str(i), "input": f"<p>{'abcdefghij'[i] * 40}</p>", "output": {"a": i}} for i in range(10)]


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0, 0), (0.5, 150, 350), (1, 500, 500)])
def test_about_the_share_of_the_inputs_gets_a_passage_of_another_row(share: float, low: int, high: int) -> None:
    rows = [row | {"id": f"{copy}-{row['id']}"} for copy in range(50) for row in ROWS]
    changed = [(old, new) for old, new in zip(rows, add(rows, share, seed=1), strict=True) if new != old]
    assert low <= len(changed) <= high
    for old, new in changed:
        assert new["output"] == old["output"]
        beside = new["input"].replace(old["input"], "").strip()
        assert beside.startswith("<aside>")
        assert beside.removeprefix("<aside>").removesuffix("</aside>") in "".join(row["input"] for row in ROWS)


def test_the_seed_decides_and_one_row_has_no_other() -> None:
    assert add(ROWS, 0.5, seed=1) == add(ROWS, 0.5, seed=1) != add(ROWS, 0.5, seed=2)
    assert add(ROWS[:1], 1, seed=1) == ROWS[:1]
