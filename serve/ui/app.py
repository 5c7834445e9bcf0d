"""The page's server as an ASGI application: pages, extraction, corrections, batches."""

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from extraction.json import Json
from pipeline.errors import UserError
from serve.located import Value, values
from serve.pages import NotText, decode, problem
from serve.ui import runs
from serve.ui.batch import Batch
from serve.ui.dataset import append, corrected, corrections_of, missing, value_at
from serve.ui.guard import Guard
from serve.ui.shown import POLICY, shown
from serve.ui.taken import taken_away

HERE = Path(__file__).parent
OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self';"
    " img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
HEADERS |= {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"}
TEMPLATES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape())
PAGES = 64  # kept in memory: those that a browser may still show


@dataclass(frozen=True)
class ViewedPage:
    """A page that was looked at, what was found on it, and how the frame knows our marks."""

    page: str
    record: Json
    values: list[Value]
    run: str
    schema: Json
    token: str
    read: str


class Session:
    """What the server remembers: the server that answers, the pages looked at, and the batch."""

    def __init__(self, host: str, batch: Batch | None = None) -> None:
        self.host = host
        self.batch = batch
        self.kept: OrderedDict[str, ViewedPage] = OrderedDict()

    def keep(
        self, page: str, record: Json | None, probability: dict[str, float], run: str, schema: Json, read: str
    ) -> Json:
        """Remember a page; what the browser must know of it."""
        record = record or dict.fromkeys(schema["properties"])
        located = values(record, page, read, probability)
        kept = ViewedPage(page, record, located, run, schema, secrets.token_hex(8), read)
        key = secrets.token_urlsafe(12)
        self.kept[key] = kept
        while len(self.kept) > PAGES:
            self.kept.popitem(last=False)
        return {"id": key, "token": kept.token, "values": [asdict(value) for value in kept.values]}

    def page(self, key: str) -> ViewedPage:
        if key not in self.kept:
            raise UserError("this page is no longer in memory: extract it again")
        return self.kept[key]

    def extract(self, body: Json) -> Json:
        """Ask a variant for a page: the answer with its values, how sure, where, and what it cost."""
        page, run, variant = _text(body, "page"), _text(body, "run"), _text(body, "variant")
        if wrong := problem(page):
            raise UserError(f"the page cannot be asked for: {wrong}")
        client = runs.extractor(run, variant, self.host, _text(body, "schema") if body.get("schema") else None)
        found = client.ask(page)
        kept = self.keep(page, found.answer.record, found.probability, run, client.schema, found.read)
        facts = {
            name: getattr(found, name) for name in ("retried", "parts", "prompt_tokens", "answer_tokens", "seconds")
        }
        status = {"status": found.answer.status, "reason": found.answer.reason, "model": client.model}
        return kept | facts | status | {"digest": found.digest}

    def look(self, body: Json) -> Json:
        """A row of the batch, located on its page without asking again."""
        number = body.get("row")
        if self.batch is None or not isinstance(number, int) or not 0 <= number < len(self.batch.rows):
            raise UserError(f"there is no row {number!r} in the batch")
        row = self.batch.rows[number]
        page, run = self.batch.page(row), _text(body, "run")
        client = runs.extractor(run, _text(body, "variant"), self.host)
        known = self.keep(page, row["output"], row["probability"], run, client.schema, client.reading(page))
        return row | known | {"page": page}

    def table(self) -> Json:
        """The batch's fields and rows, and the {"run", "variant"} that answered them where it is here."""
        if self.batch is None:
            return {"fields": [], "rows": []}
        digests = {row["model"] for row in self.batch.rows}
        return self.batch.table() | {"asked": runs.named(digests.pop()) if len(digests) == 1 else None}

    def save(self, body: Json) -> Json:
        """Append a corrected example to a file of the run's folder; `UserError` where that is no longer there."""
        kept = self.page(_text(body, "id"))
        edits = _edits(body)
        record = corrected(kept.record, edits, kept.schema)
        folder = runs.ARTIFACTS / kept.run
        if not folder.is_dir():
            raise missing(folder)
        path = folder / corrections_of(kept.schema, runs.schema_of(kept.run))
        return {
            "n": append(path, kept.page, record),
            "path": str(path),
            "output": record,
            "edits": {name: value_at(record, name) for name in edits},
        }

    def read(self, key: str) -> Json:
        """What the model reads of a page, and what was taken away before."""
        page, read = self.page(key).page, self.page(key).read
        return {"read": read, "given": len(page), "left": len(read), "runs": taken_away(page, read)}


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"there is no {name}: give one first")
    return value


def _edits(body: Json) -> dict[str, str | None]:
    edits = body.get("edits") or {}
    if not isinstance(edits, dict) or any(not isinstance(text, str | None) for text in edits.values()):
        raise UserError("the edits must be texts by path")
    return edits


def application(session: Session, port: int) -> Guard:
    """The ASGI application, for a server that listens on `port` of 127.0.0.1."""

    async def index(request: Request) -> Response:
        text = TEMPLATES.get_template("index.html").render(has_batch=session.batch is not None)
        return HTMLResponse(text, headers=HEADERS | {"Content-Security-Policy": OWN_POLICY})

    async def options(request: Request) -> Response:
        return JSONResponse({"runs": await run_in_threadpool(runs.choices), "host": session.host}, headers=HEADERS)

    async def examples(request: Request) -> Response:
        run, variant = request.query_params.get("run", ""), request.query_params.get("variant", "")
        return JSONResponse(await run_in_threadpool(runs.worst, run, variant), headers=HEADERS)

    async def frame(request: Request) -> Response:
        kept, styled = session.page(request.path_params["key"]), request.query_params.get("styles") != "0"
        text = await run_in_threadpool(shown, kept.page, kept.values, kept.token, styled)
        return HTMLResponse(text, headers=HEADERS | {"Content-Security-Policy": POLICY})

    async def read(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(session.read, request.path_params["key"]), headers=HEADERS)

    async def table(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(session.table), headers=HEADERS)

    routes = [
        Route("/", index),
        Route("/api/options", options),
        Route("/api/examples", examples),
        Route("/api/batch", table),
        Route("/api/open", _opened, methods=["POST"]),
        Route("/api/extract", _posted(session.extract), methods=["POST"]),
        Route("/api/look", _posted(session.look), methods=["POST"]),
        Route("/api/save", _posted(session.save), methods=["POST"]),
        Route("/pages/{key}", frame),
        Route("/pages/{key}/read", read),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    handlers: Any = {UserError: _mistaken, ValueError: _malformed, RecursionError: _malformed}
    return Guard(Starlette(routes=routes, exception_handlers=handlers, middleware=[Middleware(_NoSniff)]), port)


def _posted(act: Callable[[Json], Json]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers a JSON object by what `act` makes of it."""

    async def endpoint(request: Request) -> Response:
        body: Any = await request.json()
        if not isinstance(body, dict):
            raise UserError("a request must be a JSON object")
        return JSONResponse(await run_in_threadpool(act, body), headers=HEADERS)

    return endpoint


async def _opened(request: Request) -> Response:
    """The text of a file's bytes, as extract reads them."""
    try:
        page = await run_in_threadpool(decode, await request.body())
    except NotText as error:
        raise UserError(f"the file is no page: {error}") from None
    return JSONResponse({"page": page}, headers=HEADERS)


class _NoSniff:
    """Static files get the headers too."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith("/static/"):
                message["headers"] += [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache")]
            await send(message)

        await self.app(scope, receive, sending)


async def _mistaken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400, headers=HEADERS)


async def _malformed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"the request cannot be read: {error}"}, 400, headers=HEADERS)
