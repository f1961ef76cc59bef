"""Which tiles of a step are run at once, and how?

Tiles are independent, so it is free: the fewer runs, and the more of one size, the better. Where
the network can, tiles of all sizes share canvases (``networks.mosaic``); else those of equal shape
go side by side as a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import torch
from torch import Tensor

from renderer.networks import Network
from renderer.networks.joints import Joints
from renderer.networks.mosaic import Mosaic
from renderer.spans import Span
from renderer.tiling import Tile

TOGETHER, TOGETHER_PX = 4, 2**19
"""Tiles that are run at once, whole ones, and their pixels, unless a single one has more."""

GAPS = 1.25
"""Pixels of a canvas for each of the tiles on it."""

Place = tuple[Any, ...]

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Tiles that are run at once: on a canvas, or those of equal shape as a batch."""

    network: Network
    tiles: tuple[Tile, ...]
    mosaic: Mosaic | None

    def canvas(self, image: Tensor) -> Tensor:
        """The pixels of all tiles, (N, 3, h, w), in the layout that convolutions like best."""
        parts = [image[..., rows.slice, columns.slice] for rows, columns in self._runs]
        if self.mosaic is None:
            return torch.cat(parts).contiguous(memory_format=torch.channels_last)
        canvas = torch.empty(
            (*image.shape[:2], *self.mosaic.size),
            dtype=image.dtype,
            device=image.device,
            memory_format=torch.channels_last,
        ).zero_()
        for number, part in enumerate(parts):
            canvas[self.place(number)] = part
        return canvas

    @property
    def _runs(self) -> list[tuple[Span, Span]]:
        return [tile.run for tile in self.tiles]

    def place(self, number: int) -> Place:
        """Where a tile's pixels are on the canvas."""
        if self.mosaic is None:
            return (slice(number, number + 1),)
        return (..., *self.mosaic.places[number].slices)

    def features(self, canvas: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The activations of some layers, of all tiles; gradients flow back to the canvas."""
        run = self.network if self.mosaic is None else self.mosaic
        return run.features(canvas, layers)

    def parts(self, layer: str) -> list[Place]:
        """Where each tile's activations are among them."""
        numbers = range(len(self.tiles))
        if self.mosaic is None:
            return [(slice(number, number + 1),) for number in numbers]
        return [(..., *self.mosaic.part(layer, number)) for number in numbers]


def together_px(tile_size: int) -> int:
    """Pixels of the tiles of about ``tile_size`` px that are run at once."""
    return max(tile_size**2, min(TOGETHER_PX, TOGETHER * tile_size**2))


def canvas_px(size: tuple[int, int], tile_size: int) -> int:
    """About what is run at once of a picture of (height, width), in pixels."""
    return int(GAPS * min(size[0] * size[1], together_px(tile_size)))


def batches(tiles: Sequence[Tile], joints: Joints, *, most_px: int = TOGETHER_PX) -> list[Batch]:
    """All tiles, each in one batch. The canvases of one grid have the same sizes in every step."""
    network = joints.flow.network
    if not tiles:
        return []
    if not joints.fit:
        shapes: dict[tuple[int, int], list[Tile]] = {}
        for tile in tiles:
            shapes.setdefault(tile.size, []).append(tile)
        return [
            Batch(network, tuple(some), None)
            for (tall, wide), alike in shapes.items()
            for some in _chunks(alike, most_px // (tall * wide))
        ]
    bands = [list(band) for _, band in groupby(tiles, key=lambda tile: tile.own[0])]
    found = []
    for canvas in _canvases(bands, most_px):
        sizes = [(band[0].size[0], [tile.size[1] for tile in band]) for band in canvas]
        together = tuple(tile for band in canvas for tile in band)
        found.append(Batch(network, together, Mosaic.of(joints, sizes)))
    return found


def _canvases(bands: Sequence[list[Tile]], most_px: int) -> list[list[list[Tile]]]:
    """Bands, or parts of them, that share a canvas."""
    tall = max(band[0].size[0] for band in bands)
    wide = max(sum(tile.size[1] for tile in band) for band in bands)
    if tall * wide <= most_px:
        return _folded(bands, most_px // (tall * wide))
    widest = max(tile.size[1] for band in bands for tile in band)
    found = []
    for some in _folded(bands, 1):
        parts = [_folded(band, max(1, most_px // (tall * widest))) for band in some]
        found += [
            [part[number] for part in parts if number < len(part)]
            for number in range(max(map(len, parts)))
        ]
    return found


def _folded(items: Sequence[T], most: int) -> list[list[T]]:
    """Some at a time; the first and the last together, who count for one.

    A picture's border cuts its first and its last tiles elsewhere in every step, but what is left
    of the two always has the same size.
    """
    if len(items) <= most + 1:
        return [list(items)]
    inner = items[1:-1]
    first = max(0, most - 1)
    return [[items[0], *inner[:first], items[-1]], *_chunks(inner[first:], most)]


def _chunks(items: Sequence[T], most: int) -> list[list[T]]:
    step = max(1, most)
    return [list(items[at : at + step]) for at in range(0, len(items), step)]
