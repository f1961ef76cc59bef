"""Wheels, gears and clocks."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import shade, smoothstep, tint
from training.motifs.drawing.registry import motif


@motif()
def wheel(c: Canvas) -> None:
    """A tyre or wooden rim, spokes, a hub."""
    radius, angle = c.polar()
    metal = c.choice(c.colour(0.6, 0.08, 0.85), c.colour(0.08, 0.6, 0.55), c.colour())
    tread = 1 + 0.35 * np.sin(angle * c.count(36, 50)) * (radius > 0.88)
    ring = np.sqrt(np.clip(1 - ((radius - 0.85) / 0.13) ** 2, 0, 1))
    c.paint(c.inside(0.72 - radius), (0.12, 0.11, 0.12))
    c.relief(
        ring * 0.12,
        shade(c.choice(np.array([0.16, 0.16, 0.17]), tint(metal, 0.7)), tread),
        np.clip(ring * 6, 0, 1),
        gloss=0.25,
    )
    inner = np.sqrt(np.clip(1 - ((radius - 0.68) / 0.07) ** 2, 0, 1))
    c.relief(inner * 0.12, metal, np.clip(inner * 5, 0, 1), gloss=0.8)
    number = c.count(5, 14)
    turn, wide = c.between(0, 6.3), c.between(0.03, 0.05) if number > 8 else c.between(0.05, 0.09)
    for k in range(number):
        at = turn + k * 2 * np.pi / number
        c.tube(
            [(0.1 * np.cos(at), 0.1 * np.sin(at)), (0.66 * np.cos(at), 0.66 * np.sin(at))],
            (wide * 1.2, wide),
            metal,
            gloss=0.5,
        )
    c.ball(0, 0, 0.2, 0.2, metal, gloss=0.8)
    c.ball(0, 0, 0.09, 0.09, tint(metal, 0.4), gloss=0.8)


@motif()
def gear(c: Canvas) -> None:
    """A toothed metal disc with holes and a bore."""
    radius, angle = c.polar()
    teeth, metal = c.count(8, 18), c.colour(c.choice(0.1, 0.6, 0.08), c.choice(0.1, 0.5), 0.75)
    edge = 0.78 + 0.15 * np.clip(np.sin(angle * teeth) * 3, -1, 1)
    bore = c.between(0.14, 0.3)
    cover = c.inside(edge - radius) * c.inside(radius - bore)
    spokes = c.count(4, 6)
    place = ((angle * spokes / (2 * np.pi)) % 1 - 0.5) * 2 * np.pi / spokes
    hole = np.hypot(radius * np.cos(place) - 0.5, radius * np.sin(place)) - c.between(0.09, 0.14)
    cover = cover * c.inside(hole)
    height = 0.2 * (
        smoothstep(0, 0.1, edge - radius)
        * smoothstep(0, 0.1, radius - bore)
        * smoothstep(0, 0.06, hole)
    )
    groove = 0.06 * smoothstep(0.05, 0.0, np.abs(radius - 0.68))
    brushed = 1 + 0.1 * c.noise_at(radius * 50, angle * 2, 0)
    c.relief(height - groove, shade(metal, brushed), cover, depth=1.4, gloss=0.7)


@motif(upright=True)
def clock(c: Canvas) -> None:
    """A dial with strokes or numerals, two hands, a metal case."""
    radius, angle = c.polar()
    case, dial = c.colour(c.choice(0.12, 0.6, 0.07, None), 0.6, 0.75), c.colour(0.12, 0.1, 0.96)
    ink = c.choice((0.06, 0.06, 0.08), tint(case, 0.3))
    if c.chance(0.25):
        dial, ink = tint(case, 0.25), np.array([0.95, 0.92, 0.8])
    ring = np.sqrt(np.clip(1 - ((radius - 0.87) / 0.11) ** 2, 0, 1))
    c.paint(c.inside(0.85 - radius), shade(dial, 1.05 - 0.25 * radius))
    c.relief(ring * 0.15, case, np.clip(ring * 5, 0, 1), gloss=0.7)
    numerals = c.chance(0.5)
    for hour in range(12):
        at = hour * np.pi / 6
        cos, sin = np.cos(at), np.sin(at)
        wide = 0.035 if hour % 3 == 0 else 0.02
        if numerals:
            for shift in np.linspace(-1, 1, 1 + hour % 3) * 0.03 * (hour % 3 > 0):
                x, y = 0.62 * cos - shift * sin, 0.62 * sin + shift * cos
                c.line(
                    [(x - 0.07 * cos, y - 0.07 * sin), (x + 0.07 * cos, y + 0.07 * sin)], 0.016, ink
                )
        else:
            c.line([(0.62 * cos, 0.62 * sin), (0.72 * cos, 0.72 * sin)], wide, ink)
    c.paint(c.inside(0.012 - np.abs(radius - 0.75)) * (np.sin(angle * 60) > 0), ink)
    for long, wide in ((0.42, 0.045), (0.62, 0.028)):
        at = c.between(0, 6.3)
        c.line(
            [(-0.1 * np.cos(at), -0.1 * np.sin(at)), (long * np.cos(at), long * np.sin(at))],
            (wide, wide * 0.4),
            ink,
        )
    c.ball(0, 0, 0.06, 0.06, case, gloss=0.8)
