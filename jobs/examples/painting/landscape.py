"""How is the landscape painted? A mountain lake at dusk: a cabin, a boat, and the near bank.

Each layer is painted over the last, back to front.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from jobs.examples.painting import scenery
from jobs.examples.painting.noise import Array, fractal, line, mix, rgb, smoothstep
from jobs.examples.painting.view import HEIGHT, SHORE, SUN, WIDTH, H, W, grid, pine, sun_distance


def paint(seed: int = 7) -> Image.Image:
    """The landscape as an RGB image of 480 x 360 px."""
    rng = np.random.default_rng(seed)
    scene = scenery.sky(rng)
    scene = scenery.clouds(scene, rng)
    scene = scenery.peaks(scene, rng)
    scene = scenery.hills(scene, rng)
    scene = _cabin(scene, rng)
    scene = _lake(scene, rng)
    scene = _bank(scene, rng)
    scene = scene * (1 - 0.28 * _vignette())[..., None] + rng.normal(0, 1.2, (H, W, 1))
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _cabin(scene: Array, rng: np.random.Generator) -> Array:
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y = round(0.235 * W), SHORE - 2
    wall, roof, warm = (44, 32, 44), (24, 22, 40), (255, 206, 110)
    draw.rectangle((x, y - 30, x + 62, y), wall)
    draw.polygon([(x - 8, y - 28), (x + 14, y - 56), (x + 56, y - 56), (x + 71, y - 28)], roof)
    draw.line((x + 14, y - 56, x + 56, y - 56), (150, 100, 110), 2)
    draw.rectangle((x + 43, y - 68, x + 50, y - 52), roof)
    windows = [(x + 8, y - 22), (x + 26, y - 22), (x + 46, y - 22)]
    for left, top in windows:
        draw.rectangle((left, top, left + 9, top + 11), warm)
        draw.line((left + 4.5, top, left + 4.5, top + 11), wall, 1)
        draw.line((left, top + 5, left + 9, top + 5), wall, 1)
    draw.rectangle((x - 30, y - 3, x + 96, y + 2), (26, 26, 44))
    painted = np.asarray(image, np.float64)
    rows, columns = grid()
    for left, top in windows:
        far = np.hypot(columns - left - 5, rows - top - 6)
        painted = painted + rgb(120, 74, 22) * np.exp(-far / 13)[..., None]
    return _smoke(painted, (x + 46, y - 68), rng)


def _smoke(scene: Array, mouth: tuple[int, int], rng: np.random.Generator) -> Array:
    rows, columns = grid()
    rise = np.clip((mouth[1] - rows) / (0.24 * H), 0, 1)
    drift = mouth[0] + 46 * rise**1.3 + 7 * np.sin(rise * 11)
    plume = np.exp(-(((columns - drift) / (3 + 16 * rise)) ** 2)) * (rise > 0) * (1 - rise) ** 1.4
    wisps = fractal((H, W), (24, 30), rng, octaves=3)
    return mix(scene, rgb(214, 178, 196), 0.85 * plume * smoothstep(0.1, 0.7, wisps))


def _lake(scene: Array, rng: np.random.Generator) -> Array:
    """The lake: the scene turned over, rippled in perspective, with the sun's path on it."""
    rows, columns = (part[SHORE:] for part in grid())
    near = (rows - SHORE) / (H - SHORE)
    ripples = _ripples(near, columns, rng)
    push = (ripples - 0.5) * near**0.8
    mirrored = SHORE - 1 - (rows - SHORE) * 0.98 + push * 60
    above = np.clip(mirrored, 0, SHORE - 1).astype(int)
    beside = np.clip(columns + push * 16, 0, W - 1).astype(int)
    water = scene[above, beside]
    water = water * (1 + 0.5 * (ripples - 0.5) * near**0.5)[..., None]
    bright = smoothstep(150, 235, water.mean(axis=2))
    water = mix(water, rgb(26, 40, 84), (0.14 + 0.36 * near) * (1 - 0.75 * bright))
    water = mix(water, rgb(236, 170, 160), 0.42 * np.exp(-near / 0.035))
    spread = 0.026 + 0.085 * near
    path = np.exp(-(((columns - SUN[0]) / (spread * W)) ** 2))
    glitter = path * smoothstep(0.46, 0.66, ripples) * (1 - 0.5 * near)
    water = mix(water, rgb(255, 214, 140), np.clip(1.05 * glitter, 0, 1))
    return _boat(np.concatenate([scene[:SHORE], water]))


def _boat(scene: Array) -> Array:
    """A rowing boat with an angler, on the sun's path."""
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y, dark = round(0.525 * W), round(0.735 * H), (22, 20, 40)
    hull = [(-40, -9), (-26, 3), (24, 3), (42, -10), (20, -7), (-20, -6)]
    shade = [(x + across, y + 5 - 0.8 * up) for across, up in hull]
    draw.polygon(shade, (62, 50, 88))
    draw.polygon([(x + across, y + up) for across, up in hull], dark)
    draw.ellipse((x - 12, y - 34, x - 3, y - 25), dark)
    draw.polygon([(x - 16, y - 4), (x - 13, y - 22), (x - 3, y - 23), (x + 2, y - 4)], dark)
    draw.line((x - 6, y - 16, x + 12, y - 13, x + 62, y - 36), dark, 2)
    draw.line((x + 62, y - 36, x + 64, y + 2), (150, 110, 120), 1)
    return np.asarray(image, np.float64)


def _ripples(near: Array, columns: Array, rng: np.random.Generator) -> Array:
    texture = fractal((1024, 1024), (48, 24), rng, octaves=4, gain=0.55)
    far = 1 / (near + 0.07)
    row = (far * 150).astype(int) % 1024
    column = ((columns - W / 2) * far * 0.16 + 512).astype(int) % 1024
    ripples: Array = texture[row, column]
    return ripples


def _bank(scene: Array, rng: np.random.Generator) -> Array:
    """The near bank with its grass, and tall pines that frame the view."""
    mask = Image.new("L", (W, H))
    draw = ImageDraw.Draw(mask)
    across = np.arange(W) / W
    edge = 0.955 - 0.13 * smoothstep(0.68, 1.0, across) - 0.10 * smoothstep(0.30, 0.0, across)
    crest = H * (edge + 0.02 * (line(W, 9, rng) - 0.5))
    draw.polygon([(0, H), *zip(range(W), crest, strict=True), (W, H)], 255)
    for x in rng.uniform(0, W, 900):
        foot = crest[int(x)] + rng.uniform(0, 14)
        lean, height = rng.normal(0, 5), rng.uniform(6, 26)
        draw.line((x, foot, x + lean * 0.4, foot - height * 0.6, x + lean, foot - height), 255, 1)
    pines = ((0.035, 400), (0.100, 270), (0.150, 160), (0.965, 470), (0.900, 310), (0.850, 190))
    for x_share, height in pines:
        x = x_share * W
        pine(draw, (x, crest[int(x)] + 12), height, rng)
    shape = np.asarray(mask, np.float64) / 255
    rows, _ = grid()
    dark = mix(rgb(20, 24, 46), rgb(10, 12, 26), smoothstep(0.5, 1.0, rows / H))
    dark = mix(dark, rgb(120, 70, 60), 0.40 * np.exp(-sun_distance() / 0.16))
    return mix(scene, dark, shape)


def _vignette() -> Array:
    rows, columns = grid()
    return smoothstep(0.35, 0.85, np.hypot(columns / W - 0.5, rows / H - 0.5))
