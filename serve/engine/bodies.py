"""Request bodies, read as strictly as Ollama reads them and refused in its words, those of Go's JSON decoder."""

import asyncio
import json
import re
from typing import Any

from starlette.requests import ClientDisconnect, Request

from extraction.json import Json
from serve.engine.protocol import ApiError, dump

GO_TYPES: dict[type, str] = {
    type(None): "null",
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
# JSON fields of all requests and the Go types that Ollama's error texts name.
FIELDS: dict[str, tuple[tuple[type, ...], str]] = {
    **{
        key: ((str,), "string")
        for key in (
            "model",
            "name",
            "prompt",
            "suffix",
            "system",
            "template",
            "from",
            "quantize",
            "source",
            "destination",
        )
    },
    **{
        key: ((bool,), "bool")
        for key in ("stream", "raw", "truncate", "shift", "_debug_render_only", "logprobs", "verbose", "deterministic")
    },
    "top_logprobs": ((int,), "int"),
    "max_tokens": ((int,), "int"),
    "messages": ((list,), "[]api.Message"),
    "context": ((list,), "[]int"),
    "options": ((dict,), "map[string]interface {}"),
    "parameters": ((dict,), "map[string]interface {}"),
    "files": ((dict,), "map[string]string"),
}


# The Go types of what the lists and objects among them hold.
ITEMS: dict[str, tuple[type[Any], str]] = {
    "messages": (dict, "api.Message"),
    "context": (int, "int"),
    "files": (str, "string"),
}
MOST_BYTES = 16 * 2**20  # of a JSON body; four times a page that fills a context of a million tokens
BODY_SECONDS = 60.0
TOO_LARGE = "http: request body too large"


async def read_json(request: Request, struct: str) -> Json:
    """The body as an object with fields of the right types; `struct` is the Go name that errors give."""
    raw = await _read(request)
    if not raw.strip():
        raise ApiError(400, "missing request body")
    try:
        # like Go's decoder, this reads the first value and leaves what follows it
        body, _ = _DECODER.raw_decode(raw.decode("utf-8", "replace").lstrip())
        if b"\\ud" in raw.lower():
            body = _without_surrogates(body)
    except json.JSONDecodeError as error:
        raise ApiError(400, _go_syntax_error(error)) from None
    except RecursionError:
        raise ApiError(400, "exceeded max depth") from None
    if not isinstance(body, dict):
        raise ApiError(400, f"json: cannot unmarshal {GO_TYPES[type(body)]} into Go value of type api.{struct}")
    for key, value in body.items():
        _check(struct, key, value)
    request.state.model = body.get("model") or body.get("name") or body.get("source") or "-"
    return {key: value for key, value in body.items() if value is not None}


async def _read(request: Request) -> bytes:
    """The raw body; HTTP 413 as soon as it is longer than MOST_BYTES, 408 where it stops coming."""
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise ApiError(413, TOO_LARGE)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise ApiError(413, TOO_LARGE)
                parts.append(part)
    except ClientDisconnect:  # nobody reads the answer, and it is no fault of the server's to log
        raise ApiError(499, "request canceled") from None
    except TimeoutError:
        raise ApiError(408, "the request did not arrive in time") from None
    return b"".join(parts)


def _check(struct: str, key: str, value: Any) -> None:
    if value is None or key not in FIELDS:
        return
    kinds, go_type = FIELDS[key]
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds == (int,)):
        raise _mismatch(value, f"{struct}.{key}", go_type)
    if item := ITEMS.get(key):
        kind, go_type = item
        entries: Any = value.values() if isinstance(value, dict) else value
        for entry in entries:
            if not isinstance(entry, kind) or isinstance(entry, bool):
                raise _mismatch(entry, f"{struct}.{key}", go_type)


def _mismatch(value: Any, field: str, go_type: str) -> ApiError:
    return ApiError(
        400, f"json: cannot unmarshal {GO_TYPES[type(value)]} into Go struct field {field} of type {go_type}"
    )


def _without_surrogates(value: Any) -> Any:
    """Escaped halves of a character, which no answer could be encoded with, as U+FFFD: so Go reads them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _integer(text: str) -> int | float:
    """Go reads numbers as 64 bits wide; one of many thousand digits is not even tried."""
    return int(text) if len(text) <= 20 else float(text)


def _refuse_constant(text: str) -> None:
    raise json.JSONDecodeError("Expecting value", text, 0)  # Go knows neither NaN nor Infinity


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_refuse_constant)


def _go_syntax_error(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].lstrip()
    if not rest:
        return "unexpected EOF"
    before = error.doc[: error.pos].rstrip()
    places = {
        "Expecting property name": "looking for beginning of object key string",
        "Expecting ':'": "after object key",
        "Expecting ','": "after array element" if _in_array(before) else "after object key:value pair",
        "Invalid control character": "in string literal",
        "Invalid \\escape": "in string escape code",
        "Unterminated string": "",
    }
    place = next(
        (text for start, text in places.items() if error.msg.startswith(start)),
        "looking for beginning of value",
    )
    return f"invalid character {_quote(rest[0])} {place}" if place else "unexpected EOF"


def _in_array(text: str) -> bool:
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    opened: list[str] = []
    for character in outside:
        if character in "[{":
            opened.append(character)
        elif character in "]}" and opened:
            opened.pop()
    return bool(opened) and opened[-1] == "["


def _quote(character: str) -> str:
    return {"'": r"'\''", "\n": r"'\n'", "\t": r"'\t'", "\\": r"'\\'"}.get(character, f"'{character}'")


UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(value: Any) -> float:
    """Seconds of a keep_alive: a number of seconds or text such as "5m" or "1h30m"; below 0: for ever."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str):
        seconds = _parse_duration(value)
    else:
        raise ApiError(400, f"Unsupported type: '{GO_TYPES[type(value)]}'")
    return float("inf") if seconds < 0 else seconds


def _parse_duration(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text.lstrip("+-")
    if rest == "0":
        return 0.0
    parts = re.findall(r"(\d+\.?\d*|\.\d+)([a-zµ]+)", rest)
    if re.fullmatch(r"\d+\.?\d*", rest):
        raise ApiError(400, f"time: missing unit in duration {dump(text)}")
    if (
        not parts
        or "".join(number + unit for number, unit in parts) != rest
        or any(unit not in UNITS for _, unit in parts)
    ):
        raise ApiError(400, f"time: invalid duration {dump(text)}")
    return sign * sum(float(number) * UNITS[unit] for number, unit in parts)
