"""What lies beyond the lake? Sky, clouds, mountains and misty hills, from far to near."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from jobs.examples.painting.noise import Array, fractal, line, mix, rgb, smoothstep
from jobs.examples.painting.view import SHORE, H, W, grid, pine, sun_distance

SKY = (
    (0.00, (22, 26, 70)),
    (0.30, (62, 52, 118)),
    (0.55, (146, 82, 140)),
    (0.74, (226, 118, 122)),
    (0.88, (252, 172, 112)),
    (1.00, (255, 214, 150)),
)


def sky(rng: np.random.Generator) -> Array:
    """The sky at dusk, from indigo to peach, with stars and the setting sun."""
    height = np.arange(H) / SHORE
    stops = np.array([stop for stop, _ in SKY])
    colours = np.array([colour for _, colour in SKY], np.float64)
    column = np.stack([np.interp(height, stops, channel) for channel in colours.T], axis=1)
    scene = _stars(np.repeat(column[:, None], W, axis=1), rng)
    distance = sun_distance()
    scene = mix(scene, rgb(255, 170, 96), 0.75 * np.exp(-distance / 0.16))
    scene = mix(scene, rgb(255, 226, 150), np.exp(-((distance / 0.075) ** 2)))
    return mix(scene, rgb(255, 250, 226), smoothstep(0.034, 0.030, distance))


def _stars(scene: Array, rng: np.random.Generator) -> Array:
    light = Image.new("L", (W, H))
    draw = ImageDraw.Draw(light)
    for _ in range(70):
        x, y = rng.uniform(0, W), rng.uniform(0, 0.3 * H)
        radius = rng.uniform(0.5, 1.5)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), int(rng.uniform(60, 220)))
    soft = np.asarray(light.filter(ImageFilter.GaussianBlur(0.7)), np.float64) / 255
    return mix(scene, rgb(255, 244, 226), soft)


def clouds(scene: Array, rng: np.random.Generator) -> Array:
    """Long clouds, lit from below."""
    rows, _ = grid()
    density = fractal((H, W), (7, 3), rng, octaves=7, gain=0.55)
    below = np.roll(density, -9, axis=0)
    lit = np.clip(0.42 + 7 * (density - below), 0, 1) * np.exp(-sun_distance() / 0.75)
    colour = mix(rgb(70, 56, 112), rgb(255, 150, 112), lit * 1.25)
    colour = mix(colour, rgb(255, 222, 160), lit * np.exp(-sun_distance() / 0.16))
    share = smoothstep(0.50, 0.74, density + 0.10 * np.sin(rows / H * 9.0))
    return mix(scene, colour, 0.86 * share * smoothstep(0.0, 0.10, rows / H))


def peaks(scene: Array, rng: np.random.Generator) -> Array:
    """Snowy mountains, whose ridges run down from the summit and turn one side to the sun."""
    rows, columns = grid()
    across = np.arange(W) / W
    jagged = 1 - np.abs(2 * line(W, 5, rng, octaves=7) - 1)
    summit = np.exp(-(((across - 0.27) / 0.15) ** 2))
    massif = summit + 0.42 * np.exp(-(((across - 0.43) / 0.13) ** 2))
    crest = SHORE - H * (0.10 + 0.055 * jagged + 0.245 * massif * (0.84 + 0.16 * jagged))
    depth = (rows - crest) / H
    folds = _folds((columns - 0.27 * W) / W, rows / H, rng)
    slope = 26 * (folds - np.roll(folds, 2, axis=1))
    light = np.clip(0.42 + slope + 0.5 * (columns / W - 0.27), 0, 1)
    rock = mix(rgb(58, 54, 108), rgb(170, 100, 126), light)
    snow = mix(rgb(112, 104, 168), rgb(255, 204, 184), light)
    patches = fractal((H, W), (10, 16), rng, octaves=6, gain=0.6)
    snowy = smoothstep(0.16, 0.05, depth + 0.34 * (patches - 0.5) + 0.05 * (folds - 0.5))
    colour = mix(rock, snow, snowy)
    colour = mix(colour, rgb(228, 140, 142), smoothstep(0.04, 0.26, depth) * 0.9)
    colour = mix(colour, rgb(255, 196, 140), 0.55 * np.exp(-sun_distance() / 0.14))
    return mix(scene, colour, smoothstep(-0.0008, 0.0008, depth))


def _folds(beside: Array, down: Array, rng: np.random.Generator) -> Array:
    """Ridges and gullies (0..1) that fan out downwards from a summit at 0."""
    texture = 1 - np.abs(2 * fractal((512, 2048), (7, 26), rng, octaves=6, gain=0.62) - 1)
    wander = 0.075 * (fractal((H, W), (6, 8), rng, octaves=5, gain=0.45) - 0.5)
    fan = (beside + wander) / (down - 0.02)
    row = np.clip(down * 600, 0, 511).astype(int)
    column = (fan * 640 + 1024).astype(int) % 2048
    folds: Array = texture[row, column]
    return folds


def hills(scene: Array, rng: np.random.Generator) -> Array:
    """Ranges of hills, darker towards the lake, with mist at their feet and pines on top."""
    rows, _ = grid()
    layers = (
        (0.115, 0.085, (158, 98, 138), 3, 0.0),
        (0.075, 0.080, (104, 74, 122), 4, 7.0),
        (0.040, 0.070, (58, 54, 96), 5, 12.0),
        (0.010, 0.055, (30, 36, 66), 6, 19.0),
    )
    for base, rise, colour, cells, trees in layers:
        crest = SHORE - H * (base + rise * (line(W, cells, rng) - 0.25))
        shape = _silhouette(crest, rng, trees)
        mist = fractal((H, W), (4, 3), rng, octaves=5)
        low = smoothstep(0.01, 0.09, (rows - crest[None, :]) / H)
        layer = mix(rgb(*colour), rgb(244, 168, 150), 0.80 * low * (0.35 + mist))
        layer = mix(layer, rgb(255, 190, 130), 0.35 * np.exp(-sun_distance() / 0.12))
        scene = mix(scene, layer, shape)
    return scene


def _silhouette(crest: Array, rng: np.random.Generator, trees: float) -> Array:
    """What lies below a crest, and the pines that stand on it; 0..1."""
    rows, _ = grid()
    ground = np.clip(rows - crest[None, :] + 0.5, 0, 1)
    if trees == 0:
        return ground
    mask = Image.new("L", (W, H))
    draw = ImageDraw.Draw(mask)
    dense = line(W, 6, rng, octaves=3)
    for x in np.arange(0, W, trees * 0.42):
        place = int(np.clip(x + rng.normal(0, trees / 3), 0, W - 1))
        if dense[place] > 0.34:
            height = trees * rng.uniform(1.0, 2.3)
            pine(draw, (place, crest[place] + 3), height, rng)
    return np.maximum(ground, np.asarray(mask, np.float64) / 255)
