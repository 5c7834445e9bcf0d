import os
import shutil
import signal
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from pipeline.config import Config, Lora, Model
from pipeline.errors import UserError
from pipeline.files import sha256
from pipeline.manifest import read_manifest
from trainer import checkpoints, export
from trainer.checkpoints import last_complete
from trainer.model import add_lora, check_base, load_base, loading, prepare_libraries
from trainer.progress import LossBar
from trainer.train import train


def adapter(config: Config) -> str:
    return sha256(config.folder / "adapter" / "adapter_model.safetensors")


def test_the_seed_decides_and_a_second_run_does_nothing(prepare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    configs = [prepare("a"), prepare("b"), prepare("c", "training.seed=1")]
    for config in configs:
        train(config)
    first, second, other = map(adapter, configs)
    assert first == second != other
    output = capsys.readouterr().out
    assert "train: device: " in output
    assert "loss on the answers only, checked" in output
    assert "{'loss'" not in output  # transformers' own rows of figures
    assert (configs[0].folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert read_manifest(configs[0].folder)["train"]["loss"] > 0
    train(configs[0])
    assert "up to date" in capsys.readouterr().out


def test_a_short_job_saves_no_checkpoint_and_a_long_one_none_after_its_last_epoch(
    prepare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = prepare("short"), prepare("long")
    train(short)
    assert last_complete(short.folder / "checkpoints") is None
    monkeypatch.setattr(checkpoints, "APART", 0)
    train(long)
    last = last_complete(long.folder / "checkpoints")
    assert last is not None
    assert int(last.name.split("-")[1]) * 2 == read_manifest(long.folder)["train"]["steps"]
    assert adapter(short) == adapter(long)


def test_interpolation_keeps_a_share_of_what_was_learnt(prepare: Any) -> None:
    """The mean of fine-tuned weights and the base's: W + scale · (0.75 B) A."""
    whole, mean = prepare("fine-tuned"), prepare("mean", "lora.interpolation=0.75")
    for config in (whole, mean):
        train(config)
    learnt, kept = (load_file(config.folder / "adapter" / "adapter_model.safetensors") for config in (whole, mean))
    assert learnt.keys() == kept.keys()
    for name, value in learnt.items():
        assert np.abs(value).max() > 0
        np.testing.assert_array_equal(kept[name], value * np.float32(0.75 if "lora_B" in name else 1))


def test_a_training_that_fails_leaves_the_adapter(prepare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare("same")
    train(first)
    digest, entry = adapter(first), read_manifest(first.folder)["train"]
    with pytest.raises(UserError, match=r"raise model\.max_length"):
        train(prepare("same", "model.max_length=64"))
    assert adapter(first) == digest
    assert read_manifest(first.folder)["train"] == entry
    train(prepare("same", "training.seed=1"))
    assert adapter(first) != digest
    assert sha256(first.folder / "older" / f"adapter-{digest[:12]}" / "adapter_model.safetensors") == digest


def test_ctrl_c_saves_a_checkpoint_and_resume_reaches_the_same_adapter(
    prepare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = prepare("whole"), prepare("stopped")
    train(whole)

    def interrupt(self: LossBar, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(LossBar, "on_step_begin", interrupt, raising=False)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
    assert not (stopped.folder / "adapter").exists()
    half = stopped.folder / "checkpoints" / "checkpoint-9"
    half.mkdir()  # what a process killed while it saved leaves behind
    train(stopped, resume=True)
    assert not half.exists()
    assert adapter(stopped) == adapter(whole)


def test_a_base_without_weights_is_named(toy_base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no config\.json"):
        check_base(str(tmp_path))
    shutil.copy(toy_base / "config.json", tmp_path)
    with pytest.raises(UserError, match="has no weights"):
        check_base(str(tmp_path))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_base_that_is_not_whole_is_one_sentence(prepare: Any, toy_base: Path, workspace: Path, name: str) -> None:
    config, broken = prepare("broken"), workspace / "broken-base"
    shutil.copytree(toy_base, broken)
    (broken / name).write_bytes((broken / name).read_bytes()[:50])
    with pytest.raises(
        UserError, match=r"the base model \S+ cannot be loaded \(.*\): restore its files, or give"
    ) as said:
        train(config.model_copy(update={"model": Model(model_name_or_path=str(broken), backend="trl")}))
    assert "\n" not in str(said.value)


def test_a_base_that_the_hub_does_not_give_is_one_sentence() -> None:
    words = r"base model org/nane cannot be loaded \(no such\): `make doctor` says"
    with pytest.raises(UserError, match=words), loading("org/nane"):
        raise OSError("no such.\nMore of it.")


def test_a_hub_that_is_away_says_so_before_a_ranker_is_fitted(prepare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(name: str, path: str, revision: str | None) -> str:
        raise OSError(f"{name} at {revision}: no {path}")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", away)
    config = prepare("away", "data.prune=true")
    (config.folder / "ranker.safetensors").unlink(missing_ok=True)
    hub = Model(model_name_or_path="org/name", revision="a1b2", backend="trl")
    with pytest.raises(
        UserError, match=r"org/name cannot be loaded \(org/name at a1b2: no config\.json\): `make doctor`"
    ):
        train(config.model_copy(update={"model": hub}))
    assert not (config.folder / "ranker.safetensors").exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.optim=fast", r"`training` of the config was refused: fast is not a valid OptimizerNames"),
        ("training.lr_scheduler_type=up", r"`training` of the config was refused: up is not a valid SchedulerType"),
        ("training.report_to=paper", r"`training` of the config was refused: paper is not supported"),
        ("lora.target_modules=[eyes]", r"`lora` of the config was refused: Target modules {'eyes'} not found"),
    ],
)
def test_a_value_that_a_library_refuses_is_one_sentence(prepare: Any, override: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        train(prepare("refused", override))


@pytest.mark.parametrize(("rank", "seen"), [(None, "0"), ("1", None)])
def test_a_process_of_its_own_sees_one_gpu(monkeypatch: pytest.MonkeyPatch, rank: str | None, seen: str | None) -> None:
    for name in ("LOCAL_RANK", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "")  # so that what the machine has is put back
        monkeypatch.delenv(name)
    if rank:
        monkeypatch.setenv("LOCAL_RANK", rank)
    prepare_libraries(Config(run="any", model=Model(backend="trl")), training=True)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == seen


def test_a_full_disk_stops_the_export_before_it_writes(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 10**9))
    export.check_space(workspace, 100_000_000, ["f16"])
    with pytest.raises(UserError, match=r"needs 2\.7 GB .* but 1\.0 GB are free"):
        export.check_space(workspace, 1_000_000_000, ["f16", "q4_k_m"])


def test_loftq_without_cuda_is_refused(toy_base: Path, workspace: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(UserError, match="on CUDA, which is not here"):
        add_lora(load_base(str(toy_base)), Lora(init_lora_weights="loftq"), workspace)


@pytest.mark.gpu
def test_loftq_keeps_the_base_that_its_adapter_belongs_to(prepare: Any) -> None:
    import torch
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM

    config = prepare("loftq", "lora.init_lora_weights=loftq", "training.num_train_epochs=1")
    train(config)
    base = PeftConfig.from_pretrained(str(config.folder / "adapter")).base_model_name_or_path
    assert base == str(config.folder / "loftq_base")
    _, n_weights = export.merge(config)
    kept = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    loaded = PeftModel.from_pretrained(kept, str(config.folder / "adapter"))
    merged = AutoModelForCausalLM.from_pretrained(config.folder / "merged", dtype=torch.float32)
    ids = torch.arange(20)[None]
    assert n_weights == sum(weight.numel() for weight in merged.parameters())
    expected = loaded(ids).logits
    assert (merged(ids).logits - expected).abs().max() < 0.03 * expected.abs().max()  # bfloat16's rounding
