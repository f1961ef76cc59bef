"""How do scales, feathers and cone scales lie? Overlapping in rows, as on a roof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import smoothstep
from training.motifs.drawing.noise import Field, scatter


@dataclass(frozen=True)
class Pattern:
    """Of every point: height 0..1 within its cell, the cell's own number 0..1, place in it."""

    height: Field
    tone: Field
    across: Field
    down: Field


def scale_pattern(across: Field, down: Field) -> Pattern:
    """Overlapping rounded scales in rows, one by one unit; each hangs over the next row."""
    row = np.floor(down)
    height = np.zeros_like(down)
    tone, left, depth = np.zeros_like(down), np.zeros_like(down), np.zeros_like(down)
    for step in (1, 0, -1):
        line = row + step
        shifted = across + 0.5 * (line % 2)
        column = np.floor(shifted)
        u, v = shifted - column - 0.5, down - line
        reach = np.sqrt(u * u + 0.64 * v * v) / 0.64
        hit = (reach < 1) & (v >= 0)
        rim = 0.25 + 0.75 * reach - 0.65 * smoothstep(0.82, 1.0, reach)
        height = np.where(hit, rim, height)
        tone = np.where(hit, scatter(line, column), tone)
        left, depth = np.where(hit, u, left), np.where(hit, v, depth)
    return Pattern(height, tone, left, depth)


def field_plane(c: Canvas, cells: float) -> tuple[Field, Field]:
    """Turned and gently warped coordinates with about ``cells`` cells across the canvas."""
    angle, bend = c.between(-0.3, 0.3), c.between(0, 0.08)
    x, y = c.x + bend * c.noise(0.7, 4), c.y + bend * c.noise(0.7, 4)
    scale = cells / 2
    return ((x * np.cos(angle) + y * np.sin(angle)) * scale + 20,
            (y * np.cos(angle) - x * np.sin(angle)) * scale + 20)  # fmt: skip
