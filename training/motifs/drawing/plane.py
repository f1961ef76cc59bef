"""Where is what? The canvas's coordinates, bent by the drawing's pose, and fields over them.

Coordinates run from -1 to 1 (x to the right, y down). A pose stretches, shears, mirrors and bends
them a little, and leans them as if the thing were turned to a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.motifs.drawing import noise
from training.motifs.drawing.colours import Dice
from training.motifs.drawing.noise import Field

Points = Sequence[tuple[float, float]]
Box = tuple[slice, slice]


class Plane(Dice):
    """Coordinate fields ``x`` and ``y`` (side, side), and the way back to pixels."""

    def __init__(self, rng: np.random.Generator, side_px: int, *, texture: bool):
        super().__init__(rng)
        self.side = side_px
        self.texture = texture
        self.pixel = 2.2 / side_px
        self._pose()

    def noise(self, scale: float = 1.0, smooth: int = 2) -> Field:
        """Noise over the canvas; ``scale`` 1 is a tile's pixel for 1/64."""
        return self.noise_at(self.y * 64 * scale, self.x * 64 * scale, smooth)

    def noise_at(self, down: Field, across: Field, smooth: int = 2) -> Field:
        """Noise at any coordinates, in tile pixels."""
        start = self.rng.integers(0, noise.TILE_PX, 2)
        copy = int(self.rng.integers(2))
        return noise.sample(noise.tile(smooth, copy), down + start[0], across + start[1])

    def streaks_at(self, across: Field, along: Field) -> Field:
        """Streaks at any coordinates; ``along`` runs with the streak."""
        start = self.rng.integers(0, noise.TILE_PX, 2)
        copy = int(self.rng.integers(2))
        return noise.sample(noise.streaks(copy), across + start[0], along + start[1])

    def polar(self, cx: float = 0.0, cy: float = 0.0) -> tuple[Field, Field]:
        """Distance from (cx, cy) and angle."""
        dx, dy = self.x - cx, self.y - cy
        return np.sqrt(dx * dx + dy * dy) + 1e-4, np.arctan2(dy, dx)

    def inside(self, distance: Field, soft: float = 1.0) -> Field:
        """Cover 0..1 of where a signed distance (in canvas units) is positive."""
        return np.clip(0.5 + distance / (self.pixel * soft), 0, 1)

    def window(self, cx: float, cy: float, reach: float) -> Box:
        """Rows and columns that hold everything within ``reach`` of (cx, cy)."""
        px, py = self._inverse @ (cx, cy)
        half = (reach + self._bent) * self._growth + 2 / self.side
        low = [int(np.clip((p - half + 1) / 2 * self.side, 0, self.side - 1)) for p in (px, py)]
        high = [int(np.clip((p + half + 1) / 2 * self.side + 1, 1, self.side)) for p in (px, py)]
        return slice(low[1], max(high[1], low[1] + 1)), slice(low[0], max(high[0], low[0] + 1))

    def to_pixels(self, points: Any) -> Field:
        """Canvas coordinates (n, 2) in pixels, pose and wobble undone."""
        straight = np.asarray(points, np.float64) @ self._inverse.T
        flat = straight
        for _ in range(3):  # the bend is known at pixels only: a fixed point
            place = np.clip((flat + 1) / 2 * self.side, 0, self.side - 1).astype(int)
            flat = straight - self._bend[place[:, 1], place[:, 0]] @ self._inverse.T
        return (flat + 1) / 2 * self.side

    def _pose(self) -> None:
        stretch = self.between(0.84, 1.0), self.between(0.84, 1.0)
        turn, shear = self.between(-0.14, 0.14), self.between(-0.14, 0.14)
        mirror = self.choice(-1, 1)
        cos, sin = np.cos(turn), np.sin(turn)
        rotate = np.array([[cos, sin], [-sin, cos]])
        skew = np.array([[mirror / stretch[0], shear], [0, 1 / stretch[1]]])
        matrix = skew @ rotate * 1.04
        self._inverse = np.linalg.inv(matrix)
        self._growth = float(np.linalg.norm(self._inverse, 2))
        wobble = self.between(0, 0.028) * self.choice(0.3, 1, 1)
        along = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side * 2 - 1
        plain = np.stack(np.meshgrid(along, along), -1)
        grid = (plain + 1) * 64
        bend = [self.noise_at(grid[..., 1], grid[..., 0], 4) for _ in range(2)]
        lean = self.rng.uniform(-0.14, 0.14, 2)  # as if the thing turned to a side, or nodded
        turned = lean * (1 - plain * plain) * (not self.texture)
        self._bend = (wobble * np.clip(np.stack(bend, -1), -2.5, 2.5) + turned).astype(np.float32)
        self._bent = float(np.abs(self._bend).max())
        bent = (plain @ matrix.T + self._bend).astype(np.float32)
        self.x, self.y = np.ascontiguousarray(bent[..., 0]), np.ascontiguousarray(bent[..., 1])


def curve(points: Points, *, closed: bool = False, steps: int = 6) -> list[tuple[float, float]]:
    """A smooth path through the points (Catmull-Rom)."""
    knots = np.asarray(points, np.float64)
    before, after = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    padded = np.concatenate([before, knots, after])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    path = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
        path.append((bend + (3 * b - a - 3 * c + d) * t**3) / 2)
    if not closed:
        path.append(knots[-1:])
    return [(float(px), float(py)) for px, py in np.concatenate(path)]
