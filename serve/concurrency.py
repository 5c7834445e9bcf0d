"""How many pages to ask a server for at once, found while asking.

The number doubles while the tokens a second grow by a tenth or more with it, and goes back to what it was where they do
not; after a while it is tried again, because servers and pages change. A server that says it is busy halves it. Several
servers have one number together, at least a page each.
"""

import time
from collections.abc import Callable

MOST = 64  # pages at once, a server
GROWTH = 1.1  # of the tokens a second, for which the double number is worth keeping
ROWS = 8  # answers that a rate is measured over, at least, and three rounds of all pages at once
HOLD = 10  # measurements until the double number is tried again


class Concurrency:
    """The number of pages at once: `limit`. One thread tells it of the answers; `clock` gives seconds."""

    def __init__(self, n_servers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = n_servers
        self.most = MOST * n_servers
        self._least = n_servers
        self._clock = clock
        self._kept = n_servers  # the best number so far
        self._rate = 0.0  # tokens a second with it
        self._hold = 0
        self._begin()

    def answered(self, tokens: int) -> None:
        """A page was answered; `tokens` are those of its prompt and its answer."""
        self._rows += 1
        self._tokens += tokens
        if self._rows < max(ROWS, 3 * self.limit):
            return
        rate = self._tokens / max(self._clock() - self._started, 1e-9)
        if self.limit > self._kept and rate < GROWTH * self._rate:
            self.limit, self._hold = self._kept, HOLD
        else:
            self._kept, self._rate = self.limit, rate
            self._hold -= 1
            if self._hold <= 0:
                self.limit = min(2 * self._kept, self.most)
        self._begin()

    def refused(self) -> None:
        """The server said that it is busy."""
        self.limit = self._kept = max(self._least, self.limit // 2)
        self._rate, self._hold = 0.0, HOLD
        self._begin()

    def _begin(self) -> None:
        self._started, self._rows, self._tokens = self._clock(), 0, 0
