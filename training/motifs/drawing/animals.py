"""Birds and crawling things of the land, whole."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas, Colour, curve, mix, shade, smoothstep, tint
from training.motifs.drawing.registry import motif
from training.motifs.drawing.textures import scale_pattern


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
            tone = mix(colours[0], colours[1], np.float32(1 - share)) * (0.7 + 0.08 * k)
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
    rows = [(-0.48 + 0.03 * k, -0.3 + 0.03 * j) for k in range(3) for j in (-2, 0, 2)]
    bare = np.hstack([np.array(rows), np.array(rows) + (0.08, 0.02)])
    c.hairs(bare, np.tile(np.asarray(head)[None] * 0.6, (len(rows), 1)), 0.8)
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
