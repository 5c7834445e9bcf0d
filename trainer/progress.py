"""What a person sees of a training run: a progress bar with loss and time left, and the loss curve as a picture."""

import signal
from pathlib import Path
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ProgressCallback

from extraction.json import Json
from pipeline.files import atomic_write


class LossBar(ProgressCallback):
    """transformers' progress bar with the losses behind it instead of a line of numbers every few steps."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: dict[str, str] = {}

    def on_prediction_step(self, *_: Any, **__: Any) -> None:
        """No second bar for the short pass over the validation split."""

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Json | None = None, **_: Any
    ) -> None:
        for key, name in (("loss", "loss"), ("eval_loss", "validation")):
            if key in (logs or {}):
                self.losses[name] = f"{float((logs or {})[key]):.4f}"
        if self.training_bar is not None:
            self.training_bar.set_postfix(self.losses)


class StopOnInterrupt(TrainerCallback):
    """The first Ctrl-C ends training after the step, with a whole checkpoint; the second one at once."""

    def __init__(self) -> None:
        self.stopped = False
        self.before = signal.signal(signal.SIGINT, self._interrupted)

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopped = True
        signal.signal(signal.SIGINT, self.before)
        print("\ntrain: stops after this step and saves a checkpoint (Ctrl-C again stops at once)", flush=True)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.stopped:
            control.should_save = control.should_training_stop = True


def draw_loss(path: Path, history: list[Json]) -> None:
    """The losses of a trainer's `log_history` over the epochs, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for key, label, style in (("loss", "training", "-"), ("eval_loss", "validation", "o-")):
        points = [(entry["epoch"], entry[key]) for entry in history if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label)
    axes.set(xlabel="epoch", ylabel="loss on the answer's tokens", yscale="log", title="Fine-tuning loss")
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(frameon=False)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
