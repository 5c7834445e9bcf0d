"""A run keeps the commit of a hub's base with which it began, whatever its branch stands for later."""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eval import hf, provenance
from pipeline import config as configuration
from pipeline.config import Config
from pipeline.errors import UserError
from pipeline.files import read_json
from pipeline.manifest import read_manifest
from trainer import before, export, fast
from trainer.model import pin
from trainer.train import train

NAME, FIRST, SECOND = "toys/pinned", "a" * 40, "b" * 40
# PEFT asks the hub, which is away, whether the vocabulary has grown.
pytestmark = pytest.mark.filterwarnings("ignore:Could not find a config file:UserWarning")
SETTINGS = ["training.num_train_epochs=0", "lora.r=8", "model.backend=trl", "data.prune=false"]


class Cache:
    """The hub's cache of one model, without the hub: two commits whose weights and tokenizers differ, and branches."""

    def __init__(self, folder: Path, toy_base: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.folder = folder / f"models--{NAME.replace('/', '--')}"
        for commit in (FIRST, SECOND):
            shutil.copytree(toy_base, self.snapshot(commit))
        model = AutoModelForCausalLM.from_pretrained(toy_base)
        with torch.no_grad():
            model.get_input_embeddings().weight.mul_(2)
        model.save_pretrained(self.snapshot(SECOND))
        (self.snapshot(SECOND) / "tokenizer.model").write_bytes(b"of another commit")
        self.move("main", FIRST)

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def move(self, branch: str, commit: str) -> None:
        (self.folder / "refs").mkdir(exist_ok=True)
        (self.folder / "refs" / branch).write_text(commit)


@pytest.fixture
def cache(workspace: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    from huggingface_hub import constants

    found = Cache(workspace / "hub", toy_base)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(workspace / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return found


@pytest.fixture
def begun(prepare: Any, cache: Cache) -> Any:
    """Makes the data of a run, whose config it then reads from toy.yaml as every stage does."""

    def run(revision: str | None = "main", name: str = NAME) -> Config:
        if not Path("artifacts/run").exists():
            prepare("run", *SETTINGS)
        model = [f"model.model_name_or_path={name}", f"model.revision={revision or 'null'}"]
        return configuration.load(Path("toy.yaml"), [*SETTINGS, *model], run="run")

    return run


def embeddings(folder: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")["model.embed_tokens.weight"].float()


def test_a_branch_that_moves_leaves_a_run_where_it_began(
    begun: Any, cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    train(begun())
    folder = begun().folder
    assert read_json(folder / "base.json", "") == {"name": NAME, "revision": "main", "commit": FIRST}
    assert f"train: base: {NAME} at {FIRST} (now main), kept in {folder}/base.json\n" in capsys.readouterr().out
    assert read_manifest(folder)["train"]["inputs"]["base"] == {"name": NAME, "weights": {}, "revision": FIRST}
    assert configuration.load(folder / "config.yaml", run="run").model.revision == FIRST

    cache.move("main", SECOND)
    config = begun()
    train(config)
    output = capsys.readouterr().out
    assert "up to date" in output
    assert "base" not in output
    assert export.stage_inputs(config)["base"]["revision"] == FIRST
    export.merge(config)
    weights = embeddings(cache.snapshot(FIRST))
    assert not torch.equal(weights, embeddings(cache.snapshot(SECOND)))
    torch.testing.assert_close(embeddings(folder / "merged"), weights, rtol=0.01, atol=0.001)  # bfloat16 or float16
    assert (folder / "merged" / "tokenizer.model").read_bytes() != b"of another commit"
    for variant in ("base", "adapter"):
        assert provenance.weights(config, variant)
        found = hf.load(config, variant)[1].get_input_embeddings().weight
        torch.testing.assert_close(found, weights)


def test_without_a_revision_the_default_branch_is_kept(
    begun: Any, cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pin(begun(None)).model.revision == FIRST
    assert f"at {FIRST} (now its default branch), kept" in capsys.readouterr().out
    cache.move("main", SECOND)
    assert begun(None).model.revision == FIRST
    assert pin(begun(SECOND)).model.revision == SECOND
    assert f"at {SECOND}, kept" in capsys.readouterr().out


def test_another_revision_is_pinned_by_training_and_refused_by_later_stages(begun: Any, cache: Cache) -> None:
    cache.move("next", SECOND)
    train(begun())
    assert begun(FIRST).model.revision == FIRST
    assert export.stage_inputs(begun(FIRST)) == export.stage_inputs(begun())
    words = f"was trained on {NAME} at {FIRST}, but the config asks for {NAME} at next: run `make train` again"
    with pytest.raises(UserError, match=words):
        export.stage_inputs(begun("next"))
    with pytest.raises(UserError, match=words):
        provenance.weights(begun("next"), "base")
    pin(begun("next"))  # of a training that was then interrupted: the adapter is still the first commit's
    with pytest.raises(UserError, match=f"but the config asks for {NAME} at {SECOND}"):
        export.stage_inputs(begun("next"))
    train(begun("next"))
    assert export.stage_inputs(begun("next"))["base"]["revision"] == SECOND


def test_a_local_base_is_not_pinned(begun: Any, toy_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = begun(None, str(toy_base))
    train(config)
    assert not (config.folder / "base.json").exists()
    assert "base" not in capsys.readouterr().out
    assert export.stage_inputs(config)["base"].keys() == {"name", "weights"}
    with pytest.raises(UserError, match=f"was trained on {toy_base}, but the config asks for {NAME} at main"):
        export.stage_inputs(begun())


def test_one_of_several_processes_pins(begun: Any, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    config = begun()
    with monkeypatch.context() as patch:
        patch.setenv("RANK", "1")
        assert pin(config).model.revision == FIRST
    assert not (config.folder / "base.json").exists()
    cache.move("main", SECOND)
    assert pin(config).model.revision == SECOND == configuration.pinned(config).model.revision


def test_an_export_that_trains_first_reads_what_the_training_pinned(
    begun: Any, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged = []

    def merge(config: Config) -> None:
        merged.append(config.model.revision)
        raise UserError("enough")

    @contextmanager
    def training(arguments: Sequence[str]) -> Iterator[str]:
        train(begun())
        cache.move("main", SECOND)
        yield "cpu"

    begun()
    monkeypatch.setattr(before, "training", training)
    monkeypatch.setattr(export, "merge", merge)
    monkeypatch.setattr(export, "converter", lambda: ExitStack())
    model = [f"model.model_name_or_path={NAME}", "model.revision=main"]
    with pytest.raises(UserError, match="enough"):
        export.main(["--config", "toy.yaml", "--run", "run", "--train", "--set", *SETTINGS, *model])
    assert merged == [FIRST]


def test_a_damaged_pin_is_one_sentence(begun: Any) -> None:
    pin(begun())
    Path("artifacts/run/base.json").write_text(json.dumps({})[:1])
    with pytest.raises(UserError, match=r"base\.json is damaged .*: remove it, then `make train` pins the run anew"):
        begun()


def test_unsloth_loads_the_repository_that_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    class FastLanguageModel:
        @staticmethod
        def from_pretrained(**options: Any) -> tuple[None, None]:
            asked.update(options)
            return None, None

    unsloth = ModuleType("unsloth")
    unsloth.FastLanguageModel = FastLanguageModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "unsloth", unsloth)
    fast.load_base(Config(run="any", model={"model_name_or_path": NAME, "revision": FIRST}))  # type: ignore[arg-type]
    assert (asked["model_name"], asked["revision"], asked["use_exact_model_name"]) == (NAME, FIRST, True)
