"""Made and built patterns that fill the square: masonry, weaves, wood, combs, grids."""

from __future__ import annotations

import numpy as np

from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.colours import mix, shade, smoothstep, tint
from training.motifs.drawing.noise import scatter
from training.motifs.drawing.registry import motif
from training.motifs.drawing.scales import field_plane


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
