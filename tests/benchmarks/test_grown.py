from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.grown import grow

SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "head_dim": 16}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2}
SHAPE = {"num_hidden_layers": 5, "num_attention_heads": 6, "intermediate_size": 80}


def toy(tied: bool) -> Any:
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(**SMALL, **HEADS, tie_word_embeddings=tied, initializer_range=0.2))
    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.data.uniform_(0.5, 2)
    return model.eval()


@pytest.mark.parametrize("tied", [True, False])
def test_a_grown_model_says_what_the_smaller_one_says(tied: bool) -> None:
    model = toy(tied)
    grown = grow(model, 3, SHAPE).eval()
    ids = torch.randint(0, 64, (2, 20))
    with torch.no_grad():
        small, large = model(input_ids=ids).logits, grown(input_ids=ids).logits
    assert (small - large).abs().max() < 1e-4 < small.std()
    config = grown.config
    assert (config.hidden_size, config.num_key_value_heads, config.head_dim, len(grown.model.layers)) == (96, 3, 16, 5)


def test_what_is_new_learns() -> None:
    """The columns behind new heads, units and layers are zero but have gradients."""
    grown = grow(toy(True), 3, SHAPE)
    ids = torch.randint(0, 64, (2, 20))
    grown(input_ids=ids, labels=ids).loss.backward()
    for layer in grown.model.layers:
        assert layer.self_attn.o_proj.weight.grad[:, 4 * 16 :].abs().max() > 0
        assert layer.mlp.down_proj.weight.grad[:, 48:].abs().max() > 0


def test_heads_that_cannot_be_grouped_as_before_are_refused() -> None:
    with pytest.raises(ValueError, match="5 heads"):
        grow(toy(True), 2, SHAPE | {"num_attention_heads": 5})
