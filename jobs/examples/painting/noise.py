"""What do clouds, mountains and strokes grow from? Smooth random fields, and mixed colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[Any]


def fractal(
    size: tuple[int, int],
    cells: tuple[int, int],
    rng: np.random.Generator,
    *,
    octaves: int = 5,
    gain: float = 0.5,
) -> Array:
    """Fractal noise (height, width) of 0..1, coarse in ``cells`` = (rows, columns) at first."""
    total: Array = np.zeros(size)
    for octave in range(octaves):
        rows = min(cells[0] * 2**octave + 1, 2 * size[0])
        columns = min(cells[1] * 2**octave + 1, 2 * size[1])
        total += gain**octave * _enlarge(rng.standard_normal((rows, columns)), size)
    return np.asarray((total - total.min()) / np.ptp(total))


def line(length: int, cells: int, rng: np.random.Generator, *, octaves: int = 6) -> Array:
    """Fractal noise along a line, 0..1."""
    return fractal((1, length), (1, cells), rng, octaves=octaves).reshape(length)


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t: Array = np.clip((value - low) / (high - low), 0, 1)
    smooth: Array = t * t * (3 - 2 * t)
    return smooth


def mix(first: Array, second: Array, share: Array | float) -> Array:
    """Colours (..., 3) between two, by a share (...) of the second."""
    mixed: Array = first + (second - first) * np.asarray(share)[..., None]
    return mixed


def rgb(red: float, green: float, blue: float) -> Array:
    """A colour of 0..255 that can be mixed."""
    return np.array([red, green, blue], np.float64)


def _enlarge(grid: Array, size: tuple[int, int]) -> Array:
    image = Image.fromarray(grid.astype(np.float32))
    large = image.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64)
