"""Water, fire and air that fill the square."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.noise import scatter
from training.motifs.drawing.registry import motif


@motif(texture=True)
def bubbles(c: Canvas) -> None:
    """Soap bubbles with coloured rims and highlights."""
    c.fill(mix(c.colour(value=0.25), c.colour(value=0.45), smoothstep(-1, 1, c.y)))
    film = c.colour(saturation=0.35, value=0.9)
    sizes = sorted(c.between(0.08, 0.42) for _ in range(c.count(14, 24)))
    for radius in sizes:
        x, y = c.between(-1, 1), c.between(-1, 1)
        part = c.ellipse(x, y, radius, radius)
        away = np.clip(part.distance, 0, 1)
        c.paint(part.cover * (0.1 + 0.75 * away**5), film, part.box)
        sheen = (
            part.cover * smoothstep(0.6, 0.95, away) * (0.5 + 0.5 * np.sin(part.angle * 2)) * 0.7
        )
        c.paint(sheen, c.colour(saturation=0.7), part.box)
        c.disc(
            x - 0.35 * radius, y - 0.4 * radius, radius * 0.2, radius * 0.14, (1, 1, 1), turn=-0.7
        )
        c.disc(
            x + 0.4 * radius,
            y + 0.42 * radius,
            radius * 0.12,
            radius * 0.08,
            (1, 1, 1),
            opacity=0.6,
        )


@motif(texture=True)
def waves(c: Canvas) -> None:
    """Rows of swelling water, crests of foam."""
    sea = c.colour(c.choice(0.5, 0.55, 0.6), 0.75, 0.55)
    c.fill(tint(sea, 1.2, 0.1))
    rows = c.count(4, 7)
    for row in range(rows):
        phase, length = c.between(0, 6.3), c.between(2.5, 4.5)
        level = -0.95 + 2.0 * row / rows
        swell = (c.x * length + phase + 0.3 * np.sin(c.y * 3)) / np.pi % 1
        crest = level - 0.3 * (1 - np.abs(2 * swell - 1) ** 1.6) + 0.015 * c.noise(2, 1)
        below = c.y - crest
        cover = c.inside(below)
        lines = 0.14 * np.sin(below * c.between(30, 55)) * smoothstep(0.5, 0.0, below)
        colour = mix(tint(sea, 1.25, 0.1), tint(sea, 0.55), smoothstep(0, 0.45, below))
        c.paint(cover, shade(colour, 1 + lines))
        foam = (
            cover
            * smoothstep(0.09, 0.0, below + 0.05 * c.noise(2, 1))
            * smoothstep(0.1, 0.5, swell * (1 - swell) * 4)
        )
        c.paint(foam, (0.97, 0.99, 1.0))


@motif(texture=True)
def flames(c: Canvas) -> None:
    """Tongues of fire: yellow within, red at their tips."""
    c.fill(c.colour(0.02, 0.6, 0.12))
    hue = 0.04 if c.chance(0.85) else c.rng.random()
    for row in range(4):
        base = -0.35 + 0.5 * row
        turn = 0.3 * np.sin(c.y * 4 + c.between(0, 6)) + 0.06 * c.noise(0.8, 3)
        place = (c.x + turn * 0.6) * c.between(1.6, 2.8) + c.between(0, 6)
        tongue = np.abs((place % 1) - 0.5) * 2
        tall = 0.75 + 0.5 * scatter(np.floor(place), np.full_like(place, row))
        heat = (c.y - base) / tall + 1 - tongue**1.3 * (1.1 - 0.5 * np.clip(c.y - base, 0, 1))
        cover = smoothstep(0.0, 0.12, heat)
        outer, core = c.colour(hue - 0.02, 0.95, 0.8, 0.01), c.colour(hue + 0.1, 0.7, 1.0, 0.02)
        middle = c.colour(hue + 0.04, 0.95, 0.97, 0.01)
        colour = mix(outer, middle, smoothstep(0.05, 0.45, heat))
        colour = mix(colour, core, smoothstep(0.4, 0.95, heat))
        c.paint(cover * 0.95, colour)


@motif(texture=True)
def clouds(c: Canvas) -> None:
    """Heaped clouds lit from above, in a deep sky."""
    sky = c.colour(c.choice(0.58, 0.6, 0.55, 0.04, 0.85), 0.6, 0.75)
    c.fill(mix(tint(sky, 0.7), tint(sky, 1.2, 0.15), smoothstep(-1, 1, c.y)))
    glow = c.colour(c.choice(0.1, 0.04, 0.95), 0.15, 0.99)
    for heap in range(c.count(3, 5)):
        x, y = c.between(-1, 1), -0.7 + 0.45 * heap
        wide = c.between(0.5, 0.9)
        for _ in range(14):
            dx = c.between(-1, 1)
            radius = 0.3 * wide * (1.1 - abs(dx)) * c.between(0.6, 1.1) + 0.06
            dy = y - 0.32 * wide * (1 - abs(dx)) * c.rng.random()
            part = c.ellipse(x + dx * wide, dy, radius, radius * 0.85)
            tall = shade(
                mix(glow, tint(sky, 0.8, 0.12), smoothstep(-0.7, 1.0, part.v)), np.ones_like(part.v)
            )
            c.paint(np.clip((1 - part.distance) * 4, 0, 1) * 0.92, tall, part.box)
