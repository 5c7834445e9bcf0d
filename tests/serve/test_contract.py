"""What an Ollama answers: statuses, content types, fields and their order, error texts. Run against any server."""

import hashlib
import json
from pathlib import Path
from typing import Any

import gguf
import httpx
import pytest

from tests.serve import tiny
from tests.serve.conftest import PARAMETERS, TEMPLATE, Api

JSON = "application/json; charset=utf-8"
BARE_JSON = "application/json"
NDJSON = "application/x-ndjson"
METRICS = [
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
]
CHAT = ["model", "created_at", "message", "done"]
GENERATE = ["model", "created_at", "response", "done"]
DETAILS = ["parent_model", "format", "family", "families", "parameter_size", "quantization_level"]
LONG = "word " * 400
SCHEMA = {
    "type": "object",
    "properties": {name: {"type": ["string", "null"], "maxLength": 8} for name in ("name", "category", "able")},
    "required": ["name", "category", "able"],
}


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


def chat_error(**body: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "hi"}
    return {"model": "contract:f16", "messages": [message], "stream": False, "options": {"num_ctx": 512}} | body


MISSING = "sha256:" + "1" * 64
REFUSALS: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", "/api/create", {"model": "x", "stream": False}, 400, BARE_JSON, "neither 'from' or 'files' was specified"),
    ("POST", "/api/show", {"model": "nosuch"}, 404, JSON, "model 'nosuch:latest' not found"),
    ("POST", "/api/chat", chat_error(model="nosuch"), 404, JSON, "model 'nosuch' not found"),
    ("POST", "/api/chat", {"messages": []}, 400, JSON, "model is required"),
    ("POST", "/api/chat", b"{not json", 400, JSON, "invalid character 'n' looking for beginning of object key string"),
    ("POST", "/api/chat", b"", 400, JSON, "missing request body"),
    (
        "POST", "/api/chat", chat_error(format="yaml"), 500, JSON,
        'invalid format: "\\"yaml\\""; expected "json" or a valid JSON Schema object',
    ),
    (
        "POST", "/api/chat", chat_error(format={"type": "nonsense"}), 400, JSON,
        '{"error":{"code":400,"message":"Field \'json_schema\': \\"json_schema\\": JSON schema conversion failed:'
        '\\nUnrecognized schema: {\\"type\\":\\"nonsense\\"}","type":"invalid_request_error"}}',
    ),
    ("POST", "/api/generate", {"model": "nosuch", "prompt": "x"}, 404, JSON, "model 'nosuch' not found"),
    (
        "POST", "/api/generate", {"model": "contract:f16", "prompt": "x", "options": {"temperature": "hot"}}, 500, JSON,
        'option "temperature" must be of type float32',
    ),
    ("DELETE", "/api/delete", {"model": "contract:none"}, 404, JSON, "model 'contract:none' not found"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "content_type", "error"), REFUSALS)
def test_refusals(api: Api, method: str, path: str, body: Any, status: int, content_type: str, error: str) -> None:
    response = api.call(method, path, body)
    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    assert response.json() == {"error": error}


@pytest.mark.parametrize(
    ("method", "path", "status", "content_type", "text"),
    [
        ("GET", "/", 200, "text/plain; charset=utf-8", "Ollama is running"),
        ("GET", "/api/chat", 405, "text/plain", "405 method not allowed"),
        ("GET", "/api/nosuch", 404, "text/plain", "404 page not found"),
        ("HEAD", f"/api/blobs/{MISSING}", 404, JSON, ""),
    ],
)
def test_plain_answers(api: Api, method: str, path: str, status: int, content_type: str, text: str) -> None:
    response = api.call(method, path)
    assert (response.status_code, response.headers["content-type"], response.text) == (status, content_type, text)


def test_version_is_semver_0_33(api: Api) -> None:
    response = api.call("GET", "/api/version")
    assert response.headers["content-type"] == JSON
    assert response.json()["version"].split(".")[:2] == ["0", "33"] or not api.embedded


def test_blobs(api: Api, gguf_bytes: bytes) -> None:
    wrong = "sha256:" + "0" * 64
    response = api.call("POST", f"/api/blobs/{wrong}", b"abc")
    assert response.status_code == 400
    found = "sha256:" + hashlib.sha256(b"abc").hexdigest()
    assert response.json() == {"error": f'digest mismatch, expected "{wrong}", got "{found}"'}
    present = api.call("HEAD", f"/api/blobs/{api.push(gguf_bytes)}")
    assert (present.status_code, present.headers.get("content-type"), present.text) == (200, None, "")


def test_create_streams_its_steps(api: Api, gguf_bytes: bytes) -> None:
    response = api.create("contract:streamed", gguf_bytes, template=TEMPLATE, parameters=PARAMETERS, stream=True)
    assert (response.status_code, response.headers["content-type"]) == (200, NDJSON)
    steps = [line["status"] for line in lines(response)]
    assert steps[0] == "parsing GGUF"
    assert "verifying conversion" in steps
    assert steps[-2:] == ["writing manifest", "success"]


def test_create_from_a_missing_blob(api: Api) -> None:
    body = {"model": "contract:x", "files": {"f16.gguf": MISSING}, "stream": False}
    response = api.call("POST", "/api/create", body)
    assert (response.status_code, response.headers["content-type"]) == (500, BARE_JSON)
    assert response.json()["error"].startswith("open /")
    assert response.json()["error"].endswith(f"sha256-{'1' * 64}: no such file or directory")


def test_create_from_a_truncated_file(api: Api, gguf_bytes: bytes) -> None:
    size = len(gguf_bytes) - 1000
    response = api.create("contract:z", gguf_bytes[:size])
    assert response.status_code == 500
    error = response.json()["error"]
    assert error == f'tensor "blk.0.ffn_down.weight" offset+size ({len(gguf_bytes)}) exceeds file size ({size})'


def test_create_from_a_broken_file(api: Api, gguf_bytes: bytes) -> None:
    response = api.create("contract:z", gguf_bytes[:24] + b"\xff" * 64 + gguf_bytes[88:])
    assert response.status_code == 500
    assert response.json()["error"]
    assert "contract:z" not in [model["name"] for model in api.call("GET", "/api/tags").json()["models"]]


def test_create_quantized(api: Api, gguf_bytes: bytes) -> None:
    refused = api.create("contract:y", gguf_bytes, quantize="q5_K_M")
    supported = "supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0"
    assert (refused.status_code, refused.json()["error"]) == (
        500,
        f"unsupported quantization type Q5_K_M - {supported}",
    )
    assert api.create("contract:same", gguf_bytes, quantize="f16").json() == {"status": "success"}
    other = api.create("contract:y", gguf_bytes, quantize="q4_K_M")
    if api.embedded:  # the documented difference
        assert other.status_code == 500
        assert "does not quantize" in other.json()["error"]
    else:
        assert other.json() == {"status": "success"}


def test_tags(api: Api) -> None:
    response = api.call("GET", "/api/tags")
    assert response.headers["content-type"] == JSON
    entry = next(model for model in response.json()["models"] if model["name"] == "contract:f16")
    assert list(entry) == ["name", "model", "modified_at", "size", "digest", "details", "capabilities"]
    assert list(entry["details"]) == [*DETAILS, "context_length", "embedding_length"]
    assert entry["details"] == {
        "parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
        "parameter_size": "552K", "quantization_level": "F16", "context_length": 2048, "embedding_length": 256,
    }  # fmt: skip
    assert len(entry["digest"]) == 64
    assert entry["capabilities"] == ["completion"]


def test_show(api: Api) -> None:
    response = api.call("POST", "/api/show", {"model": "contract:f16"})
    shown = response.json()
    assert response.headers["content-type"] == JSON
    keys = "modelfile parameters template details model_info tensors capabilities modified_at"
    assert list(shown) == keys.split()
    assert list(shown["details"]) == DETAILS
    assert shown["template"] == TEMPLATE
    stated = {tuple(line.split(maxsplit=1)) for line in shown["parameters"].splitlines()}
    assert stated == {("num_ctx", "512"), ("stop", '"<|end|>"'), ("temperature", "0")}
    head, _, body = shown["modelfile"].partition("\n\n")
    assert head.splitlines()[-1] == "# FROM contract:f16"
    assert set(body.splitlines()[1:]) == {
        f"TEMPLATE {TEMPLATE}", "PARAMETER num_ctx 512", "PARAMETER stop <|end|>", "PARAMETER temperature 0",
    }  # fmt: skip
    info = shown["model_info"]
    assert list(info) == sorted(info)
    expected = {
        "general.architecture": "llama", "general.file_type": 1, "general.parameter_count": 552192,
        "llama.attention.layer_norm_rms_epsilon": 1e-6, "llama.context_length": 2048, "tokenizer.ggml.tokens": None,
    }  # fmt: skip
    assert {name: info[name] for name in expected} == expected
    assert {"name": "token_embd.weight", "type": "F16", "shape": [256, 362]} in shown["tensors"]


def test_chat(api: Api) -> None:
    response = api.chat()
    answer = response.json()
    assert (response.status_code, response.headers["content-type"]) == (200, JSON)
    assert list(answer) == [*CHAT, "done_reason", *METRICS]
    assert list(answer["message"]) == ["role", "content"]
    assert (answer["model"], answer["message"]["role"], answer["done"]) == ("contract:f16", "assistant", True)
    assert (answer["done_reason"], answer["prompt_eval_count"], answer["eval_count"]) == ("length", 12, 8)
    assert len(answer["message"]["content"]) >= 8


def test_chat_streaming(api: Api) -> None:
    response = api.chat(stream=True)
    chunks = lines(response)
    assert (response.status_code, response.headers["content-type"]) == (200, NDJSON)
    assert {tuple(chunk) for chunk in chunks[:-1]} == {tuple(CHAT)}
    assert not any(chunk["done"] for chunk in chunks[:-1])
    assert list(chunks[-1]) == [*CHAT, "done_reason", *METRICS]
    assert "".join(chunk["message"]["content"] for chunk in chunks) == api.chat().json()["message"]["content"]


def test_the_same_question_twice(api: Api) -> None:
    ask = {"content": LONG[:300], "options": {"num_predict": 25}, "logprobs": True}
    first = api.chat(**ask).json()
    api.chat(LONG[:200])  # whose beginning is the same
    second = api.chat(**ask).json()
    assert second["message"] == first["message"]
    assert second["prompt_eval_count"] == first["prompt_eval_count"]
    # The reuse of cached tokens changes the last digits; Ollama knows no other way and ignores the field.
    first, second = (api.chat(**ask, deterministic=True).json() for _ in range(2))
    assert second["logprobs"] == first["logprobs"] or not api.embedded


def test_schema_is_kept_in_its_order(api: Api) -> None:
    answer = api.chat(format=SCHEMA, options={"num_predict": 200}).json()
    assert answer["done_reason"] == "stop"
    assert list(json.loads(answer["message"]["content"])) == ["name", "category", "able"]


def test_json_format_begins_an_object(api: Api) -> None:
    assert api.chat(format="json").json()["message"]["content"].startswith("{")


def test_debug_render(api: Api) -> None:
    answer = api.chat(_debug_render_only=True).json()
    assert list(answer) == [*CHAT, "_debug_info"]
    assert answer["message"] == {"role": "", "content": ""}
    assert answer["_debug_info"] == {"rendered_template": "<|user|><b>hi</b><|end|><|assistant|>"}
    body = {"model": "contract:f16", "prompt": "hello", "_debug_render_only": True, "options": {"num_ctx": 512}}
    answer = api.call("POST", "/api/generate", body).json()
    assert list(answer) == [*GENERATE, "_debug_info"]
    assert answer["_debug_info"] == {"rendered_template": "<|user|>hello<|end|><|assistant|>"}


def test_load_and_unload(api: Api) -> None:
    load = {"model": "contract:f16", "messages": [], "stream": False}
    for body, reason, loaded in ((load, "load", True), (load | {"keep_alive": 0}, "unload", False)):
        answer = api.call("POST", "/api/chat", body).json()
        assert list(answer) == [*CHAT, "done_reason"]
        assert (answer["done_reason"], answer["message"]) == (reason, {"role": "assistant", "content": ""})
        names = [model["name"] for model in api.call("GET", "/api/ps").json()["models"]]
        assert ("contract:f16" in names) == loaded


def test_ps(api: Api) -> None:
    api.chat()
    response = api.call("GET", "/api/ps")
    entry = next(model for model in response.json()["models"] if model["name"] == "contract:f16")
    keys = "name model size digest details expires_at size_vram context_length"
    assert list(entry) == keys.split()
    assert list(entry["details"]) == DETAILS
    assert entry["context_length"] == 512


def test_too_long_is_cut_to_about_half_the_window(api: Api) -> None:
    answer = api.chat(LONG).json()
    assert (answer["prompt_eval_count"], answer["done_reason"]) == (258, "length")


@pytest.mark.parametrize("more", [{}, {"shift": False}])
def test_too_long_is_refused_without_truncate(api: Api, more: dict[str, bool]) -> None:
    response = api.chat(LONG, truncate=False, **more)
    assert response.status_code == 400
    inner = json.loads(response.json()["error"])["error"]
    assert list(inner) == ["code", "message", "type", "n_prompt_tokens", "n_ctx"]
    count = inner["n_prompt_tokens"]
    text = f"request ({count} tokens) exceeds the available context size (512 tokens), try increasing it"
    assert inner == {
        "code": 400, "message": text, "type": "exceed_context_size_error", "n_prompt_tokens": count, "n_ctx": 512,
    }  # fmt: skip


def test_without_shift_the_window_ends_the_answer(api: Api) -> None:
    schema = {"type": "array", "items": {"enum": list(range(1000, 1100))}, "minItems": 400}
    answer = api.chat("word " * 220, shift=False, truncate=False, format=schema, options={"num_predict": 2000}).json()
    assert answer.get("done_reason", "aborted") == "length"
    assert answer["prompt_eval_count"] + answer["eval_count"] <= 513


def test_many_identical_tokens_end_the_answer_without_done(api: Api) -> None:
    answer = api.chat(format={"const": "%" * 100}, options={"num_predict": 200}).json()
    assert list(answer) == CHAT
    assert answer["done"] is False
    assert set(answer["message"]["content"].strip('"')) == {"%"}


def test_bytes_that_are_not_utf8_end_the_answer_without_done(api: Api, tmp_path: Path) -> None:
    tiny.write(tmp_path / "bytes.gguf", letters=False)
    api.create("contract:bytes", (tmp_path / "bytes.gguf").read_bytes(), template=TEMPLATE, parameters=PARAMETERS)
    answer = api.chat(model="contract:bytes", options={"num_predict": 30}).json()
    assert (list(answer), answer["done"]) == (CHAT, False)


def test_the_chat_template_of_the_file_stands_in_for_a_template(api: Api, tmp_path: Path) -> None:
    jinja = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[answer]"
    tiny.write(tmp_path / "jinja.gguf", chat_template=jinja)
    api.create("contract:jinja", (tmp_path / "jinja.gguf").read_bytes())
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    answer = api.chat(model="contract:jinja", messages=messages, _debug_render_only=True).json()
    assert answer["_debug_info"]["rendered_template"] == "[system]s[user]u[answer]"
    assert api.chat(model="contract:jinja", messages=messages).json()["done"]


def test_without_any_template_generate_sends_the_bare_prompt(api: Api, gguf_bytes: bytes) -> None:
    api.create("contract:bare", gguf_bytes)
    body = {"model": "contract:bare", "prompt": "bare", "stream": False, "_debug_render_only": True}
    answer = api.call("POST", "/api/generate", body).json()
    assert answer["_debug_info"]["rendered_template"] == "bare"


def test_generate(api: Api) -> None:
    body = {"model": "contract:f16", "prompt": "hello", "options": {"num_predict": 4, "temperature": 0, "num_ctx": 512}}
    response = api.call("POST", "/api/generate", body)
    chunks = lines(response)
    assert response.headers["content-type"] == NDJSON
    assert {tuple(chunk) for chunk in chunks[:-1]} == {tuple(GENERATE)}
    assert list(chunks[-1]) == [*GENERATE, "done_reason", "context", *METRICS]
    whole = api.call("POST", "/api/generate", body | {"stream": False}).json()
    assert whole["response"] == "".join(chunk["response"] for chunk in chunks)
    raw = {"prompt": TEMPLATE.replace("{{ .Prompt }}", "hello"), "raw": True, "stream": False}
    answer = api.call("POST", "/api/generate", body | raw).json()
    assert list(answer) == [*GENERATE, "done_reason", *METRICS]
    assert answer["response"] == whole["response"]


def test_generate_takes_another_template_and_system(api: Api) -> None:
    body = {"model": "contract:f16", "prompt": "p", "system": "s", "template": "[{{ .System }}|{{ .Prompt }}]"}
    answer = api.call("POST", "/api/generate", body | {"_debug_render_only": True}).json()
    assert answer["_debug_info"]["rendered_template"] == "[s|p]"


def test_logprobs(api: Api) -> None:
    options = {"num_predict": 2, "temperature": 0, "num_ctx": 512}
    body = {"model": "contract:f16", "prompt": "hello", "stream": False, "logprobs": True, "top_logprobs": 2}
    answer = api.call("POST", "/api/generate", body | {"options": options}).json()
    assert list(answer)[-1] == "logprobs"
    first, second = answer["logprobs"]
    assert list(first) == ["token", "logprob", "bytes", "top_logprobs"]
    assert list(first["top_logprobs"][0]) == ["token", "logprob", "bytes"]
    assert first["bytes"] == list(first["token"].encode())
    assert second["logprob"] < 0
    chat = api.chat(logprobs=True, options={"num_predict": 2}).json()
    assert list(chat) == [*CHAT, "done_reason", "logprobs", *METRICS]
    assert list(chat["logprobs"][0]) == ["token", "logprob", "bytes"]
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "null"}}, "required": ["a", "b"]}
    held = api.chat(logprobs=True, format=schema, options={"num_predict": 40}).json()
    assert "".join(token["token"] for token in held["logprobs"]) == held["message"]["content"]
    assert all(
        token["logprob"] < 0 for token in held["logprobs"]
    )  # the model's own, though the format leaves no choice


def test_unknown_options_are_ignored(api: Api) -> None:
    assert api.chat(options={"nosuch": 1}).status_code == 200


def test_system_of_the_model_and_of_the_chat(api: Api, gguf_bytes: bytes) -> None:
    template = "{{ if .System }}<|system|>{{ .System }}<|end|>{{ end }}" + TEMPLATE
    api.create("contract:system", gguf_bytes, template=template, system="stored", parameters=PARAMETERS)
    cases = [([], "stored"), ([{"role": "system", "content": "asked"}], "asked")]
    for before, system in cases:
        messages = [*before, {"role": "user", "content": "u"}]
        answer = api.chat(model="contract:system", messages=messages, _debug_render_only=True).json()
        expected = f"<|system|>{system}<|end|><|user|>u<|end|><|assistant|>"
        assert answer["_debug_info"]["rendered_template"] == expected


def test_create_from_a_model_overlays_it(api: Api) -> None:
    body = {"model": "contract:derived", "from": "contract:f16", "parameters": {"num_ctx": 256}, "stream": False}
    assert api.call("POST", "/api/create", body).json() == {"status": "success"}
    shown = api.call("POST", "/api/show", {"model": "contract:derived"}).json()
    stated = {tuple(line.split(maxsplit=1)) for line in shown["parameters"].splitlines()}
    assert stated == {("num_ctx", "256"), ("stop", '"<|end|>"'), ("temperature", "0")}
    assert shown["template"] == TEMPLATE


def test_copy_and_delete(api: Api) -> None:
    for method, path, body in (
        ("POST", "/api/copy", {"source": "contract:f16", "destination": "contract:copy"}),
        ("DELETE", "/api/delete", {"model": "contract:copy"}),
    ):
        response = api.call(method, path, body)
        assert (response.status_code, response.headers.get("content-type"), response.text) == (200, None, "")
        names = [model["name"] for model in api.call("GET", "/api/tags").json()["models"]]
        assert ("contract:copy" in names) == (method == "POST")
    assert api.chat().status_code == 200  # the copy's blobs were the original's too


def test_v1_models(api: Api) -> None:
    response = api.call("GET", "/v1/models")
    assert response.headers["content-type"] == BARE_JSON
    assert list(response.json()) == ["object", "data"]
    entry = next(model for model in response.json()["data"] if model["id"] == "contract:f16")
    assert list(entry) == ["id", "object", "created", "owned_by"]
    assert (entry["object"], entry["owned_by"]) == ("model", "library")


def test_v1_chat(api: Api) -> None:
    body = {"model": "contract:f16", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8, "temperature": 0}
    response = api.call("POST", "/v1/chat/completions", body)
    answer = response.json()
    assert response.headers["content-type"] == BARE_JSON
    assert list(answer) == ["id", "object", "created", "model", "system_fingerprint", "choices", "usage"]
    assert list(answer["choices"][0]) == ["index", "message", "finish_reason"]
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13}
    events = api.call("POST", "/v1/chat/completions", body | {"stream": True}).text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    choices = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events[:-2]]
    assert "content" not in choices[-1]["delta"]  # it has the reason alone
    content = "".join(choice["delta"].get("content", "") for choice in choices)
    assert content == answer["choices"][0]["message"]["content"]


def test_the_tiny_model_is_what_the_tests_say(gguf_bytes: bytes) -> None:
    assert gguf_bytes[:4] == b"GGUF"
    assert len(gguf_bytes) % gguf.GGUF_DEFAULT_ALIGNMENT == 0
