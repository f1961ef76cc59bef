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

from renderer.networks.packed import Packed

LANES = 16
"""Channels that a CPU's vector has room for; a gradient of more has no need to be spread."""

WORD = torch.complex128
"""The widest type that torch moves values in."""


class Kernels:
    """The weights of a convolution, and the turned ones for the way back, of ``sides``."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self.conv, self.stride = conv, conv.stride[0]
        plain = conv.groups == 1 and tuple(conv.dilation) == (1, 1)
        spread = self.stride == conv.stride[1] and conv.in_channels * self.stride**2 <= LANES
        self.turns = plain and (tuple(conv.stride) == (1, 1) or spread)
        self.crops = plain and tuple(conv.stride) == (1, 1)
        self.sides = [-(-side // self.stride) for side in conv.kernel_size]
        self.forth, self.back = Packed(conv.weight.detach), Packed(self._turned)

    def _turned(self) -> Tensor:
        """(s²·I, O, ⌈h/s⌉, ⌈w/s⌉) kernels from the output's positions to s x s of the input's.

        With a stride there are kernels of zeros after the I of each pixel, to fill a vector.
        """
        weight, step = self.conv.weight.detach(), self.stride
        rest = [-side % step for side in weight.shape[2:]]
        more = LANES // step**2 - weight.shape[1] if step > 1 else 0
        whole = functional.pad(weight, (0, rest[1], 0, rest[0], 0, more))
        apart = functional.pixel_unshuffle(whole, step).flip(2, 3)
        pixels = apart.view(len(apart), -1, step**2, *apart.shape[2:]).transpose(0, 2).flatten(0, 1)
        return pixels.contiguous(memory_format=torch.channels_last)


def convolved(
    image: Tensor,
    kernels: Kernels,
    padding: tuple[int, int],
    *,
    over: tuple[int, int] = (0, 0),
) -> Tensor:
    """The convolution of an image, (N, C, H, W), with zeros around it: ``nn.Conv2d``'s values.

    ``over`` rows of these at the beginning and at the end are left out, where ``kernels.crops`` and
    the image is ``in_library``. So rows of zeros may be put on one side without copying the image.
    """
    conv = kernels.conv
    if not (kernels.turns and in_library(image)):
        return functional.conv2d(
            image, conv.weight, conv.bias, conv.stride, padding, conv.dilation, conv.groups
        )
    result: Tensor = _Convolved.apply(image, kernels, padding, over)  # type: ignore[no-untyped-call]
    return result


def in_library(image: Tensor) -> bool:
    """Whether a CPU's library convolves such an image."""
    ours = image.device.type == "cpu" and image.dtype in (torch.float32, torch.bfloat16)
    return ours and bool(torch._C._has_mkldnn)


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        image: Tensor,
        kernels: Kernels,
        padding: tuple[int, int],
        over: tuple[int, int],
    ) -> Tensor:
        ctx.kernels, ctx.padding, ctx.over, ctx.size = kernels, padding, over, image.shape[2:]
        conv = kernels.conv
        found = kernels.forth.convolved(image, conv.bias, padding, conv.stride)
        # Detached: what follows may overwrite it, and autograd forbids that of a view.
        return _cropped(found, over).detach()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = slopes
        if ctx.kernels.crops:
            return turned_back(slope, ctx.kernels, ctx.padding, ctx.over), None, None, None
        return _pulled(slope, ctx.kernels, ctx.padding, ctx.size), None, None, None


def turned_back(
    slope: Tensor,
    kernels: Kernels,
    padding: tuple[int, int],
    over: tuple[int, int] = (0, 0),
) -> Tensor:
    """The gradient with regard to the input of a convolution without stride.

    What is padded needs no gradient: less is computed around the slope.
    """
    above, beside = (side - 1 - own for side, own in zip(kernels.sides, padding, strict=True))
    around = above + max(over)
    found = kernels.back.convolved(slope, None, (around, beside), (1, 1))
    return _cropped(found, (max(over) - over[0], max(over) - over[1]))


def _cropped(value: Tensor, over: tuple[int, int]) -> Tensor:
    """Without some rows at the beginning and at the end."""
    return value[:, :, over[0] : value.shape[2] - over[1]] if any(over) else value


def _pulled(
    slope: Tensor, kernels: Kernels, padding: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """The gradient with regard to an input of (height, width), of a strided convolution."""
    around = [side - 1 for side in kernels.sides]
    cells = kernels.back.convolved(slope, None, around, (1, 1))
    padded = _shuffled(cells, kernels.stride)
    (top, left), (height, width) = padding, size
    inner = padded[:, : kernels.conv.in_channels, top : top + height, left : left + width]
    # Rows and columns at the end that no window reads.
    rest = (0, width - inner.shape[3], 0, height - inner.shape[2])
    return functional.pad(inner, rest) if any(rest) else inner


def _shuffled(cells: Tensor, step: int) -> Tensor:
    """Each position's s x s pixels at their places, all channels of a pixel together."""
    count, _, height, width = cells.shape
    rows = cells.permute(0, 2, 3, 1).contiguous().view(count, height, width, step, -1)
    if rows.shape[4] * rows.element_size() % WORD.itemsize == 0:  # fewer, larger pieces to move
        rows = rows.view(WORD)
    moved = rows.transpose(2, 3).contiguous().view(cells.dtype)
    return moved.view(count, height * step, width * step, -1).permute(0, 3, 1, 2)
