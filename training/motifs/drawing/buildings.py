"""Houses, towers and temples."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import shade, tint
from training.motifs.drawing.masonry import block, cone, opening, rect, roof, stone
from training.motifs.drawing.registry import motif


@motif(upright=True)
def castle(c: Canvas) -> None:
    """Round towers with pointed or crenellated tops around a gatehouse."""
    walls, tiles = (
        c.colour(c.choice(0.1, 0.08, 0.6, None), 0.18, 0.72),
        c.colour(c.choice(0.0, 0.6, 0.45, None), 0.65, 0.55),
    )
    tex = stone(c, c.between(11, 16))

    def tower(cx: float, half: float, top: float, pointed: bool) -> None:
        block(c, (cx - half, top, cx + half, 0.95), walls, tex, rounded=True)
        block(
            c,
            (cx - half * 1.18, top - 0.04, cx + half * 1.18, top + 0.06),
            tint(walls, 1.05),
            None,
            rounded=True,
        )
        if pointed:
            cone(c, cx, top - 0.02, half * 1.3, half * c.between(2.0, 3.2), tiles)
        else:
            for k in range(4):
                x = cx + half * 1.18 * (-1 + 2 * (k + 0.15) / 3.7)
                block(c, (x, top - 0.13, x + half * 0.35, top), tint(walls, 0.95), None)
        for y in np.arange(top + 0.18, 0.75, 0.3):
            opening(c, cx, float(y), half * 0.42, 0.1)

    tower(c.between(-0.15, 0.15), 0.24, c.between(-0.5, -0.2), c.chance(0.6))
    block(c, (-0.6, 0.2, 0.6, 0.95), walls, tex)
    for x in np.arange(-0.55, 0.55, 0.16):
        block(c, (x, 0.12, x + 0.09, 0.22), tint(walls, 0.95), None)
    opening(c, 0, 0.6, 0.26, 0.36)
    tower(-0.66, 0.22, c.between(-0.35, 0.05), c.chance(0.75))
    tower(0.66, 0.22, c.between(-0.35, 0.05), c.chance(0.75))


@motif(upright=True)
def house(c: Canvas) -> None:
    """Gable or hipped roof with a chimney, windows in frames, a door."""
    walls, tiles = c.colour(), c.colour(c.choice(0.03, 0.0, 0.6, 0.1), 0.6, 0.5)
    frame, tex = (
        c.choice((0.96, 0.95, 0.92), tint(walls, 0.4)),
        c.choice(stone(c, 12), 0.14 * np.sin(c.y * 55)),
    )
    block(c, (0.35, -0.85, 0.52, -0.3), c.colour(0.03, 0.5, 0.5), stone(c, 18))
    block(c, (-0.68, -0.15, 0.68, 0.95), walls, tex)
    if c.chance(0.5):
        c.shape(
            [(-0.68, -0.1), (0, -0.78), (0.68, -0.1)],
            shade(tint(walls, 0.95), 1 + tex),
            curved=False,
        )
        for side in (-1, 1):
            eave = [(0, -0.92), (side * 0.92, 0.0), (side * 0.84, 0.1), (0, -0.74)]
            roof(c, eave, tiles)
        opening(c, 0, -0.42, 0.18, 0.2, frame=frame)
    else:
        roof(c, [(-0.92, -0.08), (-0.55, -0.75), (0.55, -0.75), (0.92, -0.08)], tiles)
        c.line([(-0.92, -0.08), (0.92, -0.08)], 0.03, tint(tiles, 0.45))
    arched = c.chance(0.3)
    for x in (-0.42, 0.42):
        opening(c, x, 0.12, 0.26, 0.26, frame=frame, arched=arched)
    door = c.colour(saturation=0.7, value=0.5)
    c.shape(rect(-0.15, 0.38, 0.15, 0.95), frame, curved=False)
    c.shape(
        rect(-0.12, 0.41, 0.12, 0.95),
        shade(door, 1 + 0.2 * np.sign(np.sin(c.x * 50))),
        curved=False,
    )
    c.ball(0.07, 0.68, 0.025, 0.025, (0.95, 0.8, 0.3), gloss=0.8)


@motif(upright=True)
def pagoda(c: Canvas) -> None:
    """Storeys that shrink under upswept tiled roofs."""
    storeys = c.count(3, 5)
    base, wall, tiles = (
        c.between(0.42, 0.56),
        c.colour(0.02, 0.7, 0.65, 0.05),
        c.colour(c.choice(0.45, 0.6, 0.03, None), 0.5, 0.45),
    )
    tall = 1.7 / storeys
    for k in range(storeys):
        floor, half = 0.95 - k * tall, base * (1 - 0.5 * k / storeys)
        block(c, (-half, floor - tall * 0.6, half, floor), wall, None)
        for x in np.linspace(-0.75, 0.75, 4):
            c.tube(
                [(x * half, floor - tall * 0.6), (x * half, floor)], 0.022, tint(wall, 1.3, 0.05)
            )
        for x in (-0.5, 0.0, 0.5):
            opening(c, x * half, floor - tall * 0.36, half * 0.26, tall * 0.3, arched=False)
    for k in range(storeys):
        eave, half = 0.95 - (k + 0.55) * tall, base * (1 - 0.5 * k / storeys) * 1.75
        u = np.clip(np.abs(c.x) / half, 0, 1)
        top = eave - tall * 0.45 * (1 - u**0.6) - 0.1 * u**4
        bottom = eave + 0.03 - 0.15 * u**3
        cover = c.inside(c.y - top) * c.inside(bottom - c.y) * (np.abs(c.x) < half)
        ribs = 0.8 + 0.3 * np.sin(c.x * 60 / (1 + 0.4 * u))
        c.paint(cover, shade(tiles, ribs * (0.75 + 0.5 * (bottom - c.y) / 0.3)))
        c.paint(cover * c.inside(c.y - bottom + 0.035), tint(tiles, 0.35))
        for side in (-1, 1):
            c.ball(side * half * 0.98, eave - 0.14, 0.035, 0.035, (0.95, 0.8, 0.3), gloss=0.6)
    c.tube([(0, 0.95 - storeys * tall), (0, -0.97)], (0.04, 0.012), (0.95, 0.8, 0.3), gloss=0.6)


@motif(upright=True)
def dome(c: Canvas) -> None:
    """A ribbed dome on a drum with arches, between slim towers."""
    shell, wall = (
        c.colour(c.choice(0.5, 0.58, 0.12, 0.45, None), 0.6, 0.75),
        c.colour(0.11, 0.2, 0.9),
    )
    for side in (-1, 1):
        c.tube(
            [(side * 0.88, 0.97), (side * 0.88, -0.35)],
            (0.085, 0.07),
            wall,
            tex=0.15 * np.sin(c.y * 40),
        )
        c.ball(side * 0.88, -0.42, 0.11, 0.13, shell, gloss=0.4)
        c.tube([(side * 0.88, -0.5), (side * 0.88, -0.7)], 0.014, (0.95, 0.8, 0.3))
    half = c.between(0.5, 0.62)
    onion = c.between(1.0, 1.15)
    outline = [
        (-half, 0.12),
        (-half * onion, -0.2),
        (-half * 0.55, -0.6),
        (0, -0.84),
        (half * 0.55, -0.6),
        (half * onion, -0.2),
        (half, 0.12),
    ]
    ribs = 0.28 * np.sin(
        np.arcsin(np.clip(c.x / (half * 1.12) * (1 + 0.5 * np.clip(-c.y, 0, 1)), -1, 1))
        * c.count(9, 15)
    )
    c.shape(outline, shell, puff=0.55, gloss=0.5, tex=ribs)
    c.tube([(0, -0.78), (0, -0.98)], (0.03, 0.012), (0.95, 0.8, 0.3), gloss=0.7)
    block(c, (-half * 1.05, 0.08, half * 1.05, 0.36), tint(wall, 0.95), None, rounded=True)
    for x in np.linspace(-0.8, 0.8, 5):
        opening(c, x * half, 0.18, 0.1, 0.12)
    block(c, (-0.76, 0.34, 0.76, 0.97), wall, stone(c, 9))
    c.line([(-0.8, 0.34), (0.8, 0.34)], 0.025, tint(wall, 1.1))
    for x in (-0.5, 0, 0.5):
        opening(c, x, 0.62, 0.28, 0.34, frame=tint(wall, 0.6))


@motif(upright=True)
def tower(c: Canvas) -> None:
    """A tall bell tower: storeys, arched windows, a clock, a spire."""
    walls, spire = (
        c.colour(c.choice(0.03, 0.1, 0.08, None), 0.4, 0.7),
        c.colour(c.choice(0.45, 0.6, 0.0), 0.4, 0.45),
    )
    half, tex = c.between(0.26, 0.36), stone(c, 15)
    cone(c, 0, -0.42, half * 1.15, c.between(0.42, 0.52), spire)
    block(c, (-half, -0.42, half, 0.97), walls, tex)
    for y in (-0.42, 0.05, 0.52):
        c.line([(-half * 1.12, y), (half * 1.12, y)], 0.035, tint(walls, 1.2, 0.08))
    for x in (-0.42, 0.42):
        opening(c, x * half, -0.24, half * 0.5, 0.2)
        opening(c, x * half, 0.66, half * 0.4, 0.22)
    if c.chance(0.6):
        c.disc(0, 0.27, half * 0.62, half * 0.62, tint(walls, 0.4))
        c.disc(0, 0.27, half * 0.52, half * 0.52, (0.96, 0.94, 0.88))
        for angle, long in ((c.between(0, 6), 0.28), (c.between(0, 6), 0.42)):
            c.line(
                [
                    (0, 0.27),
                    (half * long * 1.2 * np.cos(angle), 0.27 + half * long * 1.2 * np.sin(angle)),
                ],
                0.016,
                (0.1, 0.1, 0.1),
            )
    else:
        opening(c, 0, 0.25, half * 0.6, 0.2)
