"""What lies behind the motifs? Grounds with the statistics of photographs, drawn by chance.

Fractal noise, gradients and dead leaves (overlapping shapes whose sizes follow a power law, as in
Lee, Mumford and Huang 2001) have the 1/f spectrum and the edges of natural pictures; so the
network learns to see motifs among them, and later dreams motifs into photographs.
All pictures are (side, side, 3) float32 0..255.
"""

from __future__ import annotations

import colorsys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[Any]

_TILE_PX = 256
_SLOPES = (0.3, 0.6, 1.0, 1.4, 1.8, 2.2, 2.6)


def ground(rng: np.random.Generator, side_px: int) -> Picture:
    """A ground without any motif."""
    kind = rng.random()
    if kind < 0.35:
        picture = fractal(rng, side_px)
    elif kind < 0.8:
        picture = dead_leaves(rng, side_px)
    else:
        picture = gradient(rng, side_px)
    if rng.random() < 0.6:
        picture = picture + rng.uniform(0, 22) * noise(rng, side_px)[..., None]
    return picture


def fractal(rng: np.random.Generator, side_px: int) -> Picture:
    """Two or three colours mixed by fractal noise."""
    mixed = _between(colour(rng), colour(rng), noise(rng, side_px, rough=False) * 0.35 + 0.5)
    if rng.random() < 0.5:
        share = np.clip(noise(rng, side_px, rough=False) * 0.6, 0, 1)[..., None]
        mixed = mixed * (1 - share) + colour(rng) * share
    return mixed


def gradient(rng: np.random.Generator, side_px: int) -> Picture:
    """One colour turning into another along a straight line, like a sky."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:side_px, 0:side_px] / side_px - 0.5
    along = (columns * np.cos(angle) + rows * np.sin(angle)) * rng.uniform(0.5, 1.5) + 0.5
    return _between(colour(rng), colour(rng), along)


def dead_leaves(rng: np.random.Generator, side_px: int) -> Picture:
    """Overlapping ellipses and triangles of all sizes, in a few related colours."""
    double = 2 * side_px
    palette = [colour(rng) for _ in range(rng.integers(2, 6))]
    image = Image.new("RGB", (double, double), _tint(rng, palette))
    pen = ImageDraw.Draw(image)
    smallest = rng.uniform(3, 20)
    for _ in range(int(rng.integers(40, 160))):
        radius = min(smallest / np.sqrt(rng.uniform(0.002, 1)), double / 2)
        x, y = rng.uniform(0, double, 2)
        fill = _tint(rng, palette)
        if rng.random() < 0.6:
            flat = radius * rng.uniform(0.4, 1)
            pen.ellipse((x - radius, y - flat, x + radius, y + flat), fill=fill)
        else:
            corners = [
                (x + radius * np.cos(a), y + radius * np.sin(a)) for a in rng.uniform(0, 7, 3)
            ]
            pen.polygon(corners, fill=fill)
    image = image.reduce(2).filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    return np.asarray(image, np.float32)


def noise(rng: np.random.Generator, side_px: int, *, rough: bool = True) -> Picture:
    """A cut of fractal noise, (side, side), mean about 0, deviation about 1."""
    tiles = _tiles()
    tile = tiles[rng.integers(len(tiles))] if rough else tiles[rng.integers(3, len(tiles))]
    step = int(rng.integers(1, 3))
    rows, columns = ((np.arange(side_px) * step + rng.integers(_TILE_PX)) % _TILE_PX for _ in "yx")
    cut: Picture = tile[np.ix_(rows, columns)]
    return cut


def colour(rng: np.random.Generator) -> Picture:
    """A colour, (3,) 0..255: mostly muted, as most surfaces are."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.beta(1.2, 1.8), rng.uniform(0.08, 1.0))
    return np.array([red, green, blue], np.float32) * 255


def _tint(rng: np.random.Generator, palette: list[Picture]) -> tuple[int, int, int]:
    shade = palette[rng.integers(len(palette))] * rng.uniform(0.6, 1.3) + rng.normal(0, 10, 3)
    red, green, blue = (int(v) for v in np.clip(shade, 0, 255))
    return red, green, blue


def _between(first: Picture, second: Picture, share: Picture) -> Picture:
    share = np.clip(share, 0, 1).astype(np.float32)[..., None]
    return first * (1 - share) + second * share


@cache
def _tiles() -> tuple[Picture, ...]:
    """Periodic noise tiles from rough to smooth, the same in every process."""
    rng = np.random.default_rng(7)
    squares = np.fft.fftfreq(_TILE_PX)[:, None] ** 2 + np.fft.fftfreq(_TILE_PX)[None] ** 2
    squares[0, 0] = 1
    tiles = []
    for slope in _SLOPES:
        spectrum = np.fft.fft2(rng.standard_normal((_TILE_PX, _TILE_PX))) * squares ** (-slope / 2)
        tile = np.fft.ifft2(spectrum).real
        tiles.append(((tile - tile.mean()) / tile.std()).astype(np.float32))
    return tuple(tiles)
