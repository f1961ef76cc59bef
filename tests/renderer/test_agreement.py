"""Planted seams are found, and none where there are none."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from renderer.agreement import borders, psnr, seams
from renderer.pieces import cores
from renderer.spans import Region

ROWS, COLUMNS = borders(cores(Region.whole((96, 128)), 32))


def noise(*, size: tuple[int, int] = (96, 128), seed: int = 1) -> Tensor:
    return torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_decibels() -> None:
    black = torch.zeros(1, 3, 4, 4)
    assert psnr(black, black + 255) == 0
    assert abs(psnr(black, black + 25.5) - 20) < 1e-6
    assert psnr(black, black) == math.inf


def test_borders_lie_between_cores() -> None:
    assert (ROWS, COLUMNS) == ((32, 64), (32, 64, 96))
    assert borders([Region.whole((5, 6))]) == ((), ())


def test_chance_makes_no_seams() -> None:
    found = [seams(noise(seed=seed), ROWS, COLUMNS) for seed in range(40)]
    assert sum(one.found for one in found) <= 4
    assert all(0.9 < one.low < one.ratio < 1.1 and one.high < 1.1 for one in found[:3])


def test_tiles_of_different_brightness_are_found() -> None:
    difference = noise()
    for number, core in enumerate(cores(Region.whole((96, 128)), 32)):
        difference[(..., *core.slices)] += (number % 2) * 0.8
    found = seams(difference, ROWS, COLUMNS)
    assert found.found
    assert found.ratio > 1.05
    elsewhere = seams(difference, [20, 50], [20, 50, 80])
    assert not elsewhere.found


def test_a_ratio_is_that_of_the_steps() -> None:
    difference = torch.zeros(1, 1, 5, 3)
    difference[..., 2:, :] = 4  # one step of 4 at row 2; of four lines between rows
    assert seams(difference, [2], []).ratio == 4
    assert seams(difference, [1], []).ratio == 0


def test_equal_pictures_have_no_seams() -> None:
    assert seams(torch.zeros(1, 3, 8, 8), [4], [4]).ratio == 1
