"""Where a training run's time goes: its phases since the process started, and its steady speed."""

import time
from typing import Any

import psutil
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

COMPILING = 3  # first steps of a run, in which kernels are compiled


class Clock:
    """Seconds of each phase; the first begins with the process, or at another time (`since`, of time.time())."""

    def __init__(self, since: float | None = None) -> None:
        self.last = psutil.Process().create_time() if since is None else since
        self.phases: dict[str, float] = {}

    def end_phase(self, phase: str) -> None:
        """The phase has ended now."""
        now = time.time()
        self.phases[phase] = round(now - self.last, 1)
        self.last = now

    def __str__(self) -> str:
        spent = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in self.phases.items())
        return f"{sum(self.phases.values()):.1f} s in all: {spent}"


class Pace(TrainerCallback):
    """Seconds of the first step (compilation), and of the later ones without evaluation and checkpoints."""

    def __init__(self) -> None:
        self.seen = self.steps = 0
        self.first = self.seconds = 0.0
        self.last = 0.0

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self.last = time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        now = time.monotonic()
        self.seen += 1
        if self.seen == 1:
            self.first = now - self.last
        if self.seen > COMPILING:
            self.seconds += now - self.last
            self.steps += 1
        self.last = now

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """What the GPU has not finished when the last step returns belongs to the steps."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if self.steps:
            self.seconds += time.monotonic() - self.last

    def tokens_per_second(self, tokens_per_step: float) -> float | None:
        """Steady speed; None where a run had no steps after the first few."""
        return round(tokens_per_step * self.steps / self.seconds, 1) if self.seconds else None
