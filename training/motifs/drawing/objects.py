"""Vessels, jewels, lights and instruments."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif


@motif(upright=True)
def vase(c: Canvas) -> None:
    """A turned vessel with painted bands and glaze."""
    base, paint_ = c.colour(), c.colour()
    belly, height, neck = c.between(0.22, 0.4), c.between(0.0, 0.35), c.between(0.14, 0.24)
    y = c.y
    width = (
        neck
        + belly * np.exp(-(((y - height) / c.between(0.32, 0.5)) ** 2))
        + 0.16 * np.exp(-(((y + 0.92) / 0.12) ** 2))
        + 0.1 * np.exp(-(((y - 0.93) / 0.1) ** 2))
    )
    across = np.clip(c.x / width, -1, 1)
    around = np.arcsin(across)
    if c.chance(0.5):
        for side in (-1, 1):
            c.tube(
                curve(
                    [
                        (side * neck, -0.7),
                        (side * 0.62, -0.62),
                        (side * 0.62, -0.2),
                        (side * (neck + belly * 0.7), -0.05),
                    ],
                    steps=4,
                ),
                0.05,
                base,
                gloss=0.4,
            )
    bands = smoothstep(0.3, 0.45, np.sin(y * c.between(14, 24)))
    belt = np.abs(y - height) < 0.25
    figure = c.choice(
        np.sin(around * 8) * np.sin((y - height) * 13),
        np.sin(around * 6 + 3 * np.sin(y * 12)),
        np.cos(np.hypot(around * 5 % 2 - 1, (y - height) * 6) * 5),
    )
    drawn = np.where(belt, smoothstep(0.0, 0.12, figure), bands)
    facing = across * c.light[0] + np.sqrt(1 - across**2) * c.light[2]
    light = 0.25 + 0.9 * np.clip(facing, 0, 1)
    shine = 0.6 * np.exp(-(((across - 0.5 * np.sign(c.light[0])) / 0.13) ** 2))
    c.paint(
        c.inside(width - np.abs(c.x)) * (np.abs(y) < 0.95),
        np.clip(shade(mix(base, paint_, drawn), light) + shine[..., None], 0, 1),
    )
    c.disc(0, -0.94, neck + 0.13, 0.05, tint(base, 0.35))


@motif()
def gem(c: Canvas) -> None:
    """A cut stone: facets around a table, each catching the light its own way."""
    radius, angle = c.polar()
    sides = c.choice(6, 8, 8, 10, 12)
    base = c.colour(saturation=0.75, value=0.85)
    for ring, (reach, turn) in enumerate(((0.94, 0.0), (0.76, 0.5), (0.6, 0.0), (0.42, 0.5))):
        place = angle + turn * 2 * np.pi / sides
        facet = np.floor(place * sides / (2 * np.pi))
        within = (place * sides / (2 * np.pi)) % 1 - 0.5
        flat = radius * np.cos(within * 2 * np.pi / sides)
        glint = np.cos(facet * 2 * np.pi / sides - c.between(0, 6.3)) * (0.55 if ring < 3 else 0.15)
        split = 0.22 * np.sign(within) * (ring % 2)
        light = 0.62 + glint + split + 0.3 * (flat / reach - 0.7)
        colour = (
            shade(base, np.clip(light, 0.12, 1.6)) + 0.5 * smoothstep(1.05, 1.3, light)[..., None]
        )
        c.paint(c.inside(reach - flat), np.clip(colour, 0, 1))
        c.paint(c.inside(0.008 - np.abs(flat - reach + 0.01)), tint(base, 1.2, 0.4))
    for _ in range(2):
        x, y, size = c.between(-0.5, 0.5), c.between(-0.5, 0.5), c.between(0.1, 0.2)
        for end in ((size, 0.0), (-size, 0.0), (0.0, size), (0.0, -size)):
            c.line([(x, y), (x + end[0], y + end[1])], (0.025, 0.002), (1, 1, 1))


@motif(upright=True)
def lamp(c: Canvas) -> None:
    """A pleated shade glowing over a turned foot."""
    shade_, foot = (
        c.colour(c.choice(0.1, 0.0, 0.33, None), 0.6, 0.9),
        c.colour(c.choice(0.1, 0.6), 0.5, 0.6),
    )
    c.glow(0, -0.3, 0.97, 0.8, (1.0, 0.93, 0.65), opacity=0.35)
    for y, wide in ((0.9, 0.36), (0.78, 0.2), (0.55, 0.16), (0.35, 0.2), (0.18, 0.1)):
        c.ball(0, y, wide, 0.13, foot, gloss=0.7)
    c.tube([(0, 0.9), (0, 0.0)], 0.06, foot, gloss=0.7)
    top, bottom = c.between(0.22, 0.4), c.between(0.66, 0.85)
    pleats = 0.16 * np.sin(np.arctan2(c.x, c.y + 1.9) * 75)
    lit = mix((1.0, 0.95, 0.75), shade_, np.clip(np.hypot(c.x, (c.y + 0.25) * 1.3), 0, 1))
    c.shape(
        [(-top, -0.85), (top, -0.85), (bottom, 0.05), (-bottom, 0.05)],
        lit,
        curved=False,
        tex=pleats,
    )
    for y, half in ((-0.85, top), (0.05, bottom)):
        c.tube([(-half, y), (half, y)], 0.03, tint(shade_, 0.5))
    for x in np.linspace(-bottom, bottom, 13):
        c.line([(float(x), 0.06), (float(x), 0.16)], (0.02, 0.012), tint(shade_, 0.6))


@motif()
def violin(c: Canvas) -> None:
    """A waisted, varnished body with f-holes, a dark fingerboard, strings, a scroll."""
    varnish = c.colour(0.05, 0.8, 0.6, 0.025)
    right = [
        (0, -0.16),
        (0.26, -0.14),
        (0.36, 0.04),
        (0.22, 0.28),
        (0.26, 0.42),
        (0.46, 0.6),
        (0.36, 0.9),
        (0, 0.96),
    ]
    outline = right + [(-x, y) for x, y in right[-2:0:-1]]
    flame = 0.14 * np.sin(c.y * 44 + c.noise(0.8, 3)) + 0.08 * c.streaks_at(c.x * 60, c.y * 12)
    c.shape(outline, tint(varnish, 0.35))
    inner = [(x * 0.92, 0.4 + (y - 0.4) * 0.94) for x, y in outline]
    c.shape(
        inner,
        mix(
            tint(varnish, 1.25, 0.08),
            varnish,
            smoothstep(0.1, 0.5, np.hypot(c.x, (c.y - 0.4) * 0.6)),
        ),
        puff=0.2,
        tex=flame,
        gloss=0.6,
    )
    for side in (-1, 1):
        hole = curve(
            [(side * 0.2, 0.24), (side * 0.14, 0.34), (side * 0.2, 0.46), (side * 0.14, 0.55)],
            steps=4,
        )
        c.line(hole, 0.02, (0.06, 0.03, 0.02))
        for x, y in (hole[0], hole[-1]):
            c.disc(x, y, 0.032, 0.032, (0.06, 0.03, 0.02))
    c.shape(
        [(-0.05, -0.72), (0.05, -0.72), (0.085, 0.28), (-0.085, 0.28)],
        (0.1, 0.08, 0.08),
        curved=False,
        puff=0.06,
    )
    c.shape(
        [(-0.05, 0.6), (0.05, 0.6), (0.07, 0.9), (-0.07, 0.9)],
        (0.1, 0.08, 0.08),
        curved=False,
        puff=0.06,
    )
    c.tube([(-0.14, 0.46), (0.14, 0.46)], 0.022, (0.9, 0.75, 0.5))
    for x in (-0.05, -0.017, 0.017, 0.05):
        c.line([(x * 0.7, -0.72), (x, 0.46), (x * 0.8, 0.65)], 0.006, (0.95, 0.93, 0.85))
    c.tube([(0, -0.9), (0, -0.68)], 0.055, varnish)
    part = c.ellipse(0, -0.9, 0.1, 0.09)
    c.ball(
        0, -0.9, 0.1, 0.09, varnish, gloss=0.5, tex=0.4 * np.sin(part.distance * 16 + part.angle)
    )
    for y, side in ((-0.84, -1), (-0.77, 1), (-0.74, -1)):
        c.tube([(0, y), (side * 0.16, y - 0.01)], (0.02, 0.032), (0.12, 0.08, 0.07))


@motif()
def drum(c: Canvas) -> None:
    """A skin over a painted barrel laced with cord."""
    wood, skin = c.colour(saturation=0.8), c.colour(0.1, 0.15, 0.95)
    half, tall = c.between(0.6, 0.8), c.between(0.5, 0.7)
    across = np.clip(c.x / half, -1, 1)
    light = 0.3 + 0.8 * np.clip(across * c.light[0] + np.sqrt(1 - across**2) * c.light[2], 0, 1)
    rim = 0.22 * np.sqrt(np.clip(1 - across**2, 0, 1))
    side = c.inside(half - np.abs(c.x)) * c.inside(tall + rim - c.y) * c.inside(c.y + 0.45)
    around = np.arcsin(across)
    zigzag = np.abs((around * 2.2 + 10) % 1 - 0.5) * 2
    cord = smoothstep(0.09, 0.05, np.abs((c.y + 0.3 - rim) / tall / 1.25 - zigzag * 0.8 - 0.1))
    c.paint(side, shade(mix(wood, (0.97, 0.95, 0.9), cord), light))
    trim = c.colour(saturation=0.8)
    for y in (-0.42, tall - 0.1):
        hoop = side * c.inside(0.07 - np.abs(c.y - y - rim - 0.05))
        c.paint(hoop, shade(trim, light * 1.1))
    c.disc(0, -0.42, half, 0.24, tint(trim, 0.7))
    c.disc(0, -0.43, half * 0.93, 0.21, skin)
    c.glow(0.1, -0.44, half * 0.7, 0.15, tint(skin, 0.75), opacity=0.6)
    if c.chance(0.6):
        for x, lean in ((-0.3, 0.5), (0.35, -0.4)):
            c.tube([(x, -0.4), (x + lean, -0.92)], 0.03, (0.75, 0.55, 0.3))
            c.ball(x, -0.42, 0.06, 0.05, (0.85, 0.65, 0.4))


@motif()
def lantern(c: Canvas) -> None:
    """A ribbed paper lantern, lit from within, with a tassel."""
    paper = c.colour(c.choice(0.0, 0.02, 0.1, 0.9, None), 0.85, 0.9)
    wide, tall = c.between(0.55, 0.78), c.between(0.5, 0.62)
    part = c.ellipse(0, -0.12, wide, tall)
    ribs = 0.2 * np.sin(c.y * c.between(34, 46)) + 0.12 * np.cos(
        np.arcsin(np.clip(c.x / wide, -1, 1)) * 10
    )
    lit = mix(tint(paper, 1.25, 0.3), tint(paper, 0.75), smoothstep(0.0, 1.0, part.distance))
    c.glow(0, -0.12, 0.97, 0.9, tint(paper, 1.2, 0.2), opacity=0.4)
    c.ball(0, -0.12, wide, tall, lit, gloss=0.1, tex=ribs, dome=0.5)
    for y in (-0.12 - tall, tall - 0.12):
        c.tube([(-0.24, y), (0.24, y)], 0.06, (0.25, 0.12, 0.08))
    c.line([(0, -0.97), (0, -0.12 - tall)], 0.015, (0.3, 0.2, 0.1))
    strands = np.array([(0.02 * k, tall - 0.06, 0.028 * k, 0.97) for k in range(-5, 6)])
    c.hairs(
        strands, np.tile(np.asarray(paper)[None], (11, 1)) * c.rng.uniform(0.6, 1.2, (11, 1)), 1.2
    )
