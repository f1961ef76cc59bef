"""What animals' faces are put together from: furry heads, ears, noses, muzzles, markings."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, smoothstep, tint
from training.motifs.drawing.noise import Field
from training.motifs.drawing.plane import curve

SIDES = (-1, 1)
DARK = (0.07, 0.05, 0.05)


def head(c: Canvas, coat: Colour, rx: float, ry: float, cy: float) -> Field:
    """A furry ball; returns its cover for markings."""
    part = c.ellipse(0, cy, rx, ry)
    hair = 0.2 * c.streaks_at(part.angle * 22, part.distance * 30)
    c.ball(0, cy, rx, ry, coat, gloss=0.05, tex=hair, fuzz=0.05)
    cover = np.zeros_like(c.alpha)
    cover[part.box] = part.cover
    return cover


def ears(
    c: Canvas, at: tuple[float, float], tip: tuple[float, float], wide: float, coat: Colour
) -> None:
    """Two pointed, hollow ears from a base to a tip."""
    inner = c.colour(0.03, 0.4, 0.75, 0.02)
    (bx, by), (tx, ty) = at, tip
    for side in SIDES:
        outer = [(bx - wide, by), (tx - wide * 0.3, ty + 0.05), (tx, ty), (bx + wide, by + wide)]
        hollow = [(bx - wide * 0.45, by), (tx - 0.04, ty + 0.2), (bx + wide * 0.55, by + 0.1)]
        c.shape([(side * px, py) for px, py in outer], coat, puff=0.12)
        c.shape([(side * px, py) for px, py in hollow], inner)


def nose(c: Canvas, cy: float, wide: float, colour: Colour) -> None:
    """A wet, three-cornered nose with nostrils."""
    high = wide * 0.75
    corners = [
        (-wide, cy - high * 0.6),
        (0, cy - high * 0.8),
        (wide, cy - high * 0.6),
        (0, cy + high),
    ]
    c.shape(corners, colour, puff=0.12, gloss=0.5)
    for side in SIDES:
        c.disc(side * wide * 0.45, cy, wide * 0.2, wide * 0.14, tint(colour, 0.3))
    c.glow(-wide * 0.3, cy - high * 0.45, wide * 0.4, high * 0.25, (1, 1, 1), opacity=0.6)


def mouth(c: Canvas, top: float, drop: float, wide: float) -> None:
    """The line under the nose and the two arcs of a muzzle."""
    c.line([(0, top), (0, top + drop)], 0.018, DARK)
    for side in SIDES:
        arc = [(0, top + drop), (side * wide * 0.5, top + drop + 0.08), (side * wide, top + drop)]
        c.line(curve(arc, steps=4), (0.02, 0.008), DARK)


def muzzle(c: Canvas, cy: float, rx: float, ry: float, coat: Colour) -> None:
    """Two cheeks beside the mouth, with whisker roots."""
    for side in SIDES:
        c.ball(side * rx * 0.62, cy, rx * 0.75, ry, coat, gloss=0.05, fuzz=0.08)
        for row in range(3):
            c.disc(side * rx * (0.55 + 0.2 * row), cy - 0.02 * row, 0.014, 0.014, DARK)


def whiskers(c: Canvas, cy: float, start: float, end: float) -> None:
    """Long pale hairs on both sides."""
    ends = [
        (side * start, cy + 0.04 * k, side * end * c.between(0.85, 1.05), cy + 0.14 * k - 0.03)
        for side in SIDES
        for k in (-1, 0, 1, 2)
    ]
    c.hairs(np.array(ends), np.full((len(ends), 3), 0.95), 0.9)


def stripes(c: Canvas, cover: Field, colour: Colour, strength: float = 0.85) -> None:
    """A tabby's or tiger's face: stripes on the brow and bars on the cheeks."""
    ax = np.abs(c.x)
    ragged = 0.35 * c.noise(1, 2)
    brow = smoothstep(0.1, 0.5, np.sin(ax * 17 + c.y * 5 + ragged)) * smoothstep(-0.2, -0.45, c.y)
    cheek = smoothstep(0.1, 0.5, np.sin(c.y * 17 + ax * 8 + ragged)) * smoothstep(0.4, 0.6, ax)
    c.paint(np.maximum(brow, cheek) * cover * strength, colour)
