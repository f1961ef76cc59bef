"""How active are a layer's channels on a picture, and in which order do they come then?

A channel's activation is the mean of its map, after the ReLU, over the picture or over a region of
it. What is in a region is seen in its surroundings: the whole picture goes through the network, and
the region is cut out of the maps.

    values = activations(network, pixels, ["inception4c"])["inception4c"]
    eyes = ranking(likeness(values, usual(network, ["inception4c"])["inception4c"]))[:8]
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor

from renderer import generic
from renderer.errors import ImageError, SettingError
from renderer.networks import Network

ROUNDING = 1e-9
"""Guards the borders of a region: 0.7 of 10 positions is 7 of them, however it is rounded."""

ORDERS = ("strongest", "weakest", "average")

Values = tuple[float, ...]
"""One number a channel, in their order."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in fractions of its width and height from its left upper corner."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise SettingError(
                "must be [left, top, right, bottom] in fractions of the picture, 0 to 1, with left "
                f"below right and top below bottom, not {list(astuple(self))}"
            )

    def cut(self, maps: Tensor) -> Tensor:
        """The part of (N, C, h, w) maps that the region touches: at least one position."""
        height, width = maps.shape[2:]
        rows = _span(self.top, self.bottom, height)
        return maps[:, :, rows, _span(self.left, self.right, width)]


WHOLE = Region()


def activations(
    network: Network, image: Tensor, layers: Iterable[str], *, region: Region = WHOLE
) -> dict[str, Values]:
    """The mean activation of every channel of each layer on (N, 3, H, W) pixels of 0..255.

    Raises ImageError for a picture too small for a layer.
    """
    height, width = image.shape[2:]
    try:
        with torch.no_grad():
            found = network.features(image, layers)
        if not all(maps.numel() for maps in found.values()):
            raise RuntimeError("a map without positions")
    except RuntimeError as error:
        raise ImageError(
            f"a picture of {width} x {height} px is too small for layer {network.until}"
        ) from error
    return {layer: tuple(region.cut(m).mean((0, 2, 3)).tolist()) for layer, m in found.items()}


def usual(network: Network, layers: Iterable[str]) -> dict[str, Values]:
    """The same on pictures in general (``renderer.generic``)."""
    return activations(network, generic.pictures(), layers)


def shares(values: Sequence[float]) -> Values:
    """Each channel's share of the layer's whole activation; zeros where there is none."""
    total = math.fsum(values)
    return tuple(value / total if total else 0.0 for value in values)


def likeness(values: Sequence[float], usual: Sequence[float]) -> Values:
    """By how much each channel's share on a picture exceeds its share on pictures in general.

    The sum over the layer is 0. A channel that is always on, and one that is as good as silent,
    both come to about 0. Differs from the ratio of both activations, which is largest for channels
    that are hardly ever on, here neither.
    """
    return tuple(own - other for own, other in zip(shares(values), shares(usual), strict=True))


def ranking(values: Sequence[float], order: str = "strongest") -> tuple[int, ...]:
    """All channels, the first the strongest, the weakest, or the nearest to the average.

    The average is the median of the channels that are active. Silent channels, of which nothing can
    be amplified, come last in every order; of equals the one with the lower number comes first.
    """
    if order not in ORDERS:
        raise SettingError(f"there is no order {order!r}; use {', '.join(ORDERS)}")
    middle = statistics.median([value for value in values if value > 0] or [0.0])

    def key(channel: int) -> tuple[bool, float, int]:
        value = values[channel]
        if order == "strongest":
            return (False, -value, channel)
        return (value <= 0, value if order == "weakest" else abs(value - middle), channel)

    return tuple(sorted(range(len(values)), key=key))


def _span(first: float, last: float, count: int) -> slice:
    return slice(math.floor(first * count + ROUNDING), math.ceil(last * count - ROUNDING))
