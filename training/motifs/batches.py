"""What does the network see at one iteration? Cropped, mirrored, recoloured scenes.

All chance comes from torch's global generator, which the loop seeds anew from (seed, iteration):
batch 1234 is the same in an unbroken and in a resumed run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from renderer.networks.motifs import MEAN
from training.motifs.album import Album
from training.motifs.network import SCALE, STRIDE_PX
from training.motifs.recipe import Recipe
from training.motifs.scenes import CELL_PX, MANY, SCENE_PX

CROP_PX = 80
PIECE_PX = 20  # side of the squares that scrambled negatives are cut into
IGNORED = 255  # a cell that no loss looks at


@dataclass(frozen=True)
class Batch:
    """Pictures as the trainable twin wants them, and what they show."""

    pictures: Tensor  # (n, 3, CROP_PX, CROP_PX), zero mean, about unit deviation
    labels: Tensor  # (n, cells, cells) int64: class, class count for ground, or IGNORED
    mains: Tensor  # (n,) int64: the class of the only motif, or MANY


def sample(album: Album, recipe: Recipe, textures: Tensor) -> Batch:
    """A training batch by chance; ``textures`` (classes + 1,) tells which classes are textures."""
    count = recipe.batch // recipe.workers
    rows = torch.randint(len(album), (count,)).sort().values.numpy()
    offsets = torch.randint((SCENE_PX - CROP_PX) // CELL_PX + 1, (2,)).tolist()
    order = torch.randperm(count)
    pictures, labels = (_mirrored(values[order]) for values in _crop(album, rows, offsets))
    labels, mains = _seen(labels), torch.from_numpy(album.mains[rows]).long()[order]
    pictures = _recoloured(pictures.float())
    negatives = torch.randperm(count)[: int(recipe.scrambled * count)]
    pictures[negatives] = _scrambled(pictures[negatives])
    labels[negatives] = _scrambled_labels(labels[negatives], textures)
    mains[negatives] = MANY
    return Batch(normalise(pictures), labels, mains)


def held_out(album: Album, start: int, stop: int) -> Batch:
    """Whole scenes as they are."""
    rows = torch.arange(start, stop).numpy()
    pictures, labels = _crop(album, rows, [0, 0], side_px=SCENE_PX)
    mains = torch.from_numpy(album.mains[rows]).long()
    return Batch(normalise(pictures.float()), _seen(labels), mains)


def normalise(pictures: Tensor) -> Tensor:
    """0..255 RGB as the twin wants it: mean subtracted, scaled, channels last."""
    mean = torch.tensor(MEAN, device=pictures.device).view(1, 3, 1, 1)
    return ((pictures - mean) * SCALE).contiguous(memory_format=torch.channels_last)


def _crop(
    album: Album, rows: np.ndarray, offsets: list[int], *, side_px: int = CROP_PX
) -> tuple[Tensor, Tensor]:
    """Crops (n, 3, side, side) uint8 and their label maps, one label per CELL_PX square."""
    y, x = offsets
    cells = side_px // CELL_PX
    top, left = y * CELL_PX, x * CELL_PX
    pictures = album.pictures[rows][:, top : top + side_px, left : left + side_px]
    labels = album.labels[rows][:, y : y + cells, x : x + cells]
    return torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(labels)


def _seen(labels: Tensor) -> Tensor:
    """The labels that the network's cells look at: cell i is centred on pixel STRIDE_PX * i."""
    every = STRIDE_PX // CELL_PX
    return labels[:, ::every, ::every].long()


def _mirrored(values: Tensor) -> Tensor:
    """The first half mirrored from left to right."""
    half = len(values) // 2
    return torch.cat([values[:half].flip(-1), values[half:]])


def _recoloured(pictures: Tensor) -> Tensor:
    """Hue turned, saturation, contrast and brightness changed, each picture by chance."""
    count = len(pictures)
    angle = torch.randn(count) * 0.35
    saturation = torch.exp(torch.randn(count) * 0.35)
    saturation[torch.rand(count) < 0.06] = 0
    contrast = torch.exp(torch.randn(count) * 0.25)
    grey = torch.full((3, 3), 1 / 3)
    colour = torch.eye(3) - grey
    swirl = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    turned = grey + _each(angle.cos()) * colour + _each(angle.sin()) * swirl
    matrix = (grey + _each(saturation) * colour) @ turned * _each(contrast)
    mean = pictures.mean((2, 3), keepdim=True)
    brightness = torch.randn(count, 1, 1, 1) * 15
    mixed = torch.einsum("nij,njhw->nihw", matrix, pictures - mean)
    return (mixed + mean + brightness).clamp(0, 255)


def _each(values: Tensor) -> Tensor:
    return values[:, None, None]


def _scrambled(pictures: Tensor) -> Tensor:
    """The pictures' squares of PIECE_PX in another order: parts of motifs, but no motif."""
    count, pieces = len(pictures), CROP_PX // PIECE_PX
    cut = pictures.unfold(2, PIECE_PX, PIECE_PX).unfold(3, PIECE_PX, PIECE_PX).flatten(2, 3)
    cut = cut[:, :, torch.randperm(pieces**2)]
    rows = cut.view(count, 3, pieces, pieces, PIECE_PX, PIECE_PX).permute(0, 1, 2, 4, 3, 5)
    return rows.reshape(count, 3, CROP_PX, CROP_PX)


def _scrambled_labels(labels: Tensor, textures: Tensor) -> Tensor:
    """Ground where things were; cells of pictures that show mostly textures are ignored.

    A scrambled texture is still that texture, more or less, and so teaches nothing.
    """
    ground = len(textures) - 1
    textured = textures[labels] | (labels == ground)
    things = (~textured).flatten(1).float().mean(1) > 0.25
    negative = torch.where(textured, IGNORED, ground)
    return torch.where(things[:, None, None], negative, IGNORED)
