"""ggml's Q4_K and Q6_K by torch, so that a GPU can quantize: the same float32 operations in the same order, so the
same bytes.

A matrix of groups has a group in each column, so that a step of ggml's loop over a group's values is one operation on
a row. Nothing may be fused or summed in another order, and nothing divided by a Python number, which CUDA turns into a
product. ggml rounds halves to even, as torch does.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.quantize import DeviceError

BLOCK = 256  # values of a block, in both types
AT_ONCE = 1 << 26  # values in work; each takes about 60 bytes of the GPU's memory
TINY = 1e-15  # below it ggml takes a group for zeros
Bytes = np.ndarray[Any, Any]


class Device:
    """Quantizes on a torch device."""

    def __init__(self, name: str) -> None:
        self.name, self.lock = name, Lock()

    def blocks(self, stored: Bytes, kind: str) -> Bytes:
        """The blocks (n_rows x bytes) of a matrix in float16, or bfloat16 as uint16; `DeviceError` where it fails."""
        with self.lock:
            try:
                return self._blocks(stored, kind)
            except RuntimeError as error:  # out of memory, or what else a driver has
                raise DeviceError from error

    def _blocks(self, stored: Bytes, kind: str) -> Bytes:
        parts = []
        rows = max(1, AT_ONCE // stored.shape[1])
        for start in range(0, len(stored), rows):
            given = torch.from_numpy(np.array(stored[start : start + rows]))
            given = given.view(torch.bfloat16) if stored.dtype == np.uint16 else given
            values = given.to(self.name).float()
            parts.append(QUANTIZERS[kind](values.reshape(-1, BLOCK)).cpu().numpy().reshape(len(values), -1))
        return np.concatenate(parts)


def device() -> Device | None:
    """This machine's GPU, where it has room."""
    if not torch.cuda.is_available() or torch.cuda.mem_get_info()[0] < 80 * AT_ONCE:
        return None
    return Device("cuda")


def q4_k(values: Tensor) -> Tensor:
    """Blocks (n x 144 bytes) of float32 `values` (n x 256)."""
    n = len(values)
    x = columns(values, 32)
    scales, mins, levels = affine(x)
    largest, deepest = (found.view(n, 8).amax(1).clamp(min=0) + 0.0 for found in (scales, mins))
    of_scale, of_min = (sixths(found.view(n, 8), most) for found, most in ((scales, largest), (mins, deepest)))
    halves = [divided(most, 63.0).half() for most in (largest, deepest)]
    d, low = (half.float()[:, None] * six.float() for half, six in zip(halves, (of_scale, of_min), strict=True))
    d, low = d.view(-1), low.view(-1)
    found = torch.clamp(torch.round((x + low) / d), 0, 15)
    levels = torch.where(d == 0, levels, found).to(torch.uint8).t().reshape(n, 4, 2, 32)
    quants = levels[:, :, 0] | (levels[:, :, 1] << 4)
    header = torch.stack(halves, 1).view(torch.uint8)
    return torch.cat([header, packed_scales(of_scale, of_min), quants.reshape(n, 128)], 1)


def q6_k(values: Tensor) -> Tensor:
    """Blocks (n x 210 bytes) of float32 `values` (n x 256)."""
    n = len(values)
    x = columns(values, 16)
    scales, levels = symmetric(x)
    in_block = scales.view(n, 16)
    largest = first_largest(in_block.t())
    empty = largest.abs() < TINY
    inverse = divided(-128.0, largest)
    half = divided(1.0, inverse).half()
    eighths = torch.round(inverse[:, None] * in_block).clamp(max=127).to(torch.int8)
    d = (half.float()[:, None] * eighths.float()).view(-1)
    found = torch.clamp(torch.round(x / d), -32, 31) + 32
    levels = torch.where(d == 0, levels, found).to(torch.uint8).t().reshape(n, 2, 4, 32)
    one, two, three, four = levels.unbind(2)
    low = torch.cat([(one & 15) | ((three & 15) << 4), (two & 15) | ((four & 15) << 4)], 2).reshape(n, 128)
    high = ((one >> 4) | ((two >> 4) << 2) | ((three >> 4) << 4) | ((four >> 4) << 6)).reshape(n, 64)
    blocks = torch.cat([low, high, eighths.view(torch.uint8), half[:, None].view(torch.uint8)], 1)
    return torch.where(empty[:, None], 0, blocks)


def columns(values: Tensor, size: int) -> Tensor:
    """`values` with a group of `size` in each column."""
    return values.reshape(-1, size).t().contiguous()


def affine(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """ggml's make_qkx2_quants with 15 levels: of each column scale, negated minimum and levels (as x)."""
    weights = (in_order(x * x) * (1 / 32)).double().sqrt().float() + x.abs()  # float32 roots are not rounded right
    of_weights, of_x = in_order(weights), in_order(weights * x)
    low, high = x.amin(0).clamp(max=0), x.amax(0)
    flat = high == low
    inverse = divided(15.0, high - low)
    scale = divided(1.0, inverse)
    best_inverse, best_low = inverse, low
    levels = torch.clamp(torch.round(inverse * (x - low)), 0, 15)
    least = error(x, weights, levels, scale, low)
    for step in range(21):
        shift = float(torch.tensor(-1.0) + torch.tensor(0.1) * step + 15)
        inverse = divided(shift, high - low)
        levels = torch.clamp(torch.round(inverse * (x - low)), 0, 15)
        weighted = weights * levels
        of_levels, l2, xl = in_order(torch.stack([weighted, weighted * levels, weighted * x], 1))
        d = of_weights * l2 - of_levels * of_levels
        new_scale, new_low = (of_weights * xl - of_x * of_levels) / d, (l2 * of_x - of_levels * xl) / d
        above = new_low > 0
        new_scale, new_low = torch.where(above, xl / l2, new_scale), torch.where(above, 0.0, new_low)
        new = error(x, weights, levels, new_scale, new_low)
        better = (d > 0) & (new < least)
        best_inverse, best_low = torch.where(better, inverse, best_inverse), torch.where(better, low, best_low)
        least, scale = torch.where(better, new, least), torch.where(better, new_scale, scale)
        low = torch.where(better, new_low, low)
    levels = torch.clamp(torch.round(best_inverse * (x - best_low)), 0, 15)
    return torch.where(flat, 0.0, scale), -low, torch.where(flat, 0.0, levels)


def error(x: Tensor, weights: Tensor, levels: Tensor, scale: Tensor, low: Tensor) -> Tensor:
    """The weighted sum of squares of each column."""
    difference = scale * levels + low - x
    return in_order(weights * (difference * difference))


def symmetric(x: Tensor) -> tuple[Tensor, Tensor]:
    """ggml's make_qx_quants with 64 levels: of each column scale and levels (as x, 0 to 63)."""
    largest = first_largest(x)
    empty = largest.abs() < TINY
    weights = x * x
    cubes = weights * x

    def fit(numerator: float) -> tuple[Tensor, Tensor, Tensor]:
        inverse = divided(numerator, largest)
        levels = torch.clamp(torch.round(inverse * x), -32, 31)
        lx, l2 = in_order(torch.stack([cubes * levels, weights * levels * levels], 1))
        return inverse, lx, l2

    best_inverse, lx, l2 = fit(-32.0)
    scale = torch.where(l2 == 0, 0.0, lx / l2)
    best = scale * lx
    for step in (*range(-9, 0), *range(1, 10)):
        inverse, lx, l2 = fit(-float(torch.tensor(0.1) * step + 32))
        better = (l2 > 0) & (lx * lx > best * l2)
        scale = torch.where(better, lx / l2, scale)
        best = torch.where(better, scale * lx, best)
        best_inverse = torch.where(better, inverse, best_inverse)
    levels = torch.clamp(torch.round(best_inverse * x), -32, 31) + 32
    return torch.where(empty, 0.0, scale), torch.where(empty, 0.0, levels)


def in_order(terms: Tensor) -> Tensor:
    """The sum of the rows, from the first to the last."""
    total = terms[0] + 0.0
    for term in terms[1:]:
        total += term
    return total


def divided(numerator: Tensor | float, denominator: Tensor | float) -> Tensor:
    """A quotient, rounded once: one of the two is a tensor."""
    device = next(one.device for one in (numerator, denominator) if isinstance(one, Tensor))
    given = [torch.as_tensor(one, dtype=torch.float32, device=device) for one in (numerator, denominator)]
    return torch.div(*given)


def sixths(found: Tensor, most: Tensor) -> Tensor:
    """Each scale of a block (n x 8) in 63rds of the block's largest (n), as ggml's bytes have it."""
    inverse = torch.where(most > 0, divided(63.0, most), 0.0)
    return (torch.round(inverse[:, None] * found).to(torch.int32) & 255).clamp(max=63).to(torch.uint8)


def packed_scales(of_scale: Tensor, of_min: Tensor) -> Tensor:
    """The 6-bit scales and minima of a block (n x 8 each) in its 12 bytes."""
    first = [six[:, :4] | ((six[:, 4:] >> 4) << 6) for six in (of_scale, of_min)]
    return torch.cat([*first, (of_scale[:, 4:] & 15) | ((of_min[:, 4:] & 15) << 4)], 1)


def first_largest(x: Tensor) -> Tensor:
    """The value of each column with the largest magnitude; of several the first."""
    found = torch.zeros_like(x[0])
    for row in x:
        found = torch.where(row.abs() > found.abs(), row, found)
    return found


QUANTIZERS: dict[str, Callable[[Tensor], Tensor]] = {"Q4_K": q4_k, "Q6_K": q6_k}
