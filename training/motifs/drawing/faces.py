"""A person's face from the front, and single eyes."""

from __future__ import annotations

import copy

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, shade, smoothstep, tint
from training.motifs.drawing.heads import DARK, SIDES
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


@motif()
def eye(c: Canvas) -> None:
    """A human eye: lids with creases and lashes, an almond opening, a fibred iris."""
    skin = c.colour(0.06, 0.4, 0.8, 0.03) if c.chance(0.6) else c.colour()
    skin = tint(skin, c.between(0.45, 1.1))
    open_ = c.between(0.42, 0.72)
    c.ball(0, 0, 0.97, 0.82, skin, tex=0.08 * c.noise(1.5, 2), dome=0.5)
    lid = 1 - c.x**2 / 0.8 - np.abs(c.y) / open_ * 1.25
    for reach, dark in ((0.5, 0.75), (0.32, 0.5)):
        c.paint(np.clip((lid + reach) / 0.12, 0, 1) * 0.5, tint(skin, dark))
    c.paint(np.clip((lid + 0.1) / 0.05, 0, 1), tint(skin, 0.2))
    inner = copy.copy(c)
    inner.rgb, inner.alpha = np.ones_like(c.rgb), np.ones_like(c.alpha)
    inner.fill(mix((0.96, 0.94, 0.92), (0.8, 0.45, 0.42), smoothstep(0.3, 1.0, np.abs(c.x)) * 0.7))
    radius = open_ * c.between(0.72, 0.95)
    inner.eye(c.between(-0.15, 0.15), 0, radius, c.colour(), pupil=c.between(0.32, 0.6))
    shadow = 0.6 + 0.4 * smoothstep(-0.8, 0.0, c.y / open_)
    c.paint(np.clip(lid / 0.05, 0, 1), shade(inner.rgb, shadow))
    lashes(c, open_)


def lashes(c: Canvas, open_: float) -> None:
    """Curved lashes above, short ones below."""
    for x in np.linspace(-0.8, 0.8, c.count(9, 16)):
        y = -open_ * (1 - x * x / 0.8) / 1.25
        long = c.between(0.16, 0.26)
        path = [(x, y), (x * 1.08, y - long * 0.6), (x * 1.25, y - long)]
        c.line(curve(path, steps=3), (0.024, 0.005), DARK)
        c.line([(x, -y), (x * 1.1, -y + long * 0.4)], (0.014, 0.005), DARK)


@motif()
def reptile_eye(c: Canvas) -> None:
    """A slit pupil in a bright iris, set in scales that grow outwards."""
    skin = c.colour(c.choice(0.3, 0.22, 0.1, 0.5, None), 0.6, 0.6)
    radius, angle = c.polar()
    rings = np.log(radius + 0.02) * 4.2
    pattern = scale_pattern(angle * c.count(12, 18) / (2 * np.pi), 20 - rings)
    bumpy = mix(tint(skin, 0.25), tint(skin, 1.1, 0.05), pattern.height)
    light = (0.75 + 0.4 * pattern.tone) * (0.8 + 0.3 * np.clip(-c.y, -1, 1))
    c.paint(c.inside(0.97 - radius), shade(bumpy, light))
    c.glow(0, 0, 0.85, 0.8, tint(skin, 0.1), opacity=1.0)
    iris = c.colour(c.choice(0.08, 0.13, 0.2, 0.35, 0.02, 0.5), 0.9, 0.95)
    size = c.between(0.5, 0.62)
    c.eye(0, 0, size, iris, slit=c.between(0.85, 1.15), pupil=0.6)
    part = c.ellipse(0, 0, size, size)
    veins = np.clip(c.noise_at(part.angle * 9, part.distance * 14, 1), 0, 2) * 0.25
    ring = part.cover * veins * smoothstep(0.3, 0.6, part.distance)
    c.paint(ring, tint(iris, 0.45), part.box)


@motif(upright=True)
def face(c: Canvas) -> None:
    """A human face: hair, brows, eyes, a lit nose, lips, blush."""
    skin = tint(c.colour(0.06, 0.42, 0.88, 0.025), c.between(0.45, 1.08))
    hair = c.colour(c.choice(0.07, 0.09, 0.04, 0.12, None), 0.55, c.choice(0.2, 0.4, 0.75))
    long = c.chance(0.5)
    strands = 0.3 * c.streaks_at(c.x * 60, c.y * 16)
    c.ball(0, 0.15 if long else -0.12, 0.82, 0.84, hair, tex=strands, gloss=0.2)
    c.shape(
        [(-0.22, 0.6), (-0.25, 0.97), (0.25, 0.97), (0.22, 0.6)], tint(skin, 0.65), curved=False
    )
    for side in SIDES:
        c.ball(side * 0.6, 0.08, 0.1, 0.17, tint(skin, 0.9), gloss=0)
    wide = c.between(0.54, 0.64)
    jaw = [(-wide, -0.1), (-wide * 0.85, 0.5), (-0.2, 0.88), (0.2, 0.88), (wide * 0.85, 0.5)]
    top = [(wide, -0.1), (wide * 0.7, -0.6), (0, -0.74), (-wide * 0.7, -0.6)]
    c.shape(jaw + top, skin, puff=0.5, gloss=0.08)
    brow_line(c, hair, wide)
    face_features(c, skin, hair)


def brow_line(c: Canvas, hair: Colour, wide: float) -> None:
    """The hair over the forehead."""
    part = c.between(-0.4, 0.4)
    fringe = [(-wide - 0.1, 0.1), (-wide - 0.08, -0.5), (0, -0.95), (wide + 0.08, -0.5)]
    under = [(wide + 0.1, 0.1), (wide * 0.8, -0.4), (part, -0.58), (-wide * 0.8, -0.4)]
    strands = 0.35 * c.streaks_at((c.x - part) * 50, c.y * 20)
    c.shape(fringe + under, hair, puff=0.15, tex=strands)


def face_features(c: Canvas, skin: Colour, hair: Colour) -> None:
    """Eyes, brows, nose, lips."""
    iris, lip = c.colour(c.choice(0.07, 0.58, 0.35), 0.6, 0.5), c.colour(0.98, 0.65, 0.72, 0.02)
    smile, look = c.between(-0.05, 0.1), c.between(-0.5, 0.5)
    for side in SIDES:
        c.glow(side * 0.27, -0.06, 0.26, 0.2, tint(skin, 0.45), opacity=0.6)
        c.disc(side * 0.27, -0.03, 0.165, 0.095, tint(skin, 0.3))
        c.disc(side * 0.27, -0.02, 0.155, 0.085, (0.96, 0.95, 0.93))
        x = side * 0.27 + 0.04 * look
        c.disc(x, -0.025, 0.08, 0.08, tint(iris, 0.5))
        c.disc(x, -0.02, 0.065, 0.065, iris)
        c.disc(x, -0.02, 0.035, 0.038, (0, 0, 0))
        c.disc(x - 0.025, -0.05, 0.022, 0.022, (1, 1, 1))
        lid = [(side * 0.1, -0.02), (side * 0.27, -0.12), (side * 0.44, -0.04)]
        c.line(curve(lid, steps=4), 0.016, tint(skin, 0.2))
        brow = [(side * 0.1, -0.21), (side * 0.28, -0.28), (side * 0.47, -0.2)]
        c.line(curve(brow, steps=4), (0.04, 0.015), tint(hair, 0.7))
        c.glow(side * 0.38, 0.3, 0.22, 0.18, (0.95, 0.3, 0.28), opacity=0.3)
        c.disc(side * 0.07, 0.32, 0.035, 0.022, tint(skin, 0.3))
    c.glow(0.1, 0.15, 0.1, 0.3, tint(skin, 0.5), opacity=0.6)
    c.glow(-0.01, 0.2, 0.09, 0.16, tint(skin, 1.2, 0.1), opacity=0.8)
    mouth_line = [(-0.25, 0.55 - smile), (0, 0.57 + smile), (0.25, 0.55 - smile)]
    upper = [(-0.25, 0.55 - smile), (-0.07, 0.49), (0, 0.51), (0.07, 0.49), (0.25, 0.55 - smile)]
    c.shape([*upper, (0, 0.7)], lip, puff=0.1, gloss=0.3)
    c.line(curve(mouth_line, steps=4), 0.014, tint(lip, 0.3))
