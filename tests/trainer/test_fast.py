import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from trainer.fast import OnlySFT, is_supported

TRAINERS = """
patched = []
def _patch_trl_rl_trainers(name): patched.append(name)
def patch_trl_rl_trainers():
    for name in ("dpo_trainer", "grpo_trainer", "sft_trainer"): _patch_trl_rl_trainers(name)
def PatchFastRL(): patch_trl_rl_trainers()
"""


def test_unsloth_patches_the_trainer_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "unsloth" / "models"
    models.mkdir(parents=True)
    (tmp_path / "unsloth" / "__init__.py").write_text("from unsloth.models.rl import PatchFastRL\nPatchFastRL()\n")
    (models / "__init__.py").write_text("")
    (models / "rl.py").write_text(TRAINERS)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("unsloth", "unsloth.models", "unsloth.models.rl"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    finders = list(sys.meta_path)
    OnlySFT.install()
    importlib.import_module("unsloth")
    assert sys.modules["unsloth.models.rl"].patched == ["sft_trainer"]
    assert sys.meta_path == finders
    for name in ("unsloth", "unsloth.models", "unsloth.models.rl"):
        del sys.modules[name]  # what was there before comes back


@pytest.mark.parametrize(
    ("tokens", "width", "expected"),
    [(8192, 3072, True), (8064, 3072, False), (16384, 1024, False), (73728, 1024, True)],
)
def test_our_layers_compute_what_takes_a_gpu_longer_than_its_launches(
    monkeypatch: pytest.MonkeyPatch, tokens: int, width: int, expected: bool
) -> None:
    """Phi-3-mini's from 8,192 tokens on; those of half a billion weights were no faster with 16,384."""
    functional = ModuleType("functional")
    functional.QuantState = type("QuantState", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", ModuleType("bitsandbytes"))
    monkeypatch.setitem(sys.modules, "bitsandbytes.functional", functional)
    x, weight, a = (torch.empty(*shape, device="meta") for shape in ((1, tokens, width), (8, width), (4, width)))
    assert is_supported(x, (weight, None, a, None, 0.5)) is expected
