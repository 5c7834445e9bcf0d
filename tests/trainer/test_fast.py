import importlib
import sys
from pathlib import Path

import pytest

from trainer.fast import OnlySFT

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
