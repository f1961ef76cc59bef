"""How are Gram matrices multiplied out, and their slopes taken back, fast and in float32 at least?

A Gram matrix is symmetric and both its factors are the same, so one product takes its slope back
where autograd takes two: d/dF of <S, FᵀF> is F (S + Sᵀ). Features are read as they lie, position by
position or channel by channel. On CPUs they are read in strips of rows that a core's cache holds:
what is added to a gradient then leaves the cache once, and no layer is ever copied whole; oneDNN
multiplies, which is torch's own for convolutions and, where MKL doesn't know the processor, twice
as fast as that. Elsewhere those of all pictures of a batch are one product, and the product of a
slope is added to the gradient as it is made. Features in bfloat16 are multiplied as they are where
the device adds up in float32 and gives it out (CUDA), and widened before where it doesn't; slopes
go back in bfloat16.

Nothing here is seen by autograd: ``renderer.taps`` is how. Activations are those of N pictures.
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


def grams_of(activation: Tensor) -> Tensor:
    """F Fᵀ of the features of each picture of an (N, C, H, W) activation: (N, C, C), in float32 at
    least.
    """
    if not _in_strips(activation):
        return _grams(activation)
    totals = no_grams_of(activation)
    for rows in strips(activation):
        for total, strip in zip(totals, torch.split(activation[:, :, rows], 1), strict=True):
            features = widened(_features(strip)[0])
            total += product(features, features)
    return totals


def no_grams_of(activation: Tensor) -> Tensor:
    """Zeros in place of Gram matrices."""
    count, channels = activation.shape[:2]
    return widened(activation.new_zeros(count, channels, channels))


def add_grams_slope(into: Tensor, activation: Tensor, slopes: Tensor) -> None:
    """Adds F (S + Sᵀ) to ``into``, (N, C, H, W): what the slopes S, (N, C, C), mean for F."""
    both = (slopes + slopes.mT).to(activation.dtype)
    if not _in_strips(activation):
        _add_product(into, activation, both)
        return
    for rows in strips(activation):
        for own, strip, matrix in zip(
            torch.split(into[:, :, rows], 1),
            torch.split(activation[:, :, rows], 1),
            both,
            strict=True,
        ):
            own += _product_like(strip, matrix)


def squares_of(activation: Tensor, target: Tensor) -> Tensor:
    """Σ (F - T)² of each picture, (N,), in float32 at least."""
    total = no_squares_of(activation)
    for rows in strips(activation):
        off = widened(activation[:, :, rows]) - target[:, :, rows]
        total += off.square_().sum((1, 2, 3))
    return total


def no_squares_of(activation: Tensor) -> Tensor:
    """Zeros in place of Σ (F - T)²."""
    return widened(activation.new_zeros(len(activation)))


def add_squares_slope(into: Tensor, activation: Tensor, target: Tensor, slopes: Tensor) -> None:
    """Adds 2 s (F - T) to ``into``: what the slopes s, (N,), of Σ (F - T)² mean for F."""
    for rows in strips(activation):
        off = widened(activation[:, :, rows]) - target[:, :, rows]
        into[:, :, rows] += off.mul_((2 * slopes.to(off))[:, None, None, None])


def strips(activation: Tensor) -> Iterator[slice]:
    """The rows of an (N, C, H, W) activation, some at a time."""
    count, channels, height, width = activation.shape
    rows = max(1, height)
    if _in_strips(activation):
        row_bytes = count * channels * width * activation.element_size()
        rows = max(1, STRIP_BYTES // max(1, row_bytes))
    return (slice(start, start + rows) for start in range(0, height, rows))


def _in_strips(activation: Tensor) -> bool:
    return activation.device.type == "cpu"


def product(a: Tensor, b: Tensor) -> Tensor:
    """A Bᵀ of two matrices of one type."""
    wanted = a.dtype == torch.float32 and a.device.type == "cpu" and a.shape[0] >= NARROW
    if wanted and torch._C._has_mkldnn:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
        return found
    return a @ b.T


def _features(activation: Tensor) -> Tensor:
    """(N, C, P): the channels at each position, as they lie if that can be."""
    if activation.stride(1) == 1:
        return activation.permute(0, 2, 3, 1).flatten(1, 2).mT
    return activation.flatten(2)


def _grams(activation: Tensor) -> Tensor:
    """All Gram matrices as one product."""
    features = _features(activation)
    wide = features.is_cuda and features.dtype == torch.bfloat16
    features = features if wide else widened(features)
    if len(features) == 1:  # a long product of two matrices is cut for all processors to share
        (one,) = features
        return (torch.mm(one, one.mT, out_dtype=torch.float32) if wide else one @ one.mT)[None]
    if wide:
        return torch.bmm(features, features.mT, out_dtype=torch.float32)
    return features @ features.mT


def _add_product(into: Tensor, activation: Tensor, matrices: Tensor) -> None:
    """Adds symmetric matrices times the features at each position, all as one product."""
    features = _features(activation)
    if into.is_contiguous():
        into.view(features.shape).baddbmm_(matrices, features)
    elif into.is_contiguous(memory_format=torch.channels_last):
        into.permute(0, 2, 3, 1).view(features.mT.shape).baddbmm_(features.mT, matrices)
    else:
        into += (matrices @ features).view(into.shape)


def _product_like(strip: Tensor, matrix: Tensor) -> Tensor:
    """A symmetric matrix times the features at each position, of the strip's shape and layout."""
    features = _features(strip)[0]
    if features.mT.is_contiguous():
        _, channels, height, width = strip.shape
        found = product(features.mT, matrix).view(1, height, width, channels)
        return found.permute(0, 3, 1, 2)
    return (matrix @ features).view(strip.shape)
