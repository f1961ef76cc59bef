"""How does a convolution of a frozen network go back to its input, and fast on a CPU?

torch lets a CPU's library (oneDNN) do it, with two exceptions that cost much in an Inception
network: kernels of 1 x 1 on one thread, which go through a plain product of half the speed, and the
first layer, whose gradient has three channels where a vector has room for sixteen. Here both go
through the library. The gradient of a convolution is one with the turned kernels; that of a strided
one is, too, of as many values side by side as the stride steps over, which then take their places
(Shi et al., arXiv:1609.05158). Weights get no gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LANES = 16
"""Channels that a CPU's vector has room for; a gradient of more has no need to be spread."""


class Kernels:
    """The weights of a convolution, and the turned ones for the way back."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self.conv, self.stride = conv, conv.stride[0]
        plain = conv.groups == 1 and tuple(conv.dilation) == (1, 1)
        spread = self.stride == conv.stride[1] and conv.in_channels * self.stride**2 <= LANES
        self.turns = plain and (tuple(conv.stride) == (1, 1) or spread)
        self._turned: Tensor | None = None

    @property
    def turned(self) -> Tensor:
        """(I·s², O, ⌈h/s⌉, ⌈w/s⌉) kernels from the output's positions to s x s of the input's."""
        if self._turned is None:
            weight, step = self.conv.weight.detach(), self.stride
            rest = [-side % step for side in weight.shape[2:]]
            whole = functional.pad(weight, (0, rest[1], 0, rest[0]))
            apart = functional.pixel_unshuffle(whole, step).flip(2, 3).transpose(0, 1)
            self._turned = apart.contiguous(memory_format=torch.channels_last)
        return self._turned


def convolved(image: Tensor, kernels: Kernels, padding: tuple[int, int]) -> Tensor:
    """The convolution of an image, (N, C, H, W), with zeros around it: ``nn.Conv2d``'s values."""
    conv = kernels.conv
    if not (kernels.turns and in_library(image)):
        return functional.conv2d(
            image, conv.weight, conv.bias, conv.stride, padding, conv.dilation, conv.groups
        )
    result: Tensor = _Convolved.apply(image, kernels, padding)  # type: ignore[no-untyped-call]
    return result


def in_library(image: Tensor) -> bool:
    """Whether a CPU's library convolves such an image."""
    ours = image.device.type == "cpu" and image.dtype in (torch.float32, torch.bfloat16)
    return ours and bool(torch._C._has_mkldnn)


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, kernels: Kernels, padding: tuple[int, int]) -> Tensor:
        ctx.kernels, ctx.padding, ctx.size = kernels, padding, image.shape[2:]
        conv = kernels.conv
        return torch.mkldnn_convolution(
            image, conv.weight, conv.bias, padding, conv.stride, conv.dilation, 1
        )

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        return _pulled(slopes[0], ctx.kernels, ctx.padding, ctx.size), None, None


def _pulled(
    slope: Tensor, kernels: Kernels, padding: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """The gradient with regard to an input of (height, width)."""
    turned = kernels.turned
    around = [side - 1 for side in turned.shape[2:]]
    if kernels.stride == 1:  # what is padded needs no gradient: less is computed around the slope
        around = [full - own for full, own in zip(around, padding, strict=True)]
        return torch.mkldnn_convolution(slope, turned, None, around, (1, 1), (1, 1), 1)
    cells = torch.mkldnn_convolution(slope, turned, None, around, (1, 1), (1, 1), 1)
    padded = functional.pixel_shuffle(cells, kernels.stride)
    (top, left), (height, width) = padding, size
    inner = padded[:, :, top : top + height, left : left + width]
    # Rows and columns at the end that no window reads.
    return functional.pad(inner, (0, width - inner.shape[3], 0, height - inner.shape[2]))
