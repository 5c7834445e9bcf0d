import json
from pathlib import Path

import numpy as np
import pytest

from extraction.ranker import SIZES, Ranker
from pretraining import ranker

SEED = np.random.default_rng(1)


def written(path: Path, n_members: int) -> Ranker:
    """A ranker of random networks, written with a record."""
    drawn = Ranker([{name: SEED.normal(size=size).astype(np.float32) for name, size in SIZES.items()}] * n_members)
    drawn.save(path)
    path.with_suffix(".json").write_text(json.dumps({"seed": n_members}))
    return drawn


def test_rankers_are_joined_with_their_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranker, "JUDGED", 2)
    parts = [tmp_path / "two.safetensors", tmp_path / "one.safetensors"]
    members = [member for n, path in zip((2, 1), parts, strict=True) for member in written(path, n).members]
    out = tmp_path / "all.safetensors"
    ranker.join(parts, out)
    joined = Ranker.load(out).members
    assert len(joined) == 3
    for member, expected in zip(joined, members, strict=True):
        for name in SIZES:
            np.testing.assert_array_equal(member[name], expected[name].astype(np.float16))
    record = json.loads(out.with_suffix(".json").read_text())
    assert record["joined"] == [{"seed": 2}, {"seed": 1}]
    assert record["record, unseen layouts"]["n"] > 0
