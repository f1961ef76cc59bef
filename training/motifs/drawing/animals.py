"""Crawling and hopping things, whole."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


@motif()
def snake(c: Canvas) -> None:
    """A coiling band of scales that narrows to the tail; a flat head with slit eyes."""
    base, mark = c.colour(c.choice(0.3, 0.2, 0.1, 0.05, None), 0.7, 0.6), c.colour()
    turns, sway = c.between(3.2, 4.8), c.between(0.38, 0.58)
    phase = c.between(0, 6.3)
    t = np.linspace(0, 1, 40)
    path = np.stack([sway * np.sin(t * turns * 2 + phase) * (0.7 + 0.3 * t), -0.68 + 1.6 * t], -1)
    cell = scale_pattern(c.x * 9, c.y * 9 + 20)
    hide = 0.55 * (cell.height - 0.55) + 0.25 * (cell.tone - 0.5)
    for k in range(len(path) - 1, 0, -1):
        (ax, ay), (bx, by) = path[k], path[k - 1]
        wide = 0.2 * np.sin(np.clip(1.15 - t[k], 0.12, 1) * np.pi / 2)
        banded = (k // 3) % 3 == 0
        edge = mark if banded else base
        c.tube([(ax, ay), (bx, by)], (wide, wide), edge, tex=hide, gloss=0.25)
    hx, hy = path[0]
    facing = np.arctan2(path[0][1] - path[1][1], path[0][0] - path[1][0])
    fx, fy = hx + 0.14 * np.cos(facing), hy + 0.14 * np.sin(facing)
    tongue = [(fx, fy), (fx + 0.3 * np.cos(facing), fy + 0.3 * np.sin(facing))]
    c.line(tongue, 0.016, (0.8, 0.1, 0.15))
    c.ball(
        fx,
        fy,
        0.27,
        0.2,
        base,
        turn=facing,
        gloss=0.35,
        tex=0.6 * hide,
    )
    for side in (-1, 1):
        ex, ey = (
            fx + 0.04 * np.cos(facing) - side * 0.12 * np.sin(facing),
            fy + 0.04 * np.sin(facing) + side * 0.12 * np.cos(facing),
        )
        c.eye(ex, ey, 0.075, c.colour(0.13, 0.9, 0.95), slit=1, pupil=0.6)


@motif()
def snail(c: Canvas) -> None:
    """A banded spiral shell on a soft foot with stalked eyes."""
    skin = c.colour(c.choice(0.09, 0.12, 0.6), 0.35, 0.7)
    skin_grain = 0.18 * c.noise(2, 1)
    foot = [
        (-0.95, 0.5),
        (-0.8, 0.15),
        (-0.58, 0.25),
        (-0.4, 0.6),
        (0.3, 0.6),
        (0.95, 0.85),
        (-0.6, 0.88),
    ]
    for dx, tall in ((-0.06, 0.2), (0.1, 0.12)):
        c.tube(
            curve([(-0.75, 0.3), (-0.8 + dx, 0.05), (-0.84 + dx * 1.8, -0.12 - tall)], steps=3),
            (0.045, 0.025),
            skin,
        )
        c.ball(-0.84 + dx * 1.8, -0.14 - tall, 0.055, 0.055, (0.08, 0.06, 0.06), gloss=0.8)
    c.shape(foot, skin, puff=0.25, tex=skin_grain)
    first, second = c.colour(c.choice(0.08, 0.05, None), 0.6, 0.8), c.colour(None, 0.5, 0.5)
    shell_spiral(c, 0.18, -0.02, 0.72, (first, second), c.between(1.9, 2.6))


def shell_spiral(
    c: Canvas, cx: float, cy: float, size: float, colours: tuple[Colour, Colour], winding: float
) -> None:
    """A coiled, rounded shell with growth lines and a band along the whorl."""
    radius, angle = c.polar(cx, cy)
    radius = radius / size
    whorl = (np.log(radius + 0.02) * winding * 0.9 + angle / (2 * np.pi)) % 1
    round_ = np.sqrt(np.clip(1 - (2 * whorl - 1) ** 2, 0, 1))
    growth = 0.16 * np.sin(angle * c.count(24, 40) + whorl * 5)
    band = smoothstep(0.2, 0.12, np.abs(whorl - 0.5))
    colour = shade(mix(colours[0], colours[1], band), (0.3 + 0.8 * round_) * (1 + growth))
    c.relief(
        round_ * radius * 0.5 * size, colour, c.inside((0.97 - radius) * size), depth=0.7, gloss=0.4
    )


@motif(upright=True)
def frog(c: Canvas) -> None:
    """A wide mouth, bulging golden eyes, folded legs with toes, a spotted back."""
    green, belly = (
        c.colour(c.choice(0.3, 0.26, 0.36, 0.05, 0.55), 0.75, 0.65),
        c.colour(0.15, 0.3, 0.92),
    )
    warts = 0.15 * c.noise(1.6, 1)
    for side in (-1, 1):
        c.ball(side * 0.62, 0.5, 0.3, 0.42, tint(green, 0.85), turn=side * 0.35, tex=warts)
        for k in (-1, 0, 1):
            c.tube(
                [(side * 0.55, 0.82), (side * (0.7 + 0.12 * k), 0.95)],
                (0.05, 0.035),
                tint(green, 0.9),
            )
    c.ball(0, 0.35, 0.58, 0.58, green, tex=warts)
    c.ball(0, 0.55, 0.42, 0.36, belly, gloss=0.1, tex=0.08 * c.noise(2, 1))
    for side in (-1, 1):
        c.tube(
            curve([(side * 0.4, 0.3), (side * 0.42, 0.65), (side * 0.26, 0.9)], steps=3),
            (0.1, 0.06),
            green,
        )
        c.ball(side * 0.4, -0.5, 0.27, 0.27, green, gloss=0.2)
    c.ball(0, -0.12, 0.78, 0.46, green, gloss=0.3, tex=warts)
    jaw = [(-0.74, -0.02), (0, 0.14), (0.74, -0.02), (0.45, 0.26), (0, 0.32), (-0.45, 0.26)]
    c.shape(jaw, belly, puff=0.15)
    c.line(
        curve([(-0.74, -0.06), (-0.3, 0.1), (0.3, 0.1), (0.74, -0.06)], steps=4),
        0.022,
        tint(green, 0.25),
    )
    gold = c.colour(c.choice(0.12, 0.02, 0.16), 0.9, 0.95)
    for side in (-1, 1):
        c.eye(side * 0.4, -0.53, 0.2, gold, pupil=0.5, slit=c.choice(0.0, 0.4))
        c.disc(side * 0.1, -0.28, 0.025, 0.02, tint(green, 0.25))
    for _ in range(c.count(4, 9)):
        c.glow(c.between(-0.5, 0.5), c.between(-0.45, -0.1), 0.1, 0.07, tint(green, 0.45))


@motif()
def turtle(c: Canvas) -> None:
    """From above: a domed shell of plates, four flippers, a beaked head."""
    skin, plate = (
        c.colour(c.choice(0.25, 0.2, 0.3), 0.5, 0.55),
        c.colour(c.choice(0.09, 0.12, 0.3), 0.6, 0.5),
    )
    hide = 0.5 * (scale_pattern(c.x * 9, c.y * 9 + 20).height - 0.6)
    for side in (-1, 1):
        c.ball(side * 0.66, -0.42, 0.36, 0.15, skin, turn=side * -0.7, tex=hide)
        c.ball(side * 0.58, 0.6, 0.28, 0.14, skin, turn=side * 0.8, tex=hide)
    c.tube([(0, 0.7), (0.03, 0.95)], (0.08, 0.02), skin)
    c.ball(0, -0.78, 0.18, 0.22, skin, tex=hide, gloss=0.2)
    for side in (-1, 1):
        c.eye(side * 0.11, -0.82, 0.055, c.colour(0.1, 0.6, 0.5))
    across, down = c.x / 0.42, c.y / 0.42 + 20.5
    shifted = across + 0.5
    column = np.clip(np.floor(shifted), -1, 1)
    row = np.floor(down + 0.5 * (column != 0))
    u, v = np.abs(shifted - column - 0.5), np.abs(down + 0.5 * (column != 0) - row - 0.5)
    seam = np.minimum(0.5 - u, 0.5 - v)
    seam = np.where(np.abs(across) > 1, 0.5 - v, seam)
    rings = 0.12 * np.sin(seam * 60)
    colour = mix(tint(plate, 0.25), tint(plate, 1.25, 0.06), smoothstep(0.0, 0.12, seam))
    c.ball(
        0, 0.02, 0.72, 0.8, tint(plate, 0.7), gloss=0.1, tex=0.3 * np.sin(np.arctan2(c.y, c.x) * 24)
    )
    c.ball(0, 0.02, 0.62, 0.7, colour[c.ellipse(0, 0.02, 0.62, 0.7).box], tex=rings, gloss=0.3)
