"""How is one picture computed in pieces, exactly?

A picture is cut into cores, each pixel in one of them, and so is every layer: a position belongs to
the piece whose pixels it lies over. A piece is run on just the pixels that its positions depend on
(``networks.flow``), which lap over into its neighbours; so its features are those of the whole
picture, and sums over all pieces (Gram matrices, squared differences, variations) are the whole
picture's too. What depends on such sums alone has an exact gradient in pieces:

1. each piece adds up its sums; no graph is kept but those of the last pieces;
2. the objective's slopes with regard to the summed sums are computed once;
3. each piece turns these slopes into its part of the gradient, halo and all: the last ones with
   the graphs that were kept, the others run again.

Memory is that of so many pieces (one, if there is no more), beside the picture and its gradient;
the price is a second forward pass of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from renderer.networks.flow import Field, Flow
from renderer.spans import Region, Span

Sums = Mapping[str, Tensor]
"""What is added up over the pieces, by name; tensors of any shape."""


class Adder(Protocol):
    """How a piece's sums are made."""

    def __call__(self, part: Tensor, piece: Piece, /, *, known: bool = False) -> Sums:
        """A piece's sums, as a function of its field's pixels.

        Where the totals are ``known`` already, for the sums' graph alone: anything of their shapes.
        """


@dataclass(frozen=True)
class Piece:
    """A core of the picture, and what it takes to compute everything over it."""

    core: Region
    field: Field


def cores(region: Region, tile_px: int | None) -> tuple[Region, ...]:
    """Rectangles of about equal size, of sides up to ``tile_px``, that make up a region.

    None is one rectangle.
    """
    rows, columns = (
        cuts(span, 1 if tile_px is None else -(-span.length // tile_px))
        for span in (region.rows, region.columns)
    )
    return tuple(Region(r, c) for r in rows for c in columns)


def cuts(span: Span, count: int) -> list[Span]:
    """A span in ``count`` parts whose lengths differ by one at the most."""
    edges = [span.start + round(i * span.length / count) for i in range(count + 1)]
    return [Span(a, b) for a, b in pairwise(edges)]


def piece(flow: Flow, size: tuple[int, int], core: Region) -> Piece:
    """The piece over a core: its share of every layer of the flow, and of the variation.

    A pixel's variation is that towards the next pixel in either direction, which is therefore
    among the pixels it needs.
    """
    wanted = {layer: _share(core, size, flow.size(layer, size)) for layer in flow.places}
    grown = Region(
        Span(core.rows.start, min(size[0], core.rows.stop + 1)),
        Span(core.columns.start, min(size[1], core.columns.stop + 1)),
    )
    return Piece(core, flow.field(size, wanted, also=grown))


def _share(core: Region, size: tuple[int, int], layer: tuple[int, int]) -> Region:
    """The positions of a layer that belong to a core: each to one, whatever the stride."""
    spans = (
        Span(round(span.start * positions / pixels), round(span.stop * positions / pixels))
        for span, pixels, positions in zip((core.rows, core.columns), size, layer, strict=True)
    )
    return Region(*spans)


def add(totals: dict[str, Tensor], sums: Sums) -> None:
    """Adds to the totals, in float64: a large picture has many pieces."""
    for name, value in sums.items():
        exact = value.detach().double()
        totals[name] = totals[name] + exact if name in totals else exact


def gradient(
    image: Tensor,
    held: Region,
    pieces: Sequence[Piece],
    *,
    sums: Adder,
    slopes: Callable[[Mapping[str, Tensor]], Sums],
    graphs: int = 1,
) -> Tensor:
    """The gradient of an objective of sums, of the shape of ``image``, which covers ``held``.

    ``sums(part, piece)`` are a piece's; ``slopes(totals)`` are the objective's derivatives with
    regard to the totals (which it may first add up over other workers). The last pieces, ``graphs``
    of them, are run once, all others twice.
    """
    split = max(0, len(pieces) - graphs)
    again, once = pieces[:split], pieces[split:]
    totals, kept = total(image, held, again, sums), []
    for one in once:
        kept.append(_graph(image, held, one, sums))
        add(totals, kept[-1][1])
    known = slopes(totals)

    def each() -> Iterator[tuple[Piece, Tensor]]:
        for one in reversed(once):
            yield one, _pulled(*kept.pop(), known)
        for one in again:
            yield one, _pulled(*_graph(image, held, one, sums, known=True), known)

    return _spread(image, held, each())


def total(image: Tensor, held: Region, pieces: Sequence[Piece], sums: Adder) -> dict[str, Tensor]:
    """The sums of some pieces, with no graph kept."""
    totals: dict[str, Tensor] = {}
    with torch.no_grad():
        for one in pieces:
            add(totals, sums(_part(image, held, one), one))
    return totals


def _graph(
    image: Tensor, held: Region, one: Piece, sums: Adder, *, known: bool = False
) -> tuple[Tensor, Sums]:
    """A piece's pixels and its sums, with the graph in between."""
    part = _part(image, held, one).requires_grad_()
    with torch.enable_grad():
        return part, sums(part, one, known=known)


def _part(image: Tensor, held: Region, piece: Piece) -> Tensor:
    return image[(..., *piece.field.picture.within(held))].detach()


def _pulled(part: Tensor, found: Sums, slopes: Sums) -> Tensor:
    """The gradient of a piece's pixels: its sums, pulled by the slopes."""
    used = [name for name, value in found.items() if value.requires_grad]
    outputs = [found[name] for name in used]
    weights = [slopes[name].to(found[name]) for name in used]
    (slope,) = torch.autograd.grad(outputs, part, weights)
    return slope


def _spread(image: Tensor, held: Region, parts: Iterable[tuple[Piece, Tensor]]) -> Tensor:
    """The pieces' gradients in their places; where they lap over, they add up."""
    total = torch.zeros_like(image)
    for one, slope in parts:
        total[(..., *one.field.picture.within(held))] += slope
    return total
