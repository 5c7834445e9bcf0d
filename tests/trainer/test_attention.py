"""Examples in one row without padding: each is read as it is alone, and a base that would mix them is padded."""

from pathlib import Path
from typing import Any

import pytest

from trainer import attention, sft
from trainer.clock import Clock
from trainer.model import load_base

BASE = Path(__file__).parents[2] / "models" / "embedded"  # a trained one: what it sees changes its loss


def gradients(trainer: Any, batch: dict[str, Any], n_learnt: Any) -> tuple[float, Any]:
    """The loss of a batch, a share of `n_learnt` tokens, and the gradient of every weight that is trained, joined."""
    import torch

    trainer.model.zero_grad()
    loss = trainer.model(**batch, num_items_in_batch=n_learnt).loss
    loss.backward()
    weights = [weight.grad.flatten() for weight in trainer.model.parameters() if weight.requires_grad]
    return float(loss.detach()), torch.cat(weights)


def test_a_step_without_padding_learns_what_padded_ones_do(prepare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    config = prepare("flat", f"model.model_name_or_path={BASE}")
    flat, *_ = sft.build(config, Clock(), None)
    monkeypatch.setattr(attention, "use", lambda model: False)
    padded, *_ = sft.build(config, Clock(), None)
    rows = sorted(flat.train_dataset, key=lambda row: len(row["input_ids"]))
    rows = [rows[0], rows[-1], rows[len(rows) // 2]]
    size = sum(len(row["input_ids"]) for row in rows)
    batches = [trainer.data_collator(rows) for trainer in (flat, padded)]
    assert [batch["input_ids"].numel() for batch in batches] == [size, 3 * len(rows[1]["input_ids"])]
    n_learnt = [flat._get_num_items_in_batch([batch], torch.device("cpu")) for batch in batches]
    assert n_learnt[0] == n_learnt[1] == (batches[1]["labels"] != -100).sum()
    found, found_gradient = gradients(flat, batches[0], n_learnt[0])
    wanted, wanted_gradient = gradients(padded, batches[1], n_learnt[1])
    assert found == pytest.approx(wanted, rel=1e-5)
    assert (found_gradient - wanted_gradient).norm() < 1e-4 * wanted_gradient.norm()


def test_a_base_that_would_mix_examples_keeps_its_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_base(str(BASE))
    assert attention.use(model)
    assert model.config._attn_implementation == attention.NAME
    for setting, value in (("sliding_window", 64), ("layer_types", ["full_attention", "chunked_attention"])):
        model = load_base(str(BASE))
        setattr(model.config, setting, value)
        assert not attention.use(model), setting
        assert model.config._attn_implementation == "sdpa"
    model = load_base(str(BASE))
    monkeypatch.setattr(attention, "lengths", lambda positions, size: [size])  # as where a layer is not told positions
    assert not attention.use(model)
    assert model.config._attn_implementation == "sdpa"


def test_the_position_0_begins_an_example() -> None:
    import torch

    assert attention.lengths(torch.tensor([[0, 1, 2, 0, 0, 1]]), 6) == [3, 1, 2]
    assert attention.lengths(None, 6) == [6]
