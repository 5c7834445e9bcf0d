"""Checkpoints that count only when they are whole.

transformers writes a checkpoint file by file, so a killed process leaves a half one. A marker written after the last
file tells them apart, and `inputs.json` beside them tells what they were trained from.
"""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import write_text
from trainer.older import checkpoints_of, set_checkpoints_aside

MARKER = "complete"
APART = 60.0  # seconds


class MarkComplete(TrainerCallback):
    """Writes the marker once transformers has saved everything of a checkpoint; and lets it save none too soon.

    After an epoch a checkpoint is saved where the last one is `APART` seconds old: the GPU waits for it, and what a
    killed run loses of a short job is learnt again in less. The last epoch needs none, because the adapter follows.
    """

    def __init__(self) -> None:
        self.saved = time.monotonic()

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        # The first process decides: all of them save together, and their clocks differ.
        due = [time.monotonic() - self.saved >= APART and state.global_step < state.max_steps]
        control.should_save = bool(broadcast_object_list(due)[0]) and control.should_save

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.saved = time.monotonic()
        if state.is_world_process_zero:
            write_text(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / MARKER, "")


def last_complete(folder: Path) -> Path | None:
    """The newest checkpoint with a marker; None without one."""
    complete = [marker.parent for marker in folder.glob(f"checkpoint-*/{MARKER}")]
    return max(complete, key=lambda path: int(path.name.split("-")[1]), default=None)


def begin(folder: Path, inputs: Json, resume: bool) -> Path | None:
    """Make the folder ready; the checkpoint to continue from, or None to start over (older ones are set aside)."""
    if not PartialState().is_main_process:
        return last_complete(folder) if resume else None
    wanted, known = json.dumps(inputs), folder / "inputs.json"
    if resume and known.is_file():
        if known.read_text(encoding="utf-8") != wanted:
            _bring_back(folder, wanted)
        for half in folder.glob("checkpoint-*"):
            if not (half / MARKER).is_file():
                shutil.rmtree(half)
        return last_complete(folder)
    if _set_aside(folder):
        print("train: starts over; RESUME=1 with the settings of those checkpoints continues from them")
    shutil.rmtree(folder, ignore_errors=True)
    write_text(known, wanted)
    return None


def _bring_back(folder: Path, inputs: str) -> None:
    """Exchange the checkpoints for older ones from `inputs`; `UserError` where there are none."""
    older = checkpoints_of(folder, inputs)
    if older is None:
        raise UserError(
            f"the checkpoints in {folder} are of another config or dataset: run without RESUME=1 to start over"
        )
    waiting = older.rename(folder.with_name(f".{older.name}"))  # so that it is not the oldest, which is removed
    if not _set_aside(folder):
        shutil.rmtree(folder)
    waiting.rename(folder)


def _set_aside(folder: Path) -> bool:
    """Move the whole checkpoints of a folder, where it has any, out of the way."""
    if not (last := last_complete(folder)):
        return False
    inputs = (folder / "inputs.json").read_text(encoding="utf-8")
    aside = set_checkpoints_aside(folder, inputs, int(last.name.split("-")[1]))
    print(f"train: the checkpoints that were in {folder} are now in {aside}")
    return True


def check_space(folder: Path, model: Any, kept: int) -> None:
    """Raise `UserError` before training where the disk cannot hold the checkpoints and the adapter.

    A checkpoint has the adapter in float32 and AdamW's two moments; one more than `kept` exists while it is written.
    Beside the adapter stands a copy of the one that it replaces.
    """
    weights = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    need, free = 4 * weights * (3 * (kept + 1) + 2) + 64e6, shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"training needs {need / 1e9:.1f} GB in {folder} for its checkpoints but {free / 1e9:.1f} GB are free:"
            " free some space and run it again"
        )
