"""How is a value compared where it passes through a network, with nothing copied on the way back?

A compared layer has two readers: the network goes on from all of it, and a sum is taken of it, or
of a part. Left to itself, autograd makes a gradient of each as large as the layer, lays that of a
part out in zeros, and adds the two; those of all sums are made first, and held until they are
wanted. A tap is both readers in one: it gives out the value, to be read by what follows, and the
sum; and on the way back it adds the sum's slope to the gradient that comes in, in place.

The value given out is an alias (``detach``): returned as it came in, autograd would make a view of
it, whose strides no longer tell convolutions how it lies. And the gradient that is added to must be
nobody else's, so a tapped value is for a network's operations only, whose gradients are made for
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.products import (
    add_gram_slope,
    add_squares_slope,
    gram_of,
    no_gram_of,
    no_squares_of,
    squares_of,
)

Where = tuple[slice, slice]
"""The rows and columns of a part."""

EVERYWHERE = (slice(None), slice(None))


def gram(activation: Tensor) -> Tensor:
    """F Fᵀ of the features of a (1, C, H, W) activation at its positions: (C, C), in float32 at
    least. Gradients flow back, once.
    """
    return with_gram(activation, EVERYWHERE)[1]


def with_gram(value: Tensor, where: Where, *, known: bool = False) -> tuple[Tensor, Tensor]:
    """The value, (1, C, H, W), for what follows, and the Gram matrix of a part of its positions.

    Of N pictures' value, (N, C, H, W), those of each, (N, C, C). Where it is ``known``, zeros: for
    their graph alone.
    """
    found: tuple[Tensor, Tensor] = _Gram.apply(  # type: ignore[no-untyped-call]
        value, where, known
    )
    return found


def with_squares(
    value: Tensor, where: Where, target: Tensor, *, known: bool = False
) -> tuple[Tensor, Tensor]:
    """The value, for what follows, and Σ (F - T)² over a part, of the target's shape.

    Of N pictures' value, that of each, (N,). Where it is ``known``, zeros.
    """
    found: tuple[Tensor, Tensor] = _Squares.apply(  # type: ignore[no-untyped-call]
        value, where, target, known
    )
    return found


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, where: Where, known: bool) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(value)
        ctx.where = where
        return value.detach(), _each(no_gram_of if known else gram_of, value[(..., *where)])

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, passed: Tensor | None, slope: Tensor | None) -> tuple[Any, ...]:
        (value,) = ctx.saved_tensors
        if slope is None:
            return passed, None, None
        passed = torch.zeros_like(value) if passed is None else passed
        for own, part, pull in _apart(passed[(..., *ctx.where)], value[(..., *ctx.where)], slope):
            add_gram_slope(own, part, pull)
        return passed, None, None


class _Squares(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, value: Tensor, where: Where, target: Tensor, known: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(value, target)
        ctx.where = where
        add = no_squares_of if known else squares_of
        return value.detach(), _each(add, value[(..., *where)], target)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, passed: Tensor | None, slope: Tensor | None) -> tuple[Any, ...]:
        value, target = ctx.saved_tensors
        if slope is None:
            return passed, None, None, None
        passed = torch.zeros_like(value) if passed is None else passed
        parts = passed[(..., *ctx.where)], value[(..., *ctx.where)]
        for (own, part, pull), wanted in zip(
            _apart(*parts, slope), torch.split(target, 1), strict=True
        ):
            add_squares_slope(own, part, wanted, pull)
        return passed, None, None, None


def _each(sum_of: Callable[..., Tensor], *values: Tensor) -> Tensor:
    """A sum of one picture's values, or those of each of several."""
    if len(values[0]) == 1:
        return sum_of(*values)
    split = (torch.split(value, 1) for value in values)
    return torch.stack([sum_of(*own) for own in zip(*split, strict=True)])


def _apart(passed: Tensor, value: Tensor, slope: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The gradient so far, the value and the slope of each picture."""
    pulls = [slope] if len(value) == 1 else torch.unbind(slope)
    return zip(torch.split(passed, 1), torch.split(value, 1), pulls, strict=True)
