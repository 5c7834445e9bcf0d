"""The embedded engine: the part of Ollama's API that this project and an ordinary client use, over llama.cpp's server.

Serves the models of a folder (created through /api/blobs and /api/create) until SIGTERM or Ctrl-C; reads and writes
that folder only. Unlike Ollama it neither pulls models nor quantizes, keeps one model in memory and answers text only.

    python -m serve.embedded --models DIR [--host 127.0.0.1] [--port 11434]
"""

import argparse
import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from extraction.errors import UserError, run
from serve import describe, importing, openai
from serve.answers import Service, collect
from serve.engine import Engine
from serve.ports import owner
from serve.protocol import ApiError, Stream, ndjson, read_json, reply, unless_gone, with_first
from serve.store import Name, Store, parse
from serve.weights import BrokenError

Json = dict[str, Any]
VERSION = "0.33.0-embedded"
Handler = Callable[[Service, Request], Awaitable[Response]]


async def root(service: Service, request: Request) -> Response:
    return PlainTextResponse("Ollama is running")


async def version(service: Service, request: Request) -> Response:
    return reply({"version": VERSION})


async def tags(service: Service, request: Request) -> Response:
    return reply({"models": [describe.tag(model) for model in service.store.all()]})


async def ps(service: Service, request: Request) -> Response:
    loaded = service.engine.loaded
    return reply({"models": [describe.process(loaded)] if loaded and loaded.runner.alive else []})


async def show(service: Service, request: Request) -> Response:
    body = await read_json(request, "ShowRequest")
    if not (wanted := body.get("model") or body.get("name")):
        raise ApiError(400, "model is required")
    if not (model := service.store.get(wanted)):
        raise ApiError(404, f"model '{parse(wanted) or wanted}' not found")
    return reply(describe.show(model, body.get("verbose", False)))


async def head_blob(service: Service, request: Request) -> Response:
    digest = request.path_params["digest"]
    if not service.store.blob(digest).is_file():
        raise ApiError(404, f'blob "{digest}" not found')
    return Response()


async def post_blob(service: Service, request: Request) -> Response:
    digest = request.path_params["digest"]
    if service.store.blob(digest).is_file():
        return Response()
    await service.store.receive(digest, request.stream())
    return Response(status_code=201)


async def create(service: Service, request: Request) -> Response:
    body = await read_json(request, "CreateRequest")
    steps = await asyncio.to_thread(lambda: list(importing.create(service.store, body)))
    if body.get("stream", True):
        return Stream(ndjson(_each(steps)))
    return reply(steps[-1], content_type="application/json")


async def _each(steps: list[Json]) -> Any:
    for step in steps:
        yield step


async def copy(service: Service, request: Request) -> Response:
    body = await read_json(request, "CopyRequest")
    names = {key: parse(body.get(key, "")) for key in ("source", "destination")}
    for key, name in names.items():
        if name is None:
            raise ApiError(400, f'{key} "{body.get(key, "")}" is invalid')
    model = service.store.get(body["source"])
    if model is None:
        raise ApiError(404, f'model "{body["source"]}" not found')
    destination = names["destination"]
    assert isinstance(destination, Name)
    service.store.copy(model.name, service.store.existing(destination))
    return Response()


async def delete(service: Service, request: Request) -> Response:
    body = await read_json(request, "DeleteRequest")
    wanted = body.get("model") or body.get("name") or ""
    if parse(wanted) is None:
        raise ApiError(400, f'name "{wanted}" is invalid')
    model = service.store.get(wanted)
    if model is None:
        raise ApiError(404, f"model '{wanted}' not found")
    service.store.delete(model.name)
    return Response()


async def chat(service: Service, request: Request) -> Response:
    body = await read_json(request, "ChatRequest")
    return await _answer(request, body, service.chat(body))


async def generate(service: Service, request: Request) -> Response:
    body = await read_json(request, "GenerateRequest")
    return await _answer(request, body, service.generate(body))


async def _answer(request: Request, body: Json, chunks: Any) -> Response:
    once = not body.get("stream", True) or body.get("_debug_render_only")
    if once:
        return reply(await unless_gone(request, collect(chunks)))
    return Stream(ndjson(await unless_gone(request, with_first(chunks))))


async def v1_models(service: Service, request: Request) -> Response:
    return openai.models(service.store.all())


async def v1_chat(service: Service, request: Request) -> Response:
    try:
        body = await read_json(request, "ChatCompletionRequest")
        return await unless_gone(request, openai.chat(service, body))
    except ApiError as error:
        return openai.refusal(error)


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/", root),
    ("GET", "/api/version", version),
    ("GET", "/api/tags", tags),
    ("GET", "/api/ps", ps),
    ("POST", "/api/show", show),
    ("HEAD", "/api/blobs/{digest}", head_blob),
    ("POST", "/api/blobs/{digest}", post_blob),
    ("POST", "/api/create", create),
    ("POST", "/api/copy", copy),
    ("DELETE", "/api/delete", delete),
    ("POST", "/api/chat", chat),
    ("POST", "/api/generate", generate),
    ("GET", "/v1/models", v1_models),
    ("POST", "/v1/chat/completions", v1_chat),
]


def application(models: Path, ready: Callable[[], None] = lambda: None) -> Starlette:
    """The server as an ASGI application over a model folder."""
    service = Service(Store(models), Engine())

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
    handlers |= dict.fromkeys((UserError, BrokenError, OSError), _failed)
    return Starlette(routes=[route(*entry) for entry in ROUTES], exception_handlers=handlers, lifespan=lifespan)


async def _refused(request: Request, error: ApiError) -> Response:
    is_create = request.url.path == "/api/create"
    kind = {"content_type": "application/json"} if is_create else {}
    return reply({"error": error.message}, error.status, **kind)


async def _failed(request: Request, error: Exception) -> Response:
    return reply({"error": str(error)}, 500)


async def _unknown(request: Request, error: HTTPException) -> Response:
    text = {404: "404 page not found", 405: "405 method not allowed"}.get(error.status_code, error.detail)
    return Response(text, error.status_code, headers={"content-type": "text/plain"})


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a port that is taken is a UserError that says by what."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise UserError(f"cannot listen on {host} port {port}: {error.strerror}") from None
        raise UserError(f"port {port} is taken by {owner(port)}: stop it or give another port with --port") from None
    return listener


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=os.environ.get("OLLAMA_MODELS"), help="default: OLLAMA_MODELS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11434, help="0 takes a free one")
    arguments = parser.parse_args()
    if arguments.models is None:
        raise UserError("no model folder: give one with --models DIR or OLLAMA_MODELS")
    listener = listen(arguments.host, arguments.port)
    url = f"http://{arguments.host}:{listener.getsockname()[1]}"

    def ready() -> None:
        print(f"embedded engine {VERSION} listens on {url}, models in {arguments.models}", flush=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn ends the server, then raises the signal again
    config = uvicorn.Config(
        application(Path(arguments.models), ready),
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    run(main)
