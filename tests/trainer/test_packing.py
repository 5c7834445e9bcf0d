"""Packed examples: each row's loss is that of its examples alone, and nothing is lost or learnt that should not be."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from trainer import sft
from trainer.clock import Clock
from trainer.samples import IGNORED


@pytest.fixture
def packed(prepare: Any) -> Any:
    """A trainer of toy rows with packing, its examples as they were encoded, and its config."""
    base = Path(__file__).parents[2] / "models" / "embedded"  # a trained one: what it sees changes its loss
    config = prepare("packed", f"model.model_name_or_path={base}", "training.packing=true", "model.max_length=512")
    trainer, tokenizer, *_ = sft.build(config, Clock(), None)
    return trainer, sft.examples(config, tokenizer)["train"]


def test_the_loss_of_a_packed_row_is_that_of_its_examples_alone(packed: Any) -> None:
    import torch

    trainer, samples = packed
    model = trainer.model.eval()
    row = max(trainer.train_dataset.with_format(None), key=lambda row: len(row["seq_lengths"]))
    assert len(row["seq_lengths"]) >= 3
    alone = {tuple(sample["input_ids"]): sample["labels"] for sample in samples}
    starts = [sum(row["seq_lengths"][:i]) for i in range(len(row["seq_lengths"]) + 1)]
    total = learnt = 0.0
    for start, end in pairwise(starts):
        ids = row["input_ids"][start:end]
        labels = torch.tensor([alone[tuple(ids)]])
        n = int((labels != IGNORED).sum())
        with torch.no_grad():
            total += n * float(model(input_ids=torch.tensor([ids]), labels=labels).loss)
        learnt += n
    batch = {name: tensor.to(model.device) for name, tensor in trainer.data_collator([row]).items()}
    size = batch["input_ids"].shape[1]
    assert starts[-1] <= size < starts[-1] + 64
    assert size % 64 == 0
    with torch.no_grad():
        together = float(trainer.compute_loss(model, dict(batch)))
        seen = float(trainer.compute_loss(model, batch | {"position_ids": torch.arange(size)[None]}))
    assert together == pytest.approx(total / learnt, rel=1e-4)
    assert seen != pytest.approx(total / learnt, rel=0.05)  # what it would be if they saw each other


def test_labels_that_a_library_changed_are_refused(packed: Any) -> None:
    trainer, samples = packed
    sft.check_examples(trainer, samples, packing=True)
    with pytest.raises(UserError, match=r"would learn \d+ of \d+ tokens instead of"):
        sft.check_examples(trainer, samples[1:], packing=True)
    trainer.args.packing = False  # as Unsloth does where it cannot pack
    with pytest.raises(UserError, match="see each other"):
        sft.check_examples(trainer, samples, packing=True)
    trainer.args.packing, trainer.data_collator.padding_free = True, False
    with pytest.raises(UserError, match="see each other"):
        sft.check_examples(trainer, samples, packing=True)


def test_torch_2_11_attends_within_packed_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch.nn.attention import varlen

    from trainer.fast import patch_varlen_attention

    def before(query: Any, key: Any, value: Any, *_: Any, scale: Any = None, window_size: Any = None) -> Any:
        return key, value, scale, window_size

    monkeypatch.setattr(varlen, "varlen_attn", before)
    patch_varlen_attention()
    patched: Any = varlen.varlen_attn
    heads = torch.arange(6.0).view(1, 2, 3)
    key, value, scale, window = patched(
        torch.zeros(1, 4, 3), heads, -heads, None, None, 1, 1, scale=0.5, window_size=(-1, 0), enable_gqa=True
    )
    assert key.tolist() == [[[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5]]]
    assert (value.tolist(), scale, window) == ((-key).tolist(), 0.5, (-1, 0))
    patch_varlen_attention()
    assert varlen.varlen_attn is patched
