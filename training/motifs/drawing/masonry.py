"""What buildings are put together from: stone, walls, openings, roofs."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, shade
from training.motifs.drawing.noise import Field, scatter
from training.motifs.drawing.plane import Points

GLASS_DARK = (0.1, 0.09, 0.1)


def stone(c: Canvas, courses: float = 13.0) -> Field:
    """Masonry as light and dark: joints between stones, each of its own tone."""
    row = np.floor(c.y * courses)
    place = c.x * courses * 0.55 + 0.5 * (row % 2)
    joint = np.minimum((c.y * courses) % 1, (place % 1) * 1.8)
    return 0.3 * (scatter(row, np.floor(place)) - 0.5) - 0.3 * (joint < 0.16) + 0.06 * c.noise(2, 1)


def rect(left: float, top: float, right: float, bottom: float) -> Points:
    """Corners of a box."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def block(
    c: Canvas,
    box: tuple[float, float, float, float],
    colour: Colour,
    tex: Field | None,
    *,
    rounded: bool = False,
) -> None:
    """A wall, or a round tower where ``rounded``: lit from the canvas's side."""
    left, top, right, bottom = box
    across = (c.x - (left + right) / 2) / ((right - left) / 2)
    side = float(np.sign(c.light[0]))
    light = 0.75 + 0.25 * side * across
    if rounded:
        light = 0.35 + 0.75 * np.sqrt(np.clip(1 - ((across - 0.3 * side) / 1.35) ** 2, 0, 1))
    light = light if tex is None else light * (1 + tex)
    c.shape(rect(left, top, right, bottom), shade(colour, light), curved=False)


def opening(
    c: Canvas,
    cx: float,
    top: float,
    wide: float,
    tall: float,
    *,
    arched: bool = True,
    frame: Colour | None = None,
) -> None:
    """A window or door: frame, dark or lit glass, bars, a bright sill."""
    glass = (1.0, 0.85, 0.45) if c.chance(0.2) else c.choice(GLASS_DARK, (0.2, 0.28, 0.38))
    for grow, colour in ((0.025, frame), (0.0, glass)):
        if colour is None:
            continue
        half = wide / 2 + grow
        c.shape(rect(cx - half, top - grow, cx + half, top + tall + grow), colour, curved=False)
        if arched:
            c.disc(cx, top - grow / 2, half, half, colour)
    if frame is not None and wide > 0.09:
        c.line([(cx, top - wide * 0.4 * arched), (cx, top + tall)], 0.01, frame)
        c.line(
            [(cx - wide / 2, top + tall * 0.45), (cx + wide / 2, top + tall * 0.45)], 0.01, frame
        )
    c.line(
        [(cx - wide * 0.65, top + tall + 0.02), (cx + wide * 0.65, top + tall + 0.02)],
        0.014,
        (0.85, 0.82, 0.76),
    )


def roof(c: Canvas, points: Points, colour: Colour) -> None:
    """A tiled slope."""
    row = np.floor(c.y * 17)
    tiles = 0.22 * np.sin(c.y * 17 * 2 * np.pi) + 0.2 * (
        scatter(row, np.floor(c.x * 16 + 0.5 * (row % 2))) - 0.5
    )
    across = shade(colour, 0.85 + 0.3 * np.sign(c.light[0]) * c.x)
    c.shape(points, across, curved=False, tex=tiles)


def cone(c: Canvas, cx: float, base: float, half: float, tall: float, colour: Colour) -> None:
    """A pointed round roof with a ball or flag on top."""
    across = (c.x - cx) / (half * np.clip((c.y - base + tall) / tall, 0.05, 1) + 1e-3)
    light = 0.4 + 0.7 * np.sqrt(
        np.clip(1 - ((across - 0.35 * np.sign(c.light[0])) / 1.4) ** 2, 0, 1)
    )
    bands = 1 + 0.14 * np.sin(c.y * 70)
    c.shape(
        [(cx - half, base), (cx, base - tall), (cx + half, base)],
        shade(colour, light * bands),
        curved=False,
    )
    if c.chance(0.5):
        c.line([(cx, base - tall - 0.12), (cx, base - tall)], 0.012, (0.2, 0.15, 0.1))
        c.shape(
            [(cx, base - tall - 0.12), (cx + 0.13, base - tall - 0.08), (cx, base - tall - 0.03)],
            c.colour(saturation=0.9),
            curved=False,
        )
