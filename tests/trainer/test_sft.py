from typing import Any

import pytest

from trainer import sft
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
