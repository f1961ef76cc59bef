"""Optimisers move as their papers say, and go on from their state bit by bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from renderer.optimizers import LBFGS, OPTIMIZERS, Adam, GradientDescent, Optimizer

WANTED = torch.linspace(20, 230, 48, dtype=torch.float64).view(1, 3, 4, 4)
CURVATURES = torch.logspace(0, 3, 48, dtype=torch.float64).view(1, 3, 4, 4)


def slope(image: Tensor) -> Tensor:
    """The gradient of Σ c·(x - w)²/2: a bowl a thousand times steeper one way than another."""
    return CURVATURES * (image - WANTED)


def run(optimizer: Optimizer, image: Tensor, steps: int) -> Tensor:
    for _ in range(steps):
        image = optimizer.step(image, slope(image))
    return image


START = torch.full((1, 3, 4, 4), 128.0, dtype=torch.float64)


def test_gradient_descent_steps_by_one_deviation() -> None:
    gradient = torch.tensor([[[[1.0, -1.0], [2.0, -2.0]]]])
    moved = GradientDescent(10.0).step(torch.full((1, 1, 2, 2), 100.0), gradient)
    deviation = 2.5**0.5
    expected = [
        [100 - 10 / deviation, 100 + 10 / deviation],
        [100 - 20 / deviation, 100 + 20 / deviation],
    ]
    torch.testing.assert_close(moved[0, 0], torch.tensor(expected))


def test_adam_is_torch_s() -> None:
    image = START.clone().requires_grad_()
    theirs = torch.optim.Adam([image], lr=2.0, betas=(Adam.BETA_1, Adam.BETA_2), eps=1e-8)
    for _ in range(20):
        image.grad = slope(image.detach())
        theirs.step()
    torch.testing.assert_close(run(Adam(2.0), START, 20), image.detach())


def test_lbfgs_goes_down_a_narrow_valley_faster_than_the_others() -> None:
    def height(make: Callable[[float], Optimizer]) -> float:
        return (CURVATURES * (run(make(10.0), START, 60) - WANTED).square() / 2).sum().item()

    assert height(LBFGS) < height(Adam) / 10 < height(GradientDescent) / 100


def test_lbfgs_steps_are_never_longer_than_asked() -> None:
    optimizer, image = LBFGS(3.0), START
    for _ in range(15):
        moved = optimizer.step(image, slope(image))
        assert (moved - image).std(correction=0) <= 3.0 + 1e-9
        image = moved


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("cut", [0, 1, 7, 14])
def test_goes_on_bit_by_bit(make: Callable[[float], Optimizer], cut: int) -> None:
    first, second = make(2.0), make(2.0)
    middle = run(first, START, cut)
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    assert torch.equal(run(second, middle, 20 - cut), run(make(2.0), START, 20))


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_images_stay_within_bounds(make: Callable[[float], Optimizer]) -> None:
    image = make(500.0).step(START, slope(START))
    assert image.min() >= 0
    assert image.max() <= 255
