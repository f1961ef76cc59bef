"""What is built of stone, brick and wood: houses, towers, arches, bridges."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import (
    Canvas,
    Colour,
    Points,
    mix,
    shade,
    smoothstep,
    tint,
)
from training.motifs.drawing.noise import Field, scatter
from training.motifs.drawing.registry import motif

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
                    *sorted((side * 0.52, side * 0.95))[:1],
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
