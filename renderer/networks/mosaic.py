"""How does a network run several tiles at once, each as if it were alone?

Laid out on one canvas with gaps between them, in which every value that a window reads is zero, as
a network's padding is. A tile begins at a multiple of the network's stride, so its windows lie as
they would if it were alone; gaps are as wide as windows hang over its end or the next one's
beginning. So tiles of any sizes fit together, and canvases of one size hold other cuts of a picture
each time: a CPU's library, which spends more on making ready for a new size than on a small tile,
makes ready once. All of that is read from the flow's operations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

from renderer.networks.flow import PICTURE, Field, Flow
from renderer.networks.windows import Convolution, MaxPool, Pointwise, rectified
from renderer.spans import Region, Span

Band = tuple[int, Sequence[int]]
"""Tiles beside each other: their height, and the width of each, in px."""

Gaps = tuple[tuple[slice, slice], ...]


class Joints:
    """How tiles are to lie for a flow's windows to tell them apart.

    ``fit`` is whether they can at all: padding that depends on a tile's size (TensorFlow's "SAME"),
    averages over fewer positions at an edge, and pools that read negative values can't share a
    canvas.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.fit = _fit(flow)
        self.pitch, self.field = cache(self._pitch), cache(self._field)

    @cached_property
    def strides(self) -> list[tuple[int, int]]:
        """Pixels from one position to the next, down and across, at each of the flow's places."""
        found = [(1, 1)]
        for place, windows in enumerate(self.flow.windows((512, 512))[1:], start=1):
            down, across = found[self.flow.nodes[place - 1].inputs[0]]
            found.append((down * windows[0].stride, across * windows[1].stride))
        return found

    @cached_property
    def unclean(self) -> frozenset[int]:
        """The places whose gaps must be cleared."""
        return _unclean(self.flow)

    @cached_property
    def quiet(self) -> frozenset[int]:
        """The places into whose gaps no gradient comes."""
        return _quiet(self.flow)

    @cached_property
    def units(self) -> tuple[int, int]:
        """Tiles begin at multiples of these, down and across."""
        down, across = zip(*self.strides, strict=True)
        return math.lcm(*down), math.lcm(*across)

    def needed(self, axis: int, lengths: Sequence[int]) -> int:
        """Pixels that are enough for tiles in a row, whatever the lengths that sum up to theirs."""
        slack, tail = self._slacks[axis]
        most = sum(lengths) + (len(lengths) - 1) * slack + tail
        return most // self.units[axis] * self.units[axis]  # what tiles take is a multiple of it

    @cached_property
    def _slacks(self) -> list[tuple[int, int]]:
        """By how much a tile's pitch and its extent exceed its length at most, by axis."""
        found = []
        for axis, unit in enumerate(self.units):
            lengths = range(16 * unit, 17 * unit)
            pitches = (self.pitch(axis, length) - length for length in lengths)
            extents = (self.extent(axis, length) - length for length in lengths)
            found.append((max(pitches), max(extents)))
        return found

    def extent(self, axis: int, length: int) -> int:
        """Pixels of a canvas whose windows are those of a tile that is alone on it, or more."""
        side = _multiple(length, self.units[axis])
        while not self._covers(axis, side, length):
            side += self.units[axis]
        return side

    def _covers(self, axis: int, side: int, length: int) -> bool:
        canvas, alone = self.flow.along(axis, side), self.flow.along(axis, length)
        pairs = zip(canvas, alone, strict=True)
        return all(window.outputs >= own.outputs for window, own in pairs)

    def _field(self, size: tuple[int, int], layers: tuple[str, ...]) -> Field:
        """What all of some layers needs of a canvas; its size stays the same from step to step."""
        return self.flow.field(size, {n: Region.whole(self.flow.size(n, size)) for n in layers})

    def _pitch(self, axis: int, length: int) -> int:
        """Pixels from a tile's beginning to where another may begin, after ``length`` px of it."""
        most = length
        for node, window in zip(self.flow.nodes, self.flow.along(axis, length)[1:], strict=True):
            reach = (window.outputs - 1) * window.stride - window.before + window.extent
            past = max(window.inputs + window.before, reach)
            most = max(most, past * self.strides[node.inputs[0]][axis])
        return _multiple(most, self.units[axis])


@dataclass(frozen=True)
class Mosaic:
    """Tiles on a canvas of ``size``; ``places`` are theirs, band by band, in px."""

    joints: Joints
    size: tuple[int, int]
    places: tuple[Region, ...]
    gaps: Mapping[int, Gaps]

    @classmethod
    def of(cls, joints: Joints, bands: Sequence[Band]) -> Mosaic:
        """The canvas for some bands; its size depends on their number and the sums of their sizes.

        Any other cut of the same lengths into as many tiles has the same canvas.
        """
        rows, tall = _laid(joints, 0, [height for height, _ in bands])
        placed, wide = [], 0
        for (_, widths), span in zip(bands, rows, strict=True):
            across, taken = _laid(joints, 1, widths)
            wide = max(wide, taken)
            placed.append([Region(span, columns) for columns in across])
        places = tuple(place for band in placed for place in band)
        gaps = {at: _gaps(joints, at, placed) for at in joints.unclean}
        return cls(joints, (tall, wide), places, gaps)

    def features(self, canvas: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The activations of some layers over the whole canvas, (1, 3, H, W); gaps say nothing."""
        flow, field = self.joints.flow, self.joints.field(self.size, tuple(layers))
        return flow.features(canvas[(..., *field.picture.slices)], field, after=self._cleared)

    def part(self, layer: str, number: int) -> tuple[slice, slice]:
        """Where a tile's activations lie in a layer's."""
        at = self.joints.flow.places[layer]
        return tuple(span.slice for span in _spans(self.joints, at, self.places[number]))  # type: ignore[return-value]

    def _cleared(self, place: int, value: Tensor) -> Tensor:
        gaps = self.gaps.get(place)
        if gaps is None:
            return value
        quiet = place in self.joints.quiet
        cleared: Tensor = _Cleared.apply(value, gaps, quiet)  # type: ignore[no-untyped-call]
        return cleared


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


def _multiple(length: int, unit: int) -> int:
    return -(-length // unit) * unit


def _laid(joints: Joints, axis: int, lengths: Sequence[int]) -> tuple[list[Span], int]:
    """Where tiles in a row lie, and what they take of a canvas."""
    start, spans = 0, []
    for length in lengths:
        spans.append(Span(start, start + length))
        start += joints.pitch(axis, length)
    taken = spans[-1].start + joints.extent(axis, lengths[-1])
    return spans, max(taken, joints.needed(axis, lengths))


def _spans(joints: Joints, at: int, tile: Region) -> tuple[Span, Span]:
    """The rows and columns of a tile at one of the flow's places."""
    rows, columns = (
        _span(joints, axis, at, span) for axis, span in enumerate((tile.rows, tile.columns))
    )
    return rows, columns


def _span(joints: Joints, axis: int, at: int, tile: Span) -> Span:
    start = tile.start // joints.strides[at][axis]
    return Span(start, start + joints.flow.along(axis, tile.length)[at].outputs)


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


def _fit(flow: Flow) -> bool:
    never_negative = [False]
    for node in flow.nodes:
        inputs = all(never_negative[place] for place in node.inputs)
        match node.operation:
            case Pointwise() as point:
                never_negative.append(point.function is rectified or (point.keeps_zero and inputs))
            case MaxPool() if inputs:
                never_negative.append(True)
            case Convolution():
                never_negative.append(False)
            case _:
                return False
    return True


def _unclean(flow: Flow) -> frozenset[int]:
    """The places whose gaps must be cleared, for windows that read them or what comes of them."""
    read: set[int] = set()
    for place in range(len(flow.nodes), 0, -1):
        node = flow.nodes[place - 1]
        if isinstance(node.operation, Pointwise):
            alone = len(node.inputs) == 1  # what is joined is cleared once, not each branch
            if place in read and alone and node.operation.keeps_zero:
                read.discard(place)
                read.update(node.inputs)
        elif any(node.operation.window(axis, 64).extent > 1 for axis in (0, 1)):
            read.update(node.inputs)
    return frozenset(read)


def _quiet(flow: Flow) -> frozenset[int]:
    """The places of which all that reads them is rectified at once, and the picture."""
    readers: dict[int, list[int]] = {PICTURE: []}
    for place in range(len(flow.nodes), 0, -1):
        for read in flow.nodes[place - 1].inputs:
            readers.setdefault(read, []).append(place)
    quiet = {PICTURE}
    for place in range(len(flow.nodes), 0, -1):
        nodes = [(at, flow.nodes[at - 1]) for at in readers.get(place, ())]
        if nodes and all(
            isinstance(node.operation, Pointwise)
            and (node.operation.function is rectified or (len(node.inputs) > 1 and at in quiet))
            for at, node in nodes
        ):
            quiet.add(place)
    return frozenset(quiet)
