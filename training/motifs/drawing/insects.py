"""Small things with six or eight legs."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, shade, smoothstep, tint
from training.motifs.drawing.noise import Field
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif

BLACK = (0.07, 0.06, 0.07)


def legs(c: Canvas, rows: tuple[float, ...], reach: float, colour: Colour = BLACK) -> None:
    """Jointed legs on both sides at those heights."""
    for side in (-1, 1):
        for y in rows:
            knee = (side * reach * 0.72, y * 1.25 - 0.12)
            foot = (side * reach, y * 1.55 + c.between(-0.02, 0.12))
            c.tube([(side * 0.2, y), knee, foot], (0.05, 0.022), colour, gloss=0.4)


def feelers(c: Canvas, y: float, reach: float) -> None:
    """Two curved feelers with knobs."""
    for side in (-1, 1):
        end = (side * reach, y - reach)
        c.line(
            curve([(side * 0.06, y), (side * reach * 0.4, y - reach * 0.8), end], steps=4),
            (0.026, 0.014),
            BLACK,
        )
        c.disc(*end, 0.035, 0.035, BLACK)


@motif()
def ladybird(c: Canvas) -> None:
    """Red, round, spotted, glossy; a dark head with white cheeks."""
    red = c.colour(0.0, 0.9, 0.85, 0.03) if c.chance(0.75) else c.colour(0.11, 0.9, 0.95)
    legs(c, (-0.3, 0.15, 0.45), 0.9)
    feelers(c, -0.75, 0.22)
    c.ball(0, -0.6, 0.4, 0.3, BLACK, gloss=0.5)
    for side in (-1, 1):
        c.ball(side * 0.24, -0.66, 0.1, 0.09, (0.95, 0.94, 0.9))
    c.ball(0, 0.14, 0.72, 0.76, red, gloss=0.8)
    c.line([(0, -0.6), (0, 0.9)], 0.022, BLACK)
    for x, y in ((0.28, -0.28), (0.46, 0.14), (0.2, 0.36), (0.34, 0.66)):
        size = c.between(0.1, 0.16)
        for side in (-1, 1):
            c.disc(side * x, y, size, size * 1.05, BLACK)
    c.disc(0, -0.45, 0.16, 0.13, BLACK)
    x, y = c.light[0] * 0.4, 0.1 + c.light[1] * 0.5
    c.glow(x, y, 0.3, 0.22, (1, 1, 1), opacity=0.65)


@motif()
def beetle(c: Canvas) -> None:
    """A long, iridescent, grooved body with horns or jaws."""
    base = c.colour(c.choice(0.38, 0.55, 0.75, 0.08, 0.95), 0.8, 0.5)
    sheen = c.colour(c.choice(0.1, 0.3, 0.85, 0.5), 0.8, 0.85)
    legs(c, (-0.32, 0.05, 0.4), 0.88)
    for side in (-1, 1):
        jaw = curve([(side * 0.14, -0.72), (side * 0.42, -0.85), (side * 0.2, -0.98)], steps=4)
        c.tube(jaw, (0.06, 0.02), tint(base, 0.4), gloss=0.6)
    c.ball(0, -0.68, 0.24, 0.17, tint(base, 0.5), gloss=0.6)
    c.ball(0, -0.42, 0.42, 0.24, tint(base, 0.85), gloss=0.7, tex=0.1 * c.noise(2, 1))
    part = c.ellipse(0, 0.3, 0.52, 0.64)
    grooves = 0.2 * np.cos(np.abs(part.u) * c.count(18, 30))
    colour = mix(base, sheen, smoothstep(0.2, 0.9, part.distance) * 0.8)
    c.ball(0, 0.3, 0.52, 0.64, colour, gloss=0.9, tex=grooves)
    c.line([(0, -0.25), (0, 0.93)], 0.018, tint(base, 0.2))
    for side in (-1, 1):
        c.ball(side * 0.2, -0.74, 0.06, 0.06, BLACK, gloss=1)


@motif()
def butterfly(c: Canvas) -> None:
    """Four veined wings with eyespots and pale dots in a dark rim."""
    first, second = c.colour(saturation=0.85), c.colour(saturation=0.85)
    rim, shape = c.choice(BLACK, tint(first, 0.3)), c.between(-0.1, 0.1)
    away = np.abs(c.x)
    veins = np.abs(np.sin(np.arctan2(c.y - 0.05, away) * c.count(8, 13)))
    radius = np.hypot(away, c.y)
    lower = [(0.05, 0.05), (0.5, 0.0), (0.8, 0.3), (0.7 + shape, 0.75), (0.42, 0.93), (0.15, 0.55)]
    upper = [
        (0.05, 0.02),
        (0.3, -0.5),
        (0.75, -0.92),
        (0.96, -0.75),
        (0.9 + shape, -0.25),
        (0.5, 0.08),
    ]
    for outline, base in ((lower, second), (upper, first)):
        core = mix(tint(base, 1.1, 0.08), tint(base, 0.8), smoothstep(0.2, 1.0, radius))
        colour = mix(core, rim, smoothstep(0.22, 0.06, veins) * 0.75)
        powder = 0.1 * c.noise(2, 0)
        for side in (-1, 1):
            points = [(side * x, y) for x, y in outline]
            c.shape(points, rim, puff=0.05)
            cx, cy = np.mean(points, 0)
            inner = [(cx + (x - cx) * 0.82, cy + (y - cy) * 0.82) for x, y in points]
            c.shape(inner, colour, tex=powder)
            border_dots(c, points)
            spot(c, cx * 1.2, cy * 1.12, c.choice(first, second))
    c.tube(
        [(0, -0.42), (0, 0.05), (0, 0.5)],
        (0.07, 0.035),
        (0.16, 0.11, 0.09),
        tex=0.3 * np.sin(c.y * 60),
    )
    c.ball(0, -0.46, 0.09, 0.09, BLACK, gloss=0.6)
    feelers(c, -0.5, 0.32)


def border_dots(c: Canvas, points: list[tuple[float, float]]) -> None:
    """Pale dots along the outer rim of a wing."""
    centre = np.mean(points, 0)
    rim = np.array(curve(points, closed=True, steps=4))
    rim = centre + (rim - centre) * 0.91
    for x, y in rim[np.abs(rim[:, 0]) > 0.4]:
        c.disc(float(x), float(y), 0.022, 0.022, (0.98, 0.96, 0.88))


def spot(c: Canvas, cx: float, cy: float, colour: Colour) -> None:
    """An eyespot: rings around a lit pupil."""
    size = c.between(0.11, 0.17)
    for share, ring in ((1.0, (0.95, 0.85, 0.5)), (0.82, BLACK), (0.55, colour), (0.25, BLACK)):
        c.disc(cx, cy, size * share, size * share, ring)
    c.disc(cx - size * 0.15, cy - size * 0.2, size * 0.13, size * 0.13, (1, 1, 1))


@motif()
def dragonfly(c: Canvas) -> None:
    """A needle of a body, four glassy wings with nets of veins, huge eyes."""
    body, tintc = c.colour(saturation=0.8), c.colour(c.choice(0.5, 0.55, 0.1), 0.25, 0.95)
    net = np.minimum(np.abs(np.sin(c.x * 30)), np.abs(np.sin(c.y * 26 + c.x * 9)))
    glass = mix(tint(tintc, 0.4), tintc, smoothstep(0.02, 0.25, net))
    for side in (-1, 1):
        for y, lift in ((-0.28, -0.28), (-0.1, 0.2)):
            blade = [
                (0, y),
                (side * 0.5, y + lift - 0.08),
                (side * 0.97, y + lift),
                (side * 0.9, y + lift + 0.15),
                (side * 0.4, y + lift * 0.5 + 0.12),
            ]
            c.shape(blade, glass, opacity=0.9, puff=0.04)
            c.line([(0, y), (side * 0.95, y + lift)], (0.02, 0.01), tint(body, 0.4))
            c.disc(side * 0.86, y + lift + 0.03, 0.05, 0.025, tint(body, 0.3))
    c.tube([(0, -0.1), (0, 0.95)], (0.075, 0.04), body, tex=0.5 * np.sin(c.y * 28), gloss=0.5)
    c.ball(0, -0.26, 0.16, 0.24, tint(body, 0.9), gloss=0.5)
    for side in (-1, 1):
        c.ball(
            side * 0.1, -0.56, 0.13, 0.13, c.colour(c.choice(0.0, 0.33, 0.55), 0.8, 0.6), gloss=0.9
        )


def banded(c: Canvas, count: float, first: Colour, second: Colour) -> Field:
    """Bands across the body along y."""
    return mix(first, second, smoothstep(-0.2, 0.2, np.sin(c.y * count)))


@motif()
def bee(c: Canvas) -> None:
    """A furry thorax and a banded abdomen between clear wings."""
    gold = c.colour(0.115, 0.9, 0.92, 0.02)
    legs(c, (-0.25, 0.0, 0.25), 0.7)
    glass = c.colour(0.55, 0.12, 0.95)
    veins = np.abs(np.sin(np.arctan2(c.y + 0.2, np.abs(c.x)) * 9))
    for side in (-1, 1):
        for outline in (
            [(0.1, -0.1), (0.6, -0.6), (0.97, -0.5), (0.8, -0.12)],
            [(0.1, 0.0), (0.7, -0.02), (0.8, 0.2), (0.4, 0.22)],
        ):
            points = [(side * x, y) for x, y in outline]
            c.shape(
                points,
                mix(tint(glass, 0.45), glass, smoothstep(0.03, 0.2, veins)),
                puff=0.04,
                opacity=0.85,
            )
    feelers(c, -0.7, 0.24)
    part = c.ellipse(0, 0.42, 0.36, 0.53)
    bands = banded(c, c.between(14, 19), BLACK, gold)[part.box]
    c.ball(0, 0.42, 0.36, 0.53, bands, gloss=0.35, tex=0.15 * c.streaks_at(c.x * 60, c.y * 60))
    c.ball(0, -0.2, 0.34, 0.3, tint(gold, 0.85), gloss=0.05, fuzz=0.16)
    c.comb_out(0, -0.2, 0.32, 0.28, 0.13, count=160)
    c.ball(0, -0.6, 0.25, 0.19, BLACK, gloss=0.3)
    for side in (-1, 1):
        c.ball(side * 0.18, -0.62, 0.11, 0.14, (0.2, 0.12, 0.1), gloss=0.9)


@motif()
def spider(c: Canvas) -> None:
    """Eight bent legs around a round, marked abdomen, and a row of eyes."""
    skin = c.choice(c.colour(0.07, 0.5, 0.3), c.colour(0, 0.05, 0.15), c.colour())
    for side in (-1, 1):
        for k in range(4):
            angle = -1.0 + 0.68 * k
            knee = (side * 0.58 * np.cos(angle * 0.8), -0.25 + 0.55 * np.sin(angle))
            foot = (
                side * c.between(0.85, 0.95) * np.cos(angle * 0.55),
                -0.15 + 0.98 * np.sin(angle),
            )
            c.tube(
                [(side * 0.1, -0.22 + 0.06 * k), knee, foot],
                (0.055, 0.018),
                skin,
                tex=0.4 * np.sin(c.polar()[0] * 30),
            )
    c.ball(0, 0.3, 0.36, 0.44, skin, gloss=0.25, fuzz=0.12, tex=0.2 * c.noise(2, 1))
    mark = c.colour(c.choice(0.0, 0.12, 0.1), 0.85, 0.9)
    c.shape(
        [
            (0, 0.02),
            (0.14, 0.2),
            (0.05, 0.32),
            (0.15, 0.5),
            (0, 0.62),
            (-0.15, 0.5),
            (-0.05, 0.32),
            (-0.14, 0.2),
        ],
        mark,
    )
    c.comb_out(0, 0.3, 0.36, 0.44, 0.1, count=160)
    c.ball(0, -0.28, 0.25, 0.24, tint(skin, 1.1), gloss=0.3, fuzz=0.1)
    for x, size in ((0.06, 0.045), (0.15, 0.035)):
        for side in (-1, 1):
            c.ball(side * x, -0.42, size, size, (0.05, 0.02, 0.03), gloss=1)
            c.disc(side * x - 0.01, -0.435, size * 0.35, size * 0.35, (1, 1, 1))


@motif()
def web(c: Canvas) -> None:
    """Threads sagging between spokes, with dew."""
    radius, angle = c.polar(c.between(-0.12, 0.12), c.between(-0.12, 0.12))
    spokes = c.count(9, 15)
    place = (angle * spokes / (2 * np.pi) + c.between(0, 1)) % 1 - 0.5
    sag = radius * (1 + 0.22 * (1 - (2 * place) ** 2))
    ring = np.abs((sag * c.between(5, 8)) % 1 - 0.5)
    cover = c.inside(0.97 - radius, 3)
    dark = c.colour(value=0.2)
    c.paint(
        cover * c.choice(0.92, 0.92, 0.5, 0.1),
        shade(dark, 1.2 - 0.5 * radius + 0.15 * c.noise(1, 3)),
    )
    silk = c.colour(0.58, 0.08, 0.96)
    c.paint(cover * smoothstep(0.4, 0.48, ring), silk)
    c.paint(cover * smoothstep(0.024, 0.008, (0.5 - np.abs(place)) / spokes * 6.3 * radius), silk)
    if c.chance(0.5):
        for _ in range(24):
            x, y = c.between(-0.6, 0.6), c.between(-0.6, 0.6)
            c.ball(x, y, 0.03, 0.03, silk, gloss=0.8)
