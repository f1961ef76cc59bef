"""Patterns around a centre, and feathers."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.registry import motif


@motif()
def spiral(c: Canvas) -> None:
    """Rounded arms that wind outwards."""
    radius, angle = c.polar()
    arms, hand = c.count(1, 4), c.choice(-1, 1)
    wind = c.between(1.2, 2.6) * hand
    phase = (np.log(radius + 0.02) * wind + arms * angle / (2 * np.pi)) % 1
    round_ = np.sqrt(np.clip(1 - (2 * phase - 1) ** 2, 0, 1))
    colour = mix(c.colour(), c.colour(), smoothstep(0.2, 0.8, phase))
    beads = 1 + c.choice(0, 0.25) * np.sin(angle * 24 + phase * 4)
    deep = shade(colour, (0.2 + 0.9 * round_) * beads)
    c.relief(round_ * radius * 0.7, deep, c.inside(0.97 - radius), depth=0.8, gloss=0.35)


@motif()
def mandala(c: Canvas) -> None:
    """Rings of petals and beads around a jewel."""
    radius, angle = c.polar()
    folds = c.choice(6, 8, 10, 12, 16)
    colours = [c.colour() for _ in range(5)]
    place = np.abs(((angle * folds / (2 * np.pi)) % 1) - 0.5) * 2
    c.paint(c.inside(0.97 - radius), tint(colours[0], 0.5))
    for ring, reach in enumerate((0.96, 0.76, 0.57, 0.38)):
        wave = place if ring % 2 else 1 - place
        edge = reach * (1 - 0.32 * wave ** c.between(0.6, 1.6))
        within = np.clip((edge - radius) / (0.25 * reach), 0, 1)
        light = 0.55 + 0.55 * within
        c.paint(c.inside(edge - radius), shade(colours[ring + 1], light))
        c.paint(c.inside(0.015 - np.abs(edge - 0.02 - radius)), tint(colours[ring + 1], 1.4, 0.25))
        c.paint(c.inside(edge * 0.84 - radius), tint(colours[ring], 0.65))
        size = 0.06 * reach + 0.015
        for k in range(folds):
            at = (k + 0.5 * (ring % 2)) * 2 * np.pi / folds
            c.ball(
                reach * 0.76 * np.cos(at),
                reach * 0.76 * np.sin(at),
                size,
                size,
                colours[(ring + 2) % 5],
                gloss=0.6,
            )
    c.ball(0, 0, 0.16, 0.16, colours[2], gloss=0.7)


@motif()
def target(c: Canvas) -> None:
    """Concentric rings of a few colours."""
    radius, _ = c.polar()
    colours = np.stack([c.colour() for _ in range(c.count(2, 3))])
    place = radius * c.between(4, 8)
    colour = colours[np.floor(place).astype(int) % len(colours)]
    rim = np.abs(place % 1 - 0.5)
    light = 1.05 - c.between(0, 0.9) * rim
    c.relief(
        (0.5 - rim) * c.between(0, 0.15), shade(colour, light), c.inside(0.96 - radius), gloss=0.3
    )


@motif()
def star(c: Canvas) -> None:
    """A faceted star, folded along its rays."""
    radius, angle = c.polar()
    points = c.choice(4, 5, 5, 6, 8)
    place = ((angle + c.between(0, 6.3)) * points / (2 * np.pi)) % 1
    ray = np.abs(place - 0.5) * 2
    half = np.pi / points
    inner = c.between(0.34, 0.5)
    tip_x, tip_y, root_x, root_y = 0.97, 0.0, inner * np.cos(half), inner * np.sin(half)
    turn = (1 - ray) * half
    reach = (tip_x * root_y - tip_y * root_x) / (
        root_y * np.cos(turn) + (tip_x - root_x) * np.sin(turn)
    )
    side = (place > 0.5).astype(np.float32)
    gold = c.colour(c.choice(0.13, 0.13, None), 0.85, 0.9)
    facing = np.cos(np.floor((angle + 3.2) * points / np.pi) * 2.1 + c.between(0, 6)) * 0.08
    light = 0.55 + 0.5 * side + facing - 0.2 * radius
    c.paint(c.inside((reach - radius) * 0.7), shade(gold, light))
    c.paint(
        c.inside((reach - radius) * 0.7) * smoothstep(0.06, 0.0, (1 - ray) * radius),
        tint(gold, 1.25, 0.2),
    )


@motif()
def snowflake(c: Canvas) -> None:
    """Six branched arms of ice."""
    ice = c.colour(c.choice(0.55, 0.6, 0.5), 0.25, 0.97)
    branches = [(c.between(0.2, 0.9), c.between(0.12, 0.34)) for _ in range(c.count(3, 5))]
    for k in range(6):
        angle = k * np.pi / 3
        cos, sin = np.cos(angle), np.sin(angle)
        c.tube([(0, 0), (0.95 * cos, 0.95 * sin)], (0.05, 0.03), ice, gloss=0.5)
        for place, long in branches:
            x, y = place * cos, place * sin
            for side in (-1, 1):
                out = angle + side * np.pi / 3
                c.tube(
                    [(x, y), (x + long * np.cos(out), y + long * np.sin(out))],
                    (0.04, 0.02),
                    ice,
                    gloss=0.5,
                )
    c.ball(0, 0, 0.13, 0.13, tint(ice, 0.9), gloss=0.7)


@motif()
def peacock_feather(c: Canvas) -> None:
    """The eye of a peacock's feather: bronze, turquoise and blue in a fringe of barbs."""
    radius, angle = c.polar(0, 0.06)
    shift = c.between(-0.05, 0.05)
    barbs = 0.3 * np.sin(angle * 56 + radius * 7) + 0.1 * c.streaks_at(angle * 30, radius * 20)
    frayed = 0.95 + 0.05 * np.sin(angle * 44) - np.hypot(c.x, c.y)
    green = c.colour(0.3 + shift, 0.8, 0.5, 0.02)
    c.paint(
        c.inside(frayed, 3),
        shade(mix(green, c.colour(0.12, 0.7, 0.6), smoothstep(0.5, 0.95, radius)), 1 + barbs),
    )
    rings = (
        (0.74, 0.78, 0.04, 0.12, 0.8),
        (0.63, 0.66, 0.06, 0.24, 0.7),
        (0.53, 0.55, 0.08, 0.075, 0.65),
        (0.41, 0.43, 0.11, 0.5, 0.9),
    )
    for rx, ry, cy, hue, value in rings:
        colour = c.colour(hue + shift, 0.88, value, 0.015)
        c.ball(0, cy, rx, ry, colour, gloss=0.1, dome=0.25, tex=0.6 * barbs)
    notch = 1 - c.inside(0.09 - np.abs(c.x)) * (c.y > 0.2)
    c.disc(0, 0.15, 0.25, 0.26, c.colour(0.66 + shift, 0.95, 0.35), clip=notch)
    c.glow(-0.08, 0.05, 0.14, 0.1, (0.5, 0.7, 1.0), opacity=0.7)


@motif()
def feather(c: Canvas) -> None:
    """A plume: curved shaft, slanting barbs, bars, splits and down at the root."""
    first, second = c.colour(), c.colour()
    bend = c.between(0.05, 0.25)
    axis = bend * np.sin((c.y + 1) * 1.6) - bend * 0.5
    away = c.x - axis
    t = np.clip((c.y + 0.95) / 1.65, 0, 1)
    half = c.between(0.34, 0.5) * np.sin(t**0.7 * np.pi * 0.96) ** 0.7
    slant = c.y + np.abs(away) * c.between(0.7, 1.3)
    barbs = np.sin(slant * c.between(60, 85) + 0.6 * c.noise(1, 3))
    bars = smoothstep(-0.3, 0.3, np.sin(slant * c.between(5, 12) + c.between(0, 6)))
    split = smoothstep(1.5, 1.9, c.noise_at(slant * 30, np.sign(away) * 40, 2) + 0.2 * barbs)
    colour = shade(
        mix(first, second, bars),
        0.78 + 0.22 * barbs - 0.3 * (np.abs(away) / (half + 0.05)) * (away * c.light[0] < 0),
    )
    c.paint(c.inside(half + 0.025 * barbs - np.abs(away), 2) * (1 - 0.9 * split), colour)
    shaft = c.inside(0.028 - 0.012 * t - np.abs(away)) * (np.abs(c.y) < 0.97)
    c.paint(shaft, (0.95, 0.92, 0.8))


@motif()
def stained_glass(c: Canvas) -> None:
    """A rose window: leaded panes of glowing colours around a centre."""
    radius, angle = c.polar()
    folds = c.choice(6, 8, 10, 12)
    colours = [c.colour(saturation=0.85, value=0.85) for _ in range(4)]
    c.paint(c.inside(0.98 - radius), c.colour(0.1, 0.2, 0.6))
    c.paint(c.inside(0.9 - radius), (0.06, 0.05, 0.07))
    glow = 1 + 0.2 * c.noise(1.5, 2)
    for reach, size, turn, number in ((0.63, 0.85, 0.0, folds), (0.36, 0.6, 0.5, folds)):
        place = ((angle * number / (2 * np.pi) + turn) % 1 - 0.5) * 2 * np.pi / number
        dx, dy = radius * np.cos(place) - reach, radius * np.sin(place)
        wide = reach * np.sin(np.pi / number) * 0.92
        pane = np.hypot(dx * size * 0.9, dy) / wide
        inside = c.inside((1 - pane) * wide)
        index = np.floor(angle * number / (2 * np.pi) + turn).astype(int) % 2
        colour = np.stack(colours)[index + (2 if turn else 0)]
        c.paint(inside, shade(colour, (1.25 - 0.5 * pane) * glow))
        c.paint(c.inside(0.02 - np.abs(pane - 0.55) * wide) * inside, (0.06, 0.05, 0.07))
    c.ball(0, 0, 0.17, 0.17, colours[0], gloss=0.5)


@motif()
def knot(c: Canvas) -> None:
    """A woven band that passes over and under itself around a ring."""
    lobes, wind = c.choice((3, 2), (5, 2), (4, 3), (5, 3))
    base = c.colour()
    t = np.linspace(0, 2 * np.pi * wind, 76)
    radius = 0.6 + 0.3 * np.cos(t * lobes / wind)
    path = np.stack([radius * np.cos(t), radius * np.sin(t)], -1)
    height = np.sin(t * lobes / wind)
    wide = c.between(0.09, 0.13)
    for k in np.argsort((height[:-1] + height[1:]) / 2):
        piece = [tuple(path[k]), tuple(path[k + 1])]
        c.line(piece, wide + 0.02, tint(base, 0.2))
        tone = tint(base, 0.85 + 0.25 * float(height[k]))
        c.tube(piece, wide, tone, gloss=0.35)
