"""How are responses normalised by those of their neighbours among the channels, and fast on a CPU?

torch's own local response normalisation pools over an axis of its own and takes powers, at a third
of what a whole GoogLeNet costs there. Here neighbouring channels are added up where they lie side
by side, the usual powers are roots, and the gradient is written down, with the band matrix B of the
channels that each is normalised by:

    y = x · s^(-β), s = k + α/n · B x²     dx = s^(-β) · g - 2αβ/n · x · Bᵀ(g · x · s^(-β-1))

Krizhevsky et al. (NIPS 2012), section 3.3; like torch's and Caffe's, α is divided by the size n.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from renderer.networks.convolution import in_library
from renderer.networks.packed import Packed


class ResponseNorm(nn.LocalResponseNorm):
    """``nn.LocalResponseNorm``, to the same values but for rounding, in every precision."""

    def forward(self, input: Tensor) -> Tensor:
        if input.device.type != "cpu":
            return super().forward(input)
        result: Tensor = _Normalised.apply(input, self)  # type: ignore[no-untyped-call]
        return result


class _Normalised(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, norm: nn.LocalResponseNorm) -> Tensor:
        scale = _mixed(input * input, norm, start=norm.k)
        power = _power(scale, norm.beta)
        ctx.save_for_backward(input, scale, power)
        ctx.norm = norm
        return input * power

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        (slope,), (input, scale, power) = slopes, ctx.saved_tensors
        norm = ctx.norm
        own = slope * power
        others = _mixed((own * input).div_(scale), norm, turned=True)
        return own.addcmul_(input, others, value=-2 * norm.beta), None


def _mixed(
    input: Tensor, norm: nn.LocalResponseNorm, *, start: float = 0.0, turned: bool = False
) -> Tensor:
    """α/n times the sums over neighbouring channels, from ``start`` on.

    ``turned``: over the channels that each one normalises.
    """
    weight, count = norm.alpha / norm.size, input.shape[1]
    if input.dtype == torch.bfloat16:  # rounded once: a product adds up in float32
        bias = input.new_full((count,), start)
        band = _band(count, norm.size, weight, input.dtype, turned=turned)
        if in_library(input):
            return band.convolved(input, bias, (0, 0), (1, 1))
        return functional.conv2d(input, band.weight, bias)
    mixed = torch.add(start, input, alpha=weight) if start else input * weight
    for apart in range(1, min(norm.size // 2 + 1, count)):
        after = apart <= (norm.size - 1) // 2
        if after or not turned:
            mixed[:, apart:].add_(input[:, :-apart], alpha=weight)
        if after or turned:
            mixed[:, :-apart].add_(input[:, apart:], alpha=weight)
    return mixed


def _power(scale: Tensor, beta: float) -> Tensor:
    """scale^(-beta): roots are several times as fast as a power."""
    if beta == 0.5:
        return scale.rsqrt()
    if beta == 0.75:
        root = scale.rsqrt()
        return root.sqrt().mul_(root)
    return scale.pow(-beta)


@cache
def _band(
    channels: int, size: int, weight: float, dtype: torch.dtype, *, turned: bool = False
) -> Packed:
    """Which channels (columns) each channel (row) is normalised by, as kernels of 1 x 1.

    ``turned``: which channels each one normalises.
    """
    place = torch.arange(channels)
    apart = place - place[:, None]
    near = (apart >= -(size // 2)) & (apart <= (size - 1) // 2)
    band = (weight * near.double())[:, :, None, None].to(dtype)
    return Packed((band.transpose(0, 1) if turned else band).clone)
