"""Small moves: whole pixels and quarter turns are exact, and gradients find their way back."""

from __future__ import annotations

import math

import torch

from renderer.transforms import Reach, moved

IMAGES = torch.rand(2, 3, 7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def by(right: float = 0, down: float = 0, turn: float = 0, factor: float = 1) -> torch.Tensor:
    return torch.tensor([[right, down, turn, factor]] * 2, dtype=torch.float64)


def test_no_move_changes_nothing() -> None:
    assert torch.equal(moved(IMAGES, by()), IMAGES)


def test_a_shift_wraps_round() -> None:
    assert torch.equal(moved(IMAGES, by(right=2, down=-3)), IMAGES.roll((-3, 2), (2, 3)))


def test_half_a_pixel_mixes_two() -> None:
    mixed = (IMAGES + IMAGES.roll(1, 3)) / 2
    assert torch.allclose(moved(IMAGES, by(right=0.5)), mixed)


def test_a_quarter_turn() -> None:
    assert torch.allclose(moved(IMAGES, by(turn=math.pi / 2)), IMAGES.rot90(1, (2, 3)))


def test_zoom_enlarges_about_the_middle() -> None:
    large = moved(IMAGES, by(factor=2))
    assert torch.allclose(large[..., 1::2, 1::2], IMAGES[..., 2:5, 2:5])


def test_each_picture_moves_by_itself() -> None:
    moves = torch.cat([by(right=1)[:1], by()[:1]])
    found = moved(IMAGES, moves)
    assert torch.equal(found[0], IMAGES[0].roll(1, 2))
    assert torch.equal(found[1], IMAGES[1])


def test_gradients_are_those_of_the_sampling() -> None:
    moves = by(right=0.3, down=1.7, turn=0.2, factor=1.1)
    images = IMAGES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: moved(x, moves), images)


def test_reach_bounds_the_moves() -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in range(200)]
    moves = Reach(8, 10, 0.1).draw(generators)
    assert 7 < moves[:, :2].abs().max() <= 8
    assert (moves[:, 2].abs() <= math.radians(10)).all()
    assert ((moves[:, 3] - 1).abs() <= 0.1 + 1e-6).all()
