"""What is the gradient that a dream follows? Of random tiles, each by itself, or of the picture.

The report's: random tiles, each one's gradient over its own standard deviation, so that all of the
picture moves alike (``Tiled``). Or that of the objectives of the whole picture, which shows no
tiles and lets a picture move where there is most to raise (``Whole``): a mean over positions is a
sum over pieces, so its gradient is exact in pieces of bounded memory (``pieces``). The members of a
gang compute each a share of the tiles or the pieces, and add up.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from renderer.batches import Batch, batches, together_px
from renderer.footprint import SMALLEST_TILE_PX, Footprint
from renderer.gang import Gang, grid
from renderer.networks.flow import Flow
from renderer.networks.joints import Joints
from renderer.objectives import Objective, Term, combined, slopes
from renderer.pieces import Piece, cores, piece
from renderer.spans import Region
from renderer.tiling import Tile, random_tiles

BESIDE = 4
"""Times the largest value that is alive beside what a graph keeps: two gradients of two values."""

COPIES = 6
"""Whole pictures that are alive at once in a dream's step, beside each term's gradient."""

Found = tuple[list[Tensor], Tensor]
"""Each objective's gradient, of the picture's shape, and the values of all their terms."""


class Slope(Protocol):
    """How the gradients of a picture, (1, 3, H, W), are computed; ``rng`` is of the step."""

    def __call__(self, image: Tensor, rng: random.Random) -> Found:
        """The gradients and the values."""


@dataclass(frozen=True)
class Tiled:
    """In random tiles of about ``tile_size`` px, each tile's gradient over its own deviation.

    Values are averaged over the tiles by their areas.
    """

    joints: Joints
    objectives: Sequence[Objective]
    tile_size: int
    smallest: int
    gang: Gang

    def __call__(self, image: Tensor, rng: random.Random) -> Found:
        size = (image.shape[2], image.shape[3])
        tiles = list(random_tiles(size, self.tile_size, rng, smallest=self.smallest))
        most_px = together_px(self.tile_size)
        image = image.contiguous(memory_format=torch.channels_last)  # as tiles and slopes lie
        found = [torch.zeros_like(image) for _ in self.objectives]
        totals = image.new_zeros(len(terms_of(self.objectives)))
        for batch in batches(dealt(tiles, self.gang), self.joints, most_px=most_px):
            self._add(batch, image, (found, totals))
        return _added_up(found, totals, self.gang)

    def _add(self, batch: Batch, image: Tensor, found: tuple[list[Tensor], Tensor]) -> None:
        terms = terms_of(self.objectives)
        canvas = batch.canvas(image).requires_grad_()
        with torch.enable_grad():
            features = batch.features(canvas, [term.layer for term in terms])
        each = list(slopes(terms, canvas, features, batch.parts))
        for number, tile in enumerate(batch.tiles):
            place = batch.place(number)
            terms_slopes = [slope[place] for slope, _ in each]
            self.put(tile, terms_slopes, [values[number] for _, values in each], found)

    def put(
        self, tile: Tile, terms_slopes: Sequence[Tensor], values: Sequence[Tensor], found: Found
    ) -> None:
        """Put what was found in a tile, of each term, where it belongs in the picture's."""
        wholes, totals = found
        own = combined(self.objectives, terms_slopes)
        for whole, slope in zip(wholes, own, strict=True):
            whole[(..., *tile.slices)] = slope[(..., *tile.within)]
        area = wholes[0].shape[2] * wholes[0].shape[3]
        totals.add_(torch.stack(list(values)), alpha=tile.area / area)


@dataclass(frozen=True)
class Whole:
    """Of the whole picture at once; in pieces of sides up to ``tile_px``, to the same result.

    Each term's gradient is over its own deviation in the picture.
    """

    flow: Flow
    objectives: Sequence[Objective]
    tile_px: int | None
    gang: Gang

    def __call__(self, image: Tensor, rng: random.Random) -> Found:
        size = (image.shape[2], image.shape[3])
        terms = terms_of(self.objectives)
        each = [torch.zeros_like(image) for _ in terms]
        totals = image.new_zeros(len(terms))
        for core in cores(grid(size, self.gang.count)[self.gang.rank], self.tile_px):
            self._add(piece(self.flow, size, core), image, (each, totals))
        whole, values = _added_up(each, totals, self.gang)
        return combined(self.objectives, whole), values

    def _add(self, one: Piece, image: Tensor, found: tuple[list[Tensor], Tensor]) -> None:
        """What a piece adds: a mean over a layer's positions is a sum over those of the pieces."""
        place = (..., *one.field.picture.slices)
        part = image[place].contiguous(memory_format=torch.channels_last).requires_grad_()
        with torch.enable_grad():
            features = self.flow.features(part, one.field)
        held = [
            (n, term) for n, term in enumerate(terms_of(self.objectives)) if term.layer in features
        ]
        given = slopes([term for _, term in held], part, features)
        for (number, term), (slope, (value,)) in zip(held, given, strict=True):
            share = one.field.wanted[term.layer].area / math.prod(
                self.flow.size(term.layer, one.field.size)
            )
            found[0][number][place].add_(slope, alpha=share)
            found[1][number].add_(value, alpha=share)


def largest_tile(
    flow: Flow, size: tuple[int, int], budget_bytes: float, *, terms: int
) -> int | None:
    """The side of the largest pieces whose gradients keep within a budget; None: all is one piece.

    Where none do, it is that of the smallest that are worth their while.
    """
    footprint = Footprint.measured(flow, beside=BESIDE)
    left = budget_bytes - (COPIES + terms) * 3 * 4 * size[0] * size[1]

    def fits(side: int) -> bool:
        tiles = cores(Region.whole(size), side)
        middle = tiles[len(tiles) // 2]
        return footprint.piece_bytes(piece(flow, size, middle)) <= left

    side = max(size)
    if fits(side):
        return None
    while side > SMALLEST_TILE_PX and not fits(side):
        side = max(SMALLEST_TILE_PX, int(side * 0.8))
    return side


def dealt(tiles: Sequence[Tile], gang: Gang) -> list[Tile]:
    """A member's share: a run of the tiles, in which as many pixels are run as in another's."""
    if gang.count == 1:
        return list(tiles)
    ends = list(accumulate(math.prod(tile.size) for tile in tiles))
    begins = (end - math.prod(tile.size) / 2 for end, tile in zip(ends, tiles, strict=True))
    owners = (int(begin * gang.count / ends[-1]) for begin in begins)
    return [tile for tile, owner in zip(tiles, owners, strict=True) if owner == gang.rank]


def terms_of(objectives: Sequence[Objective]) -> list[Term]:
    """All that objectives are made of, in order."""
    return [term for one in objectives for _, term in one.terms]


def _added_up(slopes: Sequence[Tensor], totals: Tensor, gang: Gang) -> Found:
    """What all members have found together."""
    named = {str(number): slope for number, slope in enumerate(slopes)}
    *added, values = gang.sum({**named, "values": totals}).values()
    return added, values
