"""What is kept of earlier trainings, with files in place of weights."""

import os
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.files import atomic_write, sha256, write_text
from trainer import checkpoints
from trainer.older import WEIGHTS, keep_adapter


def test_older_adapters_are_kept_by_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter, digests = tmp_path / "adapter", []
    for weights in ("a", "b", "b", "a", "c", "d", "e"):
        with atomic_write(adapter) as folder:
            write_text(folder / WEIGHTS, weights)
            keep_adapter(adapter, successor=folder)
        digests.append(sha256(adapter / WEIGHTS))
        for kept in (tmp_path / "older").glob("*"):
            os.utime(kept, (0, kept.stat().st_mtime - 10))  # each round is later than the one before
    a, b, _, _, c, d, _ = digests
    found = {sha256(path / WEIGHTS): path.name for path in (tmp_path / "older").iterdir()}
    assert found == {digest: f"adapter-{digest[:12]}" for digest in (a, c, d)}
    output = capsys.readouterr().out
    assert output.count("is kept in") == 5
    assert output.count("removed") == 1
    assert f"removed {tmp_path}/older/adapter-{b[:12]}: the 3 newest are kept" in output


def save_whole(folder: Path, *steps: int) -> None:
    for step in steps:
        write_text(folder / f"checkpoint-{step}" / checkpoints.MARKER, "")


def test_checkpoints_of_another_config_are_not_gone_on_from(workspace: Path) -> None:
    folder = workspace / "checkpoints"
    checkpoints.begin(folder, {"seed": 1}, resume=False)
    save_whole(folder, 4, 12)
    (folder / "checkpoint-16").mkdir()
    assert checkpoints.begin(folder, {"seed": 1}, resume=True) == folder / "checkpoint-12"
    with pytest.raises(UserError, match="of another config"):
        checkpoints.begin(folder, {"seed": 2}, resume=True)
    assert checkpoints.last_complete(folder) == folder / "checkpoint-12"


def test_checkpoints_are_set_aside_and_gone_on_from_again(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace / "checkpoints"
    for seed in range(4):  # three changes: none deletes what the first one set aside
        assert checkpoints.begin(folder, {"seed": seed}, resume=False) is None
        save_whole(folder, 10 + seed)
    assert len(list((workspace / "older").iterdir())) == 3
    assert checkpoints.begin(folder, {"seed": 0}, resume=True) == folder / "checkpoint-10"
    assert len(list((workspace / "older").iterdir())) == 3
    checkpoints.begin(folder, {"seed": 4}, resume=False)
    output = capsys.readouterr().out
    assert output.count("are now in") == 5
    assert output.count("the 3 newest are kept") == 1
