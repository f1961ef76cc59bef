"""How much memory does a style transfer take, and in which pieces does it keep within a bound?

Measured, not looked up: a small piece is run, and what its graph keeps for the way back is counted
(torch's saved tensors), with the largest value a few times over, for what is computed beside it.
All of that grows with the piece's pixels. On top come what grows with the picture: its own copies,
the content's activations and an optimiser's history, which may lie in a file (renderer.offload).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.gang import grid
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.optimizers import LBFGS
from renderer.pieces import Piece, cores, piece
from renderer.settings import StyleSettings
from renderer.spans import Region, Span
from renderer.targets import Layers

PROBE_PX = 96
VALUE_BYTES = 4
BESIDE = 2
"""Times the largest value that is alive beside what a graph keeps: gradients of two values, to
which compared layers add theirs in place (``renderer.taps``). Counted in resident memory."""

COPIES = {"gradient_descent": 3, "adam": 6, "lbfgs": 8}
"""Whole pictures that are alive at once in a step, by optimiser, without a history."""

HISTORY = {"lbfgs": 2 * LBFGS.HISTORY}
"""Whole pictures that an optimiser remembers, and that may lie in a file."""

HEAP_BYTES = {"cpu": 180 * 2**20}
"""What is taken whatever the piece: small blocks that the allocator holds on to, and kernels in the
order that the library wants. Measured, VGG-16 in tiles of 256 px."""

BETWEEN = {"cpu": 1.25}
"""Times what a piece takes, where freed memory is kept (``renderer.heap``): what lies free between
values of other sizes. Measured, VGG-16 in tiles and whole: 0.9 to 1.23."""

MOST_BYTES = 8192
"""More than any of our networks keeps of a pixel, in float32."""

SMALLEST_TILE_PX = 64
"""Smaller tiles cost more in what they lap over than they save."""

SECOND_RUN = 0.4
"""What running a piece once more, without its gradient, costs of running it with."""

SHRINK = 0.85
"""From one tile side that is tried to the next."""


@dataclass(frozen=True)
class Footprint:
    """What each pixel of a piece's field takes while its gradient is computed, in bytes."""

    field_bytes: float

    @classmethod
    def measured(cls, flow: Flow, *, beside: int = BESIDE) -> Footprint:
        """That of a flow on its network's device, from one small piece inside a picture.

        ``beside`` times its largest value is alive beside what its graph keeps.
        """
        return cls(_run_bytes(flow, PROBE_PX, beside) / PROBE_PX**2)

    def piece_bytes(self, one: Piece) -> float:
        """What a piece takes."""
        return self.field_bytes * one.field.picture.area


@dataclass(frozen=True)
class Arrangement:
    """How a transfer is computed on each of its workers, and what it takes of memory there.

    ``pieces`` of tiles of side ``tile_px`` (None: one) are run, of which ``graphs`` are kept at a
    time; ``runs`` is how many times a pixel is run in a step, in units of running a whole picture.
    ``bytes`` are taken if everything lies in memory, ``pageable_bytes`` of which may lie in a file
    instead. ``lap_px`` is how far, both sides together, a tile laps over.
    """

    tile_px: int | None
    pieces: int
    graphs: int
    runs: float
    lap_px: int
    bytes: float
    pageable_bytes: float

    @property
    def least_bytes(self) -> float:
        """What is taken with all that can lie in a file in one."""
        return self.bytes - self.pageable_bytes


class Layouts:
    """The arrangements that a transfer by a network's flow may have, with one or more workers."""

    def __init__(
        self,
        flow: Flow,
        settings: StyleSettings,
        size: tuple[int, int],
        shards: int = 1,
        *,
        footprint: Footprint | None = None,
    ) -> None:
        self.flow, self.settings, self.size, self.shards = flow, settings, size, shards
        self.footprint = footprint or Footprint.measured(flow)
        self.device = next(flow.network.parameters()).device.type
        self.region = max(grid(size, shards), key=lambda region: region.area)

    @classmethod
    def of(
        cls, network: Network, settings: StyleSettings, size: tuple[int, int], *, shards: int = 1
    ) -> Layouts:
        """Those of a network's transfer of a picture of (height, width)."""
        names = Layers.of(network, settings)
        return cls(Flow(network, [*names.content, *names.style]), settings, size, shards)

    def at(self, tile_px: int | None, graphs: int = 1) -> Arrangement:
        """What a tile side, and so many graphs kept, come to."""
        tiles = cores(self.region, tile_px)
        largest = piece(self.flow, self.size, _centred(tiles[0], self.size))
        field, core = largest.field.picture, tiles[0]
        count, graphs = len(tiles), min(graphs, len(tiles))
        twice = (count - graphs) / count
        held = self._held(field, core).area
        pageable = self._targets() + VALUE_BYTES * 3 * held * self._history
        picture = COPIES[self.settings.optimizer] * 3 * VALUE_BYTES * held
        return Arrangement(
            tile_px=tile_px,
            pieces=count,
            graphs=graphs,
            runs=field.area * count / self.region.area * (1 + SECOND_RUN * twice),
            lap_px=max(a - b for a, b in zip(field.size, core.size, strict=True)),
            bytes=self.footprint.piece_bytes(largest) * graphs * BETWEEN.get(self.device, 1.0)
            + picture
            + pageable
            + HEAP_BYTES.get(self.device, 0),
            pageable_bytes=pageable,
        )

    def areas(self, tile_px: int | None) -> list[list[int]]:
        """The pixels that each piece of each worker is run on, worker by worker, the most first.

        What a piece needs of the rows doesn't depend on its columns; so a few of them tell all.
        """
        found = []
        for region in grid(self.size, self.shards):
            tiles = cores(region, tile_px)
            rows = {tile.rows: tile.columns for tile in tiles}
            columns = {tile.columns: tile.rows for tile in tiles}
            heights = [self._field(Region(r, c)).size[0] for r, c in rows.items()]
            widths = [self._field(Region(r, c)).size[1] for c, r in columns.items()]
            areas = (height * width for height in heights for width in widths)
            found.append(sorted(areas, reverse=True))
        return found

    def _field(self, core: Region) -> Region:
        return piece(self.flow, self.size, core).field.picture

    def best(self, budget_bytes: float) -> Arrangement:
        """The one that is run fastest among those that keep within a budget.

        Where none does, it is that of the smallest tiles that don't lap over more than they are.
        """
        whole = self.at(None)
        if whole.least_bytes <= budget_bytes:
            return whole
        fitting = [a for a in self._candidates() if a.least_bytes <= budget_bytes]
        if not fitting:
            return self.at(self.smallest_px)
        return min((self.filled(a, budget_bytes) for a in fitting), key=lambda a: a.runs)

    def filled(self, one: Arrangement, budget_bytes: float) -> Arrangement:
        """With as many graphs kept as there is room for."""
        if one.tile_px is None:
            return one
        each = self.at(one.tile_px, 2).bytes - one.bytes
        more = int((budget_bytes - one.least_bytes) / each) if each > 0 else 0
        return self.at(one.tile_px, min(one.pieces, 1 + max(0, more)))

    def sensible(self, budget_bytes: float) -> Arrangement:
        """The smallest tiles that are run at most twice as much as the best."""
        best = self.best(budget_bytes)
        near = [a for a in self._candidates() if a.runs <= 2 * best.runs]
        return min((*near, best), key=lambda a: a.least_bytes)

    @property
    def smallest_px(self) -> int:
        """The side of the smallest tiles that are worth their while."""
        side = min(SMALLEST_TILE_PX, max(self.region.size))
        while side < max(self.region.size) and self.at(side).lap_px > side:
            side = min(max(self.region.size), side * 2)
        return side

    def _candidates(self) -> list[Arrangement]:
        found, side = [self.at(None)], max(self.region.size) * SHRINK
        smallest = self.smallest_px
        while side > smallest:
            found.append(self.at(round(side)))
            side *= SHRINK
        return [*found, self.at(smallest)]

    def _held(self, field: Region, core: Region) -> Region:
        """What a worker holds: its core, and what its pieces lap over, within the picture."""
        spans = []
        for axis, length in enumerate(self.size):
            own = self.region.size[axis]
            lap = field.size[axis] - core.size[axis]
            spans.append(Span(0, min(length, own + (lap if own < length else 0))))
        return Region(*spans)

    def _targets(self) -> float:
        """The content's activations; those of a single piece stay beside it."""
        layers = Layers.of(self.flow.network, self.settings).content
        share = self.region.area / (self.size[0] * self.size[1])
        values = sum(
            math.prod(self.flow.size(n, self.size)) * self.flow.channels(n) for n in layers
        )
        return VALUE_BYTES * share * values

    @property
    def _history(self) -> int:
        return HISTORY.get(self.settings.optimizer, 0)


def surely_fits(settings: StyleSettings, size: tuple[int, int], budget_bytes: float) -> bool:
    """Whether a picture of (height, width) is known to fit whole, whatever the network."""
    copies = COPIES[settings.optimizer] + HISTORY.get(settings.optimizer, 0)
    most = size[0] * size[1] * (MOST_BYTES + 3 * VALUE_BYTES * copies)
    return most + max(HEAP_BYTES.values()) <= budget_bytes


def room(one: Arrangement, budgets: Mapping[str, float]) -> dict[str, float]:
    """What is left of budgets, by kind of device, for what may lie in a file."""
    return {kind: max(0.0, budget - one.least_bytes) for kind, budget in budgets.items()}


def _centred(core: Region, size: tuple[int, int]) -> Region:
    # The field of a tile in the middle is the largest: it laps over on all sides.
    spans = []
    for length, whole in zip(core.size, size, strict=True):
        start = (whole - length) // 2
        spans.append(Span(start, start + length))
    return Region(*spans)


def _run_bytes(flow: Flow, side: int, beside: int) -> float:
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
    return sum(kept.values()) + beside * max(kept.values(), default=0)
