"""What lives in the sea, and what it leaves on the shore."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


@motif()
def fish(c: Canvas) -> None:
    """From the side: scales, bands, rayed fins, a round eye and a gill."""
    base, fin, back = c.colour(saturation=0.75), c.colour(saturation=0.8), c.colour()
    rays = 0.25 * np.sin(np.arctan2(c.y, c.x - 0.25) * 44)
    upright_rays = 0.25 * np.sin((c.x + 0.3 * c.y) * 55)
    c.shape([(0.42, 0), (0.97, -0.5), (0.86, 0), (0.97, 0.5)], fin, puff=0.08, tex=rays)
    c.shape(
        [(-0.4, -0.3), (-0.1, -0.8), (0.45, -0.55), (0.45, -0.15)], fin, puff=0.06, tex=upright_rays
    )
    c.shape(
        [(-0.15, 0.3), (0.1, 0.75), (0.35, 0.6), (0.3, 0.2)],
        tint(fin, 0.85),
        puff=0.06,
        tex=upright_rays,
    )
    plain = scale_pattern(c.y * 6.5, 20 - c.x * 6.5)
    body = [
        (-0.92, 0.05),
        (-0.6, -0.34),
        (-0.1, -0.47),
        (0.3, -0.28),
        (0.55, -0.08),
        (0.55, 0.08),
        (0.3, 0.28),
        (-0.1, 0.45),
        (-0.6, 0.34),
    ]
    colour = mix(tint(base, 1.15, 0.15), back, smoothstep(0.15, -0.35, c.y))
    if c.chance(0.6):
        bands = smoothstep(
            0.4, 0.6, np.sin(c.x * c.between(6, 12) + c.between(0, 6) + 0.5 * np.cos(c.y * 3))
        )
        colour = mix(colour, c.choice((0.97, 0.97, 0.95), (0.08, 0.07, 0.1), c.colour()), bands)
    scaly = 0.7 * (plain.height - 0.65) * smoothstep(-0.6, -0.42, c.x)
    c.shape(body, colour, puff=0.42, tex=scaly, gloss=0.4)
    c.line(curve([(-0.46, -0.3), (-0.36, 0), (-0.46, 0.3)], steps=4), 0.02, tint(base, 0.3))
    c.shape(
        [(-0.3, 0.05), (0.02, -0.02), (0.08, 0.22), (-0.22, 0.18)],
        tint(fin, 1.1),
        puff=0.05,
        tex=rays,
    )
    c.eye(-0.65, -0.08, 0.12, c.colour(0.12, 0.6, 0.95), white=c.chance(0.5), pupil=0.55)
    c.line(curve([(-0.92, 0.1), (-0.8, 0.16), (-0.72, 0.12)], steps=3), 0.018, (0.15, 0.05, 0.06))


@motif()
def octopus(c: Canvas) -> None:
    """A domed mantle, two eyes, and arms that curl with rows of suckers."""
    skin = c.colour(c.choice(0.0, 0.05, 0.9, 0.75, 0.55, None), 0.7, 0.75)
    sucker = tint(skin, 1.3, 0.25)
    for k in range(c.count(7, 8)):
        spread = (k / 7 - 0.5) * 2
        curl = c.between(-1.2, 1.2)
        t = np.linspace(0, 1, 9)
        x = spread * (0.3 + 0.75 * t) + 0.16 * np.sin(t * 5 + curl * 3) * t
        y = 0.05 + 0.85 * t * (1 - 0.35 * abs(spread)) + 0.05 * np.cos(t * 7 + curl)
        path = list(zip(x.tolist(), y.tolist(), strict=True))
        c.tube(path, (0.13, 0.025), tint(skin, c.between(0.75, 1.05)), gloss=0.3)
        for index in range(2, 9, 1):
            size = 0.05 * (1.1 - t[index])
            c.disc(path[index][0] + size, path[index][1], size, size, sucker)
            c.disc(path[index][0] + size, path[index][1], size * 0.5, size * 0.5, tint(skin, 0.45))
    dome = [
        (-0.4, 0.18),
        (-0.5, -0.3),
        (-0.38, -0.8),
        (0, -0.95),
        (0.38, -0.8),
        (0.5, -0.3),
        (0.4, 0.18),
        (0, 0.3),
    ]
    c.shape(dome, skin, puff=0.5, gloss=0.4, tex=0.14 * c.noise(1.5, 2))
    for _ in range(c.count(5, 12)):
        c.glow(c.between(-0.35, 0.35), c.between(-0.85, -0.3), 0.08, 0.07, tint(skin, 0.55))
    for side in (-1, 1):
        c.eye(
            side * 0.26,
            -0.04,
            0.15,
            c.colour(0.13, 0.75, 0.95),
            slit=-0.3,
            pupil=0.5,
            white=c.chance(0.4),
        )


@motif()
def starfish(c: Canvas) -> None:
    """Five thick arms, ridged and beaded."""
    skin = c.colour(c.choice(0.03, 0.06, 0.0, 0.1, 0.6, 0.85), 0.8, 0.88)
    radius, angle = c.polar()
    turned = (angle + c.between(0, 6.3)) * 5 / (2 * np.pi)
    ridge = 1 - np.abs(turned % 1 - 0.5) * 2
    slim = c.between(1.2, 2.0)
    arm = 0.3 + 0.66 * (1 - ridge) ** slim - radius
    height = np.sqrt(np.clip(arm, 0, 1))
    beads = smoothstep(0.45, 0.85, np.sin(radius * 34) * np.cos(ridge * 8 + radius * 4))
    spine = smoothstep(0.12, 0.04, ridge * radius)
    colour = mix(skin, tint(skin, 1.3, 0.25), np.maximum(beads * 0.8, spine * 0.6))
    c.relief(height * 0.6 + 0.04 * beads, colour, c.inside(arm), depth=0.8, gloss=0.15)


@motif()
def shell(c: Canvas) -> None:
    """A scallop: ribs that fan from the hinge, bands of growth, a scalloped rim."""
    first, second = (
        c.colour(c.choice(0.03, 0.08, 0.95, 0.75, None), 0.5, 0.9),
        c.colour(0.1, 0.15, 0.96),
    )
    across, up = c.x, 0.82 - c.y
    radius, angle = np.hypot(across, up), np.arctan2(across, up)
    ribs = c.count(9, 15)
    rib = 0.5 + 0.5 * np.cos(angle * ribs * 1.6)
    rim = 1.66 + 0.06 * rib - 0.1 * angle**2
    cover = c.inside(rim - radius) * c.inside((1.0 - np.abs(angle)) * (radius + 0.1))
    bands = 0.5 + 0.5 * np.sin(radius * c.between(9, 20) + 0.6 * c.noise(1, 3))
    colour = shade(mix(first, second, bands * 0.75), 0.55 + 0.3 * np.sqrt(rib) + 0.2 * radius)
    for side in (-1, 1):
        c.shape(
            [(0, 0.86), (side * 0.36, 0.86), (side * 0.3, 0.62), (0, 0.7)],
            tint(first, 0.85),
            puff=0.08,
        )
    c.relief(np.sqrt(rib) * 0.2 - 0.2 * (radius - 0.8) ** 2, colour, cover, gloss=0.3)


@motif(upright=True)
def coral(c: Canvas) -> None:
    """Branches that fork again and again, knobbed with polyps."""
    skin = c.colour(c.choice(0.0, 0.95, 0.07, 0.8, 0.5, 0.13), 0.7, 0.9)
    tips = tint(skin, 1.3, 0.25)

    def branch(x: float, y: float, angle: float, long: float, wide: float, left: int) -> None:
        end = (x + long * np.cos(angle), y + long * np.sin(angle))
        c.tube([(x, y), end], (wide, wide * 0.78), tint(skin, 0.62 + 0.09 * (4 - left)), tex=grain)
        if not left:
            c.ball(*end, wide * 1.2, wide * 1.2, tips, gloss=0.3)
            return
        for side in (-1, 1) if left < 4 else (-1.3, 0.0, 1.3):
            branch(
                *end,
                angle + side * c.between(0.28, 0.55),
                long * c.between(0.68, 0.85),
                wide * 0.74,
                left - 1,
            )

    grain = 0.22 * c.noise(2, 0)
    branch(0, 0.95, -1.57 + c.between(-0.15, 0.15), 0.46, 0.11, 4)


@motif(upright=True)
def jellyfish(c: Canvas) -> None:
    """A glowing bell with a frilled rim and trailing threads."""
    glow = c.colour(c.choice(0.55, 0.85, 0.75, 0.05, 0.95), 0.5, 0.9)
    for k in range(c.count(9, 14)):
        x0 = c.between(-0.5, 0.5)
        t = np.linspace(0, 1, 9)
        x = x0 * (1 - 0.25 * t) + 0.09 * np.sin(t * c.between(5, 9) + k) * t
        path = list(zip(x.tolist(), (-0.05 + c.between(0.7, 1.0) * t).tolist(), strict=True))
        c.line(path, (0.03, 0.01), tint(glow, c.between(0.6, 1.2), 0.1))
    for k in (-1, 0, 1):
        frill = curve(
            [(0.15 * k, -0.1), (0.22 * k + 0.08, 0.2), (0.14 * k - 0.08, 0.45), (0.18 * k, 0.75)],
            steps=4,
        )
        c.tube(frill, (0.13, 0.03), tint(glow, 1.1, 0.15), tex=0.3 * np.sin(c.y * 50), gloss=0.1)
    bell = [
        (-0.78, 0.02),
        (-0.7, -0.5),
        (-0.35, -0.86),
        (0, -0.94),
        (0.35, -0.86),
        (0.7, -0.5),
        (0.78, 0.02),
        (0.4, 0.1),
        (0, 0.02),
        (-0.4, 0.1),
    ]
    ribs = 0.2 * np.sin(np.arctan2(c.x, -c.y + 0.9) * 22)
    c.shape(
        bell,
        mix(tint(glow, 1.1, 0.2), tint(glow, 0.75), smoothstep(-0.9, 0.1, c.y)),
        puff=0.5,
        tex=ribs,
        gloss=0.5,
    )
    for at, rise in ((-0.36, 0.0), (-0.12, 0.1), (0.12, 0.1), (0.36, 0.0)):
        c.glow(at, -0.45 - rise, 0.13, 0.2, tint(glow, 1.2, 0.3), turn=at)
    c.line(
        curve([(-0.78, 0.02), (-0.4, 0.1), (0, 0.02), (0.4, 0.1), (0.78, 0.02)], steps=4),
        0.03,
        tint(glow, 1.3, 0.3),
    )


@motif()
def crab(c: Canvas) -> None:
    """A wide shell, two raised claws, jointed legs, eyes on stalks."""
    red = c.colour(c.choice(0.01, 0.04, 0.0, 0.58), 0.8, 0.82)
    for side in (-1, 1):
        for k in range(4):
            knee = (side * (0.72 + 0.05 * k), 0.1 + 0.16 * k)
            c.tube(
                [(side * 0.4, 0.15 + 0.08 * k), knee, (side * (0.9 - 0.06 * k), 0.45 + 0.16 * k)],
                (0.07, 0.025),
                tint(red, 0.8),
            )
        c.tube(
            curve([(side * 0.45, 0.05), (side * 0.82, -0.12), (side * 0.72, -0.42)], steps=4),
            (0.1, 0.09),
            red,
        )
        claw = [
            (0.6, -0.4),
            (0.45, -0.7),
            (0.55, -0.97),
            (0.62, -0.68),
            (0.8, -0.95),
            (0.95, -0.7),
            (0.85, -0.4),
        ]
        c.shape([(side * x, y) for x, y in claw], tint(red, 1.05), puff=0.2, gloss=0.4)
        c.tube([(side * 0.17, -0.1), (side * 0.2, -0.4)], 0.035, red)
        c.ball(side * 0.2, -0.44, 0.08, 0.09, (0.06, 0.05, 0.06), gloss=0.9)
    bumps = 0.2 * c.noise(1.5, 1)
    c.shape(
        [
            (-0.62, 0.05),
            (-0.35, -0.22),
            (0.35, -0.22),
            (0.62, 0.05),
            (0.4, 0.5),
            (0, 0.6),
            (-0.4, 0.5),
        ],
        red,
        puff=0.4,
        tex=bumps,
        gloss=0.3,
    )
    c.line(curve([(-0.2, 0.36), (0, 0.42), (0.2, 0.36)], steps=4), 0.018, tint(red, 0.3))
