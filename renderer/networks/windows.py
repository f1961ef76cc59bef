"""Through which window does one operation read its input, and how is it run on a part of it?

Along an axis, output position j of a window of ``extent`` reads the input positions
``[j·stride - before, j·stride - before + extent)``; what lies outside the whole input is padding.
Operations are made of a network's own modules (and of the functions that their forwards call), so
that receptive fields, strides and borders are never written down twice. An operation knows how to
run with any explicit padding: a part that lies inside the picture gets none, and one at its border
gets the network's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from renderer.errors import NetworkError
from renderer.networks.convolution import Kernels, convolved, in_library
from renderer.networks.stages import ClassMap, SamePadding
from renderer.spans import Span

Pads = tuple[tuple[int, int], tuple[int, int]]
"""Padding before and after: of the rows, of the columns."""


@dataclass(frozen=True, slots=True)
class Window:
    """How ``outputs`` positions read ``inputs`` positions along one axis."""

    inputs: int
    outputs: int
    extent: int = 1
    stride: int = 1
    before: int = 0

    def reads(self, outputs: Span) -> tuple[Span, tuple[int, int]]:
        """The input positions that some (one or more) outputs read, and the padding around them."""
        start = outputs.start * self.stride - self.before
        stop = (outputs.stop - 1) * self.stride - self.before + self.extent
        inner = Span(max(0, start), min(self.inputs, stop))
        return inner, (inner.start - start, stop - inner.stop)


class Operation(Protocol):
    """One step of a network, on one input or (joining) on several of equal size."""

    def window(self, axis: int, length: int) -> Window:
        """The window along an axis (0: rows, 1: columns) of a whole input of that length."""

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        """The outputs of a part."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be computed: output positions, and the padding to put around their inputs."""

    outputs: tuple[Span, Span]
    pads: Pads
    windows: tuple[Window, Window]


@dataclass(frozen=True)
class Pointwise:
    """Every position by itself: a ReLU, a normalisation, a join of branches.

    ``keeps_zero`` where zeros give zeros.
    """

    function: Callable[[Sequence[Tensor]], Tensor]
    keeps_zero: bool = False

    def window(self, axis: int, length: int) -> Window:
        return Window(length, length)

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        return self.function(inputs)


@dataclass(frozen=True)
class Convolution:
    """A convolution with zeros around its input."""

    module: nn.Conv2d

    def window(self, axis: int, length: int) -> Window:
        conv = self.module
        extent = conv.dilation[axis] * (conv.kernel_size[axis] - 1) + 1
        before = int(conv.padding[axis])
        outputs = (length + 2 * before - extent) // conv.stride[axis] + 1
        return Window(length, outputs, extent, conv.stride[axis], before)

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        (top, bottom), columns = part.pads
        over = (0, 0)
        if top != bottom and self.kernels.crops and in_library(inputs[0]):
            most = max(top, bottom)
            over = (most - top, most - bottom)
            top = bottom = most
        image, own = padded(inputs[0], ((top, bottom), columns), 0.0)
        return convolved(image, self.kernels, own, over=over)

    @cached_property
    def kernels(self) -> Kernels:
        return Kernels(self.module)


@dataclass(frozen=True)
class Pool:
    """What max and average pooling share: their windows, also those that hang over the end."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    ceil: bool

    def window(self, axis: int, length: int) -> Window:
        extent, stride, before = self.kernel[axis], self.stride[axis], self.padding[axis]
        if self.ceil:
            outputs = _rounded_up(length + before, before - extent, stride)
        else:
            outputs = (length + 2 * before - extent) // stride + 1
        return Window(length, outputs, extent, stride, before)


@dataclass(frozen=True)
class MaxPool(Pool):
    """Max pooling: what lies outside never wins."""

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        own = (part.pads[0][0], part.pads[1][0])
        if self._rounds_up(inputs[0], own, part):
            return F.max_pool2d(inputs[0], self.kernel, self.stride, own, ceil_mode=True)
        image, own = padded(inputs[0], part.pads, -math.inf, most=self.kernel)
        return F.max_pool2d(image, self.kernel, self.stride, own)

    def _rounds_up(self, image: Tensor, own: tuple[int, int], part: Part) -> bool:
        """Whether torch's windows over the end are those that are wanted: it pads no copy then."""
        sizes = zip(image.shape[2:], own, self.kernel, self.stride, part.outputs, strict=True)
        return all(
            before <= side // 2 and _rounded_up(length + before, before - side, step) == span.length
            for length, before, side, step, span in sizes
        )


@dataclass(frozen=True)
class AveragePool(Pool):
    """Average pooling: the sum of a window over the positions that count."""

    count_padding: bool

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        image, own = padded(inputs[0], part.pads, 0.0, most=self.kernel)
        total = F.avg_pool2d(image, self.kernel, self.stride, own, divisor_override=1)
        rows, columns = (
            self._counts(part.outputs[axis], part.windows[axis], like=total) for axis in (0, 1)
        )
        return total / (rows[:, None] * columns)

    def _counts(self, outputs: Span, window: Window, *, like: Tensor) -> Tensor:
        places = torch.arange(outputs.start, outputs.stop, device=like.device)
        start = places * window.stride - window.before
        end = start + window.extent
        if self.count_padding:  # but never what a rounded-up window has behind the padding
            counted = end.clamp(max=window.inputs + window.before) - start
        else:
            counted = end.clamp(max=window.inputs) - start.clamp(min=0)
        return counted.to(like.dtype)


@dataclass(frozen=True)
class Padding:
    """Padding by itself (TensorFlow's "SAME"), whose sides depend on the whole length."""

    module: SamePadding

    def window(self, axis: int, length: int) -> Window:
        before, after = self.module.sides(length)
        return Window(length, length + before + after, before=before)

    def run(self, inputs: Sequence[Tensor], part: Part) -> Tensor:
        (top, bottom), (left, right) = part.pads
        return F.pad(inputs[0], (left, right, top, bottom), value=self.module.value)


def of_module(module: nn.Module) -> Operation:
    """The operation of a module. NetworkError for one of an unknown kind."""
    match module:
        case nn.Conv2d(padding_mode="zeros") if not isinstance(module.padding, str):
            return Convolution(module)
        case nn.MaxPool2d(dilation=1):
            kernel, stride, padding = _geometry(module)
            return MaxPool(kernel, stride, padding, bool(module.ceil_mode))
        case nn.AvgPool2d(divisor_override=None):
            kernel, stride, padding = _geometry(module)
            return AveragePool(kernel, stride, padding, module.ceil_mode, module.count_include_pad)
        case SamePadding():
            return Padding(module)
        case nn.ReLU():  # never in place: what comes in may be a view of what others read too
            return RECTIFIER
        case nn.LocalResponseNorm() | nn.Dropout():
            return Pointwise(lambda inputs: module(inputs[0]), keeps_zero=True)
        case nn.BatchNorm2d() | ClassMap():
            return Pointwise(lambda inputs: module(inputs[0]))
    raise NetworkError(f"{module}: such an operation can't be computed in parts")


def of_function(function: Any, options: dict[str, Any]) -> Operation:
    """The operation of a function that a module's forward calls, with its options by name."""
    if function in (F.relu, torch.relu):
        return RECTIFIER
    if function is torch.cat and options.get("dim") == 1:
        return JOIN
    if function is F.max_pool2d:
        return of_module(nn.MaxPool2d(**options))
    if function is F.avg_pool2d:
        return of_module(nn.AvgPool2d(**options))
    name = getattr(function, "__name__", function)
    raise NetworkError(f"{name}: such an operation can't be computed in parts")


def rectified(inputs: Sequence[Tensor]) -> Tensor:
    return F.relu(inputs[0])


def joined(inputs: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(inputs), dim=1)


RECTIFIER = Pointwise(rectified, keeps_zero=True)
"""Every ReLU, whichever module or function it comes from."""

JOIN = Pointwise(joined, keeps_zero=True)
"""Every join of branches."""


def padded(
    image: Tensor, pads: Pads, value: float, *, most: tuple[int, int] | None = None
) -> tuple[Tensor, tuple[int, int]]:
    """The image with what must be padded beforehand, and the padding that an operation can add.

    Operations pad both ends of an axis alike (pooling by half its kernel, ``most``, at the most)
    and need no copy for it; whatever is uneven is copied.
    """
    own = [min(pair) for pair in pads]
    if most is not None:
        own = [even if even <= side // 2 else 0 for even, side in zip(own, most, strict=True)]
    (top, bottom), (left, right) = (
        (before - even, after - even) for (before, after), even in zip(pads, own, strict=True)
    )
    if top or bottom or left or right:
        image = F.pad(image, (left, right, top, bottom), value=value)
    return image, (own[0], own[1])


def _rounded_up(behind: int, rest: int, stride: int) -> int:
    """Windows of a pool that rounds up, over an input that ends at ``behind`` from their first.

    ``rest`` is the padding at the end without a window's extent.
    """
    outputs = math.ceil((behind + rest) / stride) + 1
    # torch lets no window begin behind the input.
    return outputs - 1 if (outputs - 1) * stride >= behind else outputs


Pair = tuple[int, int]


def _geometry(pool: nn.MaxPool2d | nn.AvgPool2d) -> tuple[Pair, Pair, Pair]:
    """Kernel, stride and padding, each of rows and columns."""

    def pair(value: Any) -> Pair:
        return (value, value) if isinstance(value, int) else (value[0], value[1])

    stride = pool.kernel_size if pool.stride is None else pool.stride
    return pair(pool.kernel_size), pair(stride), pair(pool.padding)
