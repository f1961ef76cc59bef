"""Where may a network's values be laid out anew between its operations, and how?

Behind a pool through which everything goes. What runs on one canvas before it can lie closer than
what comes after: a gap of two positions behind the third pool of a GoogLeNet is 32 px of the
picture, and the layers before, which cost the most, need but one of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from renderer.networks.flow import Flow, Node
from renderer.networks.network import layout
from renderer.networks.windows import MaxPool

Place = tuple[Any, ...]
Move = tuple[Place, Place]
"""Where a part of a value lies, and where it is to lie."""

END = "(end)"
"""The name of a section's last value, as if it were a layer."""


class Section(Flow):
    """A flow's operations behind one place, up to another, as a flow of its own.

    Its picture is the value at ``begin``. Layers are those that end in it, and the last of its
    values if others follow.
    """

    def __init__(self, flow: Flow, begin: int, end: int) -> None:
        self.network, self.begin = flow.network, begin
        self.nodes = [
            Node(node.operation, tuple(read - begin for read in node.inputs))
            for node in flow.nodes[begin:end]
        ]
        self.places = {name: at - begin for name, at in flow.places.items() if begin < at <= end}
        self._known = {}
        if end < len(flow.nodes):
            self.places[END] = end - begin

    def prepare(self, picture: Tensor) -> Tensor:
        """What the first operation reads: what others have made already, but for the first."""
        return picture if self.begin else super().prepare(picture)


def sections(flow: Flow, read: frozenset[int]) -> list[Section]:
    """A flow in a row of sections that end in pools; ``read`` are places that windows read."""
    inner = [place for place in sorted(read) if _divides(flow, place)]
    ends = [*inner, len(flow.nodes)]
    return [Section(flow, *pair) for pair in zip([0, *inner], ends, strict=True)]


def _divides(flow: Flow, place: int) -> bool:
    """Whether a place is a pool's that steps over positions, and all that follows comes of it."""
    if not 0 < place < len(flow.nodes):
        return False
    pool = flow.nodes[place - 1].operation
    steps = isinstance(pool, MaxPool) and max(pool.stride) > 1
    return steps and all(min(node.inputs) >= place for node in flow.nodes[place:])


def moved(value: Tensor, moves: Sequence[Move], size: tuple[int, int]) -> Tensor:
    """Zeros of (height, width) with parts of a value, (N, C, h, w), at new places."""
    result: Tensor = _Moved.apply(value, moves, size)  # type: ignore[no-untyped-call]
    return result


class _Moved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, moves: Sequence[Move], size: tuple[int, int]) -> Tensor:
        ctx.moves, ctx.size = moves, value.shape[2:]
        return _laid(value, moves, size)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        back = [(new, old) for old, new in ctx.moves]
        return _laid(slopes[0], back, ctx.size), None, None


def _laid(value: Tensor, moves: Sequence[Move], size: Sequence[int]) -> Tensor:
    found = torch.empty(
        (*value.shape[:2], *size),
        dtype=value.dtype,
        device=value.device,
        memory_format=layout(value),
    ).zero_()
    for old, new in moves:
        found[new] = value[old]
    return found
