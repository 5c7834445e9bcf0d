"""Greedy decoding of a batch of prompts: rows that have ended leave the batch, and a CPU's time goes into products.

transformers' own `generate` goes on with all rows until the last has ended, and where several query heads share a key
it copies every cached key for each of them at every step.
"""

from collections.abc import Sequence
from typing import Any

from pipeline.config import Config

Tokens = tuple[list[int], list[float]]  # of one row: ids, and their log-probabilities where those are wanted
GROUPED = "grouped_decoding"
MOST = 256  # rows of a batch on a GPU; a step takes as long for 16
CPU_ROWS = 32
CPU_SCORES = CPU_ROWS * 1024**2  # rows x squared tokens of a prompt: the scores of a head that attention holds
LEAVE = 0.8  # rows leave the batch when this share of it is still at work: each leaving copies the cache


def batch_size(config: Config, model: Any, prompt: int) -> int:
    """Rows of a batch whose longest prompt has `prompt` tokens: the config's, or what the free memory holds."""
    import torch

    if config.eval.batch_size != "auto":
        return config.eval.batch_size
    if model.device.type == "cpu":
        return max(1, min(CPU_ROWS, CPU_SCORES // prompt**2))
    torch.cuda.empty_cache()
    return rows_that_fit(torch.cuda.mem_get_info()[0], model.config, prompt, config.serve.num_predict)


def rows_that_fit(free: int, config: Any, prompt: int, num_predict: int) -> int:
    """Rows that `free` bytes hold, a power of two up to `MOST`; a row has 16-bit keys and values of `prompt` tokens and
    a quarter of `num_predict`, the prompt's activations, and logits in float32.

    Few answers are as long as they may be, and those that have ended leave. A batch that does run out of memory is
    asked in halves.
    """
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cached = 4 * text.num_hidden_layers * heads * size
    activations = 2 * (8 * text.hidden_size + 3 * text.intermediate_size)
    row = (prompt + num_predict // 4) * cached + prompt * activations + 8 * text.vocab_size
    return int(1 << (max(1, min(MOST, int(0.8 * free / row))).bit_length() - 1))


def greedy(
    model: Any, prompts: Sequence[list[int]], pad: int, ends: Sequence[int], limit: int, scored: bool = False
) -> list[Tokens]:
    """Up to `limit` new tokens for each prompt, its end token included. Left padding is masked."""
    import torch
    from transformers import DynamicCache

    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    cache = DynamicCache(config=model.config)
    found: list[Tokens] = [([], []) for _ in prompts]
    rows, positions = list(range(len(prompts))), (mask.cumsum(1) - 1).clamp(min=0)
    for _ in range(limit):
        state = {"attention_mask": mask, "position_ids": positions, "past_key_values": cache}
        logits = model(input_ids=ids, **state, use_cache=True, logits_to_keep=1).logits[:, -1].float()
        new = logits.argmax(-1)
        scores = logits.log_softmax(-1).gather(1, new[:, None])[:, 0].tolist() if scored else []
        going = append(found, rows, new.tolist(), scores, ends)
        if not going:
            break
        ids, positions = new[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        if len(going) <= LEAVE * len(rows):
            kept = torch.tensor(going, device=model.device)
            cache.batch_select_indices(kept)
            ids, positions, mask, rows = ids[kept], positions[kept], mask[kept], [rows[place] for place in going]
    return found


def append(
    found: list[Tokens], rows: Sequence[int], new: Sequence[int], scores: Sequence[float], ends: Sequence[int]
) -> list[int]:
    """Enter a step's tokens; the places in the batch of the rows that have not ended."""
    going = []
    for place, (row, token) in enumerate(zip(rows, new, strict=True)):
        tokens, logprobs = found[row]
        if tokens and tokens[-1] in ends:
            continue
        tokens.append(token)
        logprobs.extend(scores[place : place + 1])
        if token not in ends:
            going.append(place)
    return going


def attention(config: Any) -> str:
    """The fastest exact attention for one token a step on a CPU: SDPA's takes twice as long as eager's there."""
    text = config.get_text_config()
    heads, keys = text.num_attention_heads, getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    if heads == keys or getattr(text, "attn_logit_softcapping", None):
        return "eager"
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(GROUPED, _grouped)
    AttentionMaskInterface.register(GROUPED, eager_mask)
    return GROUPED


def _grouped(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: float, **_: Any
) -> tuple[Any, None]:
    """Attention without a copy of keys and values for each query head that shares them.

    `query`: batch x heads x tokens x size, `key` and `value`: batch x fewer heads x cached tokens x size; the queries
    that share a key are rows of one product. Returns batch x tokens x heads x size.
    """
    batch, heads, tokens, size = query.shape
    shared = key.shape[1]
    queries = query.reshape(batch, shared, -1, size)
    scores = (queries @ key.transpose(2, 3)).mul_(scaling).view(batch, shared, -1, tokens, key.shape[2])
    if attention_mask is not None:
        scores += attention_mask[:, :, None, :, : key.shape[2]]
    shares = scores.softmax(-1).view(batch, shared, -1, key.shape[2])
    return (shares @ value).view(batch, heads, tokens, size).transpose(1, 2), None


def dequantized(model: Any) -> Any:
    """A base in NF4 as the 16-bit numbers that it computes with, where the GPU holds them: none is unpacked twice."""
    import torch

    if not getattr(model, "is_loaded_in_4bit", False):
        return model
    needed = 2 * model.num_parameters()
    if torch.cuda.mem_get_info()[0] < 1.5 * needed:
        return model
    return model.dequantize()
