"""A disk that is really full while a checkpoint, the merged model or a GGUF is written: one in memory, and small."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from pipeline.errors import UserError, is_disk_full
from trainer import checkpoints, conversion, export
from trainer.train import train

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(workspace: Path) -> Iterator[Path]:
    folder = workspace / "artifacts"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, leave: int) -> Path:
    """A file that leaves so many bytes free."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(folder).free - leave))
    return filler


def fails_for_want_of_space(stage: Any, folder: Path, leave: int) -> bool:
    """Whether the stage fails with `leave` bytes free; it may only for want of space."""
    filler = fill(folder, leave)
    try:
        stage()
    except Exception as error:
        if not (is_disk_full(error) or (isinstance(error, UserError) and "no disk space left" in str(error))):
            raise
        return True
    else:
        return False
    finally:
        filler.unlink()


def test_nothing_half_bears_its_final_name(prepare: Any, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = prepare("full")
    monkeypatch.setattr(checkpoints, "APART", 0)
    monkeypatch.setattr(checkpoints, "check_space", lambda *_: None)  # what would refuse to begin
    for module in (export, conversion):
        monkeypatch.setattr(module, "check_space", lambda *_: None)
    adapter, merged, gguf = (config.folder / name for name in ("adapter", "merged", "gguf"))

    assert fails_for_want_of_space(lambda: train(config), small_disk, 50_000)
    assert not adapter.exists()
    assert checkpoints.last_complete(config.folder / "checkpoints") is None
    train(config, resume=True)
    weights = load_file(adapter / "adapter_model.safetensors")
    assert weights

    monkeypatch.setattr("sys.argv", ["export", "--config", str(config.folder / "config.yaml")])
    size = sum(path.stat().st_size for path in Path(config.model.model_name_or_path).glob("*.safetensors"))
    failed = [
        fails_for_want_of_space(export.main, small_disk, leave)
        and (merged.exists(), (gguf / "f16.gguf").exists(), (gguf / "q4_k_m.gguf").exists())
        for leave in (size // 4, size)
    ]
    assert failed[0] == (False, False, False)
    assert failed[1] is not False
    assert not failed[1][-1]
    export.main()
    assert (gguf / "q4_k_m.gguf").exists()
    assert not list(config.folder.rglob("*.tmp"))
