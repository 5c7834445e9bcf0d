"""Llama in plain PyTorch, for packed rows; the weights carry the names of transformers' LlamaForCausalLM."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

BLOCK = 32  # weights that share a scale and a minimum in 4-bit K-quants


def four_bit(weight: Tensor) -> Tensor:
    """The weights (rows, columns) as 4 bits would leave them: 16 even steps from a block's lowest to its highest."""
    blocks = weight.view(weight.shape[0], -1, BLOCK)
    low, high = blocks.amin(-1, keepdim=True), blocks.amax(-1, keepdim=True)
    step = ((high - low) / 15).clamp(min=1e-8)
    return (((blocks - low) / step).round() * step + low).flatten(-2)


class Rounded(nn.Linear):
    """A linear map that computes with 4-bit weights while `rounding` is 1; the gradients go to the weights as they are.

    So what quantization will do to the model can be learnt against.
    """

    rounding: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)
        self.register_buffer("rounding", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight + self.rounding * (four_bit(self.weight) - self.weight).detach())


class Attention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.size = config.head_dim
        shared = config.num_key_value_heads * self.size
        self.q_proj = Rounded(config.hidden_size, config.num_attention_heads * self.size)
        self.k_proj = Rounded(config.hidden_size, shared)
        self.v_proj = nn.Linear(config.hidden_size, shared, bias=False)
        self.o_proj = Rounded(config.num_attention_heads * self.size, config.hidden_size)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], mask: Any) -> Tensor:
        q, k, v = (
            project(x).unflatten(-1, (-1, self.size)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, rotation), rotate(k, rotation)
        return self.o_proj(attend(q, k, v, mask).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Gated feed-forward."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.gate_proj = Rounded(config.hidden_size, config.intermediate_size)
        self.up_proj = Rounded(config.hidden_size, config.intermediate_size)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Attention and feed-forward, each behind its norm."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], mask: Any) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotation, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """Everything below the output layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)


class Llama(nn.Module):
    """Token ids (rows, length) to logits (rows, length, vocabulary); the output layer is the embedding."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.model = Body(config)
        residual = config.initializer_range / (2 * config.num_hidden_layers) ** 0.5
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=residual if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02)

    def forward(self, ids: Tensor, mask: Any) -> Tensor:
        return F.linear(self.hidden(ids, mask), self.model.embed_tokens.weight)

    def round(self) -> None:
        """Compute with 4-bit weights from now on, where q4_k_m has them: values and down-projections have 6 bits."""
        for module in self.modules():
            if isinstance(module, Rounded):
                module.rounding.fill_(1.0)

    def hidden(self, ids: Tensor, mask: Any) -> Tensor:
        """What the output layer sees, (rows, length, hidden)."""
        rotation = angles(ids.shape[1], self.config.head_dim, self.config.rope_parameters["rope_theta"], ids.device)
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x, rotation, mask)
        return self.model.norm(x)


def angles(length: int, size: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (length, size) of the rotary positions."""
    frequency = theta ** (-torch.arange(0, size, 2, device=device, dtype=torch.float32) / size)
    angle = torch.outer(torch.arange(length, device=device, dtype=torch.float32), frequency).repeat(1, 2)
    return angle.cos(), angle.sin()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each head by its position; the halves are paired as transformers pairs them."""
    cosine, sine = (part.to(x.dtype) for part in rotation)
    left, right = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-right, left), dim=-1) * sine


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
    """Attention of (rows, heads, length, size) under a mask that `masker` made."""
    if isinstance(mask, Tensor):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    from torch.nn.attention.flex_attention import flex_attention

    return flex_attention(q, k, v, block_mask=mask, enable_gqa=True)


def masker(rows: int, length: int, device: str) -> Callable[[Tensor], Any]:
    """A function from `document` (rows, length) to the mask of causal attention within each conversation."""
    if device == "cpu":
        return lambda document: (document[:, :, None] == document[:, None, :]).tril()[:, None]
    from torch.nn.attention.flex_attention import create_block_mask

    # One buffer and one function for all steps: a fresh closure would be compiled again.
    current = torch.zeros(rows, length, dtype=torch.int32, device=device)
    build = torch.compile(create_block_mask, dynamic=False)

    def visible(row: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (current[row, query] == current[row, key])

    def mask(document: Tensor) -> Any:
        current.copy_(document)
        return build(visible, rows, None, length, length, device=device)

    return mask
