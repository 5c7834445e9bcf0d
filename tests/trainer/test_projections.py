"""Projections with a common input give the outputs and gradients of x (W + scale · B A)ᵀ written out."""

from typing import Any

import torch
from torch import Tensor

from trainer.projections import GatedMLP, Projections

WIDTH, TOKENS = 16, (2, 7)


def stored(weight: Tensor, factor: float) -> Tensor:
    """A stand-in for dequantizing: the weight is kept divided by a factor."""
    return weight * factor


def projection(inputs: int, outputs: int, r: int) -> list[Any]:
    """Weight, factor, A, B and scale, in float64."""
    generator = torch.Generator().manual_seed(inputs * 100 + outputs + r)

    def make(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return [make(outputs, inputs), 0.25, make(r, inputs).requires_grad_(), make(outputs, r).requires_grad_(), 0.5]


def written_out(x: Tensor, parts: list[Any]) -> Tensor:
    weight, factor, a, b, scale = parts
    return x @ (weight * factor + scale * b @ a).t()


def silu_times(gate: Tensor, up: Tensor) -> Tensor:
    return torch.nn.functional.silu(gate) * up


def silu_gradient(hidden: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    sigmoid = torch.sigmoid(gate)
    silu = gate * sigmoid
    return silu * up, hidden * silu, hidden * up * sigmoid * (1 + gate * (1 - sigmoid))


def assert_same(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...], leaves: list[Tensor]) -> None:
    """Equal outputs, and equal gradients for upstream gradients that differ from output to output."""
    torch.testing.assert_close(found, wanted)
    upstream = [torch.linspace(-1, number + 1, y.numel(), dtype=y.dtype).view_as(y) for number, y in enumerate(wanted)]
    gradients = [torch.autograd.grad(outputs, leaves, upstream) for outputs in (found, wanted)]
    assert all(gradient.abs().max() > 0 for gradient in gradients[1])
    torch.testing.assert_close(*gradients)


def test_projections_of_different_widths_and_ranks() -> None:
    x = torch.linspace(-2, 2, 2 * 7 * WIDTH, dtype=torch.float64).view(*TOKENS, WIDTH).requires_grad_()
    parts = [projection(WIDTH, 16, 4), projection(WIDTH, 8, 4), projection(WIDTH, 8, 2)]
    found = Projections.apply(stored, x, *(argument for one in parts for argument in one))  # type: ignore[no-untyped-call]
    leaves = [x, *(tensor for one in parts for tensor in one[2:4])]
    assert_same(found, tuple(written_out(x, one) for one in parts), leaves)


def test_gated_mlp() -> None:
    x = torch.linspace(-2, 2, 2 * 7 * WIDTH, dtype=torch.float64).view(*TOKENS, WIDTH).requires_grad_()
    parts = gate, up, down = projection(WIDTH, 24, 4), projection(WIDTH, 24, 3), projection(24, WIDTH, 4)
    arguments = [argument for one in parts for argument in one]
    found = GatedMLP.apply(stored, silu_times, silu_gradient, x, *arguments)  # type: ignore[no-untyped-call]
    wanted = written_out(silu_times(written_out(x, gate), written_out(x, up)), down)
    assert_same((found,), (wanted,), [x, *(tensor for one in parts for tensor in one[2:4])])
