"""Adapted projections that read the same input, with their adapters' products made together, for Unsloth's layers.

A LoRA adapter has 5 % of the FLOPs of a step's matrix products but reads and writes every output of its projection once
more, which takes a sixth of the step's time. Here its part is written first, and the base's product, whose arithmetic
hides most of that traffic, adds to it; and projections of one input (query, key and value; gate and up) share the
adapters' passes over that input and over its gradient. The results are those of x (W + scale · B A)ᵀ to the rounding.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

Dequantize = Callable[[Any, Any], Tensor]


class Projection(NamedTuple):
    """A base weight as it is stored, what dequantizes it, and its adapter; one `scale` for all that go together."""

    weight: Any  # dequantized: outputs x inputs
    quantization: Any
    a: Tensor  # r x inputs
    b: Tensor  # outputs x r
    scale: float


def project(x: Tensor, projections: Sequence[Projection], dequantize: Dequantize) -> list[Tensor]:
    """The outputs (tokens x outputs) of every projection of `x` (tokens x inputs)."""
    outputs = []
    for inner, projection in zip(inner_products(x, projections), projections, strict=True):
        y = x.new_empty(len(x), len(projection.b))
        y.addmm_(inner, projection.b.to(x.dtype).t(), beta=0, alpha=projection.scale)
        outputs.append(y.addmm_(x, dequantize(projection.weight, projection.quantization).t()))
    return outputs


def inner_products(x: Tensor, projections: Sequence[Projection]) -> Sequence[Tensor]:
    """`x` (tokens x inputs) in the rank of every adapter: tokens x r each."""
    return torch.split(torch.mm(x, stacked_a(projections, x.dtype).t()), ranks(projections), dim=1)


def inner_gradients(gradients: Sequence[Tensor], projections: Sequence[Projection]) -> Tensor:
    """The outputs' gradients (tokens x outputs each) in the adapters' ranks, side by side: tokens x sum of ranks."""
    inner = gradients[0].new_empty(len(gradients[0]), sum(ranks(projections)))
    parts = torch.split(inner, ranks(projections), dim=1)
    for gradient, projection, part in zip(gradients, projections, parts, strict=True):
        torch.mm(gradient, projection.b.to(inner.dtype), out=part)
    return inner


def input_gradient(
    gradients: Sequence[Tensor], inner: Tensor, projections: Sequence[Projection], dequantize: Dequantize
) -> Tensor:
    """The gradient of the projections' common input (tokens x inputs), of the outputs' and `inner_gradients`."""
    a = stacked_a(projections, inner.dtype)
    total = inner.new_empty(len(inner), a.shape[1]).addmm_(inner, a, beta=0, alpha=projections[0].scale)
    for gradient, projection in zip(gradients, projections, strict=True):
        total.addmm_(gradient, dequantize(projection.weight, projection.quantization))
    return total


def adapter_gradients(
    x: Tensor, gradients: Sequence[Tensor], inner: Tensor, projections: Sequence[Projection]
) -> list[tuple[Tensor, Tensor]]:
    """The gradients of every A and B, of the input, the outputs' gradients and `inner_gradients`."""
    scale = projections[0].scale
    of_a = inner.new_empty(inner.shape[1], x.shape[1]).addmm_(inner.t(), x, beta=0, alpha=scale)
    of_b = [
        x.new_empty(gradient.shape[1], part.shape[1]).addmm_(gradient.t(), part, beta=0, alpha=scale)
        for gradient, part in zip(gradients, inner_products(x, projections), strict=True)
    ]
    return list(zip(torch.split(of_a, ranks(projections)), of_b, strict=True))


def stacked_a(projections: Sequence[Projection], dtype: torch.dtype) -> Tensor:
    """The A of all adapters: sum of ranks x inputs."""
    return torch.cat([projection.a for projection in projections]).to(dtype)


def ranks(projections: Sequence[Projection]) -> list[int]:
    return [len(projection.a) for projection in projections]


class Projections(torch.autograd.Function):
    """Projections of one input: `apply(dequantize, x, *the five of a Projection for each)`; a tuple of outputs."""

    @staticmethod
    def forward(ctx: Any, dequantize: Dequantize, x: Tensor, *arguments: Any) -> tuple[Tensor, ...]:
        projections = projections_of(arguments)
        keep(ctx, projections, x)
        ctx.dequantize = dequantize
        return tuple(y.view(*x.shape[:-1], -1) for y in project(flat(x), projections, dequantize))

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        projections, (x,) = kept(ctx)
        gradients = [flat(gradient) for gradient in upstream]
        inner = inner_gradients(gradients, projections)
        of_adapters = adapter_gradients(flat(x), gradients, inner, projections)
        of_x = input_gradient(gradients, inner, projections, ctx.dequantize)
        return None, of_x.view_as(x), *arguments_of(of_adapters)


class GatedMLP(torch.autograd.Function):
    """down(act(gate(x)) * up(x)): `apply(dequantize, kernel, its gradient, x, *five for each of gate, up, down)`.

    The kernels are Unsloth's: (gate, up) to the activations; (their gradient, gate, up) to (activations, gradient of
    up, of gate), in place. The activations are computed again in the backward pass instead of being kept.
    """

    @staticmethod
    def forward(ctx: Any, dequantize: Dequantize, kernel: Any, gradient: Any, x: Tensor, *arguments: Any) -> Tensor:
        projections = projections_of(arguments)
        gate, up = (y.view(*x.shape[:-1], -1) for y in project(flat(x), projections[:2], dequantize))
        (y,) = project(flat(kernel(gate, up)), projections[2:], dequantize)
        keep(ctx, projections, x, gate, up)
        ctx.dequantize, ctx.gradient = dequantize, gradient
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        projections, (x, gate, up) = kept(ctx)
        outer, down = projections[:2], projections[2:]
        output = [flat(upstream)]
        inner = inner_gradients(output, down)
        hidden = input_gradient(output, inner, down, ctx.dequantize)
        activations, of_up, of_gate = ctx.gradient(hidden, flat(gate), flat(up))
        of_down = adapter_gradients(activations, output, inner, down)
        gradients = [of_gate, of_up]
        inner = inner_gradients(gradients, outer)
        of_outer = adapter_gradients(flat(x), gradients, inner, outer)
        of_x = input_gradient(gradients, inner, outer, ctx.dequantize)
        return None, None, None, of_x.view_as(x), *arguments_of(of_outer + of_down)


def flat(tensor: Tensor) -> Tensor:
    """Batch x tokens x features as tokens x features."""
    return tensor.reshape(-1, tensor.shape[-1])


def projections_of(arguments: Sequence[Any]) -> list[Projection]:
    return [Projection(*arguments[start : start + 5]) for start in range(0, len(arguments), 5)]


def arguments_of(gradients: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor | None]:
    """The gradients of A and B at the places of the arguments that they belong to."""
    return [place for of_a, of_b in gradients for place in (None, None, of_a, of_b, None)]


def keep(ctx: Any, projections: Sequence[Projection], *tensors: Tensor) -> None:
    """Save tensors and projections for the backward pass."""
    ctx.save_for_backward(*tensors, *(tensor for projection in projections for tensor in (projection.a, projection.b)))
    ctx.bases = [(projection.weight, projection.quantization, projection.scale) for projection in projections]


def kept(ctx: Any) -> tuple[list[Projection], Sequence[Tensor]]:
    """What `keep` saved."""
    tensors, adapters = ctx.saved_tensors[: -2 * len(ctx.bases)], ctx.saved_tensors[-2 * len(ctx.bases) :]
    projections = [
        Projection(weight, quantization, a, b, scale)
        for (weight, quantization, scale), a, b in zip(ctx.bases, adapters[::2], adapters[1::2], strict=True)
    ]
    return projections, tensors
