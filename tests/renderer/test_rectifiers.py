"""Redirected ReLUs: silent pictures get the upward gradient, all others the usual one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from renderer.rectifiers import redirected

SILENT, AWAKE = [-1.0, -2.0, -3.0], [1.0, -2.0, -3.0]
UP_OR_DOWN = torch.tensor([1.0, -1.0, 1.0])  # which way the score wants each value to go


def slopes(relu: Callable[[Tensor], Tensor], *rows: list[float]) -> list[list[float]]:
    values = torch.tensor(rows).requires_grad_()
    found: list[list[float]] = torch.autograd.grad((relu(values * 1) * UP_OR_DOWN).sum(), values)[
        0
    ].tolist()
    return found


@pytest.mark.parametrize(
    "relu", [nn.ReLU(), nn.ReLU(inplace=True), functional.relu, torch.relu, Tensor.relu]
)
def test_what_is_silent_is_pushed_up_only(relu: Callable[[Tensor], Tensor]) -> None:
    with redirected():
        assert slopes(relu, SILENT) == [[1.0, 0.0, 1.0]]


def test_pictures_of_a_batch_are_told_apart() -> None:
    with redirected():
        assert slopes(nn.ReLU(), SILENT, AWAKE) == [[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_values_are_those_of_a_relu() -> None:
    values = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    with redirected():
        assert torch.equal(nn.ReLU()(values), values.clamp(min=0))


def test_outside_nothing_is_redirected() -> None:
    assert slopes(nn.ReLU(), SILENT) == [[0.0, 0.0, 0.0]]
