"""Load on a server that speaks Ollama's API: many clients at once, some of them slow, broken or idle.

Every whole answer is held against the answer that its page had when it was asked alone.
"""

import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import numpy as np

from extraction.json import Json

BUSY = "server busy, please try again.  maximum pending requests exceeded"
BACK_OFF = 0.2  # seconds, after a 503


@dataclass
class Outcome:
    """What clients met: the seconds of each accepted answer, texts that were not the page's own, other errors."""

    alone: float = 0.0  # mean seconds of a page that is asked alone
    seconds: list[float] = field(default_factory=list)
    busy: int = 0
    wrong: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def bound(self, queue: int) -> float:
        """Seconds that p95 may have with so many in the queue: three times what they take one after the other."""
        return 3 * self.alone * queue

    def p95(self) -> float:
        """Seconds within which 95 % of the accepted answers came."""
        return float(np.percentile(self.seconds, 95)) if self.seconds else float("nan")


def text(body: Json) -> str:
    """What the model said."""
    return str(body.get("message", {}).get("content", ""))


def ask(http: httpx.Client, request: Json) -> tuple[Json, float]:
    """The answer to one request and its seconds; raises httpx.HTTPStatusError for a refusal."""
    begin = time.monotonic()
    response = http.post("/api/chat", json=request)
    response.raise_for_status()
    body: Json = response.json()
    return body, time.monotonic() - begin


def load(host: str, requests: list[Json], n_clients: int, seconds: float) -> Outcome:
    """`n_clients` ask for so many seconds, each its own pages in turn, beside clients that misbehave."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with httpx.Client(base_url=host, timeout=600) as http:
        ask(http, requests[0])  # loads the model
        alone = [ask(http, request) for request in requests]
    outcome = Outcome(alone=float(np.mean([seconds for _, seconds in alone])))
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        with httpx.Client(base_url=host, timeout=600) as http:
            turn = number
            while time.monotonic() < end:
                _once(http, requests[turn % len(requests)], text(alone[turn % len(requests)][0]), outcome)
                turn += n_clients

    with misbehaving(host, requests[0], end), ThreadPoolExecutor(n_clients) as pool:
        list(pool.map(client, range(n_clients)))
    return outcome


def _once(http: httpx.Client, request: Json, expected: str, outcome: Outcome) -> None:
    try:
        body, seconds = ask(http, request)
    except httpx.HTTPStatusError as error:
        if error.response.status_code == 503 and error.response.json() == {"error": BUSY}:
            outcome.busy += 1
            time.sleep(BACK_OFF)
        else:
            outcome.other.append(f"HTTP {error.response.status_code}: {error.response.text[:200]}")
    except httpx.HTTPError as error:
        outcome.other.append(repr(error))
    else:
        outcome.seconds.append(seconds)
        if text(body) != expected:
            outcome.wrong.append(text(body))


@contextmanager
def misbehaving(host: str, request: Json, end: float, n_idle: int = 1000) -> Iterator[None]:
    """Idle connections, half-sent requests, slow senders and dropped streams, until `end`."""
    url = urlsplit(host)
    address = (url.hostname or "127.0.0.1", url.port or 80)
    body = json.dumps(request | {"stream": True}).encode()
    head = f"POST /api/chat HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    idle = [socket.create_connection(address) for _ in range(n_idle)]
    for half in idle[::3]:
        half.sendall(head[:40])
    for half in idle[1::3]:
        half.sendall(head + body[:10])
    jobs = [
        threading.Thread(target=job, args=(address, head + body, end), daemon=True) for job in (_drop, _slow, _slow)
    ]
    for job in jobs:
        job.start()
    try:
        yield
    finally:
        for connection in idle:
            connection.close()
        for job in jobs:
            job.join(10)


def _drop(address: tuple[str, int], request: bytes, end: float) -> None:
    """Begin streams and leave them."""
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(address, timeout=5) as one:
            one.sendall(request)
            one.recv(200)


def _slow(address: tuple[str, int], request: bytes, end: float) -> None:
    """Send a request, twenty bytes a second."""
    with suppress(OSError), socket.create_connection(address, timeout=5) as one:
        for byte in request:
            if time.monotonic() > end:
                return
            one.send(bytes([byte]))
            time.sleep(0.05)
