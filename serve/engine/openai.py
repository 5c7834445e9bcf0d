"""The part of OpenAI's API that Ollama has beside its own: /v1/models and /v1/chat/completions."""

import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import Response

from extraction.json import Json
from serve.engine.answers import Service, collect
from serve.engine.bodies import GO_TYPES
from serve.engine.protocol import ApiError, Stream, dump, reply, with_first
from serve.engine.store import Model

JSON = "application/json"
FINGERPRINT = "fp_ollama"


def models(stored: list[Model]) -> Response:
    """GET /v1/models"""
    data = [
        {
            "id": str(model.name),
            "object": "model",
            "created": model.modified_ns // 10**9,
            "owned_by": "library",
        }
        for model in stored
    ]
    return reply({"object": "list", "data": data}, content_type=JSON)


async def chat(service: Service, request: Json) -> Response:
    """POST /v1/chat/completions; `num_ctx` is the model's, as this API has no such field."""
    identity = {"id": f"chatcmpl-{secrets.randbelow(1000)}"}
    chunks = service.chat(_from_openai(request))
    if request.get("stream"):
        usage = bool(_object(request, "stream_options").get("include_usage"))
        return Stream(_events(await with_first(chunks), identity, usage), "text/event-stream")
    answer = await collect(chunks)
    choice = {"index": 0, "message": answer["message"], "finish_reason": answer.get("done_reason")}
    if "logprobs" in answer:
        choice["logprobs"] = {"content": answer["logprobs"]}
    head = identity | {"object": "chat.completion", "created": int(time.time()), "model": answer["model"]}
    body = head | {"system_fingerprint": FINGERPRINT, "choices": [choice], "usage": _usage(answer)}
    return reply(body, content_type=JSON)


def refusal(error: ApiError) -> Response:
    """An error in OpenAI's form."""
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(error.status, "api_error")
    body = {"error": {"message": error.message, "type": kind, "param": None, "code": None}}
    return reply(body, error.status, JSON)


async def _events(chunks: AsyncGenerator[Json, None], identity: Json, with_usage: bool) -> AsyncGenerator[str, None]:
    created, role = int(time.time()), {"role": "assistant"}
    try:
        async for chunk in chunks:
            content = chunk["message"]["content"]
            delta = role | ({"content": content} if content or not chunk["done"] else {})  # the last has none
            choice = {"index": 0, "delta": delta, "finish_reason": chunk.get("done_reason")}
            head = identity | {"object": "chat.completion.chunk", "created": created, "model": chunk["model"]}
            yield f"data: {dump(head | {'system_fingerprint': FINGERPRINT, 'choices': [choice]})}\n\n"
            role = {}
            if chunk["done"] and with_usage:
                totals = {"choices": [], "usage": _usage(chunk)}
                yield f"data: {dump(head | {'system_fingerprint': FINGERPRINT} | totals)}\n\n"
        yield "data: [DONE]\n\n"
    except ApiError as error:
        yield f"data: {dump({'error': {'message': error.message}})}\n\n"
    finally:
        await chunks.aclose()


def _usage(answer: Json) -> Json:
    prompt, completion = answer.get("prompt_eval_count", 0), answer.get("eval_count", 0)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _from_openai(request: Json) -> Json:
    """The same as a request to /api/chat."""
    if not request.get("messages"):
        raise ApiError(400, "[] is too short - 'messages'")
    options: Json = {"temperature": 1.0, "top_p": 1.0}
    options |= {
        key: request[key]
        for key in ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty")
        if key in request
    }
    if "max_tokens" in request:
        options["num_predict"] = request["max_tokens"]
    if "stop" in request:
        options["stop"] = [request["stop"]] if isinstance(request["stop"], str) else request["stop"]
    wanted = _object(request, "response_format")
    schema = _object(_object(wanted, "json_schema"), "schema")
    answer: Json = {key: request[key] for key in ("model", "tools", "logprobs", "top_logprobs") if key in request}
    answer |= {"messages": [_message(message) for message in request["messages"]], "options": options}
    answer["stream"] = bool(request.get("stream"))
    return answer | {"format": "json" if wanted.get("type") == "json_object" else schema or None}


def _object(request: Json, key: str) -> Json:
    """An optional object of a request, {} where it is not given; HTTP 400 for anything else."""
    value = request.get(key) or {}
    if not isinstance(value, dict):
        raise ApiError(400, f"json: cannot unmarshal {GO_TYPES[type(value)]} into Go struct field .{key}")
    return value


def _message(message: Any) -> Json:
    """A message whose content may be a list of text parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        content = "\n\n".join(part["text"] for part in content)
    if not isinstance(content, str) or not isinstance(message.get("role", ""), str):
        raise ApiError(400, "invalid message content type: the embedded engine serves text only")
    return {"role": message.get("role", ""), "content": content}
