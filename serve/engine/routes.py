"""The routes of Ollama's API: what each path reads and answers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from extraction.json import Json
from serve.engine import describe, importing, openai
from serve.engine.answers import Service, collect
from serve.engine.bodies import read_json
from serve.engine.protocol import ApiError, Stream, cancel_on_disconnect, ndjson, reply, with_first
from serve.engine.store import Name, Store, parse_name

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
    return reply({"models": [describe.process(loaded)] if loaded and loaded.alive else []})


async def show(service: Service, request: Request) -> Response:
    body = await read_json(request, "ShowRequest")
    if not (wanted := body.get("model") or body.get("name")):
        raise ApiError(400, "model is required")
    if not (model := service.store.get(wanted)):
        raise ApiError(404, f"model '{parse_name(wanted) or wanted}' not found")
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
    steps = await asyncio.to_thread(_create, service.store, body)
    if body.get("stream", True):
        return Stream(ndjson(_each(steps)))
    return reply(steps[-1], content_type="application/json")


def _create(store: Store, body: Json) -> list[Json]:
    with store.lock:  # no delete may drop a blob between its check and the manifest that names it
        return list(importing.create(store, body))


async def _each(steps: list[Json]) -> AsyncGenerator[Json, None]:
    for step in steps:
        yield step


async def copy(service: Service, request: Request) -> Response:
    body = await read_json(request, "CopyRequest")
    names = {key: parse_name(body.get(key, "")) for key in ("source", "destination")}
    for key, name in names.items():
        if name is None:
            raise ApiError(400, f'{key} "{body.get(key, "")}" is invalid')
    model = service.store.get(body["source"])
    if model is None:
        raise ApiError(404, f'model "{body["source"]}" not found')
    destination = names["destination"]
    assert isinstance(destination, Name)
    await asyncio.to_thread(service.store.copy, model.name, service.store.existing(destination))
    return Response()


async def delete(service: Service, request: Request) -> Response:
    body = await read_json(request, "DeleteRequest")
    wanted = body.get("model") or body.get("name") or ""
    if parse_name(wanted) is None:
        raise ApiError(400, f'name "{wanted}" is invalid')
    if not await asyncio.to_thread(service.store.delete, wanted):
        raise ApiError(404, f"model '{wanted}' not found")
    return Response()


async def chat(service: Service, request: Request) -> Response:
    body = await read_json(request, "ChatRequest")
    return await _answer(request, body, service.chat(body))


async def generate(service: Service, request: Request) -> Response:
    body = await read_json(request, "GenerateRequest")
    return await _answer(request, body, service.generate(body))


async def _answer(request: Request, body: Json, chunks: AsyncGenerator[Json, None]) -> Response:
    once = not body.get("stream", True) or body.get("_debug_render_only")
    if once:
        return reply(await cancel_on_disconnect(request, collect(chunks)))
    return Stream(ndjson(await cancel_on_disconnect(request, with_first(chunks))))


async def v1_models(service: Service, request: Request) -> Response:
    return openai.models(service.store.all())


async def v1_chat(service: Service, request: Request) -> Response:
    try:
        body = await read_json(request, "ChatCompletionRequest")
        return await cancel_on_disconnect(request, openai.chat(service, body))
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
