"""From a prompt to Ollama's chunks: cut to the window, hold to the format, generate, count."""

import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from extraction.json import Json
from serve.engine import grammar
from serve.engine.llama import Runner
from serve.engine.loading import Loaded
from serve.engine.options import Options
from serve.engine.protocol import ApiError, dump

LONGEST_WHOLE = 4096  # tokens; a longer answer is watched as it comes, so that one that repeats itself is ended
MOST_REPEATS = 30  # more identical tokens in a row end a generation, without `done`
# What a text is that has more than MOST_REPEATS tokens in a row which differ in white space at most.
REPETITION = re.compile(r"(\S{1,64}?)(?:\s*\1){30}|\s{30}")
INVALID = "\ufffd"  # llama.cpp shows bytes that are not UTF-8 so; they too end a generation without `done`
TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the "
    "context length in settings, or use a model with a longer context length"
)


@dataclass
class Chunk:
    """A piece of an answer; the last has `done`, its reason and the metrics in nanoseconds and tokens."""

    text: str
    done: bool = False
    reason: str = ""
    metrics: Json = field(default_factory=dict)
    logprobs: list[Json] = field(default_factory=list)


@dataclass
class Clock:
    """When a request came and when its model was ready, in nanoseconds."""

    start: int = field(default_factory=time.monotonic_ns)
    loaded: int = 0

    def durations(self) -> Json:
        return {"total_duration": time.monotonic_ns() - self.start, "load_duration": self.loaded - self.start}


@dataclass(frozen=True)
class Shown:
    """How an answer is shown: whether it may hold U+FFFD, how many alternatives a token has, since when it counts."""

    may_be_invalid: bool
    top: int
    clock: Clock


async def complete(
    loaded: Loaded, prompt: str, options: Options, request: Json, clock: Clock
) -> AsyncGenerator[Chunk, None]:
    """The answer to a rendered prompt in chunks, of which one that is not streamed has few."""
    rules = _grammar(request.get("format"))
    body = options.sampling() | {
        "prompt": await _fit(loaded, prompt, options.num_keep, request.get("truncate", True)),
        # with cached tokens a prompt is computed in other batches, whose rounding differs
        "cache_prompt": not request.get("deterministic", False),
    }
    if rules:
        body["grammar"] = rules
    if request.get("logprobs"):
        body["n_probs"] = max(request.get("top_logprobs", 0), 1)
    shown = Shown(INVALID in prompt + rules, request.get("top_logprobs", 0), clock)
    is_whole = not request.get("stream", True) and body["n_predict"] <= LONGEST_WHOLE
    chunks = _whole(loaded.runner, body, shown) if is_whole else _streamed(loaded.runner, body, shown)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


async def _streamed(runner: Runner, body: Json, shown: Shown) -> AsyncGenerator[Chunk, None]:
    """A chunk a token, up to where Ollama gives up."""
    last, repeats = None, 0
    async with aclosing(runner.stream(body)) as events:
        async for event in events:
            content = event["content"]
            repeats = repeats + 1 if content.strip() == last else 0
            last = content.strip()
            if repeats > MOST_REPEATS or (INVALID in content and not shown.may_be_invalid):
                yield Chunk("")
                return
            if event["stop"]:
                yield _last_chunk(event, shown.clock)
            elif content:
                yield Chunk(content, logprobs=_logprobs(event, shown.top))


async def _whole(runner: Runner, body: Json, shown: Shown) -> AsyncGenerator[Chunk, None]:
    """The answer in one chunk, for which Python does nothing a token.

    One that may have repeated itself, or have bytes that are no UTF-8, is made again as a stream to see where it ends.
    """
    event = await runner.complete(body)
    if REPETITION.search(event["content"]) or (INVALID in event["content"] and not shown.may_be_invalid):
        async with aclosing(_streamed(runner, body, shown)) as chunks:
            async for chunk in chunks:
                yield chunk
        return
    tokens = _logprobs(event, shown.top)
    if tokens and not tokens[-1]["token"]:  # the end token, which a stream does not show
        tokens.pop()
    yield replace(_last_chunk(event, shown.clock), logprobs=tokens)


async def _fit(loaded: Loaded, prompt: str, num_keep: int, truncate: bool) -> str | list[int]:
    """The prompt; or, when it is longer than the window, its first `num_keep` tokens and its end, half a window."""
    window = loaded.setup.n_ctx
    if not truncate or len(prompt) < window:
        return prompt
    tokens = await loaded.runner.tokenize(prompt, add_special=True)
    if len(tokens) < window:
        return prompt
    if not loaded.setup.ctx_shift:
        raise ApiError(400, TOO_LONG)
    keep = len(tokens) if num_keep < 0 else num_keep + loaded.adds_bos
    keep = min(keep, window - 1)
    limit = window - max((window - keep) // 2, 1)
    return tokens[:keep] + tokens[len(tokens) - (limit - keep) :]


def _grammar(format: Any) -> str:
    """The grammar of a request's `format`; empty for none."""
    if format in (None, ""):
        return ""
    if format == "json":
        return grammar.from_schema({"type": "object"})
    if not isinstance(format, dict):
        raise ApiError(
            500, f'invalid format: {json.dumps(dump(format))}; expected "json" or a valid JSON Schema object'
        )
    try:
        return grammar.from_schema(format)
    except RecursionError:
        raise ApiError(400, "exceeded max depth") from None
    except grammar.UnrecognizedError as error:
        message = f"Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n{error}"
        refusal = {"error": {"code": 400, "message": message, "type": "invalid_request_error"}}
        raise ApiError(400, dump(refusal)) from None


def _last_chunk(event: Json, clock: Clock) -> Chunk:
    timings = event["timings"]
    metrics = clock.durations() | {
        "prompt_eval_count": timings["cache_n"] + timings["prompt_n"],
        "prompt_eval_duration": int(timings["prompt_ms"] * 1e6),
        "eval_count": timings["predicted_n"],
        "eval_duration": int(timings["predicted_ms"] * 1e6),
    }
    reason = "length" if event["stop_type"] == "limit" else "stop"
    return Chunk(event["content"], True, reason, {name: value for name, value in metrics.items() if value})


def _logprobs(event: Json, top: int) -> list[Json]:
    found = []
    for token in event.get("completion_probabilities", []):
        entry = _logprob(token)
        if top:
            entry["top_logprobs"] = [_logprob(other) for other in token["top_logprobs"]]
        found.append(entry)
    return found


def _logprob(token: Json) -> Json:
    # the bytes of the shown text, not of the token: as Ollama has it
    return {"token": token["token"], "logprob": token["logprob"], "bytes": list(token["token"].encode())}
