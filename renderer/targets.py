"""What is a picture compared with? The content's activations, and the styles' Gram matrices.

Both are computed in pieces where the picture is, and kept in a worker's memory, under all that
determines their bits, for other transfers that have them in common (``renderer.memory``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer import heap, networks
from renderer.errors import SettingError
from renderer.gang import Gang
from renderer.memory import Memory, fingerprint, size_bytes
from renderer.networks import Network
from renderer.networks.flow import Flow, Slices
from renderer.offload import Kept, Offload
from renderer.pieces import Piece, add, cores, piece
from renderer.products import grams_of
from renderer.settings import StyleSettings
from renderer.spans import Region

Contents = Mapping[Region, Mapping[str, Kept]]
"""A content's activations, (1, C, h, w), by layer, for each piece by its core."""


@dataclass(frozen=True)
class Layers:
    """The full names of the layers that compare content and style."""

    content: tuple[str, ...]
    style: tuple[str, ...]

    @classmethod
    def of(cls, network: Network, settings: StyleSettings) -> Layers:
        """Those that the settings mean. NetworkError for an unknown one."""
        entry = networks.entry(network.name)
        return cls(
            networks.resolve_layers(entry, settings.content_layers),
            networks.resolve_layers(entry, settings.style_layers),
        )


def contents(
    flow: Flow,
    content: Tensor,
    pieces: Sequence[Piece],
    layers: Sequence[str],
    *,
    memory: Memory | None = None,
    offload: Offload | None = None,
) -> Contents:
    """The activations of a whole content picture at some of the flow's layers, for each piece.

    Computed exactly as a picture's will be, to the bit: a picture that starts as its content has a
    content loss of 0, by whose rounding nothing must be divided. They stay where they are computed
    while there is room, or go on from there (``offload``).
    """
    memory, offload = memory or Memory(0), offload or Offload()
    cut = tuple((one.core, one.field.picture) for one in pieces)
    key = ("content", tuple(layers), tuple(flow.places), cut, fingerprint(content))
    found: Contents | None = memory.recall(*key)
    if found is None:
        with torch.no_grad():
            found = {
                one.core: {
                    name: offload.keep(tensor)
                    for name, tensor in _activations(flow, content, one, layers).items()
                }
                for one in pieces
            }
        held = [kept for each in found.values() for kept in each.values()]
        if all(kept.held is not None for kept in held):  # a file is this transfer's own
            memory.keep(found, sum(kept.size_bytes for kept in held), *key)
    return found


def _activations(
    flow: Flow, content: Tensor, one: Piece, layers: Sequence[str]
) -> dict[str, Tensor]:
    features = flow.features(content[(..., *one.field.picture.slices)], one.field)
    return {name: _copied(features[name]) for name in layers if name in features}


def _copied(tensor: Tensor) -> Tensor:
    # What is cut out of a larger tensor would keep all of it.
    return heap.apart(tensor) if tensor.device.type == "cpu" else tensor.clone()


def blended_grams(
    flow: Flow,
    styles: Sequence[Tensor],
    settings: StyleSettings,
    *,
    gang: Gang | None = None,
    tile_px: int | None = None,
    memory: Memory | None = None,
) -> dict[str, Tensor]:
    """The Gram matrices of one or more blended style pictures, (C, C) in float64, by layer.

    The pictures are compared at the size that they have (``Scale.longest``).
    """
    layers = Layers.of(flow.network, settings).style
    blended: dict[str, Tensor] = {}
    for style, share in zip(styles, shares(settings, len(styles)), strict=True):
        size = (style.shape[2], style.shape[3])
        found = summed_grams(
            flow, style, layers, gang=gang or Gang(), tile_px=tile_px, memory=memory or Memory(0)
        )
        for name, gram in found.items():
            positions = math.prod(flow.size(name, size)) if settings.gram == "mean" else 1
            blended[name] = blended.get(name, 0) + share / positions * gram
    return blended


def summed_grams(
    flow: Flow,
    image: Tensor,
    layers: Sequence[str],
    *,
    gang: Gang,
    tile_px: int | None,
    memory: Memory,
) -> dict[str, Tensor]:
    """A picture's Gram matrices, summed over its positions; a gang's members share its pieces."""
    key = ("style", tuple(layers), tuple(flow.places), tile_px, gang.count, fingerprint(image))
    found: dict[str, Tensor] | None = memory.recall(*key)
    if found is None:
        size = (image.shape[2], image.shape[3])
        pieces = [piece(flow, size, core) for core in cores(Region.whole(size), tile_px)]
        own = _grams(flow, image, layers, pieces[gang.rank :: gang.count])
        found = gang.sum(own, symmetric=own)
        memory.keep(found, size_bytes(*found.values()), *key)
    return found


def _grams(
    flow: Flow, image: Tensor, layers: Sequence[str], pieces: Sequence[Piece]
) -> dict[str, Tensor]:
    sides = {name: flow.channels(name) for name in layers}
    totals = {
        name: torch.zeros(side, side, dtype=torch.float64, device=image.device)
        for name, side in sides.items()
    }
    with torch.no_grad():
        for one in pieces:
            add(totals, _piece_grams(flow, image, one, layers))
    return totals


def _piece_grams(flow: Flow, image: Tensor, one: Piece, layers: Sequence[str]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def tap(layer: str, value: Tensor, where: Slices) -> Tensor:
        if layer in layers:
            (found[layer],) = grams_of(value[(..., *where)])
        return value

    flow.tapped(image[(..., *one.field.picture.slices)], one.field, tap)
    return found


def shares(settings: StyleSettings, count: int) -> tuple[float, ...]:
    """The share of each of ``count`` style pictures, summing to one."""
    weights = settings.style_weights or (1.0,) * count
    if count == 0:
        raise SettingError("style: no style picture given; name one or more under `images`")
    if len(weights) != count or sum(weights) <= 0:
        raise SettingError(
            f"style_weights: {len(weights)} weights, with the sum {sum(weights):g}, "
            f"for {count} style pictures; give one for each, not all zero"
        )
    return tuple(weight / sum(weights) for weight in weights)
