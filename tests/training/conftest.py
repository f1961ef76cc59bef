"""A tiny bank and album that stand in for the drawn ones."""

from __future__ import annotations

import numpy as np
import pytest

from training.motifs.album import Album
from training.motifs.bank import SIDE_PX, Bank
from training.motifs.recipe import Recipe
from training.motifs.scenes import compose


@pytest.fixture(scope="session")
def bank() -> Bank:
    """Two things, a red disc and a blue square, and one texture of green stripes."""
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX] - SIDE_PX / 2 + 0.5
    disc = np.hypot(rows, columns) < 60
    square = np.maximum(abs(rows), abs(columns)) < 56
    full = np.ones_like(disc)
    stripes = np.where((rows.astype(int) // 8) % 2 == 0, 255, 60)
    sprites = (
        _sprite(disc, 255, 0, 0),
        _sprite(square, 0, 0, 255),
        _sprite(full, 0, stripes, 0),
    )
    return Bank(
        names=("disc", "square", "stripes"),
        textures=frozenset({2}),
        upright=frozenset({1}),
        held_out=1,
        sprites=sprites,
    )


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """A training of six iterations."""
    return Recipe(
        workers=1,
        batch=4,
        iterations=6,
        standard=2,
        warm_up=2,
        decay=2,
        perturbation_ramp=2,
        scrambled=0.25,
    )


@pytest.fixture(scope="session")
def album(bank: Bank, recipe: Recipe) -> Album:
    """Twenty scenes of the tiny bank."""
    scenes = [compose(bank, index, seed=recipe.seed) for index in range(20)]
    return Album(
        np.stack([scene.picture for scene in scenes]),
        np.stack([scene.labels for scene in scenes]),
        np.array([scene.main for scene in scenes], np.uint8),
    )


def _sprite(cover: np.ndarray, *colour: int | np.ndarray) -> np.ndarray:
    """Three equal variants of one drawing, (3, SIDE_PX, SIDE_PX, 4)."""
    layers = [np.broadcast_to(np.asarray(part), cover.shape) for part in colour]
    drawing = np.stack([*layers, cover * 255], axis=-1).astype(np.uint8)
    return np.stack([drawing] * 3)
