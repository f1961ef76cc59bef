"""Flowers, leaves, trees, and what grows beside them."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas, Colour, curve, mix, shade, smoothstep, tint
from training.motifs.drawing.registry import motif
from training.motifs.drawing.textures import scale_pattern


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
            outward = np.clip(part.u * 0 + part.v * -1, -1, 1)
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
