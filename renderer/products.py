"""How is a Gram matrix multiplied out, and its slope taken back, fast and in float32 at least?

A Gram matrix is symmetric and both its factors are the same, so one product takes its slope back
where autograd takes two: d/dF of <S, FᵀF> is F (S + Sᵀ). Features are read as they lie, position by
position or channel by channel. Those in bfloat16 are multiplied as they are where the device adds
up in float32 and gives it out (CUDA), and widened before where it doesn't; slopes go back in
bfloat16. On CPUs oneDNN multiplies, which is torch's own for convolutions and, where MKL doesn't
know the processor, twice as fast as that.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.precision import widened

NARROW = 128
"""Fewer rows than this MKL multiplies as fast, without first turning them round."""


def gram(activation: Tensor) -> Tensor:
    """F Fᵀ of the features of a (1, C, H, W) activation at its positions: (C, C), in float32 at
    least. Gradients flow back, once.
    """
    found: Tensor = _Gram.apply(activation)  # type: ignore[no-untyped-call]
    return found


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, activation: Tensor) -> Tensor:
        ctx.save_for_backward(activation)
        features = activation[0].flatten(1)
        if features.is_cuda and features.dtype == torch.bfloat16:
            wide: Tensor = torch.mm(features, features.T, out_dtype=torch.float32)
            return wide
        features = widened(features)
        return product(features, features)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (activation,) = ctx.saved_tensors
        features, both = activation[0].flatten(1), (slope + slope.T).to(activation.dtype)
        if features.T.is_contiguous():  # channels last: what autograd adds to this lies alike
            return product(features.T, both).T.view(activation.shape)
        slopes: Tensor = (both @ features).view(activation.shape)
        return slopes


def product(a: Tensor, b: Tensor) -> Tensor:
    """A Bᵀ of two matrices of one type."""
    wanted = a.dtype == torch.float32 and a.device.type == "cpu" and a.shape[0] >= NARROW
    if wanted and torch._C._has_mkldnn:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
        return found
    return a @ b.T
