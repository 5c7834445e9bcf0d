"""How Ollama's API speaks: JSON bodies in, JSON replies and newline-delimited streams out, errors as {"error": …}."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from extraction.json import Json

T = TypeVar("T")
JSON = "application/json; charset=utf-8"


class ApiError(Exception):
    """A refused request: HTTP status and the text under "error"."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def dump(body: Any) -> str:
    """Compact JSON, not ASCII-escaped, but for what clients in Python take for the end of a line of a stream."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def reply(body: Any, status: int = 200, content_type: str = JSON) -> Response:
    """A whole JSON answer."""
    return Response(dump(body), status, headers={"content-type": content_type})


class Stream(StreamingResponse):
    """Lines of `source`, made as fast as it makes them: a client that reads slowly must not hold a slot of the model.

    A client that leaves stops the generation.
    """

    def __init__(self, source: AsyncGenerator[str, None], content_type: str = "application/x-ndjson") -> None:
        super().__init__(self._read(), headers={"content-type": content_type})
        self.source = source
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()  # as long as an answer at most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        making = asyncio.create_task(self._make())
        try:
            await super().__call__(scope, receive, send)
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)

    async def _make(self) -> None:
        try:
            async for line in self.source:
                self.lines.put_nowait(line)
        finally:
            self.lines.put_nowait(None)
            await self.source.aclose()

    async def _read(self) -> AsyncGenerator[str, None]:
        while (line := await self.lines.get()) is not None:
            yield line


async def ndjson(chunks: AsyncGenerator[Json, None]) -> AsyncGenerator[str, None]:
    """One line a chunk; an error after the first line is itself a line, as the status has been sent."""
    try:
        async for chunk in chunks:
            yield dump(chunk) + "\n"
    except ApiError as error:
        yield dump({"error": error.message}) + "\n"
    finally:
        await chunks.aclose()


async def with_first(chunks: AsyncGenerator[Json, None]) -> AsyncGenerator[Json, None]:
    """The same chunks, the first already made: an error before it can still set the HTTP status."""
    first = await anext(chunks)

    async def rest() -> AsyncGenerator[Json, None]:
        try:
            yield first
            async for chunk in chunks:
                yield chunk
        finally:
            await chunks.aclose()

    return rest()


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client hangs up meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=0.5)
            if not task.done() and await request.is_disconnected():
                raise ApiError(499, "request canceled")
        return task.result()
    finally:
        task.cancel()


def timestamp(nanoseconds: int | None = None) -> str:
    """RFC 3339 in UTC with as many digits as needed; now by default."""
    nanoseconds = time.time_ns() if nanoseconds is None else nanoseconds
    seconds, fraction = divmod(nanoseconds, 10**9)
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + digits + "Z"
