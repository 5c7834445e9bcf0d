"""Checkpoints that count only when they are whole.

transformers writes a checkpoint file by file, so a killed process leaves a half one. A marker written after the last
file tells them apart, and `inputs.json` beside them tells what they were trained from.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from extraction.json import Json
from pipeline.errors import UserError
from pipeline.files import write_text

MARKER = "complete"


class MarkComplete(TrainerCallback):
    """Writes the marker once transformers has saved everything of a checkpoint."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            write_text(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / MARKER, "")


def last_whole(folder: Path) -> Path | None:
    """The newest checkpoint with a marker; None without one."""
    whole = [marker.parent for marker in folder.glob(f"checkpoint-*/{MARKER}")]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)


def begin(folder: Path, inputs: Json, resume: bool) -> Path | None:
    """Make the folder ready; the checkpoint to go on from, or None to begin anew (older checkpoints move aside)."""
    if not PartialState().is_main_process:
        return last_whole(folder) if resume else None
    known = folder / "inputs.json"
    if resume and known.is_file():
        if json.loads(known.read_text(encoding="utf-8")) != json.loads(json.dumps(inputs)):
            raise UserError(
                f"the checkpoints in {folder} are of another config or dataset: run without RESUME=1 to begin anew"
            )
        for half in folder.glob("checkpoint-*"):
            if not (half / MARKER).is_file():
                shutil.rmtree(half)
        return last_whole(folder)
    if last_whole(folder):
        aside = folder.with_name("checkpoints.old")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        print(f"train: begins anew (RESUME=1 would have gone on); the older checkpoints are now in {aside}")
    shutil.rmtree(folder, ignore_errors=True)
    write_text(known, json.dumps(inputs))
    return None


def check_space(folder: Path, model: Any, kept: int) -> None:
    """Raise `UserError` before training where the disk cannot hold the checkpoints and the adapter.

    A checkpoint has the adapter in float32 and AdamW's two moments; one more than `kept` exists while it is written.
    """
    weights = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    need, free = 4 * weights * (3 * (kept + 1) + 1) + 64e6, shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"training needs {need / 1e9:.1f} GB in {folder} for its checkpoints but {free / 1e9:.1f} GB are free:"
            " free some space and run it again"
        )
