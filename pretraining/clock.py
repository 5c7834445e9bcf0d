"""How far a pre-training run is: its budget of time, and the lines of its log."""

import json
import time
from collections.abc import Iterator
from typing import Any

from extraction.json import Json
from pipeline.errors import UserError
from pretraining.stream import Batch
from pretraining.team import Team

EVERY = 100  # steps between two lines of the log


class Clock:
    """The time budget, and what of it has passed: seconds, steps, tokens, the time spent waiting for data, and how many
    of this call's batches were given before.

    `passed` (of an earlier call) and `pause` (when this call ends) are seconds of the whole run. The first process's
    time is every process's, so that their learning rates are the same; the tokens are those of all.
    """

    def __init__(
        self, team: Team, seconds: float, pause: float, passed: float = 0, steps: int = 0, tokens: int = 0
    ) -> None:
        self.team, self.seconds, self.before = team, seconds, passed
        self.pause = min(pause, seconds)
        self.steps, self.tokens, self.tokens_before = steps, tokens, tokens
        self.start_again()

    def start_again(self) -> None:
        """Forget what this call has done so far."""
        self.start, self.waited, self.tokens = time.monotonic(), 0.0, self.tokens_before
        self.batches = self.repeated = 0
        self.passed = self.before

    @property
    def done(self) -> float:
        """Share of the budget that has passed."""
        return self.passed / self.seconds

    @property
    def over(self) -> bool:
        """Whether this call's part of the budget has passed."""
        return self.passed >= self.pause

    def wait(self, stream: Iterator[Batch]) -> Batch:
        """The next batch, the time told anew."""
        before = time.monotonic()
        batch = next(stream)
        now = time.monotonic()
        self.waited += now - before
        passed, tokens = self.team.sums((now - self.start) * self.team.first, int((batch.document > 0).sum()))
        self.passed = self.before + passed
        self.tokens += int(tokens)
        self.batches += 1
        self.repeated += batch.again
        return batch


def print_once(team: Team, text: str) -> None:
    """Print, once for all processes."""
    if team.first:
        print(text, flush=True)


def line(recent: list[Any], clock: Clock) -> Json:
    """A row of the log, printed as well; the loss is the answers' mean over the `recent` steps."""
    loss = sum(value.item() for value in recent) / len(recent)
    if loss != loss:
        raise UserError(f"the loss is not a number at step {clock.steps}: lower MUON_LR and ADAM_LR")
    row = {"step": clock.steps, "tokens": clock.tokens, "seconds": round(clock.passed, 1)}
    here = clock.passed - clock.before
    row |= {
        "answer_loss": round(loss, 5),
        "tokens_per_second": round((clock.tokens - clock.tokens_before) / here),
        "waiting_for_data": round(clock.waited / here, 3),
        "repeated": round(clock.repeated / clock.batches, 3),
    }
    print_once(clock.team, f"{json.dumps(row)} {max(0, clock.seconds - clock.passed):.0f} s left")
    return row
