from typing import Any

import pytest

from trainer import memory, sft
from trainer.clock import Clock
from trainer.samples import IGNORED, Encoded


def lengths(samples: Any) -> list[int]:
    return [len(sample["input_ids"]) for sample in samples]


def longer(sample: Encoded, by: int) -> Encoded:
    """The sample with its first token repeated."""
    return {
        "input_ids": sample["input_ids"][:1] * by + sample["input_ids"],
        "labels": [IGNORED] * by + sample["labels"],
    }


def test_validation_is_read_in_the_order_of_its_lengths_and_training_is_not(
    prepare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = prepare("ordered")
    encoded = sft.examples

    def longest_first(*options: Any) -> dict[str, list[Encoded]]:
        parts = encoded(*options)
        return {name: [longer(s, len(part) - i) for i, s in enumerate(part)] for name, part in parts.items()}

    monkeypatch.setattr(sft, "examples", longest_first)
    trainer, *_ = sft.build(config, Clock(), None)
    for name, rows, ascending in (("train", trainer.train_dataset, False), ("validation", trainer.eval_dataset, True)):
        found = lengths(rows)
        assert len(set(found)) > 1, name
        assert found == sorted(found, reverse=not ascending), name


def test_what_a_step_is_made_of_runs_and_stands_in_the_log_and_the_manifest(
    prepare: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "CPU_TOKENS", 1)
    config = prepare("parts", "training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1")
    trainer, _, facts, _ = sft.build(config, Clock(), None)
    assert (trainer.args.per_device_train_batch_size, trainer.args.gradient_accumulation_steps) == (1, 8)
    assert memory.Plan(**facts["plan"]) == memory.Plan(1, 8, False)
    assert "trl, Plan(per_device_train_batch_size=1, gradient_accumulation_steps=8," in capsys.readouterr().out
