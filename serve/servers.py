"""Several servers that have one model: whom to ask next. `make extract HOSTS="gpu-1 gpu-2"`."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from serve.client import Extractor, UnavailableError

AWAY = 5.0  # seconds for which a server that failed is asked only where the others have failed too


@dataclass
class _Server:
    extractor: Extractor
    n_asked: int = 0  # pages now
    away_until: float = 0.0  # on the monotonic clock


class Servers:
    """The extractors of one model at several servers; threads share it."""

    def __init__(self, extractors: Sequence[Extractor]) -> None:
        self._servers = [_Server(extractor) for extractor in extractors]
        self._lock = Lock()

    @property
    def digest(self) -> str:
        """The model's."""
        return self._servers[0].extractor.expected

    @contextmanager
    def least_busy(self) -> Iterator[Extractor]:
        """The server with the fewest pages of those that answer, for one page."""
        with self._lock:
            now = time.monotonic()
            server = min(self._servers, key=lambda one: (max(one.away_until, now), one.n_asked))
            server.n_asked += 1
        try:
            yield server.extractor
        except UnavailableError:
            server.away_until = time.monotonic() + AWAY
            raise
        finally:
            with self._lock:
                server.n_asked -= 1
