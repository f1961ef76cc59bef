"""Flowers, from the front and from the side."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif


def petals(
    c: Canvas, number: int, reach: float, blunt: float, colours: tuple[Colour, Colour], turn: float
) -> None:
    """A ring of petals, darker between them, veined, from the first colour to the second."""
    radius, angle = c.polar()
    ridge = np.abs(np.cos((angle + turn) * number / 2))
    edge = reach * ridge**blunt
    veins = 1 + 0.07 * np.sin(ridge * 22) + 0.04 * c.noise(1.5, 1)
    colour = mix(colours[0], colours[1], smoothstep(0.15, 0.9, radius / reach))
    light = (0.35 + 0.65 * ridge**0.6) * (0.6 + 0.45 * radius / reach) * veins
    light = light * (1 + 0.25 * (c.light[0] * np.cos(angle) + c.light[1] * np.sin(angle)))
    c.paint(c.inside(edge - radius, 1.5), shade(colour, light))


def seed_disc(c: Canvas, size: float, colour: Colour, dots: int) -> None:
    """A flower's middle: seeds on the golden spiral, each with a lit side."""
    c.ball(0, 0, size, size, tint(colour, 0.6), gloss=0.05)
    index = np.arange(1, dots)
    radius, angle = size * 0.95 * np.sqrt(index / dots), index * 2.39996
    grain = size * 1.1 / np.sqrt(dots)
    starts = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
    ends = starts + np.array((grain * 0.5, 0))
    tones = np.asarray(colour) * (0.35 + 0.8 * (radius / size))[:, None]
    below = np.array((0.0, grain * 0.5))
    shadow = np.hstack([starts + below, ends + below])
    width = max(1.0, grain * 32)
    c.hairs(shadow, tones * 0.35, width)
    c.hairs(np.hstack([starts, ends]), tones * 1.2 + 0.1, width)


@motif()
def daisy(c: Canvas) -> None:
    """Long petals around a yellow button."""
    number = c.count(9, 17)
    tip = c.choice(
        c.colour(0.1, 0.06, 0.98), c.colour(), c.colour(c.choice(0.8, 0.95, 0.62), 0.5, 0.9)
    )
    root = c.choice(tip, c.colour())
    for scale, turn in ((0.96, 0.0), (0.86, np.pi / number)):
        petals(
            c,
            number,
            scale,
            0.35,
            (tint(root, scale), tint(tip, scale + 0.04)),
            turn + c.between(0, 0.2),
        )
    seed_disc(c, c.between(0.2, 0.3), c.colour(0.13, 0.9, 0.9, 0.02), 60)


@motif()
def sunflower(c: Canvas) -> None:
    """A wide dark disc of seeds in pointed yellow petals."""
    yellow = c.colour(0.125, 0.95, 0.95, 0.02) if c.chance(0.85) else c.colour(0.03, 0.8, 0.7)
    number = c.count(14, 22)
    for scale, turn in ((0.98, 0.0), (0.9, np.pi / number)):
        petals(c, number, scale, 0.5, (tint(yellow, 0.75), tint(yellow, scale + 0.06)), turn)
    size = c.between(0.44, 0.58)
    seed_disc(c, size, c.colour(0.07, 0.65, 0.4, 0.02), 230)
    c.glow(0, 0, size * 0.45, size * 0.45, c.colour(0.2, 0.6, 0.3), opacity=0.5)


@motif()
def rose(c: Canvas) -> None:
    """Petals wound around one another, from a tight heart to wide, curling leaves."""
    base = c.colour(c.choice(0.97, 0.0, 0.93, 0.08, 0.12, 0.8), 0.75, 0.88, 0.02)
    turn = c.between(0, 6.3)
    for ring in range(7):
        size = 0.92 * (1 - ring / 7.4)
        for k in range(5 if ring < 4 else 3):
            angle = turn + ring * 1.15 + k * 2 * np.pi / (5 if ring < 4 else 3)
            cx, cy = size * 0.42 * np.cos(angle), size * 0.42 * np.sin(angle)
            part = c.ellipse(cx, cy, size * 0.62, size * 0.55, angle + np.pi / 2)
            lip = smoothstep(0.72, 0.97, part.distance)
            outward = np.clip(-part.v, -1, 1)
            light = 0.22 + 0.62 * smoothstep(-0.4, 0.9, outward) + 0.5 * lip * (outward > -0.2)
            light = light * (1 - 0.06 * ring + 0.15 * c.light[0] * np.cos(angle))
            colour = mix(base, tint(base, 1.15, 0.12), lip)
            c.paint(part.cover, shade(colour, light), part.box)
    c.disc(0, 0, 0.06, 0.045, tint(base, 0.3))


@motif(upright=True)
def tulip(c: Canvas) -> None:
    """A cup of upright petals on a stem, with sword leaves."""
    green, red = c.colour(0.32, 0.65, 0.5), c.colour(c.choice(0.0, 0.95, 0.13, 0.8, 0.06), 0.8, 0.9)
    c.tube(curve([(0.03, 0.97), (-0.03, 0.5), (0, 0.1)], steps=4), 0.055, green)
    for side in (-1, 1):
        leaf = [
            (0, 0.97),
            (side * 0.2, 0.45),
            (side * 0.55, 0.1),
            (side * 0.42, 0.6),
            (side * 0.1, 0.97),
        ]
        c.shape(leaf, tint(green, 0.9), puff=0.1, tex=0.1 * np.sin(c.x * 60))
    veins = 0.12 * c.streaks_at(c.x * 60, c.y * 18)
    fade = smoothstep(0.3, -0.7, c.y) * 0.35
    colour = mix(red, c.choice(np.array([1, 0.95, 0.7]), tint(red, 1.2, 0.15)), fade)
    for x, width, dark in (
        (-0.3, 0.3, 0.7),
        (0.3, 0.3, 0.75),
        (0.0, 0.24, 0.6),
        (-0.2, 0.34, 0.95),
        (0.2, 0.33, 1.0),
    ):
        top = -0.9 if abs(x) > 0.25 or x == 0 else -0.75
        petal = [
            (x * 0.4, 0.22),
            (x - width, -0.1),
            (x - width * 0.7, -0.55),
            (x * 1.25, top),
            (x + width * 0.7, -0.5),
            (x + width, -0.1),
        ]
        c.shape(petal, np.clip(colour * dark, 0, 1), puff=0.25, tex=veins)


@motif()
def lotus(c: Canvas) -> None:
    """Tiers of pointed petals that open like a crown."""
    tip = c.colour(c.choice(0.92, 0.95, 0.85, 0.6, 0.1), 0.65, 0.88)
    root = tint(tip, 1.1, 0.3)
    veins = 0.1 * c.streaks_at(np.arctan2(c.x, 0.7 - c.y) * 40, c.polar(0, 0.6)[0] * 20)
    for tier, (reach, number, spread) in enumerate(
        ((0.98, 7, 1.45), (0.96, 5, 1.0), (0.88, 4, 0.5), (0.7, 2, 0.2))
    ):
        for k in np.argsort(-np.abs(np.linspace(-1, 1, number))):
            angle = np.linspace(-spread, spread, number)[k]
            along, beside = (np.sin(angle), -np.cos(angle)), (np.cos(angle), np.sin(angle))
            long = reach * (1.3 - 0.35 * abs(angle)) * (1 - 0.08 * tier)
            outline = [
                (along[0] * long * a + beside[0] * b, 0.55 + along[1] * long * a + beside[1] * b)
                for a, b in ((0, -0.08), (0.5, -0.26), (1, 0), (0.5, 0.26), (0, 0.08))
            ]
            share = smoothstep(0.2, 1.1, c.polar(0, 0.55)[0])
            tone = 0.68 + 0.1 * tier + 0.1 * c.between(-1, 1)
            c.shape(outline, mix(root, tip, share) * tone, puff=0.26, tex=veins)
