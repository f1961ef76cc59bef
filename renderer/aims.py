"""What may a dream aim at beside one layer? Several layers with weights, guides, and regions.

Plain values, to be written down and compared; ``objectives`` and ``regions`` make tensors of them.
Pictures are meant by their numbers, from 0, in the list of pictures that a dream is given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from renderer.errors import SettingError


@dataclass(frozen=True, kw_only=True)
class Aim:
    """One thing to amplify: a layer, channels of it, classes, or a guide's features in the layer.

    ``weight`` is its share among the aims of its region; what has a negative one is suppressed.
    ``guide`` is the number of the picture whose features are aimed at. With ``classes``, ``layer``
    is ``classes``.
    """

    layer: str
    channels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    weight: float = 1.0
    guide: int | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight) or self.weight == 0:
            raise SettingError(
                f"the weight of {self.layer} must be a number other than 0, not {self.weight:g}"
            )
        if self.classes and self.guide is not None:
            raise SettingError("a guide has features in a layer; it can't be used with classes")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The aim that ``dataclasses.asdict`` wrote down, lists for tuples."""
        lists: dict[str, Any] = {k: tuple(v) for k, v in data.items() if isinstance(v, list)}
        return cls(**{**data, **lists})


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the picture, and the aims that are amplified there, all at once.

    ``mask`` is the number of a picture that is white where the region is, black where it isn't and
    grey between; None means what the other regions' masks leave.
    """

    aims: tuple[Aim, ...]
    mask: int | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The region that ``dataclasses.asdict`` wrote down, lists for tuples."""
        return cls(aims=tuple(map(Aim.read, data["aims"])), mask=data["mask"])


def check_regions(regions: Sequence[Region]) -> None:
    """Raise SettingError for a region without aims, and for several without a mask."""
    if any(not region.aims for region in regions):
        raise SettingError("a region needs something to amplify")
    if sum(region.mask is None for region in regions) > 1:
        raise SettingError("only one region may be without a mask: it is what the others leave")


def guides(regions: Iterable[Region]) -> tuple[int, ...]:
    """The numbers of all pictures that guide, each once."""
    found = (aim.guide for region in regions for aim in region.aims)
    return tuple(dict.fromkeys(guide for guide in found if guide is not None))


def masks(regions: Iterable[Region]) -> tuple[int, ...]:
    """The numbers of all pictures that mask, each once."""
    return tuple(dict.fromkeys(r.mask for r in regions if r.mask is not None))
