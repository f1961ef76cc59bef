"""How is a Gram matrix multiplied out, and its slope taken back, fast and in float32 at least?

A Gram matrix is symmetric and both its factors are the same, so one product takes its slope back
where autograd takes two: d/dF of <S, FᵀF> is F (S + Sᵀ). Features are read as they lie, position by
position or channel by channel, on CPUs in strips of rows that a core's cache holds: what is added
to a gradient then leaves the cache once, and no layer is ever copied whole. Those in bfloat16 are
multiplied as they are where the device adds up in float32 and gives it out (CUDA), and widened
before where it doesn't; slopes go back in bfloat16. On CPUs oneDNN multiplies, which is torch's own
for convolutions and, where MKL doesn't know the processor, twice as fast as that.

Nothing here is seen by autograd: ``renderer.taps`` is how.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from renderer.precision import widened

NARROW = 128
"""Fewer rows than this MKL multiplies as fast, without first turning them round."""

STRIP_BYTES = 2**21
"""What is read of an activation at a time on CPUs: about the second-level cache of a core."""


def gram_of(activation: Tensor) -> Tensor:
    """F Fᵀ of the features of a (1, C, H, W) activation at its positions: (C, C), in float32 at
    least.
    """
    total = no_gram_of(activation)
    for rows in strips(activation):
        total += _squared(_features(activation[:, :, rows]))
    return total


def no_gram_of(activation: Tensor) -> Tensor:
    """Zeros in place of a Gram matrix."""
    return widened(activation.new_zeros(activation.shape[1], activation.shape[1]))


def add_gram_slope(into: Tensor, activation: Tensor, slope: Tensor) -> None:
    """Adds F (S + Sᵀ) to ``into``, (1, C, H, W): what a Gram matrix's slope S means for F."""
    both = (slope + slope.T).to(activation.dtype)
    for rows in strips(activation):
        strip = activation[:, :, rows]
        into[:, :, rows] += _product_like(strip, both)


def add_squares_slope(into: Tensor, activation: Tensor, target: Tensor, slope: Tensor) -> None:
    """Adds 2 s (F - T) to ``into``: what the slope s of Σ (F - T)² means for F."""
    for rows in strips(activation):
        off = widened(activation[:, :, rows]) - target[:, :, rows]
        into[:, :, rows] += off.mul_(2 * slope.to(off))


def squares_of(activation: Tensor, target: Tensor) -> Tensor:
    """Σ (F - T)², a scalar, in float32 at least."""
    total = no_squares_of(activation, target)
    for rows in strips(activation):
        total += (widened(activation[:, :, rows]) - target[:, :, rows]).square_().sum()
    return total


def no_squares_of(activation: Tensor, target: Tensor) -> Tensor:
    """Zero in place of Σ (F - T)²."""
    return widened(activation.new_zeros(()))


def strips(activation: Tensor) -> Iterator[slice]:
    """The rows of a (1, C, H, W) activation, some at a time."""
    _, channels, height, width = activation.shape
    rows = max(1, height)
    if activation.device.type == "cpu":
        row_bytes = channels * width * activation.element_size()
        rows = max(1, STRIP_BYTES // max(1, row_bytes))
    return (slice(start, start + rows) for start in range(0, height, rows))


def product(a: Tensor, b: Tensor) -> Tensor:
    """A Bᵀ of two matrices of one type."""
    wanted = a.dtype == torch.float32 and a.device.type == "cpu" and a.shape[0] >= NARROW
    if wanted and torch._C._has_mkldnn:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
        return found
    return a @ b.T


def _features(strip: Tensor) -> Tensor:
    """(C, P): the channels at each position, as they lie if that can be."""
    if strip.stride(1) == 1:
        return strip[0].permute(1, 2, 0).flatten(0, 1).T
    return strip[0].flatten(1)


def _squared(features: Tensor) -> Tensor:
    if features.is_cuda and features.dtype == torch.bfloat16:
        wide: Tensor = torch.mm(features, features.T, out_dtype=torch.float32)
        return wide
    features = widened(features)
    return product(features, features)


def _product_like(strip: Tensor, matrix: Tensor) -> Tensor:
    """A symmetric matrix times the features at each position, of the strip's shape and layout."""
    features = _features(strip)
    if features.T.is_contiguous():
        _, channels, height, width = strip.shape
        return product(features.T, matrix).view(1, height, width, channels).permute(0, 3, 1, 2)
    return (matrix @ features).view(strip.shape)
