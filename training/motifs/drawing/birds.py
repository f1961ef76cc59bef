"""Birds from the side."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, smoothstep, tint
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


def wing(
    c: Canvas,
    root: tuple[float, float],
    tip: tuple[float, float],
    colours: tuple[Colour, Colour],
    rows: int = 3,
) -> None:
    """A folded wing: rows of long feathers from a root towards a tip."""
    (rx, ry), (tx, ty) = root, tip
    turn = float(np.arctan2(ty - ry, tx - rx))
    long = float(np.hypot(tx - rx, ty - ry))
    barbs = 0.18 * np.sin((c.x * np.sin(turn) - c.y * np.cos(turn)) * 60)
    for row in range(rows):
        share = row / max(1, rows - 1)
        for k in range(5):
            reach = long * (1 - 0.3 * share) * (0.5 + 0.1 * k)
            fan = turn + 0.32 - 0.13 * k
            cx, cy = rx + reach * 0.62 * np.cos(fan), ry + reach * 0.62 * np.sin(fan)
            tone = mix(colours[0], colours[1], np.array(1 - share)) * (0.7 + 0.08 * k)
            c.ball(
                cx,
                cy,
                reach * 0.62,
                0.085 * (1.2 - 0.2 * share),
                tone,
                turn=fan,
                tex=barbs,
                gloss=0.05,
            )


@motif(upright=True)
def bird(c: Canvas) -> None:
    """A songbird from the side: round breast, folded wing, sharp bill, on a twig."""
    back, breast, flight = c.colour(), c.colour(c.choice(0.05, 0.12, None), 0.6, 0.9), c.colour()
    down = 0.14 * c.noise(1.6, 1)
    for k in (-1, 0, 1):
        c.shape(
            [(0.3, 0.2), (0.92, 0.55 + 0.08 * k), (0.97, 0.68 + 0.08 * k), (0.3, 0.45)],
            tint(flight, 0.7 + 0.1 * k),
            puff=0.06,
        )
    for x in (0.0, 0.16):
        c.line([(x, 0.6), (x - 0.03, 0.9)], 0.022, (0.4, 0.25, 0.15))
    body = [
        (-0.55, -0.45),
        (-0.25, -0.62),
        (0.1, -0.4),
        (0.45, 0.0),
        (0.55, 0.3),
        (0.2, 0.62),
        (-0.25, 0.5),
        (-0.52, 0.1),
        (-0.62, -0.2),
    ]
    front = smoothstep(0.1, -0.25, c.x * 0.8 - (c.y - 0.1) * 0.9)
    c.shape(body, mix(back, breast, front), puff=0.4, tex=down, gloss=0.05)
    c.comb(c.rng.uniform(-0.6, 0.5, (220, 2)), np.tile([[0.6, 0.5]], (220, 1)), 0.09)
    wing(c, (-0.18, -0.05), (0.62, 0.38), (tint(back, 0.85), flight))
    bill = c.colour(0.1, 0.8, 0.75, 0.04)
    long = c.between(0.24, 0.4)
    c.shape([(-0.56, -0.42), (-0.58 - long, -0.3), (-0.58, -0.3)], bill, curved=False)
    c.shape([(-0.58, -0.3), (-0.58 - long, -0.3), (-0.56, -0.2)], tint(bill, 0.6), curved=False)
    if c.chance(0.5):
        c.shape([(-0.6, -0.36), (-0.4, -0.5), (-0.1, -0.38), (-0.4, -0.3)], tint(back, 0.3))
    c.eye(-0.42, -0.38, 0.1, c.colour(0.08, 0.6, 0.4), pupil=0.65)
    c.tube([(-0.7, 0.93), (0.8, 0.88)], 0.05, c.colour(0.08, 0.5, 0.4), tex=0.2 * c.noise(2, 1))


@motif(upright=True)
def parrot(c: Canvas) -> None:
    """Hooked bill, bare cheek, and bands of saturated feathers; head and shoulders or whole."""
    head, band, flight = (
        c.colour(c.choice(0.0, 0.33, 0.58, 0.14, 0.95), 0.9, 0.9) for _ in range(3)
    )
    plumage = scale_pattern(c.x * 6, c.y * 6 + 20)
    tex = 0.5 * (plumage.height - 0.65)
    for k in range(4):
        c.tube(
            [(0.3, 0.5), (0.62 + 0.06 * k, 0.97)],
            (0.09, 0.05),
            tint(flight if k % 2 else band, 0.85),
        )
    body = [
        (-0.3, -0.1),
        (0.15, -0.35),
        (0.5, 0.1),
        (0.55, 0.6),
        (0.2, 0.9),
        (-0.25, 0.7),
        (-0.42, 0.25),
    ]
    c.shape(body, head, puff=0.4, tex=tex)
    wing(c, (0.12, -0.02), (0.6, 0.85), (band, flight), rows=4)
    c.ball(-0.15, -0.42, 0.46, 0.45, head, tex=tex * 0.8, gloss=0.08)
    cheek = c.colour(0.1, 0.08, 0.95)
    c.ball(-0.3, -0.34, 0.25, 0.24, cheek, gloss=0)
    dots = [(-0.48 + 0.03 * k, -0.3 + 0.03 * j) for k in range(3) for j in (-2, 0, 2)]
    starts = np.array(dots)
    bare = np.hstack([starts, starts + np.array((0.08, 0.02))])
    c.hairs(bare, np.tile(np.asarray(head)[None] * 0.6, (len(dots), 1)), 0.8)
    bill = c.choice(c.colour(0.1, 0.15, 0.92), c.colour(0.08, 0.2, 0.15), c.colour(0.07, 0.85, 0.9))
    upper = [
        (-0.42, -0.62),
        (-0.75, -0.6),
        (-0.94, -0.3),
        (-0.85, -0.02),
        (-0.76, -0.2),
        (-0.48, -0.28),
    ]
    c.shape(
        [(-0.46, -0.26), (-0.72, -0.2), (-0.68, 0.02), (-0.46, -0.04)], tint(bill, 0.4), puff=0.1
    )
    c.shape(upper, bill, puff=0.18, gloss=0.5)
    c.eye(-0.27, -0.46, 0.1, c.colour(0.13, 0.8, 0.95), pupil=0.5)


@motif(upright=True)
def rooster(c: Canvas) -> None:
    """Red comb and wattles, a hackle of golden feathers, a short bill."""
    red, gold = (
        c.colour(0.99, 0.9, 0.85, 0.015),
        c.colour(c.choice(0.08, 0.1, 0.04), 0.75, 0.8, 0.02),
    )
    tail = c.colour(c.choice(0.45, 0.6, 0.33), 0.6, 0.3)
    hackle = [(-0.1, -0.5), (0.3, -0.45), (0.62, 0.3), (0.9, 0.97), (-0.7, 0.97), (-0.45, 0.3)]
    c.shape(
        hackle,
        mix(gold, tail, smoothstep(0.5, 0.9, c.y)),
        puff=0.4,
        tex=0.25 * c.streaks_at(c.x * 40, c.y * 14),
    )
    starts = np.stack([c.rng.uniform(-0.5, 0.6, 260), c.rng.uniform(-0.4, 0.85, 260)], -1)
    c.comb(
        starts, np.stack([starts[:, 0] * 0.6, np.ones(260)], -1), 0.22, jitter=0.35, width_px=1.2
    )
    comb = [
        (-0.38, -0.55),
        (-0.42, -0.86),
        (-0.26, -0.74),
        (-0.16, -0.97),
        (-0.04, -0.78),
        (0.12, -0.95),
        (0.16, -0.74),
        (0.34, -0.8),
        (0.3, -0.5),
    ]
    c.shape(comb, red, puff=0.12, tex=0.1 * c.noise(2, 1))
    c.ball(-0.08, -0.38, 0.36, 0.32, tint(gold, 0.95), tex=0.15 * c.noise(2, 1))
    c.ball(-0.25, -0.36, 0.2, 0.22, red, tex=0.15 * c.noise(2, 0), gloss=0.1)
    for x in (-0.3, -0.44):
        c.ball(x, 0.08, 0.11, 0.24, red, gloss=0.25)
    bill = c.colour(0.11, 0.7, 0.85)
    c.shape([(-0.42, -0.5), (-0.84, -0.26), (-0.44, -0.24)], bill, puff=0.1)
    c.shape([(-0.44, -0.26), (-0.76, -0.24), (-0.42, -0.14)], tint(bill, 0.7), puff=0.06)
    c.eye(-0.2, -0.44, 0.1, c.colour(0.07, 0.9, 0.9), pupil=0.5)
