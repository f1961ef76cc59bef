"""How is the painting of strokes made? Bristle by bristle, along a field that swirls.

A picture in the mind, ``_subject``, says which colour belongs where: a night sky with glowing
lights above a valley. Thousands of strokes then follow a flow field; each takes the colour of the
place where it starts and leaves ridges of paint, which are lit from the upper left at the end.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from jobs.examples.painting.noise import Array, fractal, mix, rgb, smoothstep

WIDTH, HEIGHT = 456, 342
SCALE = 2
W, H = WIDTH * SCALE, HEIGHT * SCALE

LIGHTS = (  # x, y and radius as shares of the width
    (0.735, 0.165, 0.100),
    (0.160, 0.130, 0.052),
    (0.385, 0.072, 0.038),
    (0.925, 0.335, 0.036),
    (0.040, 0.245, 0.028),
)
SWIRLS = (  # x, y, radius and turning direction
    (0.430, 0.300, 0.120, 1.0),
    (0.655, 0.385, 0.075, -1.0),
    (0.225, 0.315, 0.085, -1.0),
)
POPLARS = (  # x of the foot, its y, height and half breadth
    (0.112, 0.630, 0.350, 0.040),
    (0.190, 0.620, 0.225, 0.031),
)
LAYERS = (  # strokes, length and breadth in px: from the broad ground to the fine accents
    (1300, 96, 30),
    (2400, 70, 19),
    (3000, 50, 12),
    (1900, 34, 8),
)


Pens = tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw]  # for colour, and for relief


def paint(seed: int = 4) -> Image.Image:
    """The painting as an RGB image of 456 x 342 px."""
    rng = np.random.default_rng(seed)
    subject = _subject(rng)
    flow = _flow(rng)
    colour, relief = _strokes(subject, flow, rng)
    lit = _lit(colour, relief)
    image = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _grid() -> tuple[Array, Array]:
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float64)
    return rows / W, columns / W


def _horizon() -> Array:
    """Height of the hills' crest along x, as a share of the width."""
    x = np.arange(W) / W
    return 0.495 + 0.035 * np.sin(5.2 * x + 0.6) - 0.045 * np.exp(-(((x - 0.86) / 0.2) ** 2))


def _subject(rng: np.random.Generator) -> Array:
    rows, columns = _grid()
    sky = _night(rows, columns, rng)
    land = _valley(rows, columns, rng)
    scene = mix(sky, land, smoothstep(-0.004, 0.004, rows - _horizon()[None, :]))
    leaves = fractal((H, W), (14, 30), rng, octaves=3)
    green = mix(rgb(12, 34, 52), rgb(58, 118, 60), smoothstep(0.35, 0.75, leaves))
    return mix(scene, green, _poplars(rows, columns))


def _poplars(rows: Array, columns: Array) -> Array:
    """Where the poplars stand, 0..1: slender flames that lean and waver."""
    shape = np.zeros((H, W))
    for x, y, height, breadth in POPLARS:
        up = (y - rows) / height
        stem = x + 0.006 * np.sin(7 * up)
        half = breadth * np.sqrt(np.clip(up * 1.5 + 0.05, 0, 1)) * np.clip(1 - up, 0, 1) ** 0.7
        inside = smoothstep(0.003, -0.003, np.abs(columns - stem) - half)
        shape = np.maximum(shape, inside * (up > 0) * (up < 1))
    return shape


def _night(rows: Array, columns: Array, rng: np.random.Generator) -> Array:
    waves = fractal((H, W), (5, 4), rng, octaves=4)
    sky = mix(rgb(10, 22, 92), rgb(34, 92, 182), smoothstep(0.25, 0.75, waves))
    sky = mix(sky, rgb(104, 178, 204), 0.75 * smoothstep(0.30, 0.50, rows) * waves)
    for x, y, radius, _ in SWIRLS:
        far = np.hypot(columns - x, rows - y)
        angle = np.arctan2(rows - y, columns - x)
        arms = 0.5 + 0.5 * np.cos(2 * angle + 34 * far / radius * 0.28)
        share = np.exp(-((far / radius) ** 2)) * arms
        sky = mix(sky, rgb(196, 226, 222), 0.85 * share)
    for x, y, radius in LIGHTS:
        sky = _glow(sky, np.hypot(columns - x, rows - y) / radius)
    return sky


def _glow(sky: Array, far: Array) -> Array:
    rings = 0.5 + 0.5 * np.cos(far * 9.5)
    sky = mix(sky, rgb(120, 190, 190), 0.55 * smoothstep(2.3, 1.0, far))
    sky = mix(sky, rgb(244, 196, 60), (0.55 + 0.4 * rings) * smoothstep(1.75, 0.7, far))
    sky = mix(sky, rgb(240, 120, 24), 0.7 * rings * smoothstep(1.2, 0.6, far))
    return mix(sky, rgb(255, 240, 150), smoothstep(0.62, 0.40, far))


def _valley(rows: Array, columns: Array, rng: np.random.Generator) -> Array:
    depth = np.clip((rows - _horizon()[None, :]) / (H / W - 0.5), 0, 1)
    patches = fractal((H, W), (9, 5), rng, octaves=4)
    hills = mix(rgb(24, 44, 104), rgb(40, 108, 112), smoothstep(0.3, 0.7, patches))
    wheat = mix(rgb(226, 150, 32), rgb(250, 206, 84), smoothstep(0.35, 0.65, patches))
    furrows = 0.5 + 0.5 * np.sin(90 * (columns - 0.55) / (0.35 + depth))
    wheat = mix(wheat, rgb(176, 74, 22), 0.62 * furrows)
    meadow = mix(rgb(30, 92, 70), rgb(120, 158, 52), patches)
    land = mix(hills, meadow, smoothstep(0.14, 0.24, depth + 0.10 * (patches - 0.5)))
    return mix(land, wheat, smoothstep(0.34, 0.46, depth + 0.22 * (patches - 0.5)))


def _flow(rng: np.random.Generator) -> Array:
    """Direction of the brush at every place, as complex numbers of length 1."""
    rows, columns = _grid()
    wind = np.exp(1j * (0.5 * np.sin(7 * columns) + 1.1 * (fractal((H, W), (3, 3), rng) - 0.5)))
    for x, y, radius, turn in SWIRLS:
        wind = wind + turn * _circling(columns - x, rows - y, radius, pull=0.25)
    for x, y, radius in LIGHTS:
        wind = wind + _circling(columns - x, rows - y, 1.5 * radius, pull=0.0)
    slope = np.gradient(_horizon()) * W
    field = np.exp(1j * (np.arctan(slope)[None, :] + 0.5 * (fractal((H, W), (5, 5), rng) - 0.5)))
    furrow = (columns - 0.55) + 1j * np.maximum(rows - 0.36, 0.02)
    depth = smoothstep(0.07, 0.13, rows - _horizon()[None, :])
    field = field * (1 - depth) + depth * furrow / np.abs(furrow)
    flow = np.where(rows < _horizon()[None, :], wind, field)
    upwards = np.exp(-1j * (math.pi / 2 + 0.4 * np.sin(45 * rows)))
    flow = np.where(_poplars(rows, columns) > 0.5, upwards, flow)
    return np.asarray(flow / np.maximum(np.abs(flow), 1e-9))


def _circling(right: Array, down: Array, radius: float, *, pull: float) -> Array:
    place = right + 1j * down
    far = np.abs(place)
    strength = 3.5 * np.exp(-((far / (1.25 * radius)) ** 2))
    turning: Array = strength * (1j + pull) * place / np.maximum(far, 1e-9)
    return turning


def _strokes(subject: Array, flow: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Colour (H, W, 3) and relief (H, W) of the paint, once all strokes are laid."""
    canvas = Image.new("RGB", (W, H), (28, 40, 84))
    relief = Image.new("L", (W, H), 90)
    pens = ImageDraw.Draw(canvas), ImageDraw.Draw(relief)
    for count, length, breadth in LAYERS:
        for _ in range(count):
            start = rng.uniform(-10, W + 10), rng.uniform(-10, H + 10)
            path = _path(start, flow, length * rng.uniform(0.6, 1.3))
            colour = _paint_at(subject, path, rng)
            _stroke(pens, path, colour, breadth * rng.uniform(0.7, 1.2), rng=rng)
    _plant(pens, (subject, flow), rng)
    for heart in _hearts():
        for turn in rng.uniform(0, 2 * math.pi, 7):
            path = heart + np.linspace(-9, 9, 4) * np.exp(1j * turn) + rng.normal(0, 3)
            _stroke(pens, path, _paint_at(subject, path, rng), 10, rng=rng)
    return np.asarray(canvas, np.float64), np.asarray(relief, np.float64)


def _plant(pens: Pens, world: tuple[Array, Array], rng: np.random.Generator) -> None:
    """Paint the poplars over what is there: short strokes that flicker upwards."""
    subject, flow = world
    places = np.argwhere(_poplars(*_grid()) > 0.5)
    for row, column in places[rng.integers(0, len(places), 620)]:
        path = _path((column, row), flow, rng.uniform(18, 40))
        colour = subject[row, column] * rng.normal(1.05, 0.28) + rng.normal(0, 8, 3)
        _stroke(pens, path, colour, rng.uniform(6, 10), rng=rng)


def _hearts() -> list[complex]:
    """The middles of lights and swirls, around which strokes go and which they leave bare."""
    return [complex(x, y) * W for x, y, *_ in (*LIGHTS, *SWIRLS)]


def _path(start: tuple[float, float], flow: Array, length: float) -> Array:
    """Places along a stroke as complex numbers, x + iy."""
    step = 5.0
    place = complex(*start)
    path = [place]
    for _ in range(max(3, int(length / step))):
        column, row = int(np.clip(place.real, 0, W - 1)), int(np.clip(place.imag, 0, H - 1))
        place += step * complex(flow[row, column])
        path.append(place)
    return np.array(path)


def _paint_at(subject: Array, path: Array, rng: np.random.Generator) -> Array:
    """The colour a stroke takes: that of its middle, a little off in light and in hue."""
    middle = path[len(path) // 2]
    row, column = int(np.clip(middle.imag, 0, H - 1)), int(np.clip(middle.real, 0, W - 1))
    colour: Array = subject[row, column] * rng.normal(1.0, 0.14) + rng.normal(0, 11, 3)
    return colour


def _stroke(
    pens: Pens,
    path: Array,
    colour: Array,
    breadth: float,
    *,
    rng: np.random.Generator,
) -> None:
    """Lay one stroke: bristles side by side, each with its own shade and height."""
    ahead = np.gradient(path)
    aside = 1j * ahead / np.abs(ahead)
    bristles = max(3, int(breadth / 1.8))
    ends = np.sin(np.linspace(0.25, math.pi - 0.12, len(path))) ** 0.4
    for across in np.linspace(-0.5, 0.5, bristles):
        bristle = path + aside * across * breadth * ends
        first, last = int(rng.integers(0, 2)), len(path) - int(rng.integers(0, 3))
        points = [(p.real, p.imag) for p in bristle[first:last]]
        shade = np.clip(colour * rng.normal(1, 0.055) + rng.normal(0, 3), 0, 255)
        height = 105 + 75 * abs(2 * across) ** 1.5 + rng.normal(0, 26)
        pens[0].line(points, tuple(shade.astype(int)), 2, joint="curve")
        pens[1].line(points, int(np.clip(height, 0, 255)), 2)


def _lit(colour: Array, relief: Array) -> Array:
    """The paint under a low light from the upper left, which its ridges catch."""
    image = Image.fromarray(relief.astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.9))
    height = np.asarray(image, np.float64)
    slope = (np.gradient(height, axis=0) + np.gradient(height, axis=1)) / 24
    shaded: Array = colour * (1 + 0.34 * np.clip(slope, -1.2, 1.2))[..., None]
    gloss = np.clip(slope - 0.55, 0, 1.5) ** 2
    shaded += 70 * gloss[..., None]
    return shaded
