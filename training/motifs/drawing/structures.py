"""Parts of buildings, and what stands in the open: arches, columns, bridges, mills."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.masonry import block, opening, rect, stone
from training.motifs.drawing.registry import motif


@motif(texture=True, upright=True)
def arches(c: Canvas) -> None:
    """Tiers of round arches with deep shadows, like an aqueduct or arena."""
    frequency = c.between(1.3, 2.4)
    u, v = c.x * frequency, c.y * frequency * 0.8 + 10
    column, row = np.floor(u), np.floor(v)
    across, down = u - column - 0.5, v - row
    away = np.where(down < 0.5, np.hypot(across, down - 0.5), np.abs(across))
    wall = smoothstep(0.3, 0.33, away)
    ring = smoothstep(0.31, 0.34, away) * smoothstep(0.44, 0.41, away) * (down < 0.52)
    voussoirs = 0.22 * np.sign(np.sin(np.arctan2(across, down - 0.5) * 22)) * ring
    cornice = smoothstep(0.05, 0.02, np.abs(down - 0.03))
    rock = c.colour(c.choice(0.09, 0.06, 0.6), 0.3, 0.8)
    depth = shade(
        tint(rock, 0.5),
        np.clip(0.2 + 0.7 * smoothstep(-0.1, 0.3, across * np.sign(c.light[0]) + 0.1), 0, 1),
    )
    face = shade(rock, (1 + stone(c, 10 * frequency)) * (1 + voussoirs) * (1 + 0.25 * cornice))
    c.relief(wall * 0.2 + 0.1 * cornice + 0.05 * ring, mix(depth, face, wall), gloss=0.03)


@motif(upright=True)
def column(c: Canvas) -> None:
    """A fluted shaft between a moulded base and a scrolled capital."""
    marble = c.colour(c.choice(0.1, 0.08, 0.55), 0.15, 0.92)
    half = c.between(0.24, 0.34)
    swell = half * (1 - 0.12 * (1 - (c.y + 1) / 2))
    across = c.x / swell
    flutes = np.cos(np.arcsin(np.clip(across, -1, 1)) * c.choice(12, 16, 20))
    light = (
        0.35 + 0.75 * np.sqrt(np.clip(1 - (across - 0.35 * np.sign(c.light[0])) ** 2 / 1.9, 0, 1))
    ) * (0.85 + 0.2 * flutes)
    c.paint(
        c.inside(swell - np.abs(c.x)) * (np.abs(c.y) < 0.72),
        shade(marble, light * (1 + 0.05 * c.noise(1, 2))),
    )
    for y, wide, thick in ((0.72, 1.2, 0.05), (0.8, 1.4, 0.06), (-0.66, 1.08, 0.03)):
        c.tube([(-half * wide, y), (half * wide, y)], thick, marble)
    block(c, (-half * 1.75, 0.84, half * 1.75, 0.97), marble, None)
    block(c, (-half * 1.9, -0.97, half * 1.9, -0.86), marble, None)
    c.shape(
        [(-half * 1.1, -0.68), (-half * 1.6, -0.86), (half * 1.6, -0.86), (half * 1.1, -0.68)],
        tint(marble, 0.9),
        curved=False,
    )
    for side in (-1, 1):
        cx = side * half * 1.45
        part = c.ellipse(cx, -0.74, 0.18, 0.16)
        coil = 0.35 * np.sin(np.log(part.distance + 0.1) * 9 + side * part.angle)
        c.ball(cx, -0.74, 0.18, 0.16, marble, tex=coil)


@motif(upright=True)
def lighthouse(c: Canvas) -> None:
    """A tapering, banded tower with a lit lantern, on rocks."""
    paint, white = c.colour(c.choice(0.0, 0.0, 0.6, 0.4), 0.85, 0.75), (0.96, 0.95, 0.92)
    beam = [(0, -0.66), (0.97, -0.88), (0.97, -0.4)]
    side = c.choice(-1, 1)
    c.shape([(x * side, y) for x, y in beam], (1.0, 0.93, 0.6), opacity=0.4, curved=False)
    half = 0.18 + 0.16 * np.clip((c.y + 0.5) / 1.4, 0, 1)
    across = c.x / half
    light = 0.35 + 0.75 * np.sqrt(
        np.clip(1 - (across - 0.35 * np.sign(c.light[0])) ** 2 / 1.9, 0, 1)
    )
    bands = smoothstep(-0.15, 0.15, np.sin(c.y * c.between(7, 13) + c.choice(0, 1.0) * c.x * 5))
    c.paint(
        c.inside(half - np.abs(c.x)) * c.inside(c.y + 0.5) * c.inside(0.88 - c.y),
        shade(mix(paint, white, bands), light),
    )
    for y in (-0.2, 0.15, 0.5):
        opening(c, 0, y, 0.09, 0.1)
    c.tube([(-0.27, -0.5), (0.27, -0.5)], 0.035, (0.2, 0.2, 0.22))
    c.shape(rect(-0.15, -0.77, 0.15, -0.53), (1.0, 0.92, 0.5), curved=False)
    for x in (-0.15, -0.05, 0.05, 0.15):
        c.line([(x, -0.77), (x, -0.53)], 0.012, (0.15, 0.15, 0.15))
    c.ball(0, -0.78, 0.19, 0.16, paint, gloss=0.4, clip=c.inside(-0.76 - c.y))
    for x in np.linspace(-0.7, 0.7, 8):
        c.ball(float(x), 0.9, 0.2, 0.12, c.colour(0.08, 0.15, 0.4), tex=0.2 * c.noise(2, 1))


@motif(upright=True)
def bridge(c: Canvas) -> None:
    """A suspension bridge's cables and towers, or a stone bridge's arches, over water."""
    steel = c.colour(c.choice(0.02, 0.0, 0.6, 0.1), 0.6, 0.65)
    water = c.colour(0.55, 0.6, 0.5)
    ripple = 0.18 * np.sin(c.y * 60 + 2 * np.sin(c.x * 9))
    c.shape(rect(-0.97, 0.62, 0.97, 0.95), water, curved=False, tex=ripple)
    if c.chance(0.45):
        tex = stone(c, 14)
        deck = 0.1 - 0.2 * np.cos(c.x * 1.4)
        spans = c.choice(1.0, 1.5, 2.0)
        place = (c.x * spans + 0.5 * (spans != 1.5)) % 1 - 0.5 if spans != 1.0 else c.x * 0.6
        hole = c.inside((0.42 - np.hypot(place, (c.y - 0.68) * 0.7 * spans**0.5)) / spans)
        wall = c.inside(c.y - deck) * c.inside(0.72 - c.y) * (np.abs(c.x) < 0.97) * (1 - hole)
        c.paint(wall, shade(c.colour(0.09, 0.25, 0.75), 1 + tex))
        c.paint(
            c.inside(0.04 - np.abs(c.y - deck)) * (np.abs(c.x) < 0.97), c.colour(0.09, 0.2, 0.85)
        )
        return
    for x in (-0.5, 0.5):
        c.tube([(x, 0.75), (x, -0.8)], 0.055, steel)
        for y in (-0.6, -0.2):
            c.tube([(x - 0.09, y), (x + 0.09, y)], 0.03, steel)
    sag = np.where(
        np.abs(c.x) < 0.5, 0.3 - 1.05 * (c.x / 0.5) ** 2, -0.75 + 2.3 * (np.abs(c.x) - 0.5)
    )
    c.paint(c.inside(0.022 - np.abs(c.y - sag) * 0.5) * (np.abs(c.x) < 0.97), steel)
    hangers = (
        c.inside(0.012 - np.abs((c.x * 9) % 1 - 0.5) / 9)
        * (c.y > sag)
        * (c.y < 0.4)
        * (np.abs(c.x) < 0.97)
    )
    c.paint(hangers, tint(steel, 0.8))
    c.shape(
        rect(-0.97, 0.36, 0.97, 0.46),
        tint(steel, 0.75),
        curved=False,
        tex=0.25 * np.sin((c.x + np.abs(c.y - 0.41)) * 40),
    )


@motif(upright=True)
def window(c: Canvas) -> None:
    """Panes in a frame with shutters and a sill, or a gothic window with tracery."""
    frame, glass = (
        c.choice((0.95, 0.94, 0.9), c.colour(0.07, 0.5, 0.4)),
        c.colour(c.choice(0.57, 0.12, 0.6), 0.4, 0.7),
    )
    sky = mix(
        tint(glass, 1.3, 0.15),
        tint(glass, 0.5),
        smoothstep(-0.8, 0.8, c.y + 0.5 * c.x + 0.2 * c.noise(0.7, 3)),
    )
    half = 0.5
    if c.chance(0.5):
        shutter = c.colour(saturation=0.7, value=0.5)
        slats = 0.35 * np.sin(c.y * 60)
        for side in (-1, 1):
            c.shape(
                rect(
                    min(side * 0.52, side * 0.95),
                    -0.8,
                    max(side * 0.52, side * 0.95),
                    0.8,
                ),
                shutter,
                curved=False,
                tex=slats,
            )
    else:
        half = c.between(0.55, 0.75)
    arched = c.chance(0.5)
    for grow, colour in ((0.1, tint(frame, 0.8)), (0.05, frame), (0.0, sky)):
        top = -0.3 if arched else -0.8
        c.shape(rect(-half - grow, top - grow, half + grow, 0.8 + grow), colour, curved=False)
        if arched:
            part = c.ellipse(0, top, half + grow, half + grow)
            c.paint(
                part.cover * (part.v < 0.02),
                colour[part.box] if np.ndim(colour) == 3 else colour,
                part.box,
            )
    for x in np.linspace(-half, half, c.choice(3, 4))[1:-1]:
        c.tube([(x, -0.78), (x, 0.8)], 0.03, frame)
    for y in np.linspace(-0.8, 0.8, c.choice(3, 4, 5))[1:-1]:
        c.tube([(-half, y), (half, y)], 0.03, frame)
    c.tube([(-half - 0.15, 0.87), (half + 0.15, 0.87)], 0.06, tint(frame, 0.95))


@motif(upright=True)
def windmill(c: Canvas) -> None:
    """Four latticed sails before a tapering tower."""
    wall, sail = (
        c.colour(c.choice(0.08, 0.1, 0.03), 0.35, 0.75),
        c.choice((0.95, 0.92, 0.85), c.colour(0.0, 0.6, 0.8)),
    )
    c.shape(
        [(-0.42, 0.95), (-0.25, -0.25), (0.25, -0.25), (0.42, 0.95)],
        shade(wall, 0.9 + 0.4 * c.x * np.sign(c.light[0])),
        curved=False,
        tex=stone(c, 12),
    )
    c.ball(0, -0.25, 0.3, 0.28, c.colour(0.05, 0.5, 0.45), clip=c.inside(-0.2 - c.y))
    opening(c, 0, 0.7, 0.18, 0.22)
    opening(c, 0, 0.25, 0.12, 0.12)
    turn = c.between(0, np.pi / 2)
    for k in range(4):
        angle = turn + k * np.pi / 2
        along, beside = (
            np.array((np.cos(angle), np.sin(angle))),
            np.array((-np.sin(angle), np.cos(angle))),
        )
        hub = np.array((0, -0.2))
        corners = [
            hub + along * a + beside * b
            for a, b in ((0.18, 0.02), (0.92, 0.02), (0.92, 0.24), (0.18, 0.2))
        ]
        net = (c.x * along[0] + c.y * along[1]) * 38, (c.x * beside[0] + c.y * beside[1]) * 38
        c.shape(
            [tuple(p) for p in corners],
            sail,
            curved=False,
            tex=-0.45 * np.maximum(np.cos(net[0]) > 0.75, np.cos(net[1]) > 0.75),
        )
        c.line([tuple(hub), tuple(hub + along * 0.95)], (0.03, 0.018), (0.3, 0.2, 0.12))
    c.ball(0, -0.2, 0.07, 0.07, (0.4, 0.3, 0.2), gloss=0.5)
