"""Which model is loaded, for whom and for how long.

One model at a time, with as many answers at once as it has slots; the others wait in the order in which they came, and
beyond the longest queue they are refused. A request `alone` waits until it has no neighbours, and gets none.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from serve.engine import weights
from serve.engine.cores import n_cores
from serve.engine.llama import Runner, Setup
from serve.engine.options import Options
from serve.engine.protocol import ApiError
from serve.engine.store import Model

FOREVER = 9223372036.0  # seconds; Ollama's largest duration
BUSY = "server busy, please try again.  maximum pending requests exceeded"


@dataclass
class Loaded:
    """A model in memory. Another `setup` needs another load."""

    model: Model
    setup: Setup
    runner: Runner
    expires: float = 0.0

    @property
    def adds_bos(self) -> bool:
        return bool(weights.read(self.model.weights).values.get("tokenizer.ggml.add_bos_token", False))


class Engine:
    """Loads on demand and unloads `keep_alive` seconds after the last answer."""

    def __init__(self, slots: int = 1, queue: int = 512) -> None:
        self.slots = slots
        self.queue = queue
        self.waiting = 0
        self.answering = 0
        self.turn = asyncio.Lock()  # whose holder is the first of the queue
        self.left = asyncio.Event()
        self.loaded: Loaded | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.unloading: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def use(
        self, model: Model, options: Options, shift: bool, keep_alive: float, alone: bool = False
    ) -> AsyncIterator[Loaded]:
        """The loaded model, one slot of it for this caller until the block ends; ApiError 503 if too many wait."""
        await self._wait_for_turn()
        try:
            loaded = await self._load(model, self._setup(model, options, shift), alone)
            self._stop_timer()
            loaded.expires = time.time() + min(keep_alive, FOREVER)
            self.answering += 1
        except BaseException:
            self.turn.release()
            raise
        if not alone:
            self.turn.release()
        try:
            yield loaded
        finally:
            self.answering -= 1
            self.left.set()
            await self._release(loaded, keep_alive)
            if alone:
                self.turn.release()

    async def unload(self, digest: str | None = None) -> None:
        """Free the memory, or only if the loaded model has that digest; waits for running answers."""
        async with self.turn:
            await self._until(0)
            if self.loaded and digest in (None, self.loaded.model.digest):
                await self.close()

    async def close(self) -> None:
        """Free the memory without waiting."""
        self._stop_timer()
        loaded, self.loaded = self.loaded, None
        if loaded:
            await loaded.runner.close()

    async def _wait_for_turn(self) -> None:
        if self.waiting >= self.queue:
            raise ApiError(503, BUSY)
        self.waiting += 1
        try:
            await self.turn.acquire()
        finally:
            self.waiting -= 1

    async def _until(self, answering: int) -> None:
        """Wait until at most so many answers are under way. The caller holds the turn, so that none begins."""
        while self.answering > answering:
            self.left.clear()
            await self.left.wait()

    def _setup(self, model: Model, options: Options, shift: bool) -> Setup:
        longest = weights.read(model.weights).number("context_length") or options.num_ctx
        n_ctx = max(4, min(options.num_ctx, longest))
        return Setup(n_ctx, options.num_thread or n_cores(), self.slots, shift)

    async def _load(self, model: Model, setup: Setup, alone: bool) -> Loaded:
        if self._has(model, setup):
            await self._until(0 if alone else self.slots - 1)
        if loaded := self._has(model, setup):  # it can have crashed meanwhile
            return loaded
        await self._until(0)
        await self.close()
        self.loaded = Loaded(model, setup, await Runner.start(model.weights, setup))
        return self.loaded

    def _has(self, model: Model, setup: Setup) -> Loaded | None:
        loaded = self.loaded
        same = loaded and (loaded.model.digest, loaded.setup) == (model.digest, setup) and loaded.runner.alive
        return loaded if same else None

    async def _release(self, loaded: Loaded, keep_alive: float) -> None:
        """The last answer under way decides what becomes of the model."""
        if self.answering or loaded is not self.loaded:
            return
        if keep_alive <= 0 or not loaded.runner.alive:
            await self.close()
            return
        loaded.expires = time.time() + min(keep_alive, FOREVER)
        if keep_alive < FOREVER:
            self._stop_timer()
            self.timer = asyncio.get_running_loop().call_later(keep_alive, self._expire)

    def _expire(self) -> None:
        task = asyncio.create_task(self._unload_unless_used(self.timer))
        self.unloading.add(task)
        task.add_done_callback(self.unloading.discard)

    async def _unload_unless_used(self, timer: asyncio.TimerHandle | None) -> None:
        async with self.turn:
            if self.timer is timer and not self.answering:
                await self.close()

    def _stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None
