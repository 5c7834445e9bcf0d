"""The official Python client must not notice which server answers."""

from collections.abc import Iterator
from pathlib import Path

import ollama
import pytest
from pydantic import BaseModel

from tests.serve.conftest import Api

OPTIONS = {"num_predict": 6, "seed": 1, "temperature": 0, "num_ctx": 512}
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
def client(api: Api) -> Iterator[ollama.Client]:
    with ollama.Client(host=api.url) as client:
        yield client


class Record(BaseModel):
    name: str | None
    seats: int | None


def test_list_show_ps(client: ollama.Client) -> None:
    model = next(model for model in client.list().models if model.model == "contract:f16")
    assert model.details is not None
    assert model.details.quantization_level == "F16"
    shown = client.show("contract:f16")
    assert shown.modelinfo is not None
    assert shown.modelinfo["llama.context_length"] == 2048
    client.chat("contract:f16", MESSAGES, options=OPTIONS)
    assert "contract:f16" in [process.model for process in client.ps().models]


def test_create_copy_delete(client: ollama.Client, gguf_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes)
    digest = client.create_blob(path)
    steps = [step.status for step in client.create("contract:client", files={"m.gguf": digest}, stream=True)]
    assert steps[-1] == "success"
    assert client.create("contract:client", from_="contract:f16", system="s").status == "success"
    assert client.copy("contract:client", "contract:second").status == "success"
    for name in ("contract:client", "contract:second"):
        assert client.delete(name).status == "success"


def test_chat(client: ollama.Client) -> None:
    whole = client.chat("contract:f16", MESSAGES, options=OPTIONS, keep_alive="5m")
    assert whole.done
    assert whole.eval_count == 6
    parts = list(client.chat("contract:f16", MESSAGES, options=OPTIONS, stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert parts[-1].done_reason == "length"


def test_chat_with_a_pydantic_schema(client: ollama.Client) -> None:
    options = OPTIONS | {"num_predict": 120}
    schema = Record.model_json_schema()
    schema["properties"]["name"]["anyOf"][0]["maxLength"] = 5
    answer = client.chat("contract:f16", MESSAGES, options=options, format=schema)
    assert Record.model_validate_json(answer.message.content or "")


def test_generate(client: ollama.Client) -> None:
    whole = client.generate("contract:f16", "hello", options=OPTIONS)
    assert whole.context
    parts = list(client.generate("contract:f16", "hello", options=OPTIONS, stream=True))
    assert "".join(part.response for part in parts) == whole.response


def test_errors(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nosuch' not found") as missing:
        client.chat("nosuch", MESSAGES)
    assert missing.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="must be of type float32") as bad:
        list(client.generate("contract:f16", "x", options={"temperature": "hot"}, stream=True))
    assert bad.value.status_code == 500
    with pytest.raises(ollama.ResponseError) as gone:
        client.delete("contract:nosuch")
    assert gone.value.status_code == 404
