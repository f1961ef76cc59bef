"""Pictures in general are always the same, and have the statistics that they are drawn for."""

from __future__ import annotations

import torch

from renderer import generic


def test_they_are_always_the_same_pictures() -> None:
    one, other = generic.pictures(32), generic.pictures(32)
    assert one.shape == (2 * generic.COUNT, 3, 32, 32)
    assert torch.equal(one, other)
    assert len({picture.sum().item() for picture in one}) == len(one)
    assert 0 <= one.min() < 10 < 245 < one.max() <= 255


def test_noise_falls_as_one_over_the_frequency() -> None:
    noise = generic.pictures(128)[: generic.COUNT].mean(dim=(0, 1))
    amplitude = torch.fft.rfft2(noise - noise.mean()).abs()
    low, high = amplitude[0, 2:6].mean(), amplitude[0, 20:60].mean()
    assert 5 < low / high < 20  # 1/f: (1/4) / (1/40) = 10


def test_leaves_are_even_and_have_sharp_edges() -> None:
    leaves = generic.pictures(128)[generic.COUNT :]
    steps = (leaves[..., 1:] - leaves[..., :-1]).abs().sum(1)
    even, sharp = steps < 1e-9, steps > 30
    assert even.double().mean() > 0.7
    assert sharp.double().mean() > 0.05
    assert (even | sharp).double().mean() > 0.95  # hardly anything between
