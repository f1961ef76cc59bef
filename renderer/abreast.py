"""How are the slopes of several pictures computed at once, each as if it were alone?

Pictures of one size go through the network as one batch, there and back. All else is each one's
own: its sums and losses, what it is compared with, its tiles, the deviations that its gradients are
divided by. So a picture is what it would be alone but for rounding, which batches of other sizes do
otherwise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from renderer.batches import Batch, Place, batches, canvas_px, together_px
from renderer.comparison import Comparison
from renderer.descent import Descent
from renderer.footprint import Footprint
from renderer.networks.flow import Flow
from renderer.networks.mosaic import stacked
from renderer.objectives import Term, combined, slopes
from renderer.offload import Offload
from renderer.slopes import Found, Slope, Tiled, Whole, terms_of
from renderer.tiling import random_tiles
from renderer.wishes import Wish

Dreamed = tuple[Slope, Tensor, random.Random]
"""A slope, the picture, (1, 3, H, W), whose gradient is wanted of it, and the step's randomness."""


def style_wish(descent: Descent) -> Wish:
    """For the slope of a style transfer's next step, and its losses."""
    return Wish(
        descent.slope,
        alike=descent.alike,
        subject=descent,
        together=descents,
        each_bytes=lambda: _style_bytes(descent),
    )


def dream_wish(slope: Slope, image: Tensor, rng: random.Random, *, alike: object) -> Wish:
    """For a dream's gradients at its next step; dreams that are ``alike`` have the same terms."""
    together = {Tiled: tiled, Whole: whole}.get(type(slope))
    splits = isinstance(slope, Whole) and slope.tile_px is not None
    return Wish(
        lambda: slope(image, rng),
        alike=None if together is None or splits else (alike, tuple(image.shape)),
        subject=(slope, image, rng),
        together=together,
        each_bytes=lambda: _dream_bytes(slope, image),
    )


def descents(many: Sequence[Descent]) -> list[tuple[Tensor, dict[str, Tensor]]]:
    """Each one's slope and losses, of descents that are alike."""
    comparison, (piece,) = _of_all([one.comparison for one in many]), many[0].layout.pieces
    parts = torch.cat([one.part for one in many]).requires_grad_()
    with torch.enable_grad():
        sums = comparison.sums(parts, piece)
    found, losses = comparison.slopes({n: value.detach().double() for n, value in sums.items()})
    pulls = [found[name].to(value) for name, value in sums.items()]
    (slope,) = torch.autograd.grad(list(sums.values()), parts, pulls)
    return [
        (torch.empty_like(one.part).copy_(own), {name: loss[n] for name, loss in losses.items()})
        for n, (one, own) in enumerate(zip(many, torch.split(slope, 1), strict=True))
    ]


def _of_all(many: Sequence[Comparison]) -> Comparison:
    """What several pictures are compared with, the first axis counts them."""
    first, offload = many[0], Offload()
    grams = {name: torch.stack([one.grams[name] for one in many]) for name in first.grams}
    contents = {
        core: {
            name: offload.keep(torch.cat([one.contents[core][name].get() for one in many]))
            for name in held
        }
        for core, held in first.contents.items()
    }
    return replace(first, grams=grams, contents=contents)


@dataclass(frozen=True)
class _Stack:
    """Batches of several pictures that have the same shape, as one; ``owners`` are the pictures."""

    batches: tuple[Batch, ...]
    owners: tuple[int, ...]
    starts: tuple[int, ...]

    @property
    def tiles(self) -> list[tuple[int, Any, Place]]:
        """Whose tile, the tile, and the place of its pixels."""
        return [
            (owner, tile, self._at(batch, start, batch.place(number)))
            for batch, owner, start in self._each
            for number, tile in enumerate(batch.tiles)
        ]

    def parts(self, layer: str) -> list[Place]:
        """Where each tile's activations are."""
        return [self._at(b, start, place) for b, _, start in self._each for place in b.parts(layer)]

    def features(self, canvas: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """The activations of some layers, of all tiles."""
        first = self.batches[0]
        if first.mosaic is None:
            return first.network.features(canvas, layers)
        mosaics = [(start, b.mosaic) for b, _, start in self._each if b.mosaic is not None]
        return stacked(mosaics).features(canvas, layers)

    @property
    def _each(self) -> list[tuple[Batch, int, int]]:
        return list(zip(self.batches, self.owners, self.starts, strict=True))

    @staticmethod
    def _at(batch: Batch, start: int, place: Place) -> Place:
        if batch.mosaic is not None:
            return (slice(start, start + 1), *place)
        (own,) = place
        return (slice(start + own.start, start + own.stop),)


def tiled(many: Sequence[Dreamed]) -> list[Found]:
    """Each dream's gradients in its own random tiles; see ``slopes.Tiled``."""
    first, image, _ = many[0]
    assert isinstance(first, Tiled)
    size = (image.shape[2], image.shape[3])
    terms = terms_of(first.objectives)
    found: list[Found] = [
        ([torch.zeros_like(own) for _ in first.objectives], own.new_zeros(len(terms)))
        for _, own, _ in many
    ]
    canvases: dict[Any, list[tuple[int, Batch, Tensor]]] = {}
    for owner, (_, own, rng) in enumerate(many):
        tiles = list(random_tiles(size, first.tile_size, rng, smallest=first.smallest))
        most_px = together_px(first.tile_size)
        for number, batch in enumerate(batches(tiles, first.joints, most_px=most_px)):
            canvas = batch.canvas(own)
            key = (number if batch.mosaic else None, canvas.shape[1:])
            canvases.setdefault(key, []).append((owner, batch, canvas))
    for group in canvases.values():
        _add(first, terms, group, found)
    return found


def _add(
    first: Tiled,
    terms: Sequence[Term],
    group: Sequence[tuple[int, Batch, Tensor]],
    found: Sequence[Found],
) -> None:
    """What some tiles add to their pictures' gradients and values."""
    owners, some, canvases = zip(*group, strict=True)
    starts = [sum(len(canvas) for canvas in canvases[:n]) for n in range(len(canvases))]
    stack = _Stack(some, owners, tuple(starts))
    canvas = torch.cat(canvases).contiguous(memory_format=torch.channels_last).requires_grad_()
    with torch.enable_grad():
        features = stack.features(canvas, [term.layer for term in terms])
    each = list(slopes(terms, canvas, features, stack.parts))
    for number, (owner, tile, place) in enumerate(stack.tiles):
        terms_slopes = [slope[place] for slope, _ in each]
        first.put(tile, terms_slopes, [values[number] for _, values in each], found[owner])


def whole(many: Sequence[Dreamed]) -> list[Found]:
    """Each dream's gradients of its whole picture; see ``slopes.Whole``."""
    first = many[0][0]
    assert isinstance(first, Whole)
    terms = terms_of(first.objectives)
    images = torch.cat([image for _, image, _ in many])
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    with torch.enable_grad():
        features = first.flow.network.features(images, [term.layer for term in terms])
    places = [(slice(n, n + 1),) for n in range(len(many))]
    each = list(slopes(terms, images, features, lambda layer: places))
    return [
        (
            combined(first.objectives, [slope[place] for slope, _ in each]),
            torch.stack([values[n] for _, values in each]),
        )
        for n, place in enumerate(places)
    ]


def _style_bytes(descent: Descent) -> float:
    (piece,) = descent.layout.pieces
    return _footprint(descent.comparison.flow).piece_bytes(piece)


def _dream_bytes(slope: Slope, image: Tensor) -> float:
    size = (image.shape[2], image.shape[3])
    if isinstance(slope, Tiled):
        px, flow = canvas_px(size, slope.tile_size), slope.joints.flow
    else:
        assert isinstance(slope, Whole)
        px, flow = size[0] * size[1], slope.flow
    return _footprint(flow).field_bytes * px


def _footprint(flow: Flow) -> Footprint:
    """Measured once: bytes are asked for at every step, and a measurement runs the network."""
    if flow not in _footprints:
        _footprints[flow] = Footprint.measured(flow)
    return _footprints[flow]


_footprints: WeakKeyDictionary[Flow, Footprint] = WeakKeyDictionary()
