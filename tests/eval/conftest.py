"""A finished toy run (data, adapter, merged model, served digests) and a small server that speaks Ollama's API."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from extraction.json import Json
from extraction.prompt import page
from extraction.schema import infer
from extraction.values import annotated
from pipeline.config import Config, load, save
from pipeline.files import read_jsonl, sha256, write_jsonl, write_text
from pipeline.manifest import output_of, record_stage
from tests import http_server
from tests.conftest import give_ranker, toy_rows

DIGESTS = {"f16": "f" * 64, "q4_k_m": "4" * 64}
CONFIG = """
model: {{model_name_or_path: {base}}}
serve: {{name: extractor, num_ctx: 512, num_predict: 12}}
eval: {{batch_size: 4, calibration: 0}}
"""


class FakeOllama(http_server.Server):
    """The part of Ollama's API that is used. `answers`: text by (model, page); dies after `lifetime` answers."""

    def __init__(self, count: Callable[[list[Json]], int]) -> None:
        super().__init__(Handler)
        self.count = count
        self.digests = {f"extractor:{variant}": digest for variant, digest in DIGESTS.items()}
        self.answers: dict[tuple[str, str], str] = {}
        self.endless: set[tuple[str, str]] = set()  # what is answered without an end until a penalty is asked for
        self.asked: list[Json] = []
        self.lifetime = 10**9


class Handler(http_server.Handler):
    server: FakeOllama

    def do_GET(self) -> None:
        models = [{"model": name, "name": name, "digest": digest} for name, digest in self.server.digests.items()]
        self.reply(200, {"models": models} if self.path == "/api/tags" else {"version": "0.0.0-fake"})

    def do_POST(self) -> None:
        body = self.read()
        if self.path == "/api/copy":
            self.server.digests[body["destination"]] = self.server.digests[body["source"]]
            return self.reply(200, {})
        if len(self.server.asked) >= self.server.lifetime:
            self.close_connection = True
            self.server.socket.close()  # nobody is let in any more, and this request gets no answer
            return None
        self.server.asked.append(body)
        key = body["model"], body["messages"][1]["content"]
        content = self.server.answers[key]
        if key in self.server.endless and body["options"]["repeat_penalty"] == 1:
            return self.reply(200, {"message": {"role": "assistant", "content": content}, "done": False})
        n_tokens = self.server.count(body["messages"])
        answer = {"message": {"role": "assistant", "content": content}, "done": True, "done_reason": "stop"}
        logprobs = [{"token": letter, "logprob": -0.001} for letter in content]
        return self.reply(200, answer | {"prompt_eval_count": n_tokens, "logprobs": logprobs})


def shown() -> list[tuple[int, Json]]:
    """The toy run's training rows."""
    return list(enumerate(toy_rows(40)))[20:]


@pytest.fixture
def toy_run(workspace: Path, toy_base: Path, toy_models: Path) -> Config:
    """The config of a run in which everything but the evaluation is done; 12 test rows, 4 of them unseen."""
    from transformers import AutoTokenizer

    from trainer.chat import pieces

    (workspace / "toy.yaml").write_text(CONFIG.format(base=toy_base))
    config = load(workspace / "toy.yaml")
    folder = config.folder
    rows = [{"id": f"r{i}", "slice": "unseen" if i % 3 == 0 else "seen"} | row for i, row in enumerate(toy_rows(12))]
    write_jsonl(folder / "data" / "test.jsonl", rows)
    schema = infer(row["output"] for row in rows)
    write_text(folder / "data" / "schema.json", json.dumps(schema))
    write_text(folder / "data" / "rules.json", json.dumps(annotated(schema, [row["output"] for row in rows])))
    known = [{"id": f"v{i}", "slice": "seen"} | row for i, row in enumerate(toy_rows(20)[12:])]
    write_jsonl(folder / "data" / "validation.jsonl", known)
    write_jsonl(folder / "data" / "train.jsonl", [{"id": f"t{i}", "slice": "seen"} | row for i, row in shown()])
    record_stage(folder, "data", {}, [folder / "data"])
    for name in ("adapter", "merged"):
        shutil.copytree(toy_models / name, folder / name)
    prompt = pieces(AutoTokenizer.from_pretrained(toy_base), schema)
    write_text(folder / "gguf" / "prompt.json", json.dumps(prompt))
    for variant in DIGESTS:
        write_text(folder / "gguf" / f"{variant}.gguf", variant)
    base = {"name": str(toy_base), "weights": {"model.safetensors": sha256(toy_base / "model.safetensors")}}
    give_ranker(folder)
    record_stage(folder, "train", {"base": base}, [folder / "adapter"], device="CPU")
    record_stage(folder, "export", {}, [folder / "merged", folder / "gguf"])
    digests = {variant: output_of(folder, "export", f"gguf/{variant}.gguf") for variant in DIGESTS}
    served = {variant: {"model": f"extractor:{variant}", "digest": digest} for variant, digest in DIGESTS.items()}
    record_stage(folder, "serve", {"gguf": digests}, [], served=served)
    save(config)
    return config


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory: pytest.TempPathFactory, toy_base: Path) -> Path:
    """A folder with adapter/ and merged/; the large weights make the answers depend on the page."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(toy_base, dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=8, target_modules="all-linear"))
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    adapted.save_pretrained(folder / "adapter")
    adapted.merge_and_unload().save_pretrained(folder / "merged")
    for name in ("adapter", "merged"):
        AutoTokenizer.from_pretrained(toy_base).save_pretrained(folder / name)
    return folder


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is away is not waited for."""
    from serve import batch

    monkeypatch.setattr(batch, "PATIENCE", 0.1)


@pytest.fixture
def ollama(toy_run: Config) -> Iterator[Callable[[], FakeOllama]]:
    """Starts servers that know every test row's reference; all are stopped at the end."""
    from serve.client import Extractor

    ours = Extractor(toy_run, "f16", "http://127.0.0.1")

    servers = ExitStack()

    def start() -> FakeOllama:
        server = servers.enter_context(FakeOllama(ours.n_tokens).running())
        data = toy_run.folder / "data"
        for row in (*read_jsonl(data / "test.jsonl"), *read_jsonl(data / "validation.jsonl")):
            for model in server.digests:
                server.answers[model, page(row["input"])] = json.dumps(row["output"], ensure_ascii=False)
        return server

    with servers:
        yield start
