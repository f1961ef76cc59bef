"""How is a picture moved a little before every step, so that only what survives it is amplified?

By a few pixels, degrees and per cent (Olah et al., "Feature Visualization", Distill 2017, section
"Transformation Robustness"): what a network answers to in one exact place only is no feature. It
differs from lucid in that all moves are one bilinear sampling, drawn from continuous ranges, and
that pictures go on at their other side, as those made of frequencies do, not in a grey margin.

The sampling is made of ``gather``s, since the gradient of torch's ``grid_sample`` is added up in
no fixed order on a GPU.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Reach:
    """How far a picture is moved at most, in any direction."""

    shift_px: float
    turn_degrees: float
    zoom: float  # 0.1: from 90 to 110 %

    def draw(self, generators: Sequence[torch.Generator]) -> Tensor:
        """A move for each generator, (N, 4): right and down in px, turn in radians, factor."""
        drawn = torch.stack([2 * torch.rand(4, generator=g) - 1 for g in generators])
        reach = (self.shift_px, self.shift_px, math.radians(self.turn_degrees), self.zoom)
        return drawn * torch.tensor(reach) + torch.tensor([0.0, 0.0, 0.0, 1.0])


def moved(images: Tensor, moves: Tensor) -> Tensor:
    """Pictures (N, C, H, W), each by its own move (N, 4); they wrap round."""
    height, width = images.shape[2:]
    x, y = _sources((height, width), moves.to(images))
    left, top = x.floor(), y.floor()
    right_share, low_share = (x - left)[:, None], (y - top)[:, None]
    upper = _at(images, left, top) * (1 - right_share) + _at(images, left + 1, top) * right_share
    lower = _at(images, left, top + 1) * (1 - right_share)
    lower = lower + _at(images, left + 1, top + 1) * right_share
    return upper * (1 - low_share) + lower * low_share


def _sources(size: tuple[int, int], moves: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pixel comes from, as two (N, H, W): turned and zoomed about the middle."""
    height, width = size
    down = torch.arange(height, device=moves.device, dtype=moves.dtype) - (height - 1) / 2
    across = torch.arange(width, device=moves.device, dtype=moves.dtype) - (width - 1) / 2
    y, x = torch.meshgrid(down, across, indexing="ij")
    shift_x, shift_y, turn, factor = moves.T[..., None, None]
    cosine, sine = turn.cos() / factor, turn.sin() / factor
    from_x = cosine * x - sine * y + (width - 1) / 2 - shift_x
    from_y = sine * x + cosine * y + (height - 1) / 2 - shift_y
    return from_x, from_y


def _at(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The pixels at whole places (N, H, W) of each picture, all its channels."""
    count, channels, height, width = images.shape
    places = y.remainder(height).long() * width + x.remainder(width).long()
    flat = places.view(count, 1, -1).expand(-1, channels, -1)
    return images.flatten(2).gather(2, flat).view(count, channels, *x.shape[1:])
