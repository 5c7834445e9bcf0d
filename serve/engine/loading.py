"""Which model is loaded, for whom and for how long.

One model at a time, with as many answers at once as it has slots; the others wait in the order in which they came, and
beyond the longest queue they are refused. A request `alone` waits until it has no neighbours, and gets none.

A small model has a child for each core, so that a page needs nothing of what the next one computes. A large one has one
child, because its weights are read from memory for all slots at once.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from serve.engine import weights
from serve.engine.cores import n_cores
from serve.engine.llama import Runner, Setup
from serve.engine.options import Options
from serve.engine.protocol import ApiError
from serve.engine.store import Model

FOREVER = 9223372036.0  # seconds; Ollama's largest duration
SMALL = 2**26  # bytes of a model that the caches of a processor hold: threads that share a token gain nothing from it
BUSY = "server busy, please try again.  maximum pending requests exceeded"


@dataclass
class Loaded:
    """A model in memory: its children, and the one that answers. Another `setup` needs another load."""

    model: Model
    setup: Setup
    runners: list[Runner]
    runner: Runner
    expires: float = 0.0

    @property
    def alive(self) -> bool:
        return all(runner.alive for runner in self.runners)

    @property
    def slots(self) -> int:
        """Answers at once."""
        return self.setup.n_parallel * len(self.runners)

    def resident_bytes(self) -> int:
        """Memory that the children hold now; 0 where the system does not tell."""
        return sum(runner.resident_bytes() for runner in self.runners)

    async def close(self) -> None:
        """End the children."""
        await asyncio.gather(*(runner.close() for runner in self.runners))

    @property
    def adds_bos(self) -> bool:
        return bool(weights.read(self.model.weights).values.get("tokenizer.ggml.add_bos_token", False))


class Engine:
    """Loads on demand and unloads `keep_alive` seconds after the last answer.

    `slots`: answers at once; by default one a core for a small model, else one.
    """

    def __init__(self, slots: int | None = None, queue: int = 512) -> None:
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
            runner = min(loaded.runners, key=lambda one: one.answering)
            runner.answering += 1
            self.answering += 1
        except BaseException:
            self.turn.release()
            raise
        if not alone:
            self.turn.release()
        try:
            yield replace(loaded, runner=runner)
        finally:
            runner.answering -= 1
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
            await loaded.close()

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
        threads = options.num_thread or (1 if model.size < SMALL else n_cores())
        n_parallel = math.ceil((self.slots or 1) / self._n_runners(model))
        return Setup(n_ctx, threads, options.num_thread or n_cores(), n_parallel, shift)

    def _n_runners(self, model: Model) -> int:
        return min(self.slots or n_cores(), n_cores()) if model.size < SMALL else 1

    async def _load(self, model: Model, setup: Setup, alone: bool) -> Loaded:
        if loaded := self._has(model, setup):
            await self._until(0 if alone else loaded.slots - 1)
        if loaded := self._has(model, setup):  # it can have crashed meanwhile
            return loaded
        await self._until(0)
        await self.close()
        runners = await _start(model, setup, self._n_runners(model))
        self.loaded = Loaded(model, setup, runners, runners[0])
        return self.loaded

    def _has(self, model: Model, setup: Setup) -> Loaded | None:
        loaded = self.loaded
        same = loaded and (loaded.model.digest, loaded.setup) == (model.digest, setup) and loaded.alive
        return loaded if same else None

    async def _release(self, loaded: Loaded, keep_alive: float) -> None:
        """The last answer under way decides what becomes of the model."""
        if self.answering or loaded is not self.loaded:
            return
        if keep_alive <= 0 or not loaded.alive:
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


async def _start(model: Model, setup: Setup, n: int) -> list[Runner]:
    """So many children with the model; none is left where one cannot be started."""
    runners: list[Runner] = []

    async def start() -> None:
        runners.append(await Runner.start(model.weights, setup))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(n):
                group.create_task(start())
    except BaseException as error:
        await asyncio.gather(*(runner.close() for runner in runners))
        raise (error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error) from None
    return runners
