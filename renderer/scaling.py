"""How much do the members of a gang compute and tell each other in a step, and how long is that?

Counted from the layout of the picture, before anything runs: the multiplications of each member's
pieces, the sums that all of them add up, and the pixels of its gradient that each sends. With the
rates of a machine (``Machine``), that makes the time of a step: the slowest member's computation,
then the sums, then the exchange; nothing of it at the same time, as the gang does it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from renderer.gang import Layout
from renderer.networks.flow import Field, Flow
from renderer.networks.windows import Convolution
from renderer.packing import half_length
from renderer.pieces import piece
from renderer.spans import Region
from renderer.targets import Layers

SUM_BYTES = 8
"""Sums travel in float64."""

STD_NUMBERS = 3
"""Of each member, what the size of a gradient descent's step is made of."""

SUMMATIONS = 2
"""In a step of gradient descent: the losses' sums, and that size."""

COLOURS, PIXEL_BYTES = 3, 4


@dataclass(frozen=True)
class Volume:
    """A step's work: of the busiest member, and of a picture that one computes whole.

    ``flops`` are floating-point operations; ``reduced_bytes`` what all members add up, and
    ``exchanged_bytes`` what the most talkative one sends.
    """

    members: int
    flops: float
    whole_flops: float
    reduced_bytes: int
    exchanged_bytes: int


@dataclass(frozen=True)
class Machine:
    """What a member does in a second, and how members are tied together.

    ``flops_per_second`` is what a member sustains. Up to ``node_members`` are joined by the faster
    link, of ``near_bytes_per_second`` in each direction, more of them by ``far_bytes_per_second``
    each. ``latency_s`` is what any one message takes to set out.
    """

    flops_per_second: float
    near_bytes_per_second: float
    far_bytes_per_second: float
    node_members: int
    latency_s: float


def volume(flow: Flow, layers: Layers, layouts: Sequence[Layout]) -> Volume:
    """The work of a step of gradient descent by the members whose layouts these are, by rank."""
    size = layouts[0].size
    whole = piece(flow, size, Region.whole(size)).field
    numbers = sum(half_length(flow.channels(name)) for name in layers.style)
    numbers += len(layers.content) + 1 + STD_NUMBERS * len(layouts)
    return Volume(
        members=len(layouts),
        flops=max(sum(_flops(flow, layers, layout)) for layout in layouts),
        whole_flops=field_flops(flow, layers, whole),
        reduced_bytes=SUM_BYTES * numbers if len(layouts) > 1 else 0,
        exchanged_bytes=max(COLOURS * PIXEL_BYTES * _lap(layout) for layout in layouts),
    )


def step_s(work: Volume, machine: Machine) -> float:
    """How long a step takes, s.

    The sums go round a ring, in which every member sends nearly twice their length, and set out
    twice as often as the members can be halved (a tree). Exchanges with neighbours set out at once.
    """
    computing = work.flops / machine.flops_per_second
    if work.members == 1:
        return computing
    near = work.members <= machine.node_members
    rate = machine.near_bytes_per_second if near else machine.far_bytes_per_second
    ring = 2 * (work.members - 1) / work.members * work.reduced_bytes / rate
    starts = SUMMATIONS * 2 * math.ceil(math.log2(work.members)) + 1
    return computing + ring + work.exchanged_bytes / rate + starts * machine.latency_s


def speedup(work: Volume, machine: Machine) -> float:
    """How many times faster the members are than one that has the whole picture."""
    return work.whole_flops / machine.flops_per_second / step_s(work, machine)


def allowed(layouts: Sequence[Layout]) -> float:
    """The most that halos allow: the picture's pixels, over those that the busiest member holds."""
    height, width = layouts[0].size
    return height * width / max(layout.own.area for layout in layouts)


def field_flops(flow: Flow, layers: Layers, field: Field) -> float:
    """The operations of a step over a field: convolutions and Gram matrices, there and back.

    Forward and the gradient of the input, of the same length each.
    """
    total = 0.0
    for node, need in zip(flow.nodes, field.needs[1:], strict=True):
        if isinstance(node.operation, Convolution) and need is not None:
            total += 2 * 2 * need.area * node.operation.module.weight.numel()
    for name in layers.style:
        if name in field.wanted:
            total += 2 * 2 * field.wanted[name].area * flow.channels(name) ** 2
    return total


def _flops(flow: Flow, layers: Layers, layout: Layout) -> Sequence[float]:
    """Of each of a member's pieces; several are run forward twice."""
    again = 1 if len(layout.pieces) == 1 else 1.5
    return [again * field_flops(flow, layers, one.field) for one in layout.pieces]


def _lap(layout: Layout) -> int:
    """The pixels that a member sends: all that it has in common with each of the others."""
    others = (held for rank, held in enumerate(layout.held) if rank != layout.rank)
    return sum(layout.own.overlap(held).area for held in others)
