"""POST /api/chat and /api/generate: find the model, render the prompt, generate, answer whole or as a stream."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from extraction.json import Json
from serve.engine import gotemplate, options, weights
from serve.engine.bodies import duration
from serve.engine.completion import Chunk, Clock, complete
from serve.engine.goparse import TemplateError
from serve.engine.loading import Engine, Loaded
from serve.engine.options import Options
from serve.engine.protocol import ApiError, timestamp
from serve.engine.store import Model, Store

KEEP_ALIVE = 300.0  # seconds
IMAGES = "the embedded engine serves text only: leave out the images"


@dataclass
class Service:
    """What the routes share."""

    store: Store
    engine: Engine

    def find(self, request: Json) -> Model:
        """The model that a request names; HTTP 400 without a name, 404 without the model."""
        if not request.get("model"):
            raise ApiError(400, "model is required")
        if not 0 <= request.get("top_logprobs", 0) <= 20:
            raise ApiError(400, "top_logprobs must be between 0 and 20")
        if model := self.store.get(request["model"]):
            return model
        raise ApiError(404, f"model '{request['model']}' not found")

    def _model(self, model: Model, chosen: Options, request: Json) -> AbstractAsyncContextManager[Loaded]:
        shift, alone = request.get("shift", True), request.get("deterministic", False)
        return self.engine.use(model, chosen, shift, _keep_alive(request), alone)

    async def chat(self, request: Json) -> AsyncGenerator[Json, None]:
        """The chunks of /api/chat."""
        model, clock = self.find(request), Clock()
        messages = [_message(message) for message in request.get("messages", [])]
        _refuse(request)
        head = {"model": request["model"]}
        empty = {"role": "assistant", "content": ""}
        if not messages and _is_unload(request):
            await self.engine.unload(model.digest)
            yield _now(head, message=empty, done=True, done_reason="unload")
            return
        chosen = options.merge(model.parameters, request.get("options", {}))
        async with self._model(model, chosen, request) as loaded:
            clock.loaded = Clock().start
            if not messages:
                yield _now(head, message=empty, done=True, done_reason="load")
                return
            if messages[0]["role"] != "system" and model.system:
                messages = [{"role": "system", "content": model.system}, *messages]
            prompt = await _render_to_fit(loaded, _template(model), messages, request.get("truncate", True))
            if request.get("_debug_render_only"):
                blank = {"role": "", "content": ""}
                yield _now(head, message=blank, done=False, _debug_info={"rendered_template": prompt})
                return
            async for chunk in complete(loaded, prompt, chosen, request, clock):
                message = {"role": "assistant", "content": chunk.text}
                more = _reason(chunk) | _logprobs(chunk) | chunk.metrics
                yield _now(head, message=message, done=chunk.done, **more)

    async def generate(self, request: Json) -> AsyncGenerator[Json, None]:
        """The chunks of /api/generate."""
        request.setdefault("model", "")
        if not request["model"]:
            raise ApiError(404, "model '' not found")
        model, clock = self.find(request), Clock()
        _refuse(request)
        head, raw = {"model": request["model"]}, request.get("raw", False)
        if raw and any(request.get(key) for key in ("template", "system", "context")):
            raise ApiError(400, "raw mode does not support template, system, or context")
        if not request.get("prompt") and _is_unload(request):
            await self.engine.unload(model.digest)
            yield _now(head, response="", done=True, done_reason="unload")
            return
        chosen = options.merge(model.parameters, request.get("options", {}))
        async with self._model(model, chosen, request) as loaded:
            clock.loaded = Clock().start
            if not request.get("prompt"):
                yield _now(head, response="", done=True, done_reason="load")
                return
            prompt = request["prompt"] if raw else await _render_prompt(loaded, model, request)
            if request.get("_debug_render_only"):
                yield _now(head, response="", done=False, _debug_info={"rendered_template": prompt})
                return
            text = ""
            async for chunk in complete(loaded, prompt, chosen, request, clock):
                text += chunk.text
                context = (
                    {"context": await loaded.runner.tokenize(prompt + text, False)} if chunk.done and not raw else {}
                )
                more = _reason(chunk) | context | chunk.metrics | _logprobs(chunk)
                yield _now(head, response=chunk.text, done=chunk.done, **more)


async def collect(chunks: AsyncGenerator[Json, None]) -> Json:
    """The whole answer: the last chunk with the text and log-probabilities of all."""
    texts, logprobs, last = [], [], {}
    async for last in chunks:
        texts.append(last["message"]["content"] if "message" in last else last["response"])
        logprobs += last.pop("logprobs", [])
    text = "".join(texts)
    if "message" in last:
        last["message"]["content"] = text
    else:
        last["response"] = text
    if not logprobs:
        return last
    if "response" in last:
        return last | {"logprobs": logprobs}
    place = list(last).index("total_duration") if "total_duration" in last else len(last)
    items = list(last.items())
    return dict([*items[:place], ("logprobs", logprobs), *items[place:]])


async def _render_prompt(loaded: Loaded, model: Model, request: Json) -> str:
    """The prompt of /api/generate."""
    system = request.get("system") or model.system
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": request["prompt"]})
    before = ""
    if request.get("context"):
        before = (await loaded.runner.post("/detokenize", {"tokens": request["context"]}))["content"]
    if not request.get("template"):
        template = _template(model)
        if template is None and "tokenizer.chat_template" not in weights.read(model.weights).values:
            return before + str(request["prompt"])
        return before + await _render_to_fit(loaded, template, messages, request.get("truncate", True))
    try:
        return before + gotemplate.parse_template(request["template"]).render(messages)
    except TemplateError as error:
        raise ApiError(500, str(error)) from None


async def _render_to_fit(
    loaded: Loaded, template: gotemplate.Template | None, messages: list[Json], truncate: bool
) -> str:
    """The prompt; with `truncate`, the oldest messages but system ones are left out until the rest fits the window."""

    async def prompt(first: int) -> str:
        kept = [message for message in messages[:first] if message["role"] == "system"] + messages[first:]
        return await _render(loaded, template, kept)

    least, most = 0, len(messages) - 1 if truncate else 0
    while least < most:  # the fewer messages, the shorter
        middle = (least + most) // 2
        text = await prompt(middle)
        n_ctx = loaded.setup.n_ctx
        fits = len(text) < n_ctx or len(await loaded.runner.tokenize(text, True)) <= n_ctx
        least, most = (least, middle) if fits else (middle + 1, most)
    return await prompt(least)


async def _render(loaded: Loaded, template: gotemplate.Template | None, messages: list[Json]) -> str:
    if template is None:  # llama.cpp renders the GGUF's own chat template
        return str((await loaded.runner.post("/apply-template", {"messages": messages}))["prompt"])
    try:
        return template.render(messages)
    except TemplateError as error:
        raise ApiError(500, str(error)) from None


def _template(model: Model) -> gotemplate.Template | None:
    return None if model.template is None else gotemplate.parse_template(model.template)


def _message(message: Any) -> dict[str, str]:
    if not isinstance(message, dict) or not all(isinstance(message.get(key, ""), str) for key in ("role", "content")):
        raise ApiError(
            400, "json: cannot unmarshal value into Go struct field ChatRequest.messages of type api.Message"
        )
    if message.get("images"):
        raise ApiError(400, IMAGES)
    return {"role": message.get("role", "").lower(), "content": message.get("content", "")}


def _refuse(request: Json) -> None:
    """HTTP 400 for what the model, or this engine, cannot do."""
    name = request["model"]
    for key, words in (("tools", "tools"), ("think", "thinking"), ("suffix", "insert")):
        if request.get(key):
            raise ApiError(400, f'"{name}" does not support {words}')
    if request.get("images"):
        raise ApiError(400, IMAGES)


def _is_unload(request: Json) -> bool:
    return "keep_alive" in request and duration(request["keep_alive"]) == 0


def _keep_alive(request: Json) -> float:
    return duration(request["keep_alive"]) if "keep_alive" in request else KEEP_ALIVE


def _now(head: Json, **fields: Any) -> Json:
    """One chunk of an answer."""
    return head | {"created_at": timestamp()} | fields


def _reason(chunk: Chunk) -> Json:
    return {"done_reason": chunk.reason} if chunk.done else {}


def _logprobs(chunk: Chunk) -> Json:
    return {"logprobs": chunk.logprobs} if chunk.logprobs else {}
