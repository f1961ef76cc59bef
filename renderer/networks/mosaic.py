"""How does a network run several tiles at once, each as if it were alone?

Laid out on one canvas with gaps between them, where ``joints`` says. So tiles of any sizes fit
together, and canvases of one size hold other cuts of a picture each time: a CPU's library, which
spends more on making ready for a new size than on a small tile, makes ready once. Where tiles can
lie closer before a pool than behind it, they are moved to another canvas there (``sections``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from renderer.networks.joints import Joints
from renderer.networks.sections import END, Move, moved
from renderer.spans import Region, Span

Band = tuple[int, Sequence[int]]
"""Tiles beside each other: their height, and the width of each, in px."""

Gaps = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Mosaic:
    """Tiles on a canvas of ``size``; ``places`` are theirs, band by band, in px.

    ``then`` is the canvas on which they go on, and ``moves`` are the tiles' ways to it.
    """

    joints: Joints
    size: tuple[int, int]
    places: tuple[Region, ...]
    gaps: Mapping[int, Gaps]
    moves: tuple[Move, ...] = ()
    then: Mosaic | None = None

    @classmethod
    def of(cls, joints: Joints, bands: Sequence[Band]) -> Mosaic:
        """The canvas for some bands; its size depends on their number and the sums of their sizes.

        Any other cut of the same lengths into as many tiles has the same canvas.
        """
        totals = sum(height for height, _ in bands), [sum(widths) for _, widths in bands]
        return cls._of(joints, bands, totals)

    @classmethod
    def _of(
        cls, joints: Joints, bands: Sequence[Band], totals: tuple[int, Sequence[int]]
    ) -> Mosaic:
        """``totals`` are the most that the bands' heights, and each one's widths, may sum up to."""
        rows, tall = _laid(joints, 0, [height for height, _ in bands], totals[0])
        placed, wide = [], 0
        for (_, widths), total, span in zip(bands, totals[1], rows, strict=True):
            across, taken = _laid(joints, 1, widths, total)
            wide = max(wide, taken)
            placed.append([Region(span, columns) for columns in across])
        places = tuple(place for band in placed for place in band)
        gaps = {at: _gaps(joints, at, placed) for at in joints.unclean}
        made = cls(joints, (tall, wide), places, gaps)
        return made if joints.then is None else made._followed(joints.then, bands, totals)

    def _followed(
        self, then: Joints, bands: Sequence[Band], totals: tuple[int, Sequence[int]]
    ) -> Mosaic:
        """With the canvas that follows, whose tiles are those of the last values."""
        after, most = self.joints.after, self.joints.most_after
        tiles = [(after(0, tall), [after(1, wide) for wide in widths]) for tall, widths in bands]
        wide = [most(1, len(row), total) for (_, row), total in zip(bands, totals[1], strict=True)]
        following = Mosaic._of(then, tiles, (most(0, len(bands), totals[0]), wide))
        moves = tuple(
            ((..., *self._part(END, number)), (..., *place.slices))
            for number, place in enumerate(following.places)
        )
        return replace(self, moves=moves, then=following)

    def features(self, canvas: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The activations of some layers over the whole canvas, (1, 3, H, W); gaps say nothing.

        Deeper layers may lie on other canvases.
        """
        wanted, own = dict.fromkeys(layers), self.joints.own
        here = tuple(layer for layer in (*wanted, END) if layer in own.places)
        field = self.joints.field(self.size, here)
        found = own.features(canvas[(..., *field.picture.slices)], field, after=self._cleared)
        if self.then is None:
            return found
        last = moved(found.pop(END), self.moves, self.then.size)
        return found | self.then.features(last, wanted)

    def part(self, layer: str, number: int) -> tuple[slice, slice]:
        """Where a tile's activations lie in a layer's."""
        if self.then is not None and layer not in self.joints.own.places:
            return self.then.part(layer, number)
        return self._part(layer, number)

    def _part(self, layer: str, number: int) -> tuple[slice, slice]:
        at = self.joints.own.places[layer]
        return tuple(span.slice for span in _spans(self.joints, at, self.places[number]))  # type: ignore[return-value]

    def _cleared(self, place: int, value: Tensor) -> Tensor:
        gaps = self.gaps.get(place)
        if gaps is None:
            return value
        quiet = place in self.joints.quiet
        cleared: Tensor = _Cleared.apply(value, gaps, quiet)  # type: ignore[no-untyped-call]
        return cleared


def stacked(mosaics: Sequence[tuple[int, Mosaic]]) -> Mosaic:
    """Canvases of equal size as one batch: each with the place in it at which it begins.

    Tiles' places and parts are still to be asked of each of them.
    """
    first = mosaics[0][1]
    gaps = {
        at: tuple((*_of_batch(start), *gap) for start, one in mosaics for gap in one.gaps[at])
        for at in first.gaps
    }
    if first.then is None:
        return replace(first, gaps=gaps)
    moves = tuple(
        ((*_of_batch(start), *old[1:]), (*_of_batch(start), *new[1:]))
        for start, one in mosaics
        for old, new in one.moves
    )
    then = stacked([(start, one.then) for start, one in mosaics if one.then is not None])
    return replace(first, gaps=gaps, moves=moves, then=then)


def _of_batch(start: int) -> tuple[slice, slice]:
    return slice(start, start + 1), slice(None)


class _Cleared(torch.autograd.Function):
    """Zeros in the gaps, in place; no gradient comes out of them.

    ``quiet`` where none goes in: a ReLU has none where it gives zero.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor, gaps: Gaps, quiet: bool) -> Tensor:
        ctx.gaps, ctx.quiet = gaps, quiet
        ctx.mark_dirty(value)
        for gap in gaps:
            value[(..., *gap)] = 0
        return value

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = slopes
        if not ctx.quiet:
            slope = slope.clone()
            for gap in ctx.gaps:
                slope[(..., *gap)] = 0
        return slope, None, None


def _laid(joints: Joints, axis: int, lengths: Sequence[int], total: int) -> tuple[list[Span], int]:
    """Where tiles in a row lie, and what they take of a canvas, whatever sums up to ``total``."""
    start, spans = 0, []
    for length in lengths:
        spans.append(Span(start, start + length))
        start += joints.pitch(axis, length)
    taken = spans[-1].start + joints.extent(axis, lengths[-1])
    return spans, max(taken, joints.needed(axis, len(lengths), total))


def _spans(joints: Joints, at: int, tile: Region) -> tuple[Span, Span]:
    """The rows and columns of a tile at one of the flow's places."""
    rows, columns = (
        _span(joints, axis, at, span) for axis, span in enumerate((tile.rows, tile.columns))
    )
    return rows, columns


def _span(joints: Joints, axis: int, at: int, tile: Span) -> Span:
    start = tile.start // joints.strides[at][axis]
    return Span(start, start + joints.own.along(axis, tile.length)[at].outputs)


def _gaps(joints: Joints, at: int, placed: Sequence[Sequence[Region]]) -> Gaps:
    """What no tile covers at a place: strips below each band, and beside each tile of it."""
    found, everything = [], slice(None)
    bands = [[_spans(joints, at, tile) for tile in band] for band in placed]
    for band, below in zip(bands, [*bands[1:], None], strict=True):
        rows = band[0][0]
        found.append((slice(rows.stop, None if below is None else below[0][0].start), everything))
        for (_, own), beside in zip(band, [*band[1:], None], strict=True):
            found.append((rows.slice, slice(own.stop, None if beside is None else beside[1].start)))
    return tuple(found)
