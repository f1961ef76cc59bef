"""Which of a network's operations does a CPU run as one, and how do their gradients go back?

A ReLU comes along with the join of branches that it alone reads: one pass over memory less on the
way forth, and on the way back the copies that a library would make of the join's parts.
Convolutions of 1 x 1 that read the same value, as an Inception module's branches do, are one with
all their channels, whose gradient needs no adding up; few channels by themselves fill no vector,
and each call of the library costs as much as a small canvas. ReLUs are torch's own: those of the
library make zeros of what is no number, and no one would see that a picture has none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from renderer.networks.convolution import Kernels, turned_back
from renderer.networks.windows import JOIN, RECTIFIER, Convolution, Operation

if TYPE_CHECKING:
    from renderer.networks.flow import Node


@dataclass(frozen=True)
class Siblings:
    """Convolutions of 1 x 1 at some places of a flow that all read the value at another one."""

    places: tuple[int, ...]
    kernels: Kernels
    widths: tuple[int, ...]

    def run(self, image: Tensor, rectify: Sequence[bool]) -> Sequence[Tensor]:
        """Each one's values, or their ReLU; the image is in the library."""
        found: tuple[Tensor, ...] = _Together.apply(image, self, tuple(rectify))  # type: ignore[no-untyped-call]
        return found


def rectifying(nodes: Sequence[Node], named: Collection[int]) -> frozenset[int]:
    """The places of which none but a ReLU reads the value, and that no one asks for.

    Those of joins, and of convolutions that may have siblings.
    """
    readers: dict[int, list[Node]] = {}
    for node in nodes:
        for read in node.inputs:
            readers.setdefault(read, []).append(node)
    return frozenset(
        place
        for place, node in enumerate(nodes, start=1)
        if (node.operation is JOIN or _pointwise(node.operation))
        and place not in named
        and [reader.operation for reader in readers.get(place, ())] == [RECTIFIER]
    )


def siblings(nodes: Sequence[Node]) -> list[Siblings]:
    """All convolutions that can be run as one."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for place, node in enumerate(nodes, start=1):
        operation = node.operation
        if isinstance(operation, Convolution) and _pointwise(operation):
            key = node.inputs[0], operation.module.bias is None
            groups.setdefault(key, []).append(place)
    return [_siblings(nodes, places) for places in groups.values() if len(places) > 1]


def _pointwise(operation: Operation) -> bool:
    if not isinstance(operation, Convolution):
        return False
    sides = (*operation.module.kernel_size, *operation.module.padding)
    return operation.kernels.crops and sides == (1, 1, 0, 0)


def _siblings(nodes: Sequence[Node], places: Sequence[int]) -> Siblings:
    operations = (nodes[place - 1].operation for place in places)
    convs = [operation.module for operation in operations if isinstance(operation, Convolution)]
    first, widths = convs[0], tuple(conv.out_channels for conv in convs)
    one = nn.Conv2d(first.in_channels, sum(widths), 1, bias=False, device="meta")
    one.weight = _together([conv.weight for conv in convs])
    if first.bias is not None:
        one.bias = _together([conv.bias for conv in convs if conv.bias is not None])
    return Siblings(tuple(places), Kernels(one), widths)


def _together(parameters: Sequence[Tensor]) -> nn.Parameter:
    return nn.Parameter(torch.cat(list(parameters)).detach(), requires_grad=False)


class _Together(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, image: Tensor, them: Siblings, rectify: tuple[bool, ...]
    ) -> tuple[Tensor, ...]:
        ctx.them, ctx.rectify = them, rectify
        kernels = them.kernels
        found = kernels.forth.convolved(image, kernels.conv.bias, (0, 0), (1, 1))
        # Data: what follows may overwrite one, which is nothing to the others.
        parts = [
            part.relu() if now else part.data
            for part, now in zip(torch.split(found, list(them.widths), 1), rectify, strict=True)
        ]
        ctx.save_for_backward(*(part.data for part, now in zip(parts, rectify, strict=True) if now))
        return tuple(parts)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        like, widths, results = slopes[0], ctx.them.widths, iter(ctx.saved_tensors)
        whole = _empty(like, sum(widths))
        for slope, part, now in zip(
            slopes, torch.split(whole, widths, 1), ctx.rectify, strict=True
        ):
            if now:
                _masked(slope, next(results), part)
            else:
                part.copy_(slope)
        return turned_back(whole, ctx.them.kernels, (0, 0)), None, None


def rectified_join(inputs: Sequence[Tensor]) -> Tensor:
    """The ReLU of joined branches; where it is overwritten with zeros, no gradient passes."""
    result: Tensor = _Joined.apply(*inputs)  # type: ignore[no-untyped-call]
    return result


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        ctx.widths = [each.shape[1] for each in inputs]
        found = _empty(inputs[0], sum(ctx.widths))
        for each, part in zip(inputs, torch.split(found, ctx.widths, 1), strict=True):
            torch.clamp_min(each, 0, out=part)
        ctx.save_for_backward(found.data)
        return found

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, ...]:
        (result,) = ctx.saved_tensors
        parts = (torch.split(whole, ctx.widths, 1) for whole in (slopes[0], result))
        return tuple(
            _masked(slope, own, _empty(slope, slope.shape[1]))
            for slope, own in zip(*parts, strict=True)
        )


def _empty(like: Tensor, channels: int) -> Tensor:
    """Room for so many channels of a value's positions, as the library wants them."""
    shape = (like.shape[0], channels, *like.shape[2:])
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def _masked(slope: Tensor, result: Tensor, out: Tensor) -> Tensor:
    """A slope where a ReLU's result let it through."""
    torch.ops.aten.threshold_backward.grad_input(slope, result, 0, grad_input=out)
    return out
