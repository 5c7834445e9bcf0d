"""Muon: what a step does, and why it is ours."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pretraining.optimizer import MOMENTUM, WEIGHT_DECAY, Muon, orthogonal


def test_orthogonal_brings_singular_values_near_one() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(3, 64, 32)).float())
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_muon_fits_a_matrix() -> None:
    torch.manual_seed(0)
    target, weight = torch.randn(8, 4), torch.nn.Parameter(torch.zeros(8, 4))
    muon = Muon([weight], lr=0.1)
    for _ in range(60):
        loss = (weight - target).square().mean()
        muon.zero_grad()
        loss.backward()
        muon.step()
    assert loss < 0.1 * target.square().mean()


class Operators(TorchDispatchMode):
    """Counts the operators that compute: on a GPU each is a launch."""

    n = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += not func.is_view
        return func(*args, **(kwargs or {}))


def test_our_muon_takes_torchs_step_in_fewer_operators() -> None:
    torch.manual_seed(0)
    layer = [(32, 32), (8, 32), (8, 32), (32, 32), (48, 32), (48, 32), (32, 48)]  # the base's, sixteen times narrower
    given = [torch.randn(shape) for shape in layer * 8]
    ours, theirs = ([torch.nn.Parameter(matrix.clone()) for matrix in given] for _ in range(2))
    steps = Muon(ours, 0.02), torch.optim.Muon(theirs, 0.02, WEIGHT_DECAY, MOMENTUM)
    counts = []
    for _ in range(3):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        counts = []
        for optimizer in steps:
            with Operators() as operators:
                optimizer.step()
            counts.append(operators.n)
    changes = [
        torch.cat([(new - old).flatten() for new, old in zip(news, given, strict=True)]) for news in (ours, theirs)
    ]
    assert (changes[0] - changes[1]).norm() < 0.05 * changes[1].norm()
    assert counts[0] * 4 < counts[1]
