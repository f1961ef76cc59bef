"""How do several workers render one picture together, as if they were one?

Each member has a core of the picture, cut into pieces, and holds the pixels that these depend on:
its core and what laps over. In every step the members add up their sums (one all-reduce), compute
their parts of the gradient, and exchange these where what they hold overlaps (one exchange). They
add up overlapping parts in the order of their ranks, so that a pixel held by several has the same
gradient, to the bit, with all of them, and each can move all that it holds: no pixels need to be
sent. Numbers that an optimiser takes of the whole picture are taken of the cores and added up.

Communication is torch.distributed's: gloo between CPUs, NCCL between GPUs. Nothing of it goes on
beside the computation: all sums are small next to it, and an update needs all of the gradient.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.distributed as dist
from torch import Tensor

from renderer.memory import size_bytes
from renderer.networks.flow import Flow
from renderer.optimizers import Measure
from renderer.packing import packed, unpacked
from renderer.pieces import Piece, cores, cuts, piece
from renderer.spans import Region, hull


@dataclass(frozen=True)
class Layout:
    """Who has what of a picture: every member's core, the pixels it holds, and one's own pieces."""

    size: tuple[int, int]
    rank: int
    cores: tuple[Region, ...]
    held: tuple[Region, ...]
    pieces: tuple[Piece, ...]

    @property
    def own(self) -> Region:
        """What this member holds."""
        return self.held[self.rank]

    @property
    def core(self) -> Region:
        """What this member answers for."""
        return self.cores[self.rank]

    def part(self, picture: Tensor) -> Tensor:
        """This member's part of a whole picture."""
        return picture[(..., *self.own.slices)].clone()


@dataclass(frozen=True)
class Traffic:
    """What a member has told the others: how often it added up, and bytes of three kinds.

    ``reduced_bytes`` are those of the sums that it took part in, ``exchanged_bytes`` those of its
    gradient that it sent, ``gathered_bytes`` those of pictures that it sent to all others.
    """

    reductions: int = 0
    reduced_bytes: int = 0
    exchanged_bytes: int = 0
    gathered_bytes: int = 0


class Gang:
    """The members that render a picture together: this one alone, or a group of processes.

    ``group`` is that of ``torch.distributed``'s processes; its backend fits the tensors' device.
    ``traffic`` is what this member has told the others so far.
    """

    def __init__(self, group: dist.ProcessGroup | None = None) -> None:
        self.group = group
        self.rank = 0 if group is None else dist.get_rank(group)
        self.count = 1 if group is None else dist.get_world_size(group)
        self.traffic = Traffic()

    def layout(self, flow: Flow, size: tuple[int, int], tile_px: int | None) -> Layout:
        """A picture's layout for what a flow computes, in pieces of sides up to ``tile_px``."""
        return layouts(flow, size, self.count, tile_px)[self.rank]

    def sum(
        self, tensors: Mapping[str, Tensor], *, symmetric: Collection[str] = ()
    ) -> dict[str, Tensor]:
        """The sums over all members of tensors that all of them have, by name.

        Of matrices that are named as ``symmetric`` one half travels.
        """
        if self.group is None:
            return dict(tensors)
        flat = packed(tensors, symmetric=symmetric)
        dist.all_reduce(flat, group=self.group)
        self._told(reductions=1, reduced_bytes=size_bytes(flat))
        return unpacked(flat, tensors, symmetric=symmetric)

    def exchange(self, part: Tensor, layout: Layout) -> Tensor:
        """The sum of all members' parts of a gradient, over what this one holds."""
        if self.group is None:
            return part
        laps = {
            other: layout.own.overlap(held)
            for other, held in enumerate(layout.held)
            if other != self.rank and layout.own.overlap(held).area
        }
        received = self._swap(part, laps, layout)
        total = torch.zeros_like(part)
        for member in range(self.count):
            if member == self.rank:
                total += part
            elif member in laps:
                total[(..., *laps[member].within(layout.own))] += received[member]
        return total

    def gather(self, part: Tensor, layout: Layout) -> Tensor:
        """The whole of a tensor of which each member has the part that it holds; on every member.

        Tensors that aren't of the picture's size are the same with all, and returned as they are.
        """
        if self.group is None or tuple(part.shape[-2:]) != layout.own.size or part.ndim < 4:
            return part
        whole = part.new_empty((*part.shape[:-2], *layout.size))
        for member, core in enumerate(layout.cores):
            rows, columns = core.size
            own = part.new_empty((*part.shape[:-2], rows, columns))
            if member == self.rank:
                own = part[(..., *core.within(layout.own))].contiguous()
                self._told(gathered_bytes=size_bytes(own) * (self.count - 1))
            dist.broadcast(own, group_src=member, group=self.group)
            whole[(..., *core.slices)] = own
        return whole

    def measure(self, layout: Layout) -> Measure:
        """How an optimiser measures what this member holds a part of."""
        return Measure() if self.group is None else _Shared(self, layout)

    def _swap(self, part: Tensor, laps: Mapping[int, Region], layout: Layout) -> dict[int, Tensor]:
        received, requests = {}, []
        for other, lap in laps.items():
            own = part[(..., *lap.within(layout.own))].contiguous()
            received[other] = torch.empty_like(own)
            self._told(exchanged_bytes=size_bytes(own))
            requests += [
                dist.P2POp(dist.isend, own, group=self.group, group_peer=other),
                dist.P2POp(dist.irecv, received[other], group=self.group, group_peer=other),
            ]
        for request in dist.batch_isend_irecv(requests) if requests else ():
            request.wait()
        return received

    def _told(self, **more: int) -> None:
        added = {name: getattr(self.traffic, name) + count for name, count in more.items()}
        self.traffic = replace(self.traffic, **added)


class _Shared(Measure):
    """Of a picture in parts: measured on the cores, added up over the members."""

    def __init__(self, gang: Gang, layout: Layout) -> None:
        self.gang, self.layout = gang, layout

    def std(self, part: Tensor) -> Tensor:
        core = self._core(part).double()
        mean = core.mean()
        # Each member's own, in its own row, so that one sum tells all of them.
        table = core.new_zeros((self.gang.count, 3))
        table[self.gang.rank, 0] = core.numel()
        table[self.gang.rank, 1] = mean
        table[self.gang.rank, 2] = (core - mean).square().sum()
        counts, means, squares = self.gang.sum({"table": table})["table"].T
        centre = (counts * means).sum() / counts.sum()
        total = squares.sum() + (counts * (means - centre).square()).sum()
        found: Tensor = (total / counts.sum()).sqrt().to(part.dtype)
        return found

    def dot(self, a: Tensor, b: Tensor) -> Tensor:
        own = (self._core(a) * self._core(b)).double().sum()
        return self.gang.sum({"dot": own[None]})["dot"][0].to(a.dtype)

    def _core(self, part: Tensor) -> Tensor:
        return part[(..., *self.layout.core.within(self.layout.own))]


def layouts(
    flow: Flow, size: tuple[int, int], count: int, tile_px: int | None = None
) -> list[Layout]:
    """The layouts of ``count`` members, by rank."""
    own = grid(size, count)
    pieces = [
        _by_size(piece(flow, size, core) for core in cores(region, tile_px)) for region in own
    ]
    held = tuple(_held(region, members) for region, members in zip(own, pieces, strict=True))
    return [Layout(size, rank, tuple(own), held, tuple(pieces[rank])) for rank in range(count)]


def _by_size(pieces: Iterable[Piece]) -> list[Piece]:
    """The largest first: freed memory then has room for the values of all that follow."""
    return sorted(pieces, key=lambda one: one.field.picture.area, reverse=True)


def grid(size: tuple[int, int], count: int) -> list[Region]:
    """A picture in ``count`` cores: rows times columns of them, with the shortest borders.

    Of two such grids that with more rows: rows of a value lie together in memory, columns don't.
    """
    whole = Region.whole(size)

    def border(rows: int) -> tuple[float, int]:
        return (rows - 1) * size[1] + (count // rows - 1) * size[0], -rows

    rows = min((n for n in range(1, count + 1) if count % n == 0), key=border)
    return [
        Region(r, c) for r in cuts(whole.rows, rows) for c in cuts(whole.columns, count // rows)
    ]


def _held(core: Region, pieces: Sequence[Piece]) -> Region:
    """The pixels that some pieces depend on, and the core itself."""
    regions = [core, *(one.field.picture for one in pieces)]
    return Region(hull(r.rows for r in regions), hull(r.columns for r in regions))
