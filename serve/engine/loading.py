"""Which model is loaded, and for how long. One model at a time, one request at a time: others wait their turn."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from serve.engine import weights
from serve.engine.llama import Runner
from serve.engine.options import Options
from serve.engine.store import Model

FOREVER = 9223372036.0  # seconds; Ollama's largest duration


@dataclass
class Loaded:
    """A model in memory. Another num_ctx, num_thread or shift than these needs another load."""

    model: Model
    n_ctx: int
    n_threads: int
    shift: bool
    runner: Runner
    expires: float = 0.0

    @property
    def adds_bos(self) -> bool:
        return bool(weights.read(self.model.weights).values.get("tokenizer.ggml.add_bos_token", False))


class Engine:
    """Loads on demand and unloads `keep_alive` seconds after the last answer."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.loaded: Loaded | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.unloading: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def use(self, model: Model, options: Options, shift: bool, keep_alive: float) -> AsyncIterator[Loaded]:
        """The loaded model, for this caller alone until the block ends."""
        async with self.turn:
            self._stop_timer()
            loaded = await self._load(model, options, shift)
            loaded.expires = time.time() + min(keep_alive, FOREVER)
            try:
                yield loaded
            finally:
                await self._release(loaded, keep_alive)

    async def unload(self, digest: str | None = None) -> None:
        """Free the memory now, or only if the loaded model has that digest; waits for a running answer."""
        async with self.turn:
            if self.loaded and digest in (None, self.loaded.model.digest):
                await self.close()

    async def close(self) -> None:
        """Free the memory without waiting."""
        self._stop_timer()
        loaded, self.loaded = self.loaded, None
        if loaded:
            await loaded.runner.close()

    async def _load(self, model: Model, options: Options, shift: bool) -> Loaded:
        n_ctx = max(4, min(options.num_ctx, weights.read(model.weights).number("context_length") or options.num_ctx))
        threads = options.num_thread or len(os.sched_getaffinity(0))
        loaded = self.loaded
        same = loaded and (loaded.model.digest, loaded.n_ctx, loaded.n_threads, loaded.shift) == (
            model.digest, n_ctx, threads, shift
        )  # fmt: skip
        if loaded and same and loaded.runner.alive:
            return loaded
        await self.close()
        runner = await Runner.start(model.weights, n_ctx, threads, shift)
        self.loaded = Loaded(model, n_ctx, threads, shift, runner)
        return self.loaded

    async def _release(self, loaded: Loaded, keep_alive: float) -> None:
        if keep_alive <= 0 or not loaded.runner.alive:
            await self.close()
            return
        loaded.expires = time.time() + min(keep_alive, FOREVER)
        if keep_alive < FOREVER:
            self.timer = asyncio.get_running_loop().call_later(keep_alive, self._expire)

    def _expire(self) -> None:
        task = asyncio.create_task(self.unload())
        self.unloading.add(task)
        task.add_done_callback(self.unloading.discard)

    def _stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None
