"""Made things: wheels, clocks, vehicles, vessels, instruments."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas, curve, mix, shade, smoothstep, tint
from training.motifs.drawing.registry import motif


@motif()
def wheel(c: Canvas) -> None:
    """A tyre or wooden rim, spokes, a hub."""
    radius, angle = c.polar()
    metal = c.choice(c.colour(0.6, 0.08, 0.85), c.colour(0.08, 0.6, 0.55), c.colour())
    tread = 1 + 0.35 * np.sin(angle * c.count(36, 50)) * (radius > 0.88)
    ring = np.sqrt(np.clip(1 - ((radius - 0.85) / 0.13) ** 2, 0, 1))
    c.paint(c.inside(0.72 - radius), (0.12, 0.11, 0.12))
    c.relief(
        ring * 0.12,
        shade(c.choice(np.array([0.16, 0.16, 0.17]), tint(metal, 0.7)), tread),
        np.clip(ring * 6, 0, 1),
        gloss=0.25,
    )
    inner = np.sqrt(np.clip(1 - ((radius - 0.68) / 0.07) ** 2, 0, 1))
    c.relief(inner * 0.12, metal, np.clip(inner * 5, 0, 1), gloss=0.8)
    number = c.count(5, 14)
    turn, wide = c.between(0, 6.3), c.between(0.03, 0.05) if number > 8 else c.between(0.05, 0.09)
    for k in range(number):
        at = turn + k * 2 * np.pi / number
        c.tube(
            [(0.1 * np.cos(at), 0.1 * np.sin(at)), (0.66 * np.cos(at), 0.66 * np.sin(at))],
            (wide * 1.2, wide),
            metal,
            gloss=0.5,
        )
    c.ball(0, 0, 0.2, 0.2, metal, gloss=0.8)
    c.ball(0, 0, 0.09, 0.09, tint(metal, 0.4), gloss=0.8)


@motif()
def gear(c: Canvas) -> None:
    """A toothed metal disc with holes and a bore."""
    radius, angle = c.polar()
    teeth, metal = c.count(8, 18), c.colour(c.choice(0.1, 0.6, 0.08), c.choice(0.1, 0.5), 0.75)
    edge = 0.78 + 0.15 * np.clip(np.sin(angle * teeth) * 3, -1, 1)
    bore = c.between(0.14, 0.3)
    cover = c.inside(edge - radius) * c.inside(radius - bore)
    spokes = c.count(4, 6)
    place = ((angle * spokes / (2 * np.pi)) % 1 - 0.5) * 2 * np.pi / spokes
    hole = np.hypot(radius * np.cos(place) - 0.5, radius * np.sin(place)) - c.between(0.09, 0.14)
    cover = cover * c.inside(hole)
    height = 0.2 * (
        smoothstep(0, 0.1, edge - radius)
        * smoothstep(0, 0.1, radius - bore)
        * smoothstep(0, 0.06, hole)
    )
    groove = 0.06 * smoothstep(0.05, 0.0, np.abs(radius - 0.68))
    brushed = 1 + 0.1 * c.noise_at(radius * 50, angle * 2, 0)
    c.relief(height - groove, shade(metal, brushed), cover, depth=1.4, gloss=0.7)


@motif(upright=True)
def clock(c: Canvas) -> None:
    """A dial with strokes or numerals, two hands, a metal case."""
    radius, angle = c.polar()
    case, dial = c.colour(c.choice(0.12, 0.6, 0.07, None), 0.6, 0.75), c.colour(0.12, 0.1, 0.96)
    ink = c.choice((0.06, 0.06, 0.08), tint(case, 0.3))
    if c.chance(0.25):
        dial, ink = tint(case, 0.25), np.array([0.95, 0.92, 0.8])
    ring = np.sqrt(np.clip(1 - ((radius - 0.87) / 0.11) ** 2, 0, 1))
    c.paint(c.inside(0.85 - radius), shade(dial, 1.05 - 0.25 * radius))
    c.relief(ring * 0.15, case, np.clip(ring * 5, 0, 1), gloss=0.7)
    numerals = c.chance(0.5)
    for hour in range(12):
        at = hour * np.pi / 6
        cos, sin = np.cos(at), np.sin(at)
        wide = 0.035 if hour % 3 == 0 else 0.02
        if numerals:
            for shift in np.linspace(-1, 1, 1 + hour % 3) * 0.03 * (hour % 3 > 0):
                x, y = 0.62 * cos - shift * sin, 0.62 * sin + shift * cos
                c.line(
                    [(x - 0.07 * cos, y - 0.07 * sin), (x + 0.07 * cos, y + 0.07 * sin)], 0.016, ink
                )
        else:
            c.line([(0.62 * cos, 0.62 * sin), (0.72 * cos, 0.72 * sin)], wide, ink)
    c.paint(c.inside(0.012 - np.abs(radius - 0.75)) * (np.sin(angle * 60) > 0), ink)
    for long, wide in ((0.42, 0.045), (0.62, 0.028)):
        at = c.between(0, 6.3)
        c.line(
            [(-0.1 * np.cos(at), -0.1 * np.sin(at)), (long * np.cos(at), long * np.sin(at))],
            (wide, wide * 0.4),
            ink,
        )
    c.ball(0, 0, 0.06, 0.06, case, gloss=0.8)


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
def vase(c: Canvas) -> None:
    """A turned vessel with painted bands and glaze."""
    base, paint_ = c.colour(), c.colour()
    belly, height, neck = c.between(0.22, 0.4), c.between(0.0, 0.35), c.between(0.14, 0.24)
    y = c.y
    width = (
        neck
        + belly * np.exp(-(((y - height) / c.between(0.32, 0.5)) ** 2))
        + 0.16 * np.exp(-(((y + 0.92) / 0.12) ** 2))
        + 0.1 * np.exp(-(((y - 0.93) / 0.1) ** 2))
    )
    across = np.clip(c.x / width, -1, 1)
    around = np.arcsin(across)
    if c.chance(0.5):
        for side in (-1, 1):
            c.tube(
                curve(
                    [
                        (side * neck, -0.7),
                        (side * 0.62, -0.62),
                        (side * 0.62, -0.2),
                        (side * (neck + belly * 0.7), -0.05),
                    ],
                    steps=4,
                ),
                0.05,
                base,
                gloss=0.4,
            )
    bands = smoothstep(0.3, 0.45, np.sin(y * c.between(14, 24)))
    belt = np.abs(y - height) < 0.25
    figure = c.choice(
        np.sin(around * 8) * np.sin((y - height) * 13),
        np.sin(around * 6 + 3 * np.sin(y * 12)),
        np.cos(np.hypot(around * 5 % 2 - 1, (y - height) * 6) * 5),
    )
    drawn = np.where(belt, smoothstep(0.0, 0.12, figure), bands)
    facing = across * c.light[0] + np.sqrt(1 - across**2) * c.light[2]
    light = 0.25 + 0.9 * np.clip(facing, 0, 1)
    shine = 0.6 * np.exp(-(((across - 0.5 * np.sign(c.light[0])) / 0.13) ** 2))
    c.paint(
        c.inside(width - np.abs(c.x)) * (np.abs(y) < 0.95),
        np.clip(shade(mix(base, paint_, drawn), light) + shine[..., None], 0, 1),
    )
    c.disc(0, -0.94, neck + 0.13, 0.05, tint(base, 0.35))


@motif()
def gem(c: Canvas) -> None:
    """A cut stone: facets around a table, each catching the light its own way."""
    radius, angle = c.polar()
    sides = c.choice(6, 8, 8, 10, 12)
    base = c.colour(saturation=0.75, value=0.85)
    for ring, (reach, turn) in enumerate(((0.94, 0.0), (0.76, 0.5), (0.6, 0.0), (0.42, 0.5))):
        place = angle + turn * 2 * np.pi / sides
        facet = np.floor(place * sides / (2 * np.pi))
        within = (place * sides / (2 * np.pi)) % 1 - 0.5
        flat = radius * np.cos(within * 2 * np.pi / sides)
        glint = np.cos(facet * 2 * np.pi / sides - c.between(0, 6.3)) * (0.55 if ring < 3 else 0.15)
        split = 0.22 * np.sign(within) * (ring % 2)
        light = 0.62 + glint + split + 0.3 * (flat / reach - 0.7)
        colour = (
            shade(base, np.clip(light, 0.12, 1.6)) + 0.5 * smoothstep(1.05, 1.3, light)[..., None]
        )
        c.paint(c.inside(reach - flat), np.clip(colour, 0, 1))
        c.paint(c.inside(0.008 - np.abs(flat - reach + 0.01)), tint(base, 1.2, 0.4))
    for _ in range(2):
        x, y, size = c.between(-0.5, 0.5), c.between(-0.5, 0.5), c.between(0.1, 0.2)
        for end in ((size, 0.0), (-size, 0.0), (0.0, size), (0.0, -size)):
            c.line([(x, y), (x + end[0], y + end[1])], (0.025, 0.002), (1, 1, 1))


@motif(upright=True)
def lamp(c: Canvas) -> None:
    """A pleated shade glowing over a turned foot."""
    shade_, foot = (
        c.colour(c.choice(0.1, 0.0, 0.33, None), 0.6, 0.9),
        c.colour(c.choice(0.1, 0.6), 0.5, 0.6),
    )
    c.glow(0, -0.3, 0.97, 0.8, (1.0, 0.93, 0.65), opacity=0.35)
    for y, wide in ((0.9, 0.36), (0.78, 0.2), (0.55, 0.16), (0.35, 0.2), (0.18, 0.1)):
        c.ball(0, y, wide, 0.13, foot, gloss=0.7)
    c.tube([(0, 0.9), (0, 0.0)], 0.06, foot, gloss=0.7)
    top, bottom = c.between(0.22, 0.4), c.between(0.66, 0.85)
    pleats = 0.16 * np.sin(np.arctan2(c.x, c.y + 1.9) * 75)
    lit = mix((1.0, 0.95, 0.75), shade_, np.clip(np.hypot(c.x, (c.y + 0.25) * 1.3), 0, 1))
    c.shape(
        [(-top, -0.85), (top, -0.85), (bottom, 0.05), (-bottom, 0.05)],
        lit,
        curved=False,
        tex=pleats,
    )
    for y, half in ((-0.85, top), (0.05, bottom)):
        c.tube([(-half, y), (half, y)], 0.03, tint(shade_, 0.5))
    for x in np.linspace(-bottom, bottom, 13):
        c.line([(float(x), 0.06), (float(x), 0.16)], (0.02, 0.012), tint(shade_, 0.6))


@motif()
def violin(c: Canvas) -> None:
    """A waisted, varnished body with f-holes, a dark fingerboard, strings, a scroll."""
    varnish = c.colour(0.05, 0.8, 0.6, 0.025)
    right = [
        (0, -0.16),
        (0.26, -0.14),
        (0.36, 0.04),
        (0.22, 0.28),
        (0.26, 0.42),
        (0.46, 0.6),
        (0.36, 0.9),
        (0, 0.96),
    ]
    outline = right + [(-x, y) for x, y in right[-2:0:-1]]
    flame = 0.14 * np.sin(c.y * 44 + c.noise(0.8, 3)) + 0.08 * c.streaks_at(c.x * 60, c.y * 12)
    c.shape(outline, tint(varnish, 0.35))
    inner = [(x * 0.92, 0.4 + (y - 0.4) * 0.94) for x, y in outline]
    c.shape(
        inner,
        mix(
            tint(varnish, 1.25, 0.08),
            varnish,
            smoothstep(0.1, 0.5, np.hypot(c.x, (c.y - 0.4) * 0.6)),
        ),
        puff=0.2,
        tex=flame,
        gloss=0.6,
    )
    for side in (-1, 1):
        hole = curve(
            [(side * 0.2, 0.24), (side * 0.14, 0.34), (side * 0.2, 0.46), (side * 0.14, 0.55)],
            steps=4,
        )
        c.line(hole, 0.02, (0.06, 0.03, 0.02))
        for x, y in (hole[0], hole[-1]):
            c.disc(x, y, 0.032, 0.032, (0.06, 0.03, 0.02))
    c.shape(
        [(-0.05, -0.72), (0.05, -0.72), (0.085, 0.28), (-0.085, 0.28)],
        (0.1, 0.08, 0.08),
        curved=False,
        puff=0.06,
    )
    c.shape(
        [(-0.05, 0.6), (0.05, 0.6), (0.07, 0.9), (-0.07, 0.9)],
        (0.1, 0.08, 0.08),
        curved=False,
        puff=0.06,
    )
    c.tube([(-0.14, 0.46), (0.14, 0.46)], 0.022, (0.9, 0.75, 0.5))
    for x in (-0.05, -0.017, 0.017, 0.05):
        c.line([(x * 0.7, -0.72), (x, 0.46), (x * 0.8, 0.65)], 0.006, (0.95, 0.93, 0.85))
    c.tube([(0, -0.9), (0, -0.68)], 0.055, varnish)
    part = c.ellipse(0, -0.9, 0.1, 0.09)
    c.ball(
        0, -0.9, 0.1, 0.09, varnish, gloss=0.5, tex=0.4 * np.sin(part.distance * 16 + part.angle)
    )
    for y, side in ((-0.84, -1), (-0.77, 1), (-0.74, -1)):
        c.tube([(0, y), (side * 0.16, y - 0.01)], (0.02, 0.032), (0.12, 0.08, 0.07))


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


@motif()
def drum(c: Canvas) -> None:
    """A skin over a painted barrel laced with cord."""
    wood, skin = c.colour(saturation=0.8), c.colour(0.1, 0.15, 0.95)
    half, tall = c.between(0.6, 0.8), c.between(0.5, 0.7)
    across = np.clip(c.x / half, -1, 1)
    light = 0.3 + 0.8 * np.clip(across * c.light[0] + np.sqrt(1 - across**2) * c.light[2], 0, 1)
    rim = 0.22 * np.sqrt(np.clip(1 - across**2, 0, 1))
    side = c.inside(half - np.abs(c.x)) * c.inside(tall + rim - c.y) * c.inside(c.y + 0.45)
    around = np.arcsin(across)
    zigzag = np.abs((around * 2.2 + 10) % 1 - 0.5) * 2
    cord = smoothstep(0.09, 0.05, np.abs((c.y + 0.3 - rim) / tall / 1.25 - zigzag * 0.8 - 0.1))
    c.paint(side, shade(mix(wood, (0.97, 0.95, 0.9), cord), light))
    trim = c.colour(saturation=0.8)
    for y in (-0.42, tall - 0.1):
        hoop = side * c.inside(0.07 - np.abs(c.y - y - rim - 0.05))
        c.paint(hoop, shade(trim, light * 1.1))
    c.disc(0, -0.42, half, 0.24, tint(trim, 0.7))
    c.disc(0, -0.43, half * 0.93, 0.21, skin)
    c.glow(0.1, -0.44, half * 0.7, 0.15, tint(skin, 0.75), opacity=0.6)
    if c.chance(0.6):
        for x, lean in ((-0.3, 0.5), (0.35, -0.4)):
            c.tube([(x, -0.4), (x + lean, -0.92)], 0.03, (0.75, 0.55, 0.3))
            c.ball(x, -0.42, 0.06, 0.05, (0.85, 0.65, 0.4))


@motif()
def lantern(c: Canvas) -> None:
    """A ribbed paper lantern, lit from within, with a tassel."""
    paper = c.colour(c.choice(0.0, 0.02, 0.1, 0.9, None), 0.85, 0.9)
    wide, tall = c.between(0.55, 0.78), c.between(0.5, 0.62)
    part = c.ellipse(0, -0.12, wide, tall)
    ribs = 0.2 * np.sin(c.y * c.between(34, 46)) + 0.12 * np.cos(
        np.arcsin(np.clip(c.x / wide, -1, 1)) * 10
    )
    lit = mix(tint(paper, 1.25, 0.3), tint(paper, 0.75), smoothstep(0.0, 1.0, part.distance))
    c.glow(0, -0.12, 0.97, 0.9, tint(paper, 1.2, 0.2), opacity=0.4)
    c.ball(0, -0.12, wide, tall, lit, gloss=0.1, tex=ribs, dome=0.5)
    for y in (-0.12 - tall, tall - 0.12):
        c.tube([(-0.24, y), (0.24, y)], 0.06, (0.25, 0.12, 0.08))
    c.line([(0, -0.97), (0, -0.12 - tall)], 0.015, (0.3, 0.2, 0.1))
    strands = np.array([(0.02 * k, tall - 0.06, 0.028 * k, 0.97) for k in range(-5, 6)])
    c.hairs(
        strands, np.tile(np.asarray(paper)[None], (11, 1)) * c.rng.uniform(0.6, 1.2, (11, 1)), 1.2
    )
