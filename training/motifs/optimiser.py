"""How do the weights move? Kernels by Muon, everything else by AdamW.

Muon (Jordan et al. 2024) turns the momentum of a kernel, as a matrix of (outputs, inputs x area),
into the nearest matrix with equal singular values, so that rare directions are learnt as fast as
common ones. Its step is scaled to the size of an AdamW step (Liu et al. 2025, section 2.2), so
both share one learning rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from training.motifs.network import Twin
from training.motifs.recipe import Recipe

MOMENTUM = 0.95
STEPS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of Jordan's quintic iteration
MATCH = 0.2  # root mean square of an AdamW step over its learning rate


def of(twin: Twin, recipe: Recipe) -> tuple[torch.optim.Optimizer, ...]:
    """The optimisers of a twin's parameters."""
    kernels = [p for p in twin.trunk.parameters() if p.ndim == 4]
    heads = [p for head in (twin.fc, twin.auxiliary) for p in head.parameters() if p.ndim == 4]
    vectors = [p for p in twin.parameters() if p.ndim == 1]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    groups = [
        {"params": heads, "weight_decay": decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return (
        Muon(kernels, lr=rate, weight_decay=decay),
        torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98)),
    )


class Muon(torch.optim.Optimizer):
    """Stochastic gradient descent with orthogonalised momentum, for kernels."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group["lr"], group["weight_decay"])

    def _move(self, parameter: nn.Parameter, rate: float, decay: float) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        gradient = parameter.grad
        assert gradient is not None
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)
        update = orthogonal(ahead.flatten(1))
        size = MATCH * max(update.shape) ** 0.5
        parameter.mul_(1 - rate * decay)
        parameter.add_(update.view(parameter.shape), alpha=-rate * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix whose singular values are equal (between 0.7 and 1.2)."""
    a, b, c = COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x: Tensor = matrix if wide else matrix.T
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.T
