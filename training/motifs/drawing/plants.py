"""Leaves, trees, and what grows beside them."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


@motif()
def fern(c: Canvas) -> None:
    """A frond: paired leaflets, each itself a small frond, shrinking to a curl."""
    green = c.colour(c.choice(0.3, 0.26, 0.38, 0.1), 0.65, 0.68, 0.03)
    number = c.count(10, 15)
    bend = c.between(-0.25, 0.25)
    spine = [(bend * np.sin(t * 3), 0.95 - 1.85 * t) for t in np.linspace(0, 1, 12)]
    c.tube(spine, (0.03, 0.008), tint(green, 0.6))
    ribs = 0.2 + 0.2 * np.sin((c.x * 0.8 + np.abs(c.y)) * 60)
    for k in range(number):
        t = (k + 0.5) / number
        x, y = bend * np.sin(t * 3), 0.95 - 1.85 * t
        long = 0.8 * (1 - t) ** 0.75 * min(1.0, 0.55 + t * 4) + 0.05
        for side in (-1, 1):
            tone = tint(green, c.between(0.75, 1.25))
            end = (x + side * long * 0.93, y - long * 0.45)
            middle = ((x + end[0]) / 2, (y + end[1]) / 2)
            wide = 1.35 / number
            leaf = [
                (x, y),
                (middle[0], middle[1] - wide * 0.6),
                end,
                (middle[0], middle[1] + wide * 0.55),
            ]
            c.shape(leaf, tone, puff=0.08, tex=ribs)
            c.line([(x, y), end], (0.012, 0.004), tint(green, 0.5))


@motif()
def leaf(c: Canvas) -> None:
    """A single leaf with a midrib, side veins, and a toothed rim."""
    green = c.colour(c.choice(0.3, 0.33, 0.24, 0.08, 0.02, 0.12), 0.75, 0.65, 0.03)
    other = c.choice(green, c.colour(c.choice(0.1, 0.02, 0.2), 0.8, 0.75))
    t = np.clip((c.y + 0.97) / 1.8, 0, 0.999)
    half = c.between(0.5, 0.7) * np.sin(t ** c.between(0.7, 1.1) * np.pi) ** 0.85
    away = np.abs(c.x)
    vein = np.abs(((c.y + away * 0.9) * c.between(3.5, 6)) % 1 - 0.5) * 2
    teeth = 0.03 * np.abs(((c.y * 12) % 1) - 0.5) * 2
    cover = c.inside(half - teeth * (half > 0.05) - away)
    colour = mix(
        mix(green, other, smoothstep(-0.5, 1.2, c.noise(0.6, 3))),
        tint(green, 1.45, 0.12),
        smoothstep(0.16, 0.0, vein),
    )
    c.relief(vein * 0.1 - away * 0.25, colour, cover, depth=1.3, gloss=0.25)
    c.tube([(0, -0.9), (0, 0.97)], (0.008, 0.032), tint(green, 1.2, 0.08))


@motif(upright=True)
def tree(c: Canvas) -> None:
    """A trunk with boughs under a crown of lit clumps of leaves."""
    bark, green = (
        c.colour(0.08, 0.45, 0.4, 0.03),
        c.colour(c.choice(0.28, 0.25, 0.34, 0.1, 0.04, 0.93), 0.7, 0.6, 0.03),
    )
    grain = 0.3 * c.streaks_at(c.x * 60, c.y * 20)
    c.tube([(0, 0.97), (0.02, 0.4), (0, -0.2)], (0.15, 0.06), bark, tex=grain)
    for side in (-1, 1):
        c.tube(
            curve([(0, 0.4), (side * 0.22, 0.15), (side * 0.45, -0.15)], steps=3),
            (0.07, 0.02),
            bark,
            tex=grain,
        )
    leaves = 0.35 * c.noise(2, 1)
    clumps = [(c.between(0, 6.3), c.rng.random() ** 0.5) for _ in range(c.count(16, 26))]
    for angle, away in sorted(clumps, key=lambda place: -np.sin(place[0]) * place[1]):
        size = c.between(0.16, 0.28)
        c.ball(away * 0.68 * np.cos(angle), -0.3 + away * 0.48 * np.sin(angle), size, size * 0.85,
               tint(green, c.between(0.65, 1.2)), tex=leaves, gloss=0.03, fuzz=0.16)  # fmt: skip
    spots = c.rng.normal(0, 0.36, (160, 2)) * (1, 0.75) + (0, -0.3)
    c.comb(spots, c.rng.normal(0, 1, (160, 2)), 0.05, jitter=0.5, width_px=1.6)


@motif(upright=True)
def palm(c: Canvas) -> None:
    """A ringed, leaning trunk with a burst of hanging fronds."""
    bark, green = c.colour(0.08, 0.45, 0.5), c.colour(0.3, 0.7, 0.55, 0.05)
    lean = c.between(-0.3, 0.3)
    top = (lean * 0.3, -0.35)
    c.tube(
        curve([(-lean, 0.97), (-lean * 0.6, 0.3), top], steps=5),
        (0.1, 0.06),
        bark,
        tex=0.35 * np.sin(c.y * 42),
    )
    for k in range(c.count(9, 13)):
        angle = -np.pi / 2 + (k / 5 - 1) * 1.25 + c.between(-0.2, 0.2)
        reach = c.between(0.65, 0.9)
        out = (top[0] + reach * 0.6 * np.cos(angle), top[1] + reach * 0.55 * np.sin(angle) - 0.05)
        end = (top[0] + reach * np.cos(angle), top[1] + reach * 0.4 * np.sin(angle) + 0.3)
        spine = np.array(curve([top, out, end], steps=14))
        tone = np.asarray(tint(green, c.between(0.6, 1.25)))
        drop = np.linspace(0.32, 0.06, len(spine))[:, None]
        left = np.hstack([spine, spine + drop * (-0.5, 0.8)])
        right = np.hstack([spine, spine + drop * (0.5, 0.8)])
        tones = tone * c.rng.uniform(0.6, 1.2, (2 * len(spine), 1))
        c.hairs(np.vstack([left, right]), tones, 1.4)
        c.line([tuple(p) for p in spine[::4]], (0.02, 0.008), tint(green, 1.3, 0.1))
    for k in range(3):
        c.ball(top[0] + 0.09 * (k - 1), top[1] + 0.08, 0.07, 0.07, c.colour(0.07, 0.6, 0.4))


@motif(upright=True)
def cactus(c: Canvas) -> None:
    """Ribbed green columns with spines, sometimes in flower."""
    green = c.colour(0.33, 0.6, 0.5, 0.06)
    arms = [(side, c.between(-0.1, 0.35), c.between(0.35, 0.6)) for side in (-1, 1)]
    for side, y, tall in arms:
        path = [
            (0, y + 0.15),
            (side * 0.45, y + 0.1),
            (side * 0.55, y - 0.1),
            (side * 0.55, y - tall),
        ]
        c.tube(curve(path, steps=4), 0.14, green, tex=0.3 * np.sin(c.x * 55))
    wide = c.between(0.22, 0.3)
    c.tube(
        [(0, 0.97), (0, -0.66)],
        wide,
        green,
        tex=0.32 * np.sin(np.arcsin(np.clip(c.x / wide, -1, 1)) * 9),
    )
    spots = np.array(
        [(x * wide, y) for x in (-0.8, -0.4, 0, 0.4, 0.8) for y in np.arange(-0.8, 0.95, 0.16)]
    )
    stars = np.vstack(
        [np.hstack([spots, spots + turn]) for turn in ((0.05, -0.04), (-0.05, -0.04), (0, 0.05))]
    )
    c.hairs(stars, np.tile([[0.95, 0.93, 0.75]], (len(stars), 1)), 0.7)
    if c.chance(0.6):
        bloom = c.colour(c.choice(0.92, 0.02, 0.14), 0.75, 0.95)
        for k in range(5):
            c.ball(0.1 * (k - 2), -0.88 + 0.02 * abs(k - 2), 0.07, 0.11, bloom, turn=0.4 * (k - 2))


@motif(upright=True)
def mushroom(c: Canvas) -> None:
    """A spotted cap over gills and a ringed stem."""
    stem = c.colour(0.1, 0.15, 0.92, 0.03)
    cap = c.colour(0.0, 0.88, 0.82, 0.04) if c.chance(0.7) else c.colour()
    high, wide = c.between(0.65, 0.95), c.between(0.75, 0.92)
    c.tube([(0, 0.9), (0, 0.0)], (0.26, 0.17), stem, tex=0.12 * c.streaks_at(c.x * 60, c.y * 12))
    c.ball(
        0,
        0.06,
        wide * 0.92,
        0.18,
        tint(stem, 0.75),
        tex=0.3 * np.sin(np.arctan2(c.x, 0.5 - c.y) * 60),
        gloss=0,
    )
    c.shape(
        [(-0.25, 0.28), (0, 0.2), (0.25, 0.28), (0.3, 0.42), (0, 0.38), (-0.3, 0.42)],
        tint(stem, 0.95),
        puff=0.1,
    )
    dome = c.inside(0.08 - 0.06 * np.cos(c.x * 3) - c.y + 0.06)
    c.ball(0, 0.06, wide, high, cap, gloss=0.4, clip=dome, tex=0.06 * c.noise(1, 2))
    for _ in range(c.count(8, 14)):
        x, y = c.between(-0.85, 0.85), c.between(-0.85, 0.0)
        if (x / wide) ** 2 + (y / high) ** 2 < 0.85:
            squash = np.sqrt(max(0.15, 1 - x * x))
            size = c.between(0.04, 0.12)
            c.ball(
                x * wide,
                y * high,
                size * squash,
                size * 0.8,
                (0.97, 0.95, 0.88),
                clip=dome,
                gloss=0.1,
            )


@motif()
def pine_cone(c: Canvas) -> None:
    """Woody scales in spirals, wider in the middle."""
    brown = c.colour(0.07, 0.5, 0.5, 0.02)
    half = c.between(0.5, 0.68)
    t = np.clip(c.y / 0.96, -1, 1)
    width = half * np.sqrt(np.clip(1 - t * t, 0.0, 1)) * (1 + 0.25 * t) + 0.02
    across = np.arcsin(np.clip(c.x / width, -1, 1)) * 1.7
    cell = scale_pattern(across, c.y * c.between(4, 5.5) + 20)
    light = (
        (0.12 + 1.05 * cell.height**1.4)
        * (0.75 + 0.4 * cell.tone)
        * (1.1 - 0.4 * (c.x / width) ** 2)
    )
    tip = smoothstep(0.45, 0.75, cell.down) * smoothstep(0.35, 0.1, np.abs(cell.across))
    colour = mix(brown, tint(brown, 1.4, 0.15), tip)
    ragged = width * (1 + 0.06 * np.sin(c.y * 30)) - np.abs(c.x)
    c.relief(
        cell.height * 0.25,
        shade(colour, light),
        c.inside(ragged) * c.inside(0.96 - np.abs(c.y)),
        gloss=0.1,
    )


@motif()
def strawberry(c: Canvas) -> None:
    """A red heart pitted with seeds under a green star."""
    red = c.colour(0.985, 0.88, 0.88, 0.02)
    body = [
        (0, -0.62),
        (-0.55, -0.66),
        (-0.78, -0.25),
        (-0.5, 0.45),
        (0, 0.95),
        (0.5, 0.45),
        (0.78, -0.25),
        (0.55, -0.66),
    ]
    cell = scale_pattern(c.x * 4.6, c.y * 4.6 + 20)
    pit = np.hypot(cell.across, (cell.down - 0.45) * 0.8)
    c.shape(body, red, puff=0.6, gloss=0.35, tex=-0.45 * smoothstep(0.22, 0.12, pit))
    box, cover = c.polygon(body, curved=True)
    c.paint(cover * smoothstep(0.12, 0.07, pit[box]), c.colour(0.13, 0.7, 0.95), box)
    green = c.colour(0.3, 0.7, 0.5)
    for angle in np.linspace(0.2, np.pi - 0.2, c.count(5, 7)):
        tip = (0.6 * np.cos(angle), -0.72 + 0.4 * np.sin(angle))
        base = [(0.1 * np.sin(angle), -0.8), tip, (-0.1 * np.sin(angle), -0.72)]
        c.shape(base, tint(green, c.between(0.8, 1.2)), puff=0.08)
    c.tube([(0, -0.72), (0.06, -0.97)], 0.035, green)
