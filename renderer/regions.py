"""Where does a dream raise what? Masks share a picture out among objectives.

A mask is a picture: white where its region is, black where it isn't, grey between; what is
transparent counts as black. It is stretched to the picture, whose ratio it must have. In a region
the picture moves as a dream of the region's objective would move it there, times the mask; where no
region is, it stays exactly as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from renderer import aims, networks
from renderer.aims import Aim
from renderer.errors import ImageError, SettingError
from renderer.images import Picture, flatten, shrink
from renderer.networks import Network
from renderer.objectives import Objective, objective
from renderer.settings import DreamSettings

RATIO_TOLERANCE = 0.02
"""Share of its side by which a mask may miss the picture once it is as wide; or else one pixel."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The objectives of a dream, and the mask (1, 1, h, w) of each, 0..1, at its own size.

    A mask of None is what the others leave.
    """

    objectives: tuple[Objective, ...]
    masks: tuple[Tensor | None, ...]

    @classmethod
    def of(
        cls,
        settings: DreamSettings,
        network: Network,
        pictures: Sequence[Picture],
        *,
        image: Tensor,
    ) -> Regions:
        """What the settings say, for a dream of ``image``. Raises NetworkError, SettingError and,
        for a mask of another ratio or a guide that is too small, ImageError.
        """
        whole = Aim(layer=settings.layer, channels=settings.channels, classes=settings.classes)
        regions = settings.regions or (aims.Region(aims=(whole,)),)
        used = (*aims.guides(regions), *aims.masks(regions))
        if used and max(used) >= len(pictures):
            raise SettingError(
                f"the dream speaks of picture {max(used)}, counted from 0, and is given "
                f"{len(pictures)}"
            )
        guides = _guides(regions, settings, network, pictures)
        size = (image.shape[2], image.shape[3])
        masks = {n: _mask(pictures[n], size).to(image) for n in aims.masks(regions)}
        return cls(
            tuple(objective(region.aims, network, guides) for region in regions),
            tuple(None if region.mask is None else masks[region.mask] for region in regions),
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of all terms."""
        return tuple(layer for objective in self.objectives for layer in objective.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """What the values of the terms are called: one alone ``objective``, else by layers."""
        if len(self.layers) == 1:
            return ("objective",)
        before = [self.layers[:place].count(layer) for place, layer in enumerate(self.layers)]
        return tuple(f"{n}_{k + 1}" if k else n for n, k in zip(self.layers, before, strict=True))

    def shares(self, size: tuple[int, int]) -> Shares:
        """The masks at a (height, width) of the pyramid."""
        if all(mask is None for mask in self.masks):
            return Shares(tuple(None for _ in self.masks), None)
        fitted = [None if mask is None else at(mask, size) for mask in self.masks]
        covered = sum(mask for mask in fitted if mask is not None)
        assert isinstance(covered, Tensor)
        covered = covered.clamp(max=1)
        filled = tuple(1 - covered if mask is None else mask for mask in fitted)
        everywhere = any(mask is None for mask in fitted)
        return Shares(filled, torch.ones_like(covered) if everywhere else covered)


@dataclass(frozen=True, eq=False)
class Shares:
    """The masks of the regions at one size, and how much of each pixel any region covers.

    None where there is but one region, the whole picture.
    """

    masks: tuple[Tensor | None, ...]
    covered: Tensor | None

    def combined(self, moves: Sequence[Tensor]) -> Tensor:
        """The sum over the regions of mask × move."""
        first, *others = (
            move if mask is None else mask * move
            for mask, move in zip(self.masks, moves, strict=True)
        )
        return sum(others, start=first)

    def kept(self, changed: Tensor, original: Tensor) -> Tensor:
        """The changed picture where a region is, and the original where none is."""
        if self.covered is None:
            return changed
        return self.covered * changed + (1 - self.covered) * original


def at(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """A mask at ``size`` = (height, width): bilinear, antialiased, so that black stays black."""
    if tuple(mask.shape[2:]) == size:
        return mask
    return interpolate(mask, size=size, mode="bilinear", align_corners=False, antialias=True)


def same_ratio(mask: tuple[int, int], picture: tuple[int, int]) -> bool:
    """Whether a mask of (height, width) can be stretched to a picture's."""
    height, width = picture
    stretched = mask[0] * width / mask[1]
    return abs(stretched - height) <= max(1.0, RATIO_TOLERANCE * height)


def _mask(picture: Picture, size: tuple[int, int]) -> Tensor:
    if not same_ratio(picture.size, size):
        (h, w), (height, width) = picture.size, size
        raise ImageError(
            f"a mask of {w} x {h} px can't be laid on a picture of {width} x {height} px: "
            "it must have the picture's ratio of sides"
        )
    return flatten(picture, background=0).pixels.mean(dim=1, keepdim=True).clamp(0, 255) / 255


def _guides(
    regions: Sequence[aims.Region],
    settings: DreamSettings,
    network: Network,
    pictures: Sequence[Picture],
) -> Mapping[int, Mapping[str, Tensor]]:
    """The features of each guide picture in the layers where it guides."""
    entry, like = networks.entry(network.name), next(network.parameters())
    wanted: dict[int, list[str]] = {}
    for aim in (aim for region in regions for aim in region.aims):
        if aim.guide is not None:
            wanted.setdefault(aim.guide, []).append(networks.resolve_layer(entry, aim.layer))
    found = {}
    for number, layers in wanted.items():
        guide = shrink(pictures[number], settings.guide_max_size)
        try:
            with torch.no_grad():
                found[number] = network.features(guide.pixels.to(like.device), layers)
        except RuntimeError as error:
            height, width = guide.size
            raise ImageError(
                f"a guide of {width} x {height} px is too small for the layers "
                f"{', '.join(layers)}; give a larger one, or a larger guide_max_size"
            ) from error
    return found
