"""Skins that fill the square: fur, scales, feathers, stripes and spots."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.noise import Field
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import field_plane, scale_pattern


@motif(texture=True)
def fur(c: Canvas) -> None:
    """Hair in soft tufts that flow around, lighter at the tips."""
    coat = c.coat()
    angle = 0.9 * c.noise(0.5, 4) + c.between(0, 6.3)
    down, across = c.y * 64, c.x * 64
    along = across * np.cos(angle) + down * np.sin(angle)
    beside = down * np.cos(angle) - across * np.sin(angle)
    coarse = c.streaks_at(beside * 0.5, along * 0.4)
    fine = c.streaks_at(beside, along * 0.8)
    patches = smoothstep(-0.5, 1.0, c.noise(0.6, 3))
    base = mix(coat, tint(coat, c.between(0.4, 1.4), c.between(0, 0.2)), patches)
    c.fill(shade(base, 0.75 + 0.22 * coarse + 0.14 * fine))
    starts = c.rng.uniform(-1, 1, (500, 2))
    pixels = np.clip(c.to_pixels(starts), 0, c.side - 1).astype(int)
    flow = angle[pixels[:, 1], pixels[:, 0]]
    c.comb(starts, np.stack([np.cos(flow), np.sin(flow)], -1), c.between(0.12, 0.3), jitter=0.3)


@motif(texture=True)
def scales(c: Canvas) -> None:
    """A reptile's or fish's scales, each lit and of its own tone."""
    base, other = c.colour(), c.colour()
    across, down = field_plane(c, c.between(6, 13))
    cell = scale_pattern(across, down)
    drift = smoothstep(-1, 1, c.noise(0.5, 4)) * 0.8
    colour = shade(mix(base, other, drift), 0.6 + 0.5 * cell.tone)
    rib = 1 + 0.1 * np.cos(cell.across * 22) * c.choice(0, 1)
    c.relief(
        cell.height * 0.22,
        shade(colour, (0.68 + 0.5 * cell.height) * rib),
        gloss=c.between(0.1, 0.6),
    )


@motif(texture=True)
def feathers(c: Canvas) -> None:
    """Overlapping feathers with shafts, barbs and pale tips."""
    base, tip = c.coat() if c.chance(0.5) else c.colour(), c.colour()
    across, down = field_plane(c, c.between(4, 7))
    cell = scale_pattern(across, down)
    away = np.abs(cell.across)
    barbs = np.sin((cell.down * 1.2 + away) * c.between(28, 44)) * 0.14
    shaft = smoothstep(0.05, 0.015, away)
    reach = np.sqrt(cell.across**2 + 0.64 * cell.down**2) / 0.64
    colour = mix(base, tip, smoothstep(0.55, 0.8, reach) * c.between(0.4, 1))
    colour = mix(colour, tint(base, 1.4, 0.2), shaft * 0.8)
    light = (0.5 + 0.65 * cell.height) * (0.8 + 0.4 * cell.tone) * (1 + barbs)
    c.fill(shade(colour, light))


def wandering_bands(c: Canvas, frequency: float, spread: float) -> Field:
    """Stripes that fork and wander, about -1..1 (waves of nearly one direction added)."""
    heading = c.between(0, np.pi)
    total = np.zeros_like(c.x)
    for _ in range(9):
        angle = heading + c.between(-spread, spread)
        turn = c.x * np.cos(angle) + c.y * np.sin(angle)
        total = total + np.cos(turn * frequency * np.pi * c.between(0.85, 1.15) + c.between(0, 6.3))
    return total / 2.2


@motif(texture=True)
def zebra(c: Canvas) -> None:
    """Black and white stripes that fork."""
    bands = wandering_bands(c, c.between(4, 7.5), c.between(0.35, 0.8))
    pale, dark = c.colour(0.1, 0.08, 0.95), c.colour(0.08, 0.3, 0.1)
    if c.chance(0.15):
        pale, dark = c.colour(None, 0.5, 0.9), c.colour(None, 0.8, 0.25)
    hair = 1 + 0.1 * c.streaks_at(c.y * 64, c.x * 40)
    c.fill(shade(mix(dark, pale, smoothstep(-0.15, 0.15, bands)), hair))


@motif(texture=True)
def leopard(c: Canvas) -> None:
    """Broken rosettes on gold."""
    gold = c.colour(0.1, 0.55, 0.88, 0.025)
    c.fill(shade(gold, 1 + 0.1 * c.streaks_at(c.y * 60, c.x * 40) + 0.05 * c.noise(1, 3)))
    cells = c.count(5, 8)
    for row in range(cells):
        for column in range(cells):
            x = (column + 0.5 * (row % 2) + 0.5) / cells * 2.2 - 1.1 + c.between(-0.06, 0.06)
            y = (row + 0.5) / cells * 2.2 - 1.1 + c.between(-0.06, 0.06)
            radius = 0.95 / cells * c.between(0.8, 1.15)
            part = c.ellipse(x, y, radius, radius * c.between(0.75, 1.2), c.between(0, 3))
            gaps = np.sin(part.angle * 2 + c.between(0, 6)) + 0.8 * np.sin(
                part.angle * 3 + c.between(0, 6)
            )
            ring = smoothstep(0.4, 0.55, part.distance) * smoothstep(1.0, 0.85, part.distance)
            c.paint(part.cover * 0.45 * (part.distance < 0.7), tint(gold, 0.6), part.box)
            c.paint(ring * smoothstep(-1.0, -0.5, gaps), (0.09, 0.05, 0.03), part.box)
