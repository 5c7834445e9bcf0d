"""A toy base model and a toy dataset, made once a session: everything real but small."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.http_server import free_port

CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt"
    " %}<|assistant|>{% endif %}"
)


ROOT = Path(__file__).parents[1]
ROOMS = "|".join(path.parent.name for path in ROOT.glob("*/__init__.py"))
# A warning's module is a name, or the path of a file that is being compiled.
THEIRS = rf"(?!({ROOMS})(\.|$)|{re.escape(str(ROOT))}/(?!\.venv/))"


def forgive_libraries() -> None:
    """Warnings are errors, but not what a library's code says of itself as it is compiled or imported."""
    for category in (SyntaxWarning, DeprecationWarning):
        warnings.filterwarnings("default", category=category, module=THEIRS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    forgive_libraries()  # within pytest's own wrapper, which has just set the filters of pyproject.toml
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    forgive_libraries()
    return (yield)  # type: ignore[misc]


def pytest_configure() -> None:
    """Tests press Ctrl-C in child processes, which inherit it ignored where a shell runs pytest in its background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are skipped, with the reason, where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device, and there is none"))


def toy_rows(n: int) -> list[dict[str, Any]]:
    """`n` rows of a schema that is not the product's."""
    towns = ("Bern", "Łódź", "Kyōto", "Oslo", "Rīga")
    return [
        {
            "input": f"<dl><dt>Town</dt><dd>{towns[i % 5]} {i}</dd><dt>Seats</dt><dd>{i * 3}</dd></dl>",
            "output": {"town": f"{towns[i % 5]} {i}", "seats": i * 3},
            "layout": "dl" if i % 4 else "odd",
        }
        for i in range(n)
    ]


def give_ranker(run: Path) -> None:
    """Enter the project's ranker as a run's own, as `make train` does where it has no long pages."""
    from pipeline.manifest import record_stage

    run.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parents[1] / "models" / "ranker.safetensors", run)
    record_stage(run, "ranker", {}, [run / "ranker.safetensors"])


@pytest.fixture(scope="session")
def toy_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer Llama and a SentencePiece tokenizer of its own."""
    import sentencepiece
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("base")
    lines = [row["input"] + json.dumps(row["output"], ensure_ascii=False) for row in toy_rows(400)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=512,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        control_symbols=["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>", "<pad>"],
        hard_vocab_limit=False,
        minloglevel=2,
    )
    settings = {
        "tokenizer_class": "LlamaTokenizer",
        "eos_token": "<|end|>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "add_bos_token": False,
        "add_eos_token": False,
        "add_prefix_space": False,
        "legacy": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).half().save_pretrained(folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working folder, so that artifacts/ is the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@dataclass(frozen=True)
class Served:
    """A finished run, artifacts/embedded in `folder`, and the base URL of the server that has its models."""

    folder: Path
    host: str

    def stage(self, module: str, *arguments: str) -> str:
        """Run a stage on the run's config; what it prints."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        root = str(Path(__file__).parents[1])
        return dict(os.environ) | {"PYTHONPATH": root, "OLLAMA_HOST": self.host.removeprefix("http://")}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The embedded base without fine-tuning, exported and served on a free port. Slow: for tests marked so."""
    root = Path(__file__).parents[1]
    run = Served(tmp_path_factory.mktemp("served"), f"http://127.0.0.1:{free_port()}")
    config = f"""
model: {{model_name_or_path: {root / "models" / "embedded"}}}
data: {{path: {root / "data" / "products.jsonl"}}}
training: {{num_train_epochs: 0}}
"""
    (run.folder / "embedded.yaml").write_text(config)
    try:
        for module in ("pipeline.data", "trainer.train", "trainer.export", "serve.create"):
            run.stage(module, "--config", "embedded.yaml")
        yield run
    finally:
        run.stage("serve.server", "stop")
