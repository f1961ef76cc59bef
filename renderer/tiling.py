"""How a picture is cut into tiles whose gradients are computed one by one.

The report's Deep Dream bounds its memory by tiles of about 400 px that start at a random offset in
every step, so that no border stays in one place (Hvass Laboratories' tutorial 14).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from renderer.spans import Span


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle whose gradient is wanted (its own), and the one that is run to get it."""

    own: tuple[Span, Span]
    run: tuple[Span, Span]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of what is run, in px."""
        return self.run[0].length, self.run[1].length

    @property
    def within(self) -> tuple[slice, slice]:
        """What is its own, in what is run."""
        (rows, columns), (run_rows, run_columns) = self.own, self.run
        return rows.within(run_rows), columns.within(run_columns)

    @property
    def area(self) -> int:
        """Pixels of its own."""
        return self.own[0].length * self.own[1].length

    @property
    def slices(self) -> tuple[slice, slice]:
        """What is its own, in the picture."""
        return self.own[0].slice, self.own[1].slice


def tile_side(length: int, wanted: int) -> int:
    """Side of the tiles along an axis of ``length`` px: near ``wanted``, without a small rest."""
    count = max(1, round(length / wanted))
    return -(-length // count)


def random_tiles(
    size: tuple[int, int], wanted: int, rng: random.Random, *, smallest: int
) -> Iterator[Tile]:
    """Tiles that cover a picture of ``size`` (height, width) once, from random starts.

    The rows start at a random place in [-3⌊t/4⌋, -⌊t/4⌋], the columns of each row of tiles at
    another; tiles are clipped to the picture. A clipped tile narrower than ``smallest`` px is run
    with context from its neighbour and keeps its own part only. That is where we differ from the
    tutorial: TensorFlow's padding bears a tile of one pixel, torch's pooling does not.
    """
    height, width = size
    tall, wide = tile_side(height, wanted), tile_side(width, wanted)
    for rows in _cuts(height, tall, rng):
        for columns in _cuts(width, wide, rng):
            run = (_widened(rows, smallest, height), _widened(columns, smallest, width))
            yield Tile((rows, columns), run)


def _cuts(length: int, side: int, rng: random.Random) -> list[Span]:
    start = rng.randint(-3 * (side // 4), -(side // 4))
    edges = range(start, length, side)
    # A quarter of a tile may be nothing at all (sides under 4 px), hence the filter.
    return [Span(max(e, 0), min(e + side, length)) for e in edges if e + side > 0]


def _widened(span: Span, smallest: int, length: int) -> Span:
    if span.length >= min(smallest, length):
        return span
    if span.start == 0:
        return Span(0, min(smallest, length))
    start = max(0, span.stop - smallest)
    return Span(start, max(span.stop, min(start + smallest, length)))
