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

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.products import (
    add_grams_slope,
    add_squares_slope,
    grams_of,
    no_grams_of,
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
        found = (no_grams_of if known else grams_of)(value[(..., *where)])
        return value.detach(), of_one(found)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, passed: Tensor | None, slope: Tensor | None) -> tuple[Any, ...]:
        (value,) = ctx.saved_tensors
        if slope is None:
            return passed, None, None
        passed = torch.zeros_like(value) if passed is None else passed
        part = value[(..., *ctx.where)]
        add_grams_slope(passed[(..., *ctx.where)], part, slope.view(len(part), *slope.shape[-2:]))
        return passed, None, None


class _Squares(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, value: Tensor, where: Where, target: Tensor, known: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(value, target)
        ctx.where = where
        part = value[(..., *where)]
        found = no_squares_of(part) if known else squares_of(part, target)
        return value.detach(), of_one(found)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, passed: Tensor | None, slope: Tensor | None) -> tuple[Any, ...]:
        value, target = ctx.saved_tensors
        if slope is None:
            return passed, None, None, None
        passed = torch.zeros_like(value) if passed is None else passed
        part = value[(..., *ctx.where)]
        add_squares_slope(passed[(..., *ctx.where)], part, target, slope.view(len(part)))
        return passed, None, None, None


def of_one(found: Tensor) -> Tensor:
    """What was found of each picture; of a single one without the axis that counts them."""
    return found[0] if len(found) == 1 else found
