"""How must tiles lie on one canvas for a network's windows to tell them apart?

A tile begins at a multiple of the network's stride, so its windows lie as they would if it were
alone; gaps are as wide as windows hang over its end or the next one's beginning, and every value in
them that a window reads is zero, as a network's padding is. All of that is read from the flow's
operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, cached_property

from renderer.networks.flow import PICTURE, Field, Flow
from renderer.networks.sections import Section, sections
from renderer.networks.windows import Convolution, MaxPool, Pointwise, rectified
from renderer.spans import Region


class Joints:
    """How tiles are to lie for a flow's windows to tell them apart.

    ``fit`` is whether they can at all: padding that depends on a tile's size (TensorFlow's "SAME"),
    averages over fewer positions at an edge, and pools that read negative values can't share a
    canvas. ``own`` is the part of the flow that runs on one canvas, ``then`` are the joints of what
    comes after it (``sections``).
    """

    def __init__(self, flow: Flow, *, later: Sequence[Section] | None = None) -> None:
        self.flow = self.own = flow
        self.fit = later is not None or _fit(flow)
        if later is None and self.fit:
            self.own, *later = sections(flow, _unclean(flow))
        self.then = Joints(later[0], later=later[1:]) if later else None
        self.pitch, self.field = cache(self._pitch), cache(self._field)

    @cached_property
    def strides(self) -> list[tuple[int, int]]:
        """Pixels from one position to the next, down and across, at each of the flow's places."""
        found = [(1, 1)]
        for place, windows in enumerate(self.own.windows((512, 512))[1:], start=1):
            down, across = found[self.own.nodes[place - 1].inputs[0]]
            found.append((down * windows[0].stride, across * windows[1].stride))
        return found

    @cached_property
    def unclean(self) -> frozenset[int]:
        """The places whose gaps must be cleared; those of a canvas that follows are zero."""
        laid = isinstance(self.own, Section) and self.own.begin > 0
        return _unclean(self.own) - ({PICTURE} if laid else set())

    @cached_property
    def quiet(self) -> frozenset[int]:
        """The places into whose gaps no gradient comes."""
        return _quiet(self.own)

    @cached_property
    def units(self) -> tuple[int, int]:
        """Tiles begin at multiples of these, down and across."""
        down, across = zip(*self.strides, strict=True)
        return math.lcm(*down), math.lcm(*across)

    def needed(self, axis: int, count: int, total: int) -> int:
        """Pixels that are enough for tiles in a row, whatever the lengths that sum up to theirs."""
        slack, tail = self._slacks[axis]
        most = total + (count - 1) * slack + tail
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

    def after(self, axis: int, length: int) -> int:
        """Positions of a tile of so many pixels on the canvas that follows."""
        return self.own.along(axis, length)[-1].outputs

    def most_after(self, axis: int, count: int, total: int) -> int:
        """Positions of tiles in a row there, at the most, whatever the lengths."""
        unit, stride = self.units[axis], self.strides[-1][axis]
        lengths = range(16 * unit, 17 * unit)
        over = max(self.after(axis, length) * stride - length for length in lengths)
        return (total + count * over) // stride

    def extent(self, axis: int, length: int) -> int:
        """Pixels of a canvas whose windows are those of a tile that is alone on it, or more."""
        side = _multiple(length, self.units[axis])
        while not self._covers(axis, side, length):
            side += self.units[axis]
        return side

    def _covers(self, axis: int, side: int, length: int) -> bool:
        canvas, alone = self.own.along(axis, side), self.own.along(axis, length)
        pairs = zip(canvas, alone, strict=True)
        return all(window.outputs >= own.outputs for window, own in pairs)

    def _field(self, size: tuple[int, int], layers: tuple[str, ...]) -> Field:
        """What all of some layers needs of a canvas; its size stays the same from step to step."""
        return self.own.field(size, {n: Region.whole(self.own.size(n, size)) for n in layers})

    def _pitch(self, axis: int, length: int) -> int:
        """Pixels from a tile's beginning to where another may begin, after ``length`` px of it."""
        most = length
        for node, window in zip(self.own.nodes, self.own.along(axis, length)[1:], strict=True):
            reach = (window.outputs - 1) * window.stride - window.before + window.extent
            past = max(window.inputs + window.before, reach)
            most = max(most, past * self.strides[node.inputs[0]][axis])
        return _multiple(most, self.units[axis])


def _multiple(length: int, unit: int) -> int:
    return -(-length // unit) * unit


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
