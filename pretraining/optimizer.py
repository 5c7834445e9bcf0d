"""Muon for the matrices (Keller Jordan, 2024): momentum, made orthogonal by five Newton-Schulz steps.

torch.optim.Muon takes the same step, but for bfloat16's rounding, one matrix after the other. For the 56 matrices of
the base that is 1,290 operators, each a launch on a GPU. Here those of one shape are updated together: 266 operators
(tests/pretraining/test_optimizer.py counts both).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
WEIGHT_DECAY = 0.05  # times the learning rate


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices (n, rows, columns) with singular values near 1, in bfloat16."""
    x: Tensor = matrices.bfloat16()
    wide = x.size(-2) <= x.size(-1)
    x = x if wide else x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (2.0315 * gram @ gram - 4.7750 * gram) @ x
    return x if wide else x.mT


def direction(gradient: Tensor, momentum: Tensor) -> Tensor:
    """Update `momentum` (n, rows, columns) in place and return the step for a learning rate of 1."""
    momentum.lerp_(gradient, 1 - MOMENTUM)
    scale = max(1.0, gradient.size(-2) / gradient.size(-1)) ** 0.5
    step: Tensor = orthogonal(gradient.lerp(momentum, MOMENTUM)).float() * scale
    return step


class Muon(torch.optim.Optimizer):
    """Muon over matrices; `lr` is the size of a step's singular values."""

    def __init__(self, matrices: Iterable[Tensor], lr: float) -> None:
        by_shape: dict[Any, list[Tensor]] = defaultdict(list)
        for matrix in matrices:
            by_shape[tuple(matrix.shape)].append(matrix)
        groups = [{"params": group, "momentum": torch.zeros_like(torch.stack(group))} for group in by_shape.values()]
        super().__init__(groups, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step with the gradients that stand."""
        for group in self.param_groups:
            gradient = torch.stack([matrix.grad for matrix in group["params"]])
            steps = direction(gradient, group["momentum"]).unbind()
            torch._foreach_mul_(group["params"], 1 - group["lr"] * WEIGHT_DECAY)
            torch._foreach_add_(group["params"], steps, alpha=-group["lr"])
