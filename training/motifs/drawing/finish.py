"""In what style is a motif drawn? Chosen by the canvas, applied when the drawing is done.

Every motif gets every style: a class is then learnt as a shape, not as one way of rendering.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.motifs.drawing import noise
from training.motifs.drawing.noise import Field

STYLES = ("natural", "glossy", "painterly", "ink", "cutout", "grain")
SHARES = (0.36, 0.18, 0.18, 0.08, 0.1, 0.1)


@dataclass(frozen=True)
class Style:
    """``flat`` is 0 for shading in full, up to 1 for one or two plain tones a part."""

    name: str
    flat: float


def choose(rng: np.random.Generator) -> Style:
    """A style, the natural ones more often."""
    name = str(rng.choice(STYLES, p=SHARES))
    return Style(name, float(rng.uniform(0.3, 1)) if name == "cutout" else 0.0)


def apply(
    style: Style, rgb: Field, alpha: Field, *, rng: np.random.Generator
) -> tuple[Field, Field]:
    """The drawing (side, side, 3) and its alpha in that style, and graded a little."""
    painted = _FINISHES[style.name](rgb, alpha, rng)
    return _grade(painted[0], rng), painted[1]


def _natural(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Large soft patches of warm and cool, and a fine grain."""
    warm = _noise(rng, alpha.shape, 3) * rng.uniform(0.02, 0.07)
    light = _noise(rng, alpha.shape, 2) * rng.uniform(0.02, 0.1) + 1
    rgb = rgb * light[..., None]
    rgb[..., 0] += warm * rgb[..., 0]
    rgb[..., 2] -= warm * rgb[..., 2]
    return rgb, alpha


def _glossy(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """As drawn, with more contrast."""
    return (rgb - 0.5) * rng.uniform(1.0, 1.2) + 0.5, alpha


def _painterly(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Dabs: colours are carried along short strokes, whose bristles catch the light."""
    side = alpha.shape[0]
    down, across = np.mgrid[0:side, 0:side].astype(np.float32)
    angle = _noise(rng, alpha.shape, 4) * rng.uniform(0.3, 1.2) + rng.uniform(0, np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    start = rng.integers(0, noise.TILE_PX, 2)
    fine = rng.uniform(0.5, 1.0) * 128 / side
    turned = (cos * down - sin * across) * fine, (sin * down + cos * across) * fine
    bristle = noise.sample(noise.streaks(), turned[0] + start[0], turned[1] + start[1])
    carry = np.clip(bristle, -2, 2) * rng.uniform(0.4, 1.5) * side / 128
    rows = np.clip(down + carry * sin, 0, side - 1).astype(np.int32)
    columns = np.clip(across + carry * cos, 0, side - 1).astype(np.int32)
    ridge = bristle - np.roll(bristle, 1, 0)
    light = 1 + rng.uniform(0.04, 0.1) * ridge + rng.uniform(0.02, 0.07) * bristle
    return rgb[rows, columns] * light[..., None], alpha[rows, columns]


def _ink(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Outlines where colours meet, hatching where it is dark, a wash of the colours below."""
    luma = rgb @ np.array([0.3, 0.59, 0.11], np.float32)
    edges = _edges(rgb) + _edges(alpha[..., None])
    lines = np.clip((edges - rng.uniform(0.05, 0.12)) * rng.uniform(4, 8), 0, 1)
    inside = alpha > 0.5
    middle = float(np.median(luma[inside])) if inside.any() else 0.5
    dark = np.clip(0.45 + 0.9 * (middle - luma), 0, 1)
    hatch = _hatching(dark, rng, 0.0)
    if rng.random() < 0.5:
        hatch = np.maximum(hatch, _hatching(dark - 0.3, rng, 1.3))
    paper = np.array([0.96, 0.93, 0.86], np.float32) * rng.uniform(0.85, 1.04)
    ink = np.array(rng.uniform(0, 0.25, 3), np.float32)
    if rng.random() < 0.25:  # chalk on a dark board
        paper, ink = ink + 0.05, paper
    wash = rng.choice([0.0, 0.5, 0.8])
    ground = paper * (1 - wash) + np.clip(rgb * 1.1 + 0.1, 0, 1) * wash
    cover = np.maximum(lines, hatch * rng.uniform(0.4, 0.9))[..., None]
    return ground * (1 - cover) + ink * cover, alpha


def _cutout(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Plain tones, sometimes outlined."""
    levels = rng.integers(4, 9)
    rgb = np.round(rgb * levels) / levels
    if rng.random() < 0.5:
        edges = _edges(rgb) + _edges(alpha[..., None])
        outline = np.clip((edges - 0.15) * 6, 0, 1)[..., None]
        rgb = rgb * (1 - outline) + rng.uniform(0, 0.2) * outline
    return rgb, alpha


def _grain(rgb: Field, alpha: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """As if embossed in stone, felt, canvas or hair."""
    side = alpha.shape[0]
    down, across = np.mgrid[0:side, 0:side].astype(np.float32) * (128 / side)
    kind = rng.integers(4)
    if kind == 0:
        height = _noise(rng, alpha.shape, 1)
    elif kind == 1:
        height = _noise(rng, alpha.shape, 0) * 0.7
    elif kind == 2:
        thread = rng.uniform(1.2, 2.0)
        height = np.sin(down * thread) * np.sin(across * thread) * 1.5
    else:
        angle = rng.uniform(0, np.pi) + 0.5 * _noise(rng, alpha.shape, 4)
        turned = np.cos(angle) * down - np.sin(angle) * across, np.sin(angle) * down
        height = noise.sample(noise.streaks(), turned[0], turned[1] + np.cos(angle) * across)
    light = height - np.roll(np.roll(height, 1, 0), 1, 1)
    return rgb * (1 + rng.uniform(0.08, 0.2) * light)[..., None], alpha


_FINISHES = {
    "natural": _natural,
    "glossy": _glossy,
    "painterly": _painterly,
    "ink": _ink,
    "cutout": _cutout,
    "grain": _grain,
}


def _grade(rgb: Field, rng: np.random.Generator) -> Field:
    """A little gamma, saturation and colour of light, as photographs differ."""
    grey = rgb.mean(-1, keepdims=True)
    rgb = grey + (rgb - grey) * rng.uniform(0.8, 1.25)
    rgb = rgb * rng.uniform(0.9, 1.1, 3).astype(np.float32)
    return np.clip(rgb, 0, 1) ** np.float32(rng.uniform(0.8, 1.2))


def _noise(rng: np.random.Generator, shape: tuple[int, ...], smooth: int) -> Field:
    start = rng.integers(0, noise.TILE_PX, 2)
    tile = np.roll(noise.tile(smooth), tuple(start), (0, 1))
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * (128 / shape[0])
    return noise.sample(tile, down, across)


def _edges(image: Field) -> Field:
    down, across = np.gradient(image, axis=(0, 1))
    strength: Field = (np.abs(down) + np.abs(across)).sum(-1) / image.shape[-1]
    return strength


def _hatching(dark: Field, rng: np.random.Generator, turn: float) -> Field:
    side = dark.shape[0]
    down, across = np.mgrid[0:side, 0:side].astype(np.float32) * (128 / side)
    angle = rng.uniform(0.5, 1.1) + turn
    wobble = _noise(rng, dark.shape, 3) * 0.6
    phase = (np.cos(angle) * down + np.sin(angle) * across) * rng.uniform(1.1, 1.9) + wobble
    lines: Field = np.clip((dark * 1.2 - 0.3 - (0.5 + 0.5 * np.cos(phase))) * 2.5 + 0.5, 0, 1)
    return lines
