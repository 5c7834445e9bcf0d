"""The embedded engine: the part of Ollama's API that this project and an ordinary client use, over llama.cpp's server.

Serves the models of a folder (created through /api/blobs and /api/create) until SIGTERM or Ctrl-C; reads and writes
that folder only. Unlike Ollama it neither pulls models nor quantizes, keeps one model in memory and answers text only.

    python -m serve.embedded --models DIR [--host 127.0.0.1] [--port 11434] [--log FILE]

As Ollama, it reads OLLAMA_NUM_PARALLEL (answers at once; of a small model one a core, else 1) and OLLAMA_MAX_QUEUE
(waiting requests, 512).
"""

import argparse
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pipeline.errors import UserError, run
from serve.engine import requestlog
from serve.engine.answers import Service
from serve.engine.connections import BACKLOG, bounded, most_connections
from serve.engine.header import BrokenError
from serve.engine.loading import Engine
from serve.engine.origins import Guard
from serve.engine.protocol import ApiError, reply
from serve.engine.requestlog import RequestLog
from serve.engine.routes import ROUTES, VERSION, Handler
from serve.engine.store import Store
from serve.ports import owner


def application(models: Path, ready: Callable[[], None] = lambda: None, loopback: bool = True) -> ASGIApp:
    """The server as an ASGI application over a model folder; `loopback`: it listens to this machine alone."""
    engine = Engine(_number("OLLAMA_NUM_PARALLEL"), _number("OLLAMA_MAX_QUEUE") or 512)
    service = Service(Store(models), engine)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ready()
        yield
        await service.engine.close()

    def route(method: str, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            return await handler(service, request)

        return Route(path, endpoint, methods=[method])

    handlers: Any = {ApiError: _refused, HTTPException: _unknown}
    handlers |= dict.fromkeys((UserError, BrokenError, OSError, Exception), _failed)
    app = Starlette(routes=[route(*entry) for entry in ROUTES], exception_handlers=handlers, lifespan=lifespan)
    return RequestLog(Guard(app, loopback))


def _number(name: str) -> int | None:
    """A setting from the environment, at least 1, None where it is not set; not a number is a UserError."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise UserError(f"{name} is {value!r}: set it to a whole number of at least 1, or unset it")
    return int(value)


async def _refused(request: Request, error: ApiError) -> Response:
    is_create = request.url.path == "/api/create"
    kind = {"content_type": "application/json"} if is_create else {}
    return reply({"error": error.message}, error.status, **kind)


async def _failed(request: Request, error: Exception) -> Response:
    missing = isinstance(error, FileNotFoundError) and f"open {error.filename}: no such file or directory"
    return reply({"error": missing or str(error) or type(error).__name__}, 500)


async def _unknown(request: Request, error: HTTPException) -> Response:
    text = {404: "404 page not found", 405: "405 method not allowed"}.get(error.status_code, error.detail)
    return Response(text, error.status_code, headers={"content-type": "text/plain"})


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a port that is taken is a UserError that says by what."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only for a socket that says it is TCP asyncio sets TCP_NODELAY; else a body waits 40 ms for the ACK of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        if isinstance(error, OverflowError):
            raise UserError(f"port {port} does not exist: give one between 0 and 65535") from None
        if error.errno != errno.EADDRINUSE:
            raise UserError(f"cannot listen on {host} port {port}: {error.strerror}") from None
        raise UserError(f"port {port} is taken by {owner(port)}: stop it or give another port with --port") from None
    return listener


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=os.environ.get("OLLAMA_MODELS"), help="default: OLLAMA_MODELS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11434, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="a file for the requests, rotated; default: stderr")
    arguments = parser.parse_args()
    if arguments.models is None:
        raise UserError("no model folder: give one with --models DIR or OLLAMA_MODELS")
    requestlog.begin(arguments.log)
    listener = listen(arguments.host, arguments.port)
    name, port, *_ = listener.getsockname()
    url = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    loopback = ip_address(name).is_loopback

    def ready() -> None:
        print(f"embedded engine {VERSION} listens on {url}, models in {arguments.models}", flush=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn ends the server, then raises the signal again
    config = uvicorn.Config(
        application(Path(arguments.models), ready, loopback),
        http=bounded(most_connections()),
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    run(main)
