"""What an earlier training made is kept in artifacts/<run>/older/: a mistyped setting must not cost hours."""

import hashlib
import shutil
from pathlib import Path

from pipeline.files import atomic_write, sha256

WEIGHTS = "adapter_model.safetensors"
KEPT = 3  # of adapters, and of trainings' checkpoints


def keep_adapter(adapter: Path, successor: Path) -> None:
    """Copy the adapter that `successor`, complete but not yet in place, will replace, unless both have one digest."""
    if not (adapter / WEIGHTS).is_file():
        return
    digest = sha256(adapter / WEIGHTS)
    if digest == sha256(successor / WEIGHTS):
        return
    kept = adapter.with_name("older") / f"adapter-{digest[:12]}"
    if not kept.is_dir():
        with atomic_write(kept) as temporary:
            shutil.copytree(adapter, temporary)
    kept.touch()
    print(f"train: the adapter that was in {adapter} is kept in {kept} (RUN=another-name leaves it where it is)")
    _prune(kept, "adapter-")


def set_checkpoints_aside(folder: Path, inputs: str, step: int) -> Path:
    """Move whole checkpoints up to `step`, of a training from `inputs` (JSON); where they are now."""
    aside = folder.with_name("older") / f"{_prefix(inputs)}{step}"
    aside.parent.mkdir(exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    aside.touch()
    _prune(aside, "checkpoints-")
    return aside


def checkpoints_of(folder: Path, inputs: str) -> Path | None:
    """The checkpoints of a training from `inputs` that were set aside last; None where there are none."""
    found = folder.with_name("older").glob(f"{_prefix(inputs)}*")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _prefix(inputs: str) -> str:
    return f"checkpoints-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}-"


def _prune(kept: Path, prefix: str) -> None:
    """Remove all but the newest of a kind, and say so."""
    found = sorted(kept.parent.glob(f"{prefix}*"), key=lambda path: (path == kept, path.stat().st_mtime))
    for path in found[:-KEPT]:
        shutil.rmtree(path)
        print(f"train: removed {path}: the {KEPT} newest are kept")
