"""How does a gradient get through a ReLU that lets nothing through?

A channel that is silent on the noise a picture starts from has no gradient there, and would stay
silent. Within ``redirected()`` a ReLU whose gradient is zero all over a picture passes it on where
it doesn't push a negative input further down. After lucid (Apache-2.0), ``misc/redirected_relu_grad
.py``, which does so in the first 16 steps only; where no gradient passes nothing is lost later on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

RECTIFIERS = {functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}


class _Redirected(torch.autograd.Function):
    """A ReLU with the gradient of a score that is to rise."""

    @staticmethod
    def forward(ctx: Any, input: Tensor) -> Tensor:
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (input,), (slope,) = ctx.saved_tensors, slopes
        usual: Tensor = slope * (input > 0)
        silent = ~usual.flatten(1).any(1)  # of each picture by itself
        if not bool(silent.any()):
            return usual
        upward = torch.where((input < 0) & (slope < 0), torch.zeros_like(slope), slope)
        return torch.where(silent.view(-1, *(1,) * (slope.dim() - 1)), upward, usual)


class redirected(TorchFunctionMode):
    """A context in which every ReLU, as module or as function, is redirected."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if function in RECTIFIERS:
            return _Redirected.apply(args[0])  # type: ignore[no-untyped-call]
        return function(*args, **(kwargs or {}))
