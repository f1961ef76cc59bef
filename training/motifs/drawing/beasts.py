"""Animals' faces from the front."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import Colour, mix, shade, smoothstep, tint
from training.motifs.drawing.heads import (
    DARK,
    SIDES,
    ears,
    head,
    mouth,
    muzzle,
    nose,
    stripes,
    whiskers,
)
from training.motifs.drawing.plane import curve
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import scale_pattern


@motif(upright=True)
def dog(c: Canvas) -> None:
    """Hanging or pricked ears, a long pale muzzle, a wet nose, often the tongue."""
    coat = c.coat()
    dark = tint(coat, c.between(0.3, 0.85))
    if c.chance(0.3):
        ears(c, (0.5, -0.4), (0.66, -0.95), 0.2, dark)
        hanging = False
    else:
        hanging = True
    cover = head(c, coat, 0.62, 0.72, 0.0)
    if c.chance(0.5):
        c.shape(
            [(-0.1, -0.75), (0.1, -0.75), (0.17, 0.2), (-0.17, 0.2)],
            tint(coat, 1.4, 0.2),
            clip=cover,
        )
    if c.chance(0.35):
        c.disc(0.3, -0.16, 0.26, 0.28, tint(dark, 0.6), clip=cover)
    if hanging:
        hair = 0.25 * c.streaks_at(c.x * 60, c.y * 22)
        for side in SIDES:
            ear = [(0.35, -0.62), (0.7, -0.6), (0.95, 0.0), (0.85, 0.5), (0.62, 0.35), (0.55, -0.2)]
            c.shape([(side * px, py) for px, py in ear], dark, puff=0.3, tex=hair)
    c.comb_out(0, -0.1, 0.6, 0.65, 0.14)
    for side in SIDES:
        c.eye(side * 0.28, -0.16, 0.14, c.colour(0.07, 0.7, 0.4), pupil=0.62)
        c.glow(side * 0.28, -0.4, 0.16, 0.08, tint(coat, 1.5, 0.1), opacity=0.6)
    if c.chance(0.5):
        c.shape(
            [(-0.13, 0.55), (0.13, 0.55), (0.13, 0.85), (0, 0.97), (-0.13, 0.85)],
            (0.9, 0.36, 0.42),
            puff=0.15,
        )
        c.line([(0, 0.6), (0, 0.85)], 0.012, (0.6, 0.15, 0.2))
    muzzle(c, 0.4, 0.36, 0.26, tint(coat, 1.25, 0.15))
    mouth(c, 0.3, 0.24, 0.3)
    nose(c, 0.22, 0.2, DARK)


@motif(upright=True)
def cat(c: Canvas) -> None:
    """Tall ears close to the brow, slit eyes, a small pink nose, whiskers."""
    coat = c.coat()
    ears(c, (0.48, -0.32), (0.66, -0.96), 0.3, tint(coat, 0.85))
    cover = head(c, coat, 0.8, 0.66, 0.12)
    if c.chance(0.65):
        stripes(c, cover, tint(coat, 0.3), 0.75)
    c.comb_out(0, 0.1, 0.78, 0.62, 0.13)
    iris = c.colour(c.choice(0.13, 0.28, 0.42, 0.56), 0.8, 0.92, 0.03)
    slit = c.between(0.3, 1.1)
    for side in SIDES:
        c.eye(side * 0.34, 0.0, 0.2, iris, slit=slit, pupil=0.6)
        lid = [(side * 0.12, 0.1), (side * 0.3, -0.2), (side * 0.58, -0.08)]
        c.line(curve(lid, steps=4), 0.03, DARK)
    muzzle(c, 0.42, 0.24, 0.15, tint(coat, 1.25, 0.25))
    mouth(c, 0.38, 0.09, 0.18)
    nose(c, 0.3, 0.1, c.choice((0.85, 0.45, 0.45), (0.25, 0.15, 0.15)))
    whiskers(c, 0.44, 0.22, 0.97)


@motif(upright=True)
def lion(c: Canvas) -> None:
    """A golden face in a wide mane of strands."""
    mane, coat = (
        c.colour(0.065, 0.8, c.choice(0.3, 0.5, 0.65), 0.02),
        c.colour(0.1, 0.58, 0.88, 0.02),
    )
    radius, angle = c.polar(0, 0.02)
    locks = c.count(11, 19)
    rim = (
        0.88
        + 0.06 * np.sin(angle * locks + c.between(0, 6))
        + 0.05 * c.noise_at(angle * 16, radius, 0)
    )
    strands = 0.75 + 0.28 * c.streaks_at(angle * 26, radius * 26) + 0.35 * (radius - 0.5)
    c.paint(
        c.inside(rim - radius, 2),
        shade(mix(mane, tint(coat, 0.9), smoothstep(0.7, 0.4, radius) * 0.5), strands),
    )
    mane_hairs(c)
    for side in SIDES:
        c.ball(side * 0.43, -0.44, 0.15, 0.15, tint(coat, 0.9), fuzz=0.15)
        c.ball(side * 0.43, -0.42, 0.08, 0.08, tint(coat, 0.4))
    head(c, coat, 0.5, 0.58, 0.04)
    c.comb_out(0, 0.0, 0.5, 0.55, 0.1, count=200)
    bridge = [(-0.1, -0.3), (0.1, -0.3), (0.16, 0.15), (-0.16, 0.15)]
    c.shape(bridge, tint(coat, 1.1, 0.04), puff=0.12)
    for side in SIDES:
        c.eye(side * 0.24, -0.1, 0.1, c.colour(0.11, 0.85, 0.85, 0.03), pupil=0.5)
        c.line([(side * 0.13, 0.02), (side * 0.3, -0.2)], (0.02, 0.03), tint(mane, 0.4))
    c.ball(0, 0.56, 0.2, 0.14, tint(coat, 1.3, 0.2), fuzz=0.1)
    muzzle(c, 0.36, 0.27, 0.17, tint(coat, 1.15, 0.15))
    mouth(c, 0.3, 0.14, 0.24)
    nose(c, 0.2, 0.16, (0.3, 0.14, 0.12))


def mane_hairs(c: Canvas) -> None:
    """Long hairs flung outwards over the mane."""
    if c.style.flat:
        return
    angle = c.rng.uniform(0, 2 * np.pi, 320)
    outward = np.stack([np.cos(angle), np.sin(angle)], -1)
    starts = outward * c.rng.uniform(0.45, 0.85, (320, 1))
    c.comb(starts, outward, 0.2, jitter=0.4, width_px=1.0)


@motif(upright=True)
def tiger(c: Canvas) -> None:
    """Orange with black stripes, white around eyes and mouth."""
    coat = c.colour(0.07, 0.82, 0.92, 0.02) if c.chance(0.85) else c.colour(0.1, 0.06, 0.95)
    for side in SIDES:
        c.ball(side * 0.55, -0.55, 0.22, 0.22, tint(coat, 0.5))
        c.ball(side * 0.55, -0.53, 0.13, 0.13, (0.9, 0.86, 0.8))
    cover = head(c, coat, 0.8, 0.76, 0.06)
    for side in SIDES:
        c.glow(side * 0.58, 0.45, 0.4, 0.42, (1, 0.97, 0.92), clip=cover)
        c.glow(side * 0.32, -0.3, 0.24, 0.2, (1, 0.97, 0.92), opacity=0.9, clip=cover)
    stripes(c, cover, (0.05, 0.04, 0.04), 0.95)
    c.comb_out(0, 0.05, 0.78, 0.72, 0.12)
    for side in SIDES:
        c.eye(side * 0.31, -0.1, 0.13, c.colour(0.14, 0.8, 0.85), pupil=0.45)
    c.shape([(-0.13, -0.3), (0.13, -0.3), (0.18, 0.2), (-0.18, 0.2)], tint(coat, 1.05), puff=0.12)
    muzzle(c, 0.42, 0.32, 0.2, (0.98, 0.95, 0.9))
    mouth(c, 0.36, 0.15, 0.27)
    nose(c, 0.24, 0.17, (0.75, 0.4, 0.38))
    whiskers(c, 0.42, 0.3, 0.95)


@motif(upright=True)
def owl(c: Canvas) -> None:
    """Two great eyes in discs of rays, a hooked bill, a mottled breast."""
    coat = c.coat()
    pattern = scale_pattern(c.x * c.between(5, 8), c.y * c.between(6, 9) + 20)
    mottled = 0.4 * (pattern.height - 0.6) + 0.3 * (pattern.tone - 0.5)
    for side in SIDES:
        c.shape(
            [(side * 0.12, -0.5), (side * 0.66, -0.98), (side * 0.72, -0.25)],
            tint(coat, 0.6),
            puff=0.1,
        )
    c.ball(0, 0.08, 0.8, 0.87, coat, tex=mottled, gloss=0.03)
    iris = c.colour(0.11, 0.95, 0.97, 0.04)
    for side in SIDES:
        part = c.ellipse(side * 0.35, -0.16, 0.4, 0.42)
        rays = 0.3 * np.sin(part.angle * c.count(20, 34)) + 0.12 * np.sin(part.distance * 20)
        c.ball(
            side * 0.35,
            -0.16,
            0.4,
            0.42,
            tint(coat, 1.25, 0.22),
            tex=rays,
            gloss=0,
            dome=0.3,
            fuzz=0.06,
        )
        c.eye(side * 0.33, -0.15, 0.23, iris, pupil=c.between(0.4, 0.65))
        brow = [(side * 0.02, -0.12), (side * 0.25, -0.48), (side * 0.75, -0.62)]
        c.line(curve(brow, steps=4), (0.06, 0.02), tint(coat, 0.5))
    bill = c.colour(0.11, 0.75, 0.8)
    c.shape(
        [(-0.1, -0.02), (0.1, -0.02), (0.07, 0.22), (0, 0.36), (-0.07, 0.22)],
        bill,
        puff=0.12,
        gloss=0.5,
    )


@motif(upright=True)
def monkey(c: Canvas) -> None:
    """A bare, heart-shaped face in dark fur, round ears, a broad mouth."""
    coat, bare = c.coat(), c.colour(0.06, 0.42, 0.82, 0.02)
    for side in SIDES:
        c.ball(side * 0.78, -0.02, 0.2, 0.25, coat)
        c.ball(side * 0.78, 0.0, 0.12, 0.16, tint(bare, 0.8), gloss=0)
    head(c, coat, 0.72, 0.78, -0.06)
    c.comb_out(0, -0.06, 0.7, 0.76, 0.16, count=320)
    for side in SIDES:
        c.ball(side * 0.24, -0.14, 0.3, 0.32, bare, gloss=0.02)
    c.ball(0, 0.36, 0.46, 0.38, tint(bare, 1.05), gloss=0.06)
    for side in SIDES:
        c.glow(side * 0.23, -0.12, 0.24, 0.22, tint(bare, 0.4), opacity=0.8)
        c.eye(side * 0.23, -0.12, 0.135, c.colour(0.06, 0.7, 0.45), pupil=0.55, white=c.chance(0.4))
        c.disc(side * 0.07, 0.2, 0.045, 0.03, tint(bare, 0.2), turn=side * 0.5)
        c.line([(side * 0.05, -0.36), (side * 0.42, -0.34)], 0.03, tint(coat, 0.5))
    grin = c.between(-0.04, 0.1)
    c.line(
        curve([(-0.32, 0.44 - grin), (0, 0.5 + grin), (0.32, 0.44 - grin)], steps=5),
        0.022,
        tint(bare, 0.25),
    )


def canine(c: Canvas, coat: Colour, pale: Colour, slim: float) -> None:
    """A fox's or wolf's pointed face: dark back, pale cheeks that run out in tufts."""
    ears(c, (0.45, -0.3), (0.62, -0.97), 0.24, tint(coat, 0.75))
    ruff = [(-0.95, 0.05), (-0.55, -0.45), (0, -0.55), (0.55, -0.45), (0.95, 0.05)]
    chin = [(0.55, 0.42), (0.2 * slim, 0.88), (-0.2 * slim, 0.88), (-0.55, 0.42)]
    hair = 0.18 * c.streaks_at(np.arctan2(c.y, c.x) * 22, c.polar()[0] * 26)
    c.shape(ruff + chin, coat, puff=0.4, tex=hair)
    for side in SIDES:
        cheek = [(0.93, 0.08), (0.5, 0.02), (0.2, 0.22), (0.1, 0.85), (0.55, 0.42)]
        c.shape([(side * px, py) for px, py in cheek], pale, puff=0.2, tex=hair)
    bridge = [(-0.16, -0.2), (0.16, -0.2), (0.13 * slim, 0.6), (-0.13 * slim, 0.6)]
    c.shape(bridge, tint(coat, 1.08), puff=0.2, tex=hair)
    c.comb_out(0, 0, 0.85, 0.6, 0.14, count=320)
    for side in SIDES:
        c.eye(side * 0.31, -0.06, 0.12, c.colour(c.choice(0.1, 0.13), 0.85, 0.85, 0.02), pupil=0.45)
        lid = [(side * 0.12, 0.04), (side * 0.3, -0.2), (side * 0.5, -0.16)]
        c.line(curve(lid, steps=4), 0.03, DARK)
    mouth(c, 0.72, 0.06, 0.16)
    nose(c, 0.64, 0.13, DARK)


@motif(upright=True)
def fox(c: Canvas) -> None:
    """Red, slim, with white cheeks."""
    canine(c, c.colour(0.055, 0.85, 0.85, 0.015), (0.98, 0.95, 0.9), 0.8)


@motif(upright=True)
def wolf(c: Canvas) -> None:
    """Grey, broad, darker around the brow."""
    coat = c.colour(c.choice(0.6, 0.09), 0.12, c.between(0.3, 0.6))
    canine(c, coat, tint(coat, 1.5, 0.12), 1.3)


@motif(upright=True)
def panda(c: Canvas) -> None:
    """White, with black ears and drooping eye patches."""
    pale = c.colour(0.1, 0.06, 0.96)
    for side in SIDES:
        c.ball(side * 0.6, -0.62, 0.26, 0.26, (0.1, 0.09, 0.1), fuzz=0.12)
    head(c, pale, 0.82, 0.74, 0.06)
    c.comb_out(0, 0.05, 0.8, 0.72, 0.12, count=220)
    for side in SIDES:
        c.ball(
            side * 0.34, -0.02, 0.22, 0.3, (0.09, 0.08, 0.09), turn=side * 0.6, fuzz=0.1, gloss=0.05
        )
        c.eye(side * 0.31, -0.06, 0.13, c.colour(0.07, 0.65, 0.7), pupil=0.5)
    c.ball(0, 0.42, 0.28, 0.22, pale, fuzz=0.08)
    mouth(c, 0.38, 0.14, 0.2)
    nose(c, 0.3, 0.15, DARK)
