"""What irregularity is made of: a few fixed noise tiles, sampled at any coordinates.

The tiles are the same for every drawing (so that drawing is fast and reproducible); a drawing
differs by where it samples them. ``rough`` 0 is nearly white noise, 4 is smooth hills; streaks are
noise drawn out along the second coordinate, like hair or bristles. All have mean 0, deviation 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[Any]

TILE_PX = 256
SMOOTHNESS = (0.3, 0.9, 1.6, 2.4, 3.2)


@cache
def tile(smooth: int, copy: int = 0) -> Field:
    """Periodic Gaussian noise (256, 256) float32; power falls with frequency by ``smooth``."""
    rng = np.random.default_rng((1, smooth, copy))
    along = np.fft.fftfreq(TILE_PX)
    squared = along[:, None] ** 2 + along[None] ** 2
    squared[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((TILE_PX, TILE_PX)))
    return _unit(np.fft.ifft2(spectrum * squared ** (-SMOOTHNESS[smooth] / 2)).real)


@cache
def streaks(copy: int = 0) -> Field:
    """Periodic streaks along the second axis (256, 256) float32, a pixel or two wide."""
    field = tile(0, copy)
    for reach in (10, 8):
        field = _mean_along(field, reach, axis=1)
    return _unit(field - _mean_along(field, 6, axis=0))


def sample(noise: Field, down: Field, across: Field) -> Field:
    """The tile's values at (down, across), in its pixels, wrapped around."""
    rows = np.floor(down).astype(np.int32) & (TILE_PX - 1)
    columns = np.floor(across).astype(np.int32) & (TILE_PX - 1)
    found: Field = noise[rows, columns]
    return found


def scatter(*cells: Field) -> Field:
    """A number in 0..1 that looks random for every combination of whole-numbered cells."""
    mixed: Field = np.zeros(np.broadcast(*cells).shape, np.float32)
    for cell, factor in zip(cells, (12.9898, 78.233, 37.719), strict=False):
        mixed = mixed + cell * factor
    wave: Field = np.sin(mixed) * 437.585
    fraction: Field = wave - np.floor(wave)
    return fraction


def _mean_along(field: Field, reach: int, axis: int) -> Field:
    shifted = [np.roll(field, shift, axis) for shift in range(-reach, reach + 1)]
    mean: Field = np.mean(shifted, axis=0)
    return mean


def _unit(field: Field) -> Field:
    unit: Field = ((field - field.mean()) / field.std()).astype(np.float32)
    return unit
