"""How much memory does a picture take while it is optimised, and which pieces keep within a bound?

Measured, not looked up: a small piece is run, and what its graph keeps for the way back is counted
(torch's saved tensors), with the largest value twice over, for what is computed beside it. All of
that grows with the piece's pixels; the picture's own copies come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.pieces import Piece, cores, piece
from renderer.settings import StyleSettings
from renderer.spans import Region, Span
from renderer.targets import Layers

PROBE_PX = 96
COPIES = {"gradient_descent": 4, "adam": 8, "lbfgs": 28}
"""Whole pictures that are alive at once in a step, by optimiser; L-BFGS keeps ten pairs."""

MOST_BYTES = 8192
"""More than any of our networks keeps of a pixel, in float32."""

SMALLEST_TILE_PX = 64
"""Smaller tiles cost more in what they lap over than they save."""


@dataclass(frozen=True)
class Footprint:
    """What each pixel of a piece's field takes while its gradient is computed, in bytes."""

    field_bytes: float

    @classmethod
    def measured(cls, flow: Flow) -> Footprint:
        """That of a flow on its network's device, from one small piece inside a picture."""
        return cls(_run_bytes(flow, PROBE_PX) / PROBE_PX**2)

    def piece_bytes(self, one: Piece) -> float:
        """What a piece takes."""
        return self.field_bytes * one.field.picture.area


def picture_bytes(size: tuple[int, int], optimizer: str, element_bytes: int = 4) -> int:
    """What the copies of a whole picture of (height, width) take, however it is cut."""
    return COPIES[optimizer] * 3 * size[0] * size[1] * element_bytes


def fitting_tile(
    flow: Flow, region: Region, size: tuple[int, int], budget_bytes: float
) -> int | None:
    """The side of the largest tiles of a region whose pieces keep within a budget; None: whole.

    Where not even the smallest do, it is these.
    """
    footprint = Footprint.measured(flow)

    def fits(tile_px: int | None) -> bool:
        first = cores(region, tile_px)[0]
        # The field of a tile in the middle is the largest: it laps over on all sides.
        middle = _centred(first, size)
        return footprint.piece_bytes(piece(flow, size, middle)) <= budget_bytes

    if fits(None):
        return None
    side = max(region.size)
    while side > SMALLEST_TILE_PX and not fits(side):
        side = max(SMALLEST_TILE_PX, int(side * 0.8))
    return side


def tile_for(
    network: Network, settings: StyleSettings, size: tuple[int, int], budget_bytes: float
) -> int | None:
    """The tile side that keeps a style transfer of (height, width) within a budget; None: whole."""
    left = budget_bytes - picture_bytes(size, settings.optimizer)
    if size[0] * size[1] * MOST_BYTES <= left:  # it fits whatever the network
        return None
    names = Layers.of(network, settings)
    flow = Flow(network, [*names.content, *names.style])
    return fitting_tile(flow, Region.whole(size), size, left)


def _centred(core: Region, size: tuple[int, int]) -> Region:
    spans = []
    for length, whole in zip(core.size, size, strict=True):
        start = (whole - length) // 2
        spans.append(Span(start, start + length))
    return Region(*spans)


def _run_bytes(flow: Flow, side: int) -> float:
    """Bytes that a picture's features keep for their gradients, and need beside."""
    like = next(flow.network.parameters())
    weights = {p.untyped_storage().data_ptr() for p in flow.network.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    dtype = torch.promote_types(like.dtype, torch.float32)
    image = torch.rand(1, 3, side, side, dtype=dtype, device=like.device)
    one = piece(flow, (side, side), Region.whole((side, side)))
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda held: held):
        features = flow.features(255 * image.requires_grad_(), one.field)
    del features
    return sum(kept.values()) + 2 * max(kept.values(), default=0)
