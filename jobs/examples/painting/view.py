"""Where is everything in the landscape? Sizes, the sun and the shore, and the trees' shape.

Lengths are in px of the large canvas, on which all is painted at twice the picture's size.
"""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from jobs.examples.painting.noise import Array

WIDTH, HEIGHT = 480, 360
SCALE = 2
W, H = WIDTH * SCALE, HEIGHT * SCALE
SHORE = round(0.60 * H)
SUN = (0.64 * W, 0.415 * H)


def grid() -> tuple[Array, Array]:
    """Row and column of every pixel."""
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float64)
    return rows, columns


def sun_distance() -> Array:
    """How far every pixel is from the sun, in widths of the picture."""
    rows, columns = grid()
    return np.hypot(columns - SUN[0], (rows - SUN[1]) * 1.15) / W


def pine(
    draw: ImageDraw.ImageDraw, foot: tuple[float, float], height: float, rng: np.random.Generator
) -> None:
    """Draw a pine's silhouette: a trunk, and boughs that droop and get longer downwards."""
    x, y = foot
    foot_px = max(0.6, height / 90)
    draw.polygon([(x - foot_px, y), (x, y - height), (x + foot_px, y)], 255)
    tiers = max(5, round(height**0.72))
    for tier in range(tiers):
        share = (tier + 0.5) / tiers
        root = y - height * (1 - 0.93 * share)
        thick = height * (0.002 + 0.05 * share)
        for side in (-1, 1):
            out = side * height * 0.20 * share**0.9 * rng.uniform(0.55, 1.1)
            droop = height * rng.uniform(0.02, 0.06) * (0.4 + share)
            tip = (x + out, root + droop)
            middle = (x + out * 0.55, root + droop * 0.35 + thick * 0.75)
            draw.polygon([(x, root - thick), tip, middle, (x, root + thick)], 255)
