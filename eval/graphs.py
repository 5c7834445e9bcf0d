"""Greedy decoding by CUDA graphs: all the kernels of a step are one launch, where they would be thousands.

A graph replays the same kernels on the same memory. So keys and values have places for the tokens of the next `STRETCH`
steps from the beginning; after a stretch the rows that have ended leave, the rest gets new places and a new graph.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval import decode
from eval.decode import Tokens

REFUSED = "_no_cuda_graph"  # set on a model that failed once
STRETCH = 64  # steps; capturing a graph takes as long as two or three of them take without one


@dataclass
class State:
    """What a step reads and writes in place; a row of the batch is a row of every tensor."""

    cache: Any  # transformers' static layers
    mask: Any  # rows x 1 x 1 x places, bool: the keys that a row's next token reads
    ids: Any  # rows x 1
    positions: Any  # rows x 1
    scores: Any  # rows: log-probabilities of `ids`


def usable(model: Any, tokens: int) -> bool:
    """Whether a static cache holds up to `tokens` tokens of prompt and answer of this model as its own would."""
    text = model.config.get_text_config()
    kinds = set(getattr(text, "layer_types", None) or ["full_attention"])
    windows = getattr(text, "sliding_window", None) or tokens
    plain = kinds <= {"full_attention", "sliding_attention"} and model.config._attn_implementation == "sdpa"
    return plain and tokens <= windows


def greedy(
    model: Any, prompts: Sequence[list[int]], pad: int, ends: Sequence[int], limit: int, scored: bool = False
) -> list[Tokens]:
    """The answers of `decode.greedy`, by which a model is asked whose step cannot be a graph."""
    import torch

    asked = (model, prompts, pad, ends, limit, scored)
    if getattr(model, REFUSED, False) or not usable(model, max(map(len, prompts)) + limit):
        return decode.greedy(*asked)
    try:
        return _by_graphs(*asked)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AttributeError, NotImplementedError) as error:
        print(f"eval: this model is asked step by step, since a CUDA graph of it failed: {error}", flush=True)
        setattr(model, REFUSED, True)
        return decode.greedy(*asked)


def _by_graphs(
    model: Any, prompts: Sequence[list[int]], pad: int, ends: Sequence[int], limit: int, scored: bool
) -> list[Tokens]:
    width = max(map(len, prompts))
    found: list[Tokens] = [([], []) for _ in prompts]
    rows, state = list(range(len(prompts))), read(model, prompts, width, pad)
    going, step = enter(found, rows, state, ends, scored), None
    for done in range(limit - 1):
        if not going:
            break
        if done % STRETCH == 0:
            rows, state = [rows[place] for place in going], stretched(state, going, min(STRETCH, limit - 1 - done))
            step = Step(model, state, scored)
        step()  # type: ignore[misc]
        going = enter(found, rows, state, ends, scored)
    return found


def read(model: Any, prompts: Sequence[list[int]], width: int, pad: int) -> State:
    """The state after the prompts (left-padded to `width` tokens), with each row's first token."""
    import torch
    from transformers import DynamicCache

    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    positions, cache = (mask.cumsum(1) - 1).clamp(min=0), DynamicCache()
    known = {"attention_mask": mask, "position_ids": positions, "past_key_values": cache}
    logits = model(input_ids=ids, **known, use_cache=True, logits_to_keep=1).logits[:, -1].float()
    new, scores = best(logits)
    return State(cache, mask.bool()[:, None, None], new, positions[:, -1:] + 1, scores)


def best(logits: Any) -> tuple[Any, Any]:
    """The likeliest token (rows x 1) and its log-probability (rows) of `logits`, rows x vocabulary."""
    new = logits.argmax(-1, keepdim=True)
    return new, logits.gather(1, new)[:, 0] - logits.logsumexp(-1)


def stretched(state: State, going: Sequence[int], steps: int) -> State:
    """A state of the rows at the places `going`, with places for the keys of `steps` more tokens."""
    import torch
    from transformers.cache_utils import Cache, StaticLayer

    kept = torch.tensor(going, device=state.ids.device)
    length = state.mask.shape[-1]
    layers = []
    for older in state.cache.layers:
        keys, values = older.keys[kept], older.values[kept]
        layer = StaticLayer(length + steps)
        layer.lazy_initialization(keys, values)
        layer.update(keys, values)
        older.keys = older.values = None  # or both caches would be there at once
        layers.append(layer)
    mask = torch.nn.functional.pad(state.mask[kept], (0, steps))
    return State(Cache(layers=layers), mask, state.ids[kept], state.positions[kept], state.scores[kept])


class Step:
    """Advances a state by a token: the first time kernel by kernel, then, on a GPU, by a graph of them."""

    def __init__(self, model: Any, state: State, scored: bool) -> None:
        self.model, self.state, self.scored = model, state, scored
        self.on_gpu, self.warm = state.ids.device.type == "cuda", False
        self.again: Callable[[], None] = self._advance

    def __call__(self) -> None:
        import torch

        if self.on_gpu and self.warm and self.again == self._advance:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._advance()
            self.again = graph.replay
        self.again()
        self.warm = True

    def _advance(self) -> None:
        state = self.state
        # The key of this token goes to the place that the cache has counted up to.
        state.mask.index_fill_(3, state.cache.layers[0].cumulative_length.view(1), True)
        known = {"attention_mask": state.mask, "position_ids": state.positions, "past_key_values": state.cache}
        logits = self.model(input_ids=state.ids, **known, use_cache=True, logits_to_keep=1).logits[:, -1].float()
        if self.scored:
            new, scores = best(logits)
            state.scores.copy_(scores)
        else:
            new = logits.argmax(-1, keepdim=True)
        state.ids.copy_(new)
        state.positions.add_(1)


def enter(found: list[Tokens], rows: Sequence[int], state: State, ends: Sequence[int], scored: bool) -> list[int]:
    """Enter a step's tokens; the places in the batch of the rows that have not ended."""
    scores = state.scores.tolist() if scored else []
    return decode.append(found, rows, state.ids[:, 0].tolist(), scores, ends)
