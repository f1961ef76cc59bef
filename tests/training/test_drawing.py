"""The motif bank: what every drawing promises to the scenes that are composed from it."""

from __future__ import annotations

import numpy as np
import pytest

from training.motifs.drawing import MOTIFS, draw_motif

SIDE_PX = 48
NAMES = list(MOTIFS)


def test_enough_motifs_sorted_by_name() -> None:
    assert len(NAMES) >= 64
    assert sorted(NAMES) == NAMES
    assert all(MOTIFS[name].name == name for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_drawing(name: str) -> None:
    drawings = [draw_motif(name, seed, SIDE_PX) for seed in (3, 4)]
    for drawing in drawings:
        assert drawing.shape == (SIDE_PX, SIDE_PX, 4)
        assert drawing.dtype == np.uint8
        shown = drawing[..., 3] > 128
        assert shown.mean() > 0.04
        assert drawing[..., :3][shown].std() > 8
    assert not np.array_equal(drawings[0], drawings[1])


@pytest.mark.parametrize("name", ["lion", "scales", "web"])
def test_same_seed_same_pixels(name: str) -> None:
    assert np.array_equal(draw_motif(name, 7, SIDE_PX), draw_motif(name, 7, SIDE_PX))


@pytest.mark.parametrize("name", [name for name in NAMES if MOTIFS[name].texture])
def test_textures_fill_the_square(name: str) -> None:
    assert draw_motif(name, 1, SIDE_PX)[..., 3].min() == 255


@pytest.mark.parametrize("name", [name for name in NAMES if not MOTIFS[name].texture])
def test_things_leave_ground_around_them(name: str) -> None:
    alpha = draw_motif(name, 1, SIDE_PX)[..., 3]
    assert (alpha == 0).mean() > 0.08
    assert alpha.max() == 255
