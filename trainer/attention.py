"""Attention within each example of a row, on a CPU, so that the examples of a batch need no padding.

They stand one after another in a single row, and their positions, which begin at 0, tell them apart. torch's kernel is
called once an example and attends to earlier tokens only, without a mask; of a mask it would read the upper half too.
"""

from itertools import pairwise
from typing import Any

from torch import Tensor

NAME = "each_example"


def use(model: Any) -> bool:
    """Let the model attend so on a CPU; False, and the model as it was, where its layers would mix examples."""
    import torch
    from transformers import AttentionInterface

    before = model.config._attn_implementation
    if torch.cuda.is_available() or before != "sdpa" or not attends_to_all(model.config.get_text_config()):
        return False
    AttentionInterface.register(NAME, attend)
    model.set_attn_implementation(NAME)
    if keeps_apart(model):
        return True
    model.set_attn_implementation(before)
    return False


def attends_to_all(config: Any) -> bool:
    """Whether every layer attends to all earlier tokens, not to a window or a chunk of them."""
    kinds = getattr(config, "layer_types", None) or []
    return getattr(config, "sliding_window", None) is None and all(kind == "full_attention" for kind in kinds)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    position_ids: Tensor | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """By torch's kernel, example by example: 1 x heads x tokens x features to 1 x tokens x heads x features."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    sizes = lengths(position_ids, query.shape[2])
    parts = zip(*(torch.split(tensor, sizes, dim=2) for tensor in (query, key, value)), strict=True)
    return torch.cat([sdpa_attention_forward(module, *part, None, **options)[0] for part in parts], dim=1), None


def lengths(position_ids: Tensor | None, size: int) -> list[int]:
    """The lengths of a row's examples, whose positions (1 x tokens) begin at 0; one of `size` tokens without any."""
    if position_ids is None:
        return [size]
    starts = (position_ids[0] == 0).nonzero().flatten().tolist()
    return [end - start for start, end in pairwise([*starts, size])]


def keeps_apart(model: Any) -> bool:
    """Whether an example's logits behind another one are those that it has alone."""
    import torch

    ids = torch.arange(32)[None] % model.config.get_text_config().vocab_size
    positions = torch.arange(16).repeat(2)[None]
    with torch.no_grad():
        both = model(input_ids=ids, position_ids=positions, use_cache=False).logits[:, 16:]
        alone = model(input_ids=ids[:, 16:], position_ids=positions[:, 16:], use_cache=False).logits
    return bool((both - alone).abs().max() <= 1e-4 * alone.abs().max())
