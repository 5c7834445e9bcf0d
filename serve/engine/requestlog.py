"""The engine's log: a line for each request, but for a GET that was answered. It holds no page, prompt or answer.

    2026-11-30 01:20:00,123 INFO serve.engine.requestlog: POST '/api/chat' 'products:q4_k_m' 200 0.812 s

A file is rotated, so that a server that runs for years fills no disk.
"""

import logging
import time
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.log import FORMAT, MAX_BYTES

LOGGER = logging.getLogger(__name__)
LONGEST = 200  # characters of a path or a model's name, which the client chooses


def begin(path: Path | None) -> None:
    """Log requests and all modules' warnings: to a file of at most MAX_BYTES, and the one before it; else to stderr."""
    handler: logging.Handler = logging.StreamHandler()
    if path:
        with suppress(OSError):  # a log that cannot be written stops no server
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8")
    logging.basicConfig(format=FORMAT, handlers=[handler], level=logging.WARNING)
    LOGGER.setLevel(logging.INFO)


class RequestLog:
    """The application, whose requests are logged when they end. `read_json` notes the model that a body names."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 0, time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            if scope["method"] not in ("GET", "HEAD") or status >= 400:
                model = scope.get("state", {}).get("model", "-")
                seconds = time.monotonic() - began
                LOGGER.info("%s %s %s %d %.3f s", scope["method"], _safe(scope["path"]), _safe(model), status, seconds)


def _safe(text: object) -> str:
    """What a client named, on one line and not too long."""
    return ascii(str(text)[:LONGEST])
