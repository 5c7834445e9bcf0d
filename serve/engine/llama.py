"""One loaded model: llama.cpp's own HTTP server in a child process, so that unloading frees all its memory.

    python -m serve.engine.llama '{"model": "f16.gguf", "n_ctx": 512, "n_threads": 1, "n_threads_batch": 2,
                                   "n_parallel": 1, "ctx_shift": true}'

The child prints its address on 127.0.0.1 and ends when its standard input does, that is, with its parent.
If it crashes, only the requests under way fail.
"""

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from extraction.json import Json
from serve.engine.protocol import ApiError

STOPPED = "the model runner has unexpectedly stopped"
# A token is some two hundred operations of microseconds with a barrier after each. The wheel's OpenMP is libgomp: under
# OMP_WAIT_POLICY=PASSIVE its threads sleep at every barrier, which makes a small model four times slower; under ACTIVE
# they spin for ever. So many turns outlast the waits within a token, and an idle engine sleeps.
SPIN = {"GOMP_SPINCOUNT": "1000"}
SPARE_CONNECTIONS = 4  # to count tokens and render templates beside the answers


@dataclass(frozen=True)
class Setup:
    """What a child is started with; a request with another one needs another child. `n_ctx`: tokens a slot.

    `n_threads` write an answer, `n_threads_batch` read a prompt.
    """

    n_ctx: int
    n_threads: int
    n_threads_batch: int
    n_parallel: int
    ctx_shift: bool


class Runner:
    """A running child. Its methods raise ApiError 500 once the child has died."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.answering = 0  # requests now
        # llama.cpp's server drops idle connections whenever it likes; a new one on loopback costs next to nothing
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.AsyncClient(base_url=address, timeout=None, trust_env=False, limits=limits)
        self.errors: deque[str] = deque(maxlen=10)
        self.reading = asyncio.create_task(self._keep_errors())

    @classmethod
    async def start(cls, weights: Path, setup: Setup) -> "Runner":
        """Load a GGUF file; ApiError 500 with llama.cpp's reason when that fails."""
        settings = {"model": str(weights)} | asdict(setup)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "serve.engine.llama", json.dumps(settings)),
            stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(), cwd=Path(__file__).parents[2],
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout
        try:
            address = (await process.stdout.readline()).decode().strip()
        except asyncio.CancelledError:
            process.kill()
            raise
        runner = cls(process, address or "http://127.0.0.1")
        if not address:
            raise ApiError(500, f"unable to load the model: {await runner._last_words()}")
        return runner

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def resident_bytes(self) -> int:
        """Memory that the child holds now; 0 where the system does not tell."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def close(self) -> None:
        """End the child and wait for it."""
        if self.alive:
            self.process.kill()
        await self.process.wait()
        await self.reading
        await self.http.aclose()

    async def post(self, path: str, body: Json) -> Json:
        """A JSON answer of llama.cpp's server; a refusal is an ApiError with its body as text, as in Ollama."""
        try:
            response = await self.http.post(path, json=body)
        except httpx.TransportError:
            raise await self._stopped() from None
        if response.status_code >= 400:
            raise ApiError(response.status_code, response.text)
        answer: Json = response.json()
        return answer

    async def tokenize(self, text: str, add_special: bool) -> list[int]:
        """Token ids; special tokens are read as such."""
        tokens: list[int] = (await self.post("/tokenize", {"content": text, "add_special": add_special}))["tokens"]
        return tokens

    async def complete(self, body: Json) -> Json:
        """The whole answer of /completion as one event."""
        return await self.post("/completion", body | {"stream": False})

    async def stream(self, body: Json) -> AsyncGenerator[Json, None]:
        """The events of /completion, one a token; the last has `stop`."""
        try:
            async with self.http.stream("POST", "/completion", json=body | {"stream": True}) as response:
                if response.status_code >= 400:
                    raise ApiError(response.status_code, (await response.aread()).decode())
                rest = b""
                async for part in response.aiter_bytes():
                    # Not httpx's lines: they end at U+2028 and others too, which stand in an event as they are.
                    *lines, rest = (rest + part).split(b"\n")
                    for line in lines:
                        if line.startswith(b"data: "):
                            yield json.loads(line.removeprefix(b"data: "))
        except httpx.TransportError:
            raise await self._stopped() from None

    async def _stopped(self) -> ApiError:
        self.process.kill() if self.alive else None
        return ApiError(500, f"{STOPPED}: {await self._last_words()}")

    async def _last_words(self) -> str:
        await self.process.wait()
        await self.reading
        return " | ".join(self.errors) or f"exit status {self.process.returncode}"

    async def _keep_errors(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            if text := line.decode(errors="replace").strip():
                self.errors.append(text)


def _environment() -> dict[str, str]:
    """The child's own, whatever waiting the parent's threads are asked to do."""
    return {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | SPIN


def main() -> None:
    import xllamacpp

    settings = json.loads(sys.argv[1])
    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.n_parallel = settings["n_parallel"]
    params.n_ctx = settings["n_ctx"] * settings["n_parallel"]
    params.kv_unified = False  # every slot has a window of its own
    params.n_threads_http = settings["n_parallel"] + SPARE_CONNECTIONS
    params.ctx_shift = settings["ctx_shift"]
    params.cpuparams.n_threads = settings["n_threads"]
    params.cpuparams_batch.n_threads = settings["n_threads_batch"]
    params.cache_ram_mib = 0
    params.fit_params = False
    params.warmup = False
    params.verbosity = 1  # errors only
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # llama.cpp's threads would wait for a request that still runs


if __name__ == "__main__":
    main()
