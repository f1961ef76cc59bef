"""Patterns that fill the square: coats, scales, masonry, weaves, water and fire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.motifs.drawing.canvas import Canvas, mix, shade, smoothstep, tint
from training.motifs.drawing.noise import Field, scatter
from training.motifs.drawing.registry import motif


@dataclass(frozen=True)
class Pattern:
    """Of every point: height 0..1 within its cell, the cell's own number 0..1, place in it."""

    height: Field
    tone: Field
    across: Field
    down: Field


def scale_pattern(across: Field, down: Field) -> Pattern:
    """Overlapping rounded scales in rows, one by one unit; each hangs over the next row."""
    row = np.floor(down)
    height = np.zeros_like(down)
    tone, left, depth = np.zeros_like(down), np.zeros_like(down), np.zeros_like(down)
    for step in (1, 0, -1):
        line = row + step
        shifted = across + 0.5 * (line % 2)
        column = np.floor(shifted)
        u, v = shifted - column - 0.5, down - line
        reach = np.sqrt(u * u + 0.64 * v * v) / 0.64
        hit = (reach < 1) & (v >= 0)
        rim = 0.25 + 0.75 * reach - 0.65 * smoothstep(0.82, 1.0, reach)
        height = np.where(hit, rim, height)
        tone = np.where(hit, scatter(line, column), tone)
        left, depth = np.where(hit, u, left), np.where(hit, v, depth)
    return Pattern(height, tone, left, depth)


def field_plane(c: Canvas, cells: float) -> tuple[Field, Field]:
    """Turned and gently warped coordinates with about ``cells`` cells across the canvas."""
    angle, bend = c.between(-0.3, 0.3), c.between(0, 0.08)
    x, y = c.x + bend * c.noise(0.7, 4), c.y + bend * c.noise(0.7, 4)
    scale = cells / 2
    return ((x * np.cos(angle) + y * np.sin(angle)) * scale + 20,
            (y * np.cos(angle) - x * np.sin(angle)) * scale + 20)  # fmt: skip


@motif(texture=True)
def fur(c: Canvas) -> None:
    """Hair in soft tufts that flow around, lighter at the tips."""
    coat = c.coat()
    angle = 0.9 * c.noise(0.5, 4) + c.between(0, 6.3)
    down, across = c.y * 64, c.x * 64
    along = across * np.cos(angle) + down * np.sin(angle)
    beside = down * np.cos(angle) - across * np.sin(angle)
    coarse = c.streaks_at(beside * 0.5, along * 0.4)
    fine = c.streaks_at(beside, along * 0.8)
    patches = smoothstep(-0.5, 1.0, c.noise(0.6, 3))
    base = mix(coat, tint(coat, c.between(0.4, 1.4), c.between(0, 0.2)), patches)
    c.fill(shade(base, 0.75 + 0.22 * coarse + 0.14 * fine))
    starts = c.rng.uniform(-1, 1, (500, 2))
    pixels = np.clip(c.to_pixels(starts), 0, c.side - 1).astype(int)
    flow = angle[pixels[:, 1], pixels[:, 0]]
    c.comb(starts, np.stack([np.cos(flow), np.sin(flow)], -1), c.between(0.12, 0.3), jitter=0.3)


@motif(texture=True)
def scales(c: Canvas) -> None:
    """A reptile's or fish's scales, each lit and of its own tone."""
    base, other = c.colour(), c.colour()
    across, down = field_plane(c, c.between(6, 13))
    cell = scale_pattern(across, down)
    drift = smoothstep(-1, 1, c.noise(0.5, 4)) * 0.8
    colour = shade(mix(base, other, drift), 0.6 + 0.5 * cell.tone)
    rib = 1 + 0.1 * np.cos(cell.across * 22) * c.choice(0, 1)
    c.relief(
        cell.height * 0.22,
        shade(colour, (0.68 + 0.5 * cell.height) * rib),
        gloss=c.between(0.1, 0.6),
    )


@motif(texture=True)
def feathers(c: Canvas) -> None:
    """Overlapping feathers with shafts, barbs and pale tips."""
    base, tip = c.coat() if c.chance(0.5) else c.colour(), c.colour()
    across, down = field_plane(c, c.between(4, 7))
    cell = scale_pattern(across, down)
    away = np.abs(cell.across)
    barbs = np.sin((cell.down * 1.2 + away) * c.between(28, 44)) * 0.14
    shaft = smoothstep(0.05, 0.015, away)
    reach = np.sqrt(cell.across**2 + 0.64 * cell.down**2) / 0.64
    colour = mix(base, tip, smoothstep(0.55, 0.8, reach) * c.between(0.4, 1))
    colour = mix(colour, tint(base, 1.4, 0.2), shaft * 0.8)
    light = (0.5 + 0.65 * cell.height) * (0.8 + 0.4 * cell.tone) * (1 + barbs)
    c.fill(shade(colour, light))


@motif(texture=True)
def brick(c: Canvas) -> None:
    """Courses of weathered bricks in mortar."""
    across, down = field_plane(c, c.between(6, 11))
    row = np.floor(down)
    shifted = across * 0.5 + 0.5 * (row % 2)
    u, v = shifted - np.floor(shifted), down - row
    edge = np.minimum(np.minimum(u, 1 - u) * 2, np.minimum(v, 1 - v)) + 0.02 * c.noise(2, 1)
    height = smoothstep(0.04, 0.15, edge)
    tone = scatter(row, np.floor(shifted))
    clay = c.colour(0.03, 0.6, 0.68, 0.03) if c.chance(0.75) else c.colour()
    mortar = c.colour(0.1, 0.1, c.choice(0.35, 0.75), 0.05)
    colour = shade(mix(mortar, clay, height), 0.65 + 0.5 * tone * height + 0.12 * c.noise(2, 1))
    c.relief(height * 0.2 + 0.012 * c.noise(2, 1), colour, gloss=0.03)


@motif(texture=True)
def weave(c: Canvas) -> None:
    """Basketwork: strands over and under."""
    u, v = field_plane(c, c.between(6, 11))
    column, row = np.floor(u), np.floor(v)
    over = (column + row) % 2 > 0
    fu, fv = u - column - 0.5, v - row - 0.5
    lying = np.sqrt(np.clip(1 - (1.95 * fv) ** 2, 0, 1)) * (1 - 1.2 * fu * fu)
    standing = np.sqrt(np.clip(1 - (1.95 * fu) ** 2, 0, 1)) * (1 - 1.2 * fv * fv)
    height = np.where(over, lying, standing)
    grain = 0.12 * np.where(over, np.sin(fv * 30 + scatter(row) * 6), np.sin(fu * 30))
    straw = c.colour(0.09, 0.55, 0.8, 0.03) if c.chance(0.6) else c.colour()
    other = c.choice(tint(straw, 0.75), c.colour())
    colour = mix(straw, other, over.astype(np.float32))
    c.fill(shade(colour, (0.18 + 0.95 * height) * (1 + grain)))


@motif(texture=True)
def wood(c: Canvas) -> None:
    """Planks or the rings of a stump, with pores and a knot."""
    timber = c.colour(0.075, 0.6, c.choice(0.4, 0.65, 0.8), 0.02)
    cx, cy = c.between(-0.5, 0.5), c.between(-0.5, 0.5)
    stretch = c.choice(1.0, 0.25, 0.12)
    radius = np.hypot((c.x - cx) * stretch, c.y - cy) + 0.05 * c.noise(0.5, 4)
    ring = (radius * c.between(5, 10)) % 1
    pores = 0.1 * c.streaks_at(c.y * 64, c.x * 30)
    colour = mix(tint(timber, 0.45), timber, smoothstep(0, 0.75, ring))
    light = 1 + pores
    if stretch < 0.5 and c.chance(0.6):
        gap = np.abs((c.y * c.between(1, 2) + 0.3) % 1 - 0.5)
        light = light * (0.25 + 0.75 * smoothstep(0, 0.04, gap))
    c.fill(shade(colour, light))


def wandering_bands(c: Canvas, frequency: float, spread: float) -> Field:
    """Stripes that fork and wander, about -1..1 (waves of nearly one direction added)."""
    heading = c.between(0, np.pi)
    total = np.zeros_like(c.x)
    for _ in range(9):
        angle = heading + c.between(-spread, spread)
        turn = c.x * np.cos(angle) + c.y * np.sin(angle)
        total = total + np.cos(turn * frequency * np.pi * c.between(0.85, 1.15) + c.between(0, 6.3))
    return total / 2.2


@motif(texture=True)
def zebra(c: Canvas) -> None:
    """Black and white stripes that fork."""
    bands = wandering_bands(c, c.between(4, 7.5), c.between(0.35, 0.8))
    pale, dark = c.colour(0.1, 0.08, 0.95), c.colour(0.08, 0.3, 0.1)
    if c.chance(0.15):
        pale, dark = c.colour(None, 0.5, 0.9), c.colour(None, 0.8, 0.25)
    hair = 1 + 0.1 * c.streaks_at(c.y * 64, c.x * 40)
    c.fill(shade(mix(dark, pale, smoothstep(-0.15, 0.15, bands)), hair))


@motif(texture=True)
def leopard(c: Canvas) -> None:
    """Broken rosettes on gold."""
    gold = c.colour(0.1, 0.55, 0.88, 0.025)
    c.fill(shade(gold, 1 + 0.1 * c.streaks_at(c.y * 60, c.x * 40) + 0.05 * c.noise(1, 3)))
    cells = c.count(5, 8)
    for row in range(cells):
        for column in range(cells):
            x = (column + 0.5 * (row % 2) + 0.5) / cells * 2.2 - 1.1 + c.between(-0.06, 0.06)
            y = (row + 0.5) / cells * 2.2 - 1.1 + c.between(-0.06, 0.06)
            radius = 0.95 / cells * c.between(0.8, 1.15)
            part = c.ellipse(x, y, radius, radius * c.between(0.75, 1.2), c.between(0, 3))
            gaps = np.sin(part.angle * 2 + c.between(0, 6)) + 0.8 * np.sin(
                part.angle * 3 + c.between(0, 6)
            )
            ring = smoothstep(0.4, 0.55, part.distance) * smoothstep(1.0, 0.85, part.distance)
            c.paint(part.cover * 0.45 * (part.distance < 0.7), tint(gold, 0.6), part.box)
            c.paint(ring * smoothstep(-1.0, -0.5, gaps), (0.09, 0.05, 0.03), part.box)


@motif(texture=True)
def honeycomb(c: Canvas) -> None:
    """Six-sided cells with bright walls, some filled with honey."""
    across, down = field_plane(c, c.between(5, 10))
    q, z = across * 2 / np.sqrt(3), down - across / np.sqrt(3)
    cube = np.stack([q, z, -q - z])
    whole = np.round(cube)
    off = np.abs(whole - cube)
    worst = np.argmax(off, 0)
    for axis in range(3):
        others = [n for n in range(3) if n != axis]
        whole[axis] = np.where(worst == axis, -whole[others].sum(0), whole[axis])
    a, b, d = cube - whole
    wall = np.maximum(np.maximum(np.abs(a - b), np.abs(b - d)), np.abs(d - a))
    tone = scatter(whole[0], whole[1])
    wax = c.colour(0.115, 0.85, 0.92, 0.03) if c.chance(0.75) else c.colour()
    rim = smoothstep(0.68, 0.92, wall)
    filled = (tone > 0.6)[..., None]
    cell = np.where(filled, tint(wax, 0.9), tint(wax, 0.35)) * (0.7 + 0.4 * tone[..., None])
    c.relief(
        rim * 0.22 + 0.15 * (1 - wall) * filled[..., 0],
        mix(cell, tint(wax, 1.15, 0.05), rim),
        gloss=0.4,
    )


@motif(texture=True)
def bubbles(c: Canvas) -> None:
    """Soap bubbles with coloured rims and highlights."""
    c.fill(mix(c.colour(value=0.25), c.colour(value=0.45), smoothstep(-1, 1, c.y)))
    film = c.colour(saturation=0.35, value=0.9)
    sizes = sorted(c.between(0.08, 0.42) for _ in range(c.count(14, 24)))
    for radius in sizes:
        x, y = c.between(-1, 1), c.between(-1, 1)
        part = c.ellipse(x, y, radius, radius)
        away = np.clip(part.distance, 0, 1)
        c.paint(part.cover * (0.1 + 0.75 * away**5), film, part.box)
        sheen = (
            part.cover * smoothstep(0.6, 0.95, away) * (0.5 + 0.5 * np.sin(part.angle * 2)) * 0.7
        )
        c.paint(sheen, c.colour(saturation=0.7), part.box)
        c.disc(
            x - 0.35 * radius, y - 0.4 * radius, radius * 0.2, radius * 0.14, (1, 1, 1), turn=-0.7
        )
        c.disc(
            x + 0.4 * radius,
            y + 0.42 * radius,
            radius * 0.12,
            radius * 0.08,
            (1, 1, 1),
            opacity=0.6,
        )


@motif(texture=True)
def waves(c: Canvas) -> None:
    """Rows of swelling water, crests of foam."""
    sea = c.colour(c.choice(0.5, 0.55, 0.6), 0.75, 0.55)
    c.fill(tint(sea, 1.2, 0.1))
    rows = c.count(4, 7)
    for row in range(rows):
        phase, length = c.between(0, 6.3), c.between(2.5, 4.5)
        level = -0.95 + 2.0 * row / rows
        swell = (c.x * length + phase + 0.3 * np.sin(c.y * 3)) / np.pi % 1
        crest = level - 0.3 * (1 - np.abs(2 * swell - 1) ** 1.6) + 0.015 * c.noise(2, 1)
        below = c.y - crest
        cover = c.inside(below)
        lines = 0.14 * np.sin(below * c.between(30, 55)) * smoothstep(0.5, 0.0, below)
        colour = mix(tint(sea, 1.25, 0.1), tint(sea, 0.55), smoothstep(0, 0.45, below))
        c.paint(cover, shade(colour, 1 + lines))
        foam = (
            cover
            * smoothstep(0.09, 0.0, below + 0.05 * c.noise(2, 1))
            * smoothstep(0.1, 0.5, swell * (1 - swell) * 4)
        )
        c.paint(foam, (0.97, 0.99, 1.0))


@motif(texture=True)
def flames(c: Canvas) -> None:
    """Tongues of fire: yellow within, red at their tips."""
    c.fill(c.colour(0.02, 0.6, 0.12))
    hue = 0.04 if c.chance(0.85) else c.rng.random()
    for row in range(4):
        base = -0.35 + 0.5 * row
        turn = 0.3 * np.sin(c.y * 4 + c.between(0, 6)) + 0.06 * c.noise(0.8, 3)
        place = (c.x + turn * 0.6) * c.between(1.6, 2.8) + c.between(0, 6)
        tongue = np.abs((place % 1) - 0.5) * 2
        tall = 0.75 + 0.5 * scatter(np.floor(place), np.full_like(place, row))
        heat = (c.y - base) / tall + 1 - tongue**1.3 * (1.1 - 0.5 * np.clip(c.y - base, 0, 1))
        cover = smoothstep(0.0, 0.12, heat)
        outer, core = c.colour(hue - 0.02, 0.95, 0.8, 0.01), c.colour(hue + 0.1, 0.7, 1.0, 0.02)
        middle = c.colour(hue + 0.04, 0.95, 0.97, 0.01)
        colour = mix(outer, middle, smoothstep(0.05, 0.45, heat))
        colour = mix(colour, core, smoothstep(0.4, 0.95, heat))
        c.paint(cover * 0.95, colour)


@motif(texture=True)
def clouds(c: Canvas) -> None:
    """Heaped clouds lit from above, in a deep sky."""
    sky = c.colour(c.choice(0.58, 0.6, 0.55, 0.04, 0.85), 0.6, 0.75)
    c.fill(mix(tint(sky, 0.7), tint(sky, 1.2, 0.15), smoothstep(-1, 1, c.y)))
    glow = c.colour(c.choice(0.1, 0.04, 0.95), 0.15, 0.99)
    for heap in range(c.count(3, 5)):
        x, y = c.between(-1, 1), -0.7 + 0.45 * heap
        wide = c.between(0.5, 0.9)
        for _ in range(14):
            dx = c.between(-1, 1)
            radius = 0.3 * wide * (1.1 - abs(dx)) * c.between(0.6, 1.1) + 0.06
            dy = y - 0.32 * wide * (1 - abs(dx)) * c.rng.random()
            part = c.ellipse(x + dx * wide, dy, radius, radius * 0.85)
            tall = shade(
                mix(glow, tint(sky, 0.8, 0.12), smoothstep(-0.7, 1.0, part.v)), np.ones_like(part.v)
            )
            c.paint(np.clip((1 - part.distance) * 4, 0, 1) * 0.92, tall, part.box)


@motif(texture=True)
def lattice(c: Canvas) -> None:
    """Crossed bars with depth behind them."""
    u, v = field_plane(c, c.between(4, 9))
    if c.chance(0.5):
        u, v = (u + v) * 0.7, (u - v) * 0.7
    fu, fv = np.abs(u % 1 - 0.5) * 2, np.abs(v % 1 - 0.5) * 2
    thick = c.between(0.18, 0.4)
    standing = np.sqrt(np.clip(1 - ((1 - fu) / thick) ** 2, 0, 1))
    lying = np.sqrt(np.clip(1 - ((1 - fv) / thick) ** 2, 0, 1))
    over = (np.floor(u + 0.5) + np.floor(v + 0.5)) % 2 > 0
    height = np.where(over & (lying > 0), lying + 0.3, np.maximum(standing, lying * 0.8))
    back, bar = c.colour(value=0.25), c.colour()
    depth = shade(back, 0.5 + 0.6 * (1 - np.maximum(fu, fv)))
    cover = smoothstep(0.0, 0.15, height)
    c.relief(height * 0.12, depth * (1 - cover[..., None]) + bar * cover[..., None], gloss=0.4)


@motif(texture=True)
def stripes(c: Canvas) -> None:
    """Straight bands of a few colours, as on cloth, some rounded like pipes."""
    colours = np.stack([c.colour() for _ in range(c.count(2, 4))])
    angle = c.between(0, np.pi)
    place = (c.x * np.cos(angle) + c.y * np.sin(angle)) * c.between(3, 8) + 20
    bands = colours[np.floor(place).astype(int) % len(colours)]
    within = place % 1
    light = 0.95 + 0.1 * c.streaks_at(c.y * 40, c.x * 40)
    if c.chance(0.6):
        light = light * (0.3 + 0.85 * np.sqrt(np.clip(1 - (2 * within - 1) ** 2, 0, 1)))
    c.fill(shade(bands, light))


@motif(texture=True)
def pebbles(c: Canvas) -> None:
    """Rounded stones packed together, each of its own colour."""
    across, down = field_plane(c, c.between(4, 7))
    row, column = np.floor(down), np.floor(across)
    nearest = np.full_like(across, 9.0)
    second, tone = nearest.copy(), nearest.copy()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            cx, cy = column + dx, row + dy
            x, y = (
                cx + 0.5 + 0.7 * (scatter(cx, cy) - 0.5),
                cy + 0.5 + 0.7 * (scatter(cy, cx) - 0.5),
            )
            away = np.hypot(across - x, down - y)
            closer = away < nearest
            second = np.where(closer, nearest, np.minimum(second, away))
            tone = np.where(closer, scatter(cx, cy, cx + cy), tone)
            nearest = np.where(closer, away, nearest)
    height = np.sqrt(np.clip((second - nearest) * 1.6, 0, 1))
    first, other = c.colour(0.08, 0.25, 0.6, 0.1), c.colour(None, 0.25, 0.75)
    colour = shade(
        mix(first, other, tone),
        (0.15 + 0.9 * smoothstep(0, 0.5, height)) * (1 + 0.08 * c.noise(2, 1)),
    )
    c.relief(height * 0.3, colour, gloss=0.25)
