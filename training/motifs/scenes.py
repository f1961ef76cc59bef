"""How do motifs become scenes with known contents? Sprites on grounds, and a map of what is where.

A scene is determined by (seed, index) alone, so it is the same whoever draws it and in whatever
order. Its label map tells for every CELL_PX square which class is seen at its centre; cells
without a motif hold ``len(bank.names)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.motifs.bank import SIDE_PX, Bank
from training.motifs.grounds import ground

Pixels = NDArray[Any]

SCENE_PX = 112
CELL_PX = 4
MANY = 255  # in place of the main class: the scene shows several motifs, or none
HELD_OUT_SEED = 1_000_003


@dataclass(frozen=True)
class Scene:
    """A picture and what it shows."""

    picture: Pixels  # (SCENE_PX, SCENE_PX, 3) uint8
    labels: Pixels  # (SCENE_PX / CELL_PX, same) uint8
    main: int  # the class of the only motif, or MANY


@dataclass(frozen=True)
class Placed:
    """A sprite where it stands in the scene."""

    colours: Pixels  # (SCENE_PX, SCENE_PX, 3) float32 0..255
    cover: Pixels  # (SCENE_PX, SCENE_PX) float32 0..1


def compose(bank: Bank, index: int, *, seed: int, held_out: bool = False) -> Scene:
    """The scene of that index; held-out scenes show only held-out variants."""
    rng = np.random.default_rng((seed + HELD_OUT_SEED * held_out, index))
    picture, labels = _background(rng, bank, held_out)
    single = rng.random() < 0.45
    main = MANY
    for _ in range(1 if single else rng.integers(2, 6)):
        motif = _choose(rng, bank)
        placed = _place(rng, bank, motif, held_out=held_out, single=single)
        picture = _lay(rng, picture, placed)
        labels[placed.cover > 0.45] = motif
        main = motif if single else MANY
    picture = _photograph(rng, picture)
    centres = labels[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX]
    return Scene(picture, centres.copy(), int(main))


def _background(rng: np.random.Generator, bank: Bank, held_out: bool) -> tuple[Pixels, Pixels]:
    labels = np.full((SCENE_PX, SCENE_PX), len(bank.names), np.uint8)
    if rng.random() < 0.3 and bank.textures:
        motif = sorted(bank.textures)[rng.integers(len(bank.textures))]
        picture = _texture(rng, bank.draw(rng, motif, held_out=held_out))
        if rng.random() < 0.55:
            labels[:] = motif
        else:
            contrast = rng.uniform(0.12, 0.4)
            mean = picture.mean((0, 1)) * rng.uniform(0.6, 1.2, 3)
            picture = picture * contrast + (1 - contrast) * mean
    else:
        picture = ground(rng, SCENE_PX)
        if rng.random() < 0.35:
            picture = _clutter(rng, bank, picture, held_out)
    return np.clip(picture, 0, 255).astype(np.float32), labels


def _texture(rng: np.random.Generator, sprite: Pixels) -> Pixels:
    """A texture motif filling the scene, at some zoom and perhaps turned."""
    cut = int(SIDE_PX * rng.uniform(0.45, 1))
    x, y = rng.integers(0, SIDE_PX - cut + 1, 2)
    turn = rng.uniform(-180, 180) if rng.random() < 0.5 else 0.0
    wide = SCENE_PX * 3 // 2 if turn else SCENE_PX
    image = Image.fromarray(sprite).convert("RGB").crop((x, y, x + cut, y + cut))
    image = image.resize((wide, wide), Image.Resampling.BICUBIC)
    image = image.rotate(turn, Image.Resampling.BILINEAR)
    edge = (wide - SCENE_PX) // 2
    return np.asarray(image.crop((edge, edge, edge + SCENE_PX, edge + SCENE_PX)), np.float32)


def _clutter(rng: np.random.Generator, bank: Bank, picture: Pixels, held_out: bool) -> Pixels:
    """Faint, blurred motifs that count as ground: what is half seen is not there."""
    for _ in range(rng.integers(2, 6)):
        motif = int(rng.integers(len(bank.names)))
        placed = _place(rng, bank, motif, held_out=held_out, single=False)
        cover = (placed.cover * rng.uniform(0.12, 0.35))[..., None]
        picture = picture * (1 - cover) + placed.colours * cover
    return _blur(picture, rng.uniform(0.5, 2))


def _choose(rng: np.random.Generator, bank: Bank) -> int:
    """A class to show: things mostly, textures as patches now and then."""
    things = [i for i in range(len(bank.names)) if i not in bank.textures]
    if things and (rng.random() < 0.92 or not bank.textures):
        return things[rng.integers(len(things))]
    return sorted(bank.textures)[rng.integers(len(bank.textures))]


def _place(
    rng: np.random.Generator, bank: Bank, motif: int, *, held_out: bool, single: bool
) -> Placed:
    """A variant of the motif scaled, turned, tinted and lit, somewhere in the scene."""
    sprite = bank.draw(rng, motif, held_out=held_out)
    if motif in bank.textures:
        sprite = _patch(rng, sprite)
    size_px = rng.uniform(46, 125) if single else rng.uniform(28, 72)
    if single:
        free = max(SCENE_PX - size_px * 0.6, 12)
        centre = SCENE_PX / 2 + rng.uniform(-0.25, 0.25, 2) * free
    else:
        centre = rng.uniform(8, SCENE_PX - 8, 2)
    placed = _transformed(rng, sprite, size_px, centre, motif in bank.upright)
    colours = placed[..., :3] @ _tinting(rng).T * _lighting(rng, 0.3)
    cover = placed[..., 3] / 255
    if rng.random() < 0.12:
        cover = cover * rng.uniform(0.65, 0.9)
    return Placed(np.clip(colours, 0, 255), cover)


def _transformed(
    rng: np.random.Generator, sprite: Pixels, size_px: float, centre: Pixels, upright: bool
) -> Pixels:
    """The sprite in the scene's frame, (SCENE_PX, SCENE_PX, 4) float32 0..255."""
    free = rng.random() < (0.1 if upright else 0.4)
    turn = rng.uniform(-np.pi, np.pi) if free else rng.normal(0, 0.22)
    stretch = np.exp(rng.normal(0, 0.13))
    mirror = -1 if rng.random() < 0.5 else 1
    shrink = max(1, int(SIDE_PX / size_px))
    image = Image.fromarray(sprite).reduce(shrink) if shrink > 1 else Image.fromarray(sprite)
    side = image.width
    scale_x, scale_y = mirror * side / (size_px * stretch), side * stretch / size_px
    shear = rng.normal(0, 0.1)
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = scale_x * (cos + shear * sin), scale_x * (sin - shear * cos)
    d, e = -scale_y * sin, scale_y * cos
    x, y = centre
    matrix = (a, b, side / 2 - a * x - b * y, d, e, side / 2 - d * x - e * y)
    image = image.transform(
        (SCENE_PX, SCENE_PX), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    return np.asarray(image, np.float32)


def _patch(rng: np.random.Generator, sprite: Pixels) -> Pixels:
    """A texture cut to a blob."""
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / (SIDE_PX / 2) - 1
    angle = np.arctan2(rows, columns)
    edge = 0.8 + 0.12 * np.sin(angle * rng.integers(2, 6) + rng.uniform(0, 2 * np.pi))
    cover = np.clip((edge - np.hypot(columns, rows)) * 30, 0, 1) * 255
    return np.dstack([sprite[..., :3], cover.astype(np.uint8)])


def _lay(rng: np.random.Generator, picture: Pixels, placed: Placed) -> Pixels:
    """The picture with the sprite on it, often with a soft shadow below."""
    if rng.random() < 0.35:
        moved = np.roll(placed.cover, tuple(rng.integers(-5, 9, 2)), (0, 1))
        shade = Image.fromarray((moved * 255).astype(np.uint8))
        shade = shade.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4)))
        dark = np.asarray(shade, np.float32)[..., None] / 255 * rng.uniform(0.2, 0.6)
        picture = picture * (1 - dark)
    cover = placed.cover[..., None]
    laid: Pixels = picture * (1 - cover) + placed.colours * cover
    return laid


def _photograph(rng: np.random.Generator, picture: Pixels) -> Pixels:
    """The scene as a camera would give it: unevenly lit, perhaps blurred and noisy."""
    picture = picture * _lighting(rng, 0.22)
    if rng.random() < 0.3:
        picture = _blur(picture, rng.uniform(0.4, 1.3))
    if rng.random() < 0.5:
        channels = 3 if rng.random() < 0.5 else 1
        grain = rng.standard_normal((SCENE_PX, SCENE_PX, channels), np.float32)
        picture = picture + grain * rng.uniform(2, 14)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _lighting(rng: np.random.Generator, strength: float) -> Pixels:
    """Brighter on one side and in all, (SCENE_PX, SCENE_PX, 1)."""
    down, right = rng.normal(0, strength, 2)
    along = np.arange(SCENE_PX, dtype=np.float32) / SCENE_PX - 0.5
    light = 1 + down * along[:, None] + right * along[None]
    lit: Pixels = np.exp(rng.normal(0, 0.5 * strength)) * light[..., None]
    return lit.astype(np.float32)


def _tinting(rng: np.random.Generator) -> Pixels:
    """A colour matrix: the hue a little turned, the saturation changed."""
    angle, saturation = rng.normal(0, 0.22), np.exp(rng.normal(0, 0.3))
    grey = np.full((3, 3), 1 / 3)
    swirl = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turned = grey + np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * swirl
    tinted: Pixels = (grey + saturation * (np.eye(3) - grey)) @ turned
    return tinted.astype(np.float32)


def _blur(picture: Pixels, radius: float) -> Pixels:
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)
