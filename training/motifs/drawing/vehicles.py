"""What carries people: by road, sea, air and rail."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif


@motif(upright=True)
def car(c: Canvas) -> None:
    """From the side: cabin with windows, body with arches, doors and lamps, two wheels."""
    paint_ = c.colour(saturation=0.8, value=0.75)
    top, nose = c.between(-0.52, -0.34), c.between(0.0, 0.1)
    c.glow(0, 0.68, 1.0, 0.14, (0.05, 0.05, 0.06), opacity=0.6)
    cabin = [
        (-0.62, 0.02),
        (-0.42, top + 0.04),
        (-0.3, top),
        (0.28, top),
        (0.42, top + 0.06),
        (0.68, 0.04),
    ]
    c.shape(cabin, tint(paint_, 0.92), curved=False, puff=0.1)
    glass = mix(
        (0.75, 0.88, 0.95),
        (0.25, 0.35, 0.45),
        smoothstep(-0.4, 0.4, c.x - c.y * 1.5 + 0.6 * np.sin(c.x * 8)),
    )
    c.shape(
        [(-0.5, 0.0), (-0.35, top + 0.08), (-0.04, top + 0.08), (-0.04, 0.0)], glass, curved=False
    )
    c.shape([(0.03, 0.0), (0.03, top + 0.08), (0.27, top + 0.08), (0.52, 0.0)], glass, curved=False)
    body = [
        (-0.95, 0.42),
        (-0.96, 0.1 + nose),
        (-0.84, 0.0 + nose),
        (-0.5, -0.02),
        (0.6, -0.01),
        (0.86, 0.05),
        (0.96, 0.16),
        (0.97, 0.44),
        (0.7, 0.5),
        (-0.7, 0.5),
    ]
    sheen = 0.35 * smoothstep(0.1, 0.0, np.abs(c.y - 0.1)) - 0.35 * smoothstep(0.2, 0.5, c.y)
    c.shape(body, paint_, puff=0.25, gloss=0.6, tex=sheen)
    c.line([(-0.93, 0.3), (0.95, 0.3)], 0.012, tint(paint_, 0.45))
    for x in (0.0, -0.52, 0.56):
        c.line([(x, 0.02), (x, 0.42)], 0.008, tint(paint_, 0.35))
    for x in (-0.12, 0.42):
        c.line([(x, 0.12), (x + 0.1, 0.12)], 0.014, (0.85, 0.86, 0.88))
    c.ball(-0.88, 0.18 + nose * 0.5, 0.07, 0.08, (1, 0.95, 0.65), gloss=0.8)
    c.ball(0.92, 0.22, 0.05, 0.08, (0.9, 0.1, 0.1), gloss=0.6)
    spokes = c.count(4, 7)
    for x in (-0.56, 0.58):
        c.disc(x, 0.46, 0.29, 0.28, (0.06, 0.05, 0.06))
        c.ball(x, 0.5, 0.25, 0.25, (0.13, 0.13, 0.14), gloss=0.2)
        part = c.ellipse(x, 0.5, 0.16, 0.16)
        c.ball(
            x,
            0.5,
            0.16,
            0.16,
            (0.82, 0.84, 0.86),
            gloss=0.7,
            tex=0.45 * np.sign(np.sin(part.angle * spokes)),
        )
        c.ball(x, 0.5, 0.05, 0.05, (0.4, 0.4, 0.42), gloss=0.6)


@motif(upright=True)
def ship(c: Canvas) -> None:
    """A sailing ship: curved hull with ports, masts, full sails, a flag, on waves."""
    hull, cloth = (
        c.colour(0.06, 0.6, 0.42),
        c.choice((0.96, 0.93, 0.84), c.colour(0.0, 0.6, 0.85), c.colour()),
    )
    for x, top in ((-0.42, -0.7), (0.06, -0.88), (0.5, -0.62)):
        c.tube([(x, 0.4), (x, top)], 0.025, tint(hull, 0.9))
        flag = c.colour(saturation=0.9)
        c.shape([(x, top), (x + 0.16, top + 0.04), (x, top + 0.09)], flag, curved=False)
        seams = 0.12 * np.sin((c.x - x) * 50)
        for k in range(2 if top > -0.8 else 3):
            y, half = top + 0.14 + 0.32 * k, 0.17 + 0.045 * k
            sail = [
                (x - half, y),
                (x + half, y),
                (x + half + 0.06, y + 0.14),
                (x + half + 0.02, y + 0.29),
                (x - half, y + 0.29),
                (x - half + 0.08, y + 0.14),
            ]
            c.shape(
                sail,
                shade(np.asarray(cloth), 0.75 + 1.2 * np.clip(c.x - x + 0.15, -0.2, 0.3)),
                puff=0.16,
                tex=seams,
            )
            c.line([(x - half - 0.04, y), (x + half + 0.04, y)], 0.016, tint(hull, 0.8))
    c.line([(0.8, 0.3), (0.97, 0.05)], 0.02, hull)
    outline = [
        (-0.9, 0.12),
        (-0.72, 0.3),
        (0.6, 0.32),
        (0.92, 0.15),
        (0.75, 0.6),
        (0.55, 0.78),
        (-0.6, 0.78),
        (-0.82, 0.5),
    ]
    c.shape(outline, hull, puff=0.2, tex=0.22 * np.sin(c.y * 50))
    c.line(curve([(-0.86, 0.22), (0, 0.42), (0.86, 0.24)], steps=4), 0.022, (0.92, 0.75, 0.35))
    for x in np.linspace(-0.6, 0.55, 6):
        c.disc(float(x), 0.5, 0.045, 0.045, (0.9, 0.75, 0.4))
        c.disc(float(x), 0.5, 0.03, 0.03, (0.08, 0.06, 0.05))
    sea = c.colour(0.55, 0.65, 0.55)
    crest = 0.74 + 0.05 * np.sin(c.x * c.between(9, 14))
    water = c.inside(c.y - crest) * c.inside(0.95 - c.y) * (np.abs(c.x) < 0.97)
    c.paint(water, mix((0.95, 0.98, 1), sea, smoothstep(0.0, 0.06, c.y - crest)))


@motif(upright=True)
def balloon(c: Canvas) -> None:
    """A hot-air balloon: gores of bright colours over a wicker basket."""
    colours = np.stack([c.colour(saturation=0.85) for _ in range(c.count(2, 4))])
    t = np.clip((c.y + 0.95) / 1.45, 0, 1)
    width = 0.88 * np.sqrt(np.clip(1 - ((t - 0.42) / 0.42) ** 2, 0, 1))
    width = np.where(t > 0.42, 0.88 * np.cos((t - 0.42) * 2.3), width)
    across = np.clip(c.x / (width + 1e-3), -1, 1)
    gore = np.arcsin(across) * c.between(2.0, 3.6)
    index = np.floor(gore + 20)
    if c.chance(0.4):
        index = index + np.floor(c.y * 4 + 0.5 * np.abs(c.x))
    colour = colours[index.astype(int) % len(colours)]
    seam = 0.7 + 0.45 * np.sqrt(np.clip(1 - (2 * (gore % 1) - 1) ** 2, 0, 1))
    facing = (
        across * c.light[0]
        + (t - 0.5) * 1.4 * c.light[1]
        + np.sqrt(np.clip(1 - across**2, 0, 1)) * c.light[2]
    )
    cover = c.inside(width - np.abs(c.x)) * c.inside(0.5 - c.y)
    c.paint(cover, shade(colour, seam * (0.35 + 0.8 * np.clip(facing, 0, 1))))
    for x in (-1, 1):
        c.line([(x * 0.24, 0.48), (x * 0.13, 0.76)], 0.01, (0.3, 0.2, 0.1))
    wicker = 0.3 * np.sign(np.sin(c.x * 60)) * np.sign(np.sin(c.y * 60))
    c.shape(
        [(-0.16, 0.74), (0.16, 0.74), (0.13, 0.96), (-0.13, 0.96)],
        c.colour(0.08, 0.6, 0.55),
        curved=False,
        tex=wicker,
    )


@motif(upright=True)
def train(c: Canvas) -> None:
    """A steam engine from the side: boiler with bands, chimney, cab, coupled wheels."""
    iron, trim = (
        c.choice(
            c.colour(0.0, 0.75, 0.55),
            c.colour(0.4, 0.6, 0.35),
            c.colour(0.6, 0.2, 0.2),
            c.colour(0.6, 0.7, 0.45),
        ),
        c.colour(0.12, 0.7, 0.85),
    )
    for k in range(4):
        c.ball(
            -0.5 + 0.2 * k,
            -0.82 + 0.03 * (k % 2),
            0.16 + 0.03 * k,
            0.12,
            (0.85, 0.85, 0.87),
            gloss=0,
            fuzz=0.12,
        )
    c.shape(
        [(-0.65, -0.2), (-0.73, -0.62), (-0.41, -0.62), (-0.49, -0.2)],
        tint(iron, 0.6),
        curved=False,
        puff=0.12,
    )
    for x in (-0.15, 0.15):
        c.ball(x, -0.28, 0.1, 0.16, trim, gloss=0.7)
    c.tube([(-0.7, 0.0), (0.3, 0.0)], 0.26, iron, gloss=0.5)
    for x in (-0.6, -0.3, 0.0):
        c.line([(x, -0.26), (x, 0.26)], 0.022, trim)
    c.ball(-0.84, 0.0, 0.12, 0.28, tint(iron, 0.5), gloss=0.4)
    c.ball(-0.9, -0.02, 0.07, 0.1, (1.0, 0.93, 0.6), gloss=0.8)
    c.shape([(0.3, 0.35), (0.3, -0.52), (0.92, -0.52), (0.92, 0.35)], iron, curved=False, puff=0.08)
    c.shape(
        [(0.22, -0.5), (0.98, -0.5), (0.92, -0.62), (0.28, -0.62)], tint(iron, 0.5), curved=False
    )
    for x in (0.42, 0.68):
        c.shape(
            [(x, -0.38), (x + 0.16, -0.38), (x + 0.16, -0.1), (x, -0.1)],
            (0.85, 0.9, 0.8),
            curved=False,
        )
    c.shape(
        [(-0.95, 0.28), (0.95, 0.28), (0.95, 0.42), (-0.82, 0.42)], tint(iron, 0.4), curved=False
    )
    c.shape(
        [(-0.8, 0.4), (-0.97, 0.85), (-0.6, 0.85), (-0.62, 0.4)],
        c.colour(0.0, 0.8, 0.6),
        curved=False,
        tex=0.4 * np.sin(c.x * 70),
    )
    for x, size in ((-0.35, 0.2), (0.08, 0.26), (0.58, 0.26)):
        c.ball(x, 0.88 - size, size, size, (0.15, 0.14, 0.15), gloss=0.4)
        part = c.ellipse(x, 0.88 - size, size * 0.76, size * 0.76)
        c.ball(
            x,
            0.88 - size,
            size * 0.76,
            size * 0.76,
            trim,
            tex=-0.7 * (np.sin(part.angle * 5) < 0.3),
            gloss=0.5,
        )
        c.ball(x, 0.88 - size, size * 0.25, size * 0.25, tint(iron, 0.8), gloss=0.6)
    c.tube([(0.08, 0.68), (0.58, 0.68)], 0.03, (0.8, 0.8, 0.82), gloss=0.7)
