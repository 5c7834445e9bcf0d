"""The embedded engine answers as a real Ollama did: the calls that were recorded from one, played in their order.

Compared are status, content type, error text, and the fields of an answer with their order and types; not the texts,
counts and names that come from another model.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Api, embedded

CALLS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "ollama-0.33.json").read_text(encoding="utf-8")
)["calls"]
# What the embedded engine does not do, or words in its own way.
DIFFERENT = {"create quantized", "create from broken gguf"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ANSWER = 4  # an answer that Ollama gave up on ends after its first fields, up to `done`


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, gguf_bytes: bytes) -> dict[str, Any]:
    """What the engine says to each call, by the call's name."""
    with embedded(tmp_path_factory.mktemp("recorded")) as api:
        digests = _digests(gguf_bytes)
        return {call["name"]: _play(api, call, digests, gguf_bytes) for call in CALLS}


def _digests(content: bytes) -> dict[str, bytes]:
    """The recorded files' digests and what stands for them: the whole model, a broken one and one cut short."""
    files = {}
    for call in CALLS:
        body = call["body"] if isinstance(call["body"], dict) else {}
        for digest in (body.get("files") or {}).values():
            broken = {"create from broken gguf": b"GGUF" + b"\xff" * 100, "create from truncated gguf": content[:-9]}
            if set(digest[7:]) != {"1"}:  # that one is missing on purpose
                files[digest] = broken.get(call["name"], content)
    return files


def _play(api: Api, call: dict[str, Any], files: dict[str, bytes], content: bytes) -> Any:
    for digest, file in files.items():
        if call["name"].startswith("create") and digest in json.dumps(call["body"]):
            api.push(file)
    own = {digest: "sha256:" + hashlib.sha256(file).hexdigest() for digest, file in files.items()}

    def ours(text: str) -> str:
        return DIGEST.sub(lambda found: own.get(found[0], found[0]), text)

    body = call["body"]
    if call["name"] == "blob push":
        body = content
    elif call["name"] == "create quantized":
        api.call("POST", "/api/copy", {"source": "extractor:f16", "destination": "extractor:q4_k_m"})
    elif isinstance(body, str):
        body = body.encode()
    elif body is not None:
        body = json.loads(ours(json.dumps(body)))
    if body is None:
        return api.http.request(call["method"], ours(call["path"]))
    return api.call(call["method"], ours(call["path"]), body)


COMPARED = [call for call in CALLS if call["name"] not in DIFFERENT]


@pytest.mark.parametrize("call", COMPARED, ids=lambda call: str(call["name"]))
def test_the_engine_answers_as_recorded(answers: dict[str, Any], call: dict[str, Any]) -> None:
    response, recorded = answers[call["name"]], call["response"]
    assert (response.status_code, response.headers.get("content-type", "")) == (call["status"], call["content_type"])
    if isinstance(recorded, str):
        assert response.text == recorded
    elif "lines" in recorded:
        found = [json.loads(line) for line in response.text.splitlines()]
        for line, expected in ((found[0], recorded["first"][0]), (found[-1], recorded["last"][-1])):
            _same_shape(line, expected)
    else:
        _same_shape(response.json(), recorded)


def _same_shape(found: Any, recorded: Any) -> None:
    if isinstance(recorded, dict):
        if "error" in recorded and isinstance(recorded["error"], str):
            assert _words(found["error"]) == _words(recorded["error"])
        given_up = recorded.get("done") is not found.get("done")
        n_fields = ANSWER if given_up else None
        assert list(found)[:n_fields] == list(recorded)[:n_fields]
        for key in list(recorded)[:n_fields]:
            if key != "model_info":  # which is the model's own
                _same_shape(found[key], recorded[key])
    elif isinstance(recorded, list) and recorded:
        assert isinstance(found, list)
        _same_shape(found[0], recorded[0])
    else:
        assert _kind(found) == _kind(recorded)


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _words(text: str) -> str:
    """An error without what differs from model to model and from folder to folder."""
    return re.sub(r"\d+|\"blk[^\"]*\"|/\S*/blobs", "N", re.sub(r"[0-9a-f]{64}", "N", text))


def test_every_recorded_call_is_driven() -> None:
    assert len(CALLS) == 51
    assert {call["name"] for call in CALLS} > DIFFERENT
