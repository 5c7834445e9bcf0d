"""Connections: never more than there are descriptors for, and no idle one in the way of a request."""

import asyncio
import resource
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

RESERVE = 256  # descriptors for models, blobs, the child, and connections that are accepted together
BACKLOG = 100
MOST = 16384


def most_connections() -> int:
    """How many connections may be open; raises this process's limit of descriptors as far as it may be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVE if hard == resource.RLIM_INFINITY else min(hard, MOST + RESERVE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(1, min(soft - RESERVE, MOST))


def bounded(most: int) -> type[H11Protocol]:
    """uvicorn's HTTP with at most so many connections: a new one ends the oldest that waits for its client."""
    opened: OrderedDict[Any, None] = OrderedDict()

    class Bounded(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(opened) >= most:
                victim = next((other for other in opened if other.is_waiting()), self)
                opened.pop(victim, None)
                victim.transport.abort()
            if not transport.is_closing():
                opened[self] = None

        def connection_lost(self, exc: Exception | None) -> None:
            opened.pop(self, None)
            super().connection_lost(exc)

        def is_waiting(self) -> bool:
            """Whether it is the client's turn: no request yet, none whole, or an answer that it does not read."""
            cycle = self.cycle
            return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    return Bounded
