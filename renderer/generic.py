"""Which pictures stand for pictures in general? Noise and leaves, drawn by a fixed seed.

They are what is usual for a channel, so that a picture can be told apart from it. Both are models
of natural pictures: noise whose amplitude falls as 1/f (Field, "Relations between the statistics
of natural images and the response properties of cortical cells", 1987), and dead leaves, discs
that hide each other, whose radii fall as r⁻³ (Lee, Mumford & Huang, "Occlusion models for natural
images", 2001). Colours are correlated as in natural pictures (the matrix of lucid's
``optvis.param.color``).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

COUNT = 4  # of each kind
SIDE_PX = 256
LEAVES = 1500
RADII_PX = (3, 100)
MEAN, DEVIATION = 118.0, 55.0  # of the values, of 0..255
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))


def pictures(side: int = SIDE_PX) -> Tensor:
    """The pictures, (2 * COUNT, 3, side, side), float64 RGB of 0..255; always the same."""
    generator = torch.Generator().manual_seed(0)
    drawn = [draw(side, generator) for draw in (_noise, _leaves) for _ in range(COUNT)]
    return torch.stack(drawn)


def _noise(side: int, generator: torch.Generator) -> Tensor:
    rows, columns = torch.fft.fftfreq(side), torch.fft.rfftfreq(side)
    frequency = torch.hypot(*torch.meshgrid(rows, columns, indexing="ij")).double()
    amplitude = 1 / frequency.clamp(min=1 / side)
    amplitude[0, 0] = 0
    shape = (3, side, side // 2 + 1)
    phase = 2 * math.pi * torch.rand(shape, generator=generator, dtype=torch.float64)
    waves = torch.polar(amplitude.expand(shape).contiguous(), phase)
    return _coloured(torch.fft.irfft2(waves, s=(side, side)))


def _leaves(side: int, generator: torch.Generator) -> Tensor:
    """Discs on discs; what is below a radius or above one is left out, as in the paper."""
    least, most = RADII_PX
    drawn = torch.rand((LEAVES, 3), generator=generator, dtype=torch.float64)
    radii = (least**-2 + (most**-2 - least**-2) * drawn[:, 0]).rsqrt()  # density ~ r⁻³
    colours = torch.randn((3, LEAVES), generator=generator, dtype=torch.float64)
    values = torch.zeros((3, side, side), dtype=torch.float64)
    for radius, centre, colour in zip(radii, drawn[:, 1:] * side, colours.T, strict=True):
        rows, columns = (_within(place.item(), radius.item(), side) for place in centre)
        y, x = (torch.arange(part.start, part.stop) for part in (rows, columns))
        inside = (y[:, None] - centre[0]) ** 2 + (x[None] - centre[1]) ** 2 <= radius**2
        values[:, rows, columns] = torch.where(
            inside, colour[:, None, None], values[:, rows, columns]
        )
    return _coloured(values)


def _within(centre: float, radius: float, side: int) -> slice:
    """The rows or columns that a disc may cover: all others needn't be looked at."""
    return slice(max(0, math.floor(centre - radius)), min(side, math.ceil(centre + radius) + 1))


def _coloured(values: Tensor) -> Tensor:
    """Three independent planes as correlated RGB, all with the same mean and deviation."""
    mixed = torch.einsum("rc,chw->rhw", torch.tensor(COLOURS, dtype=torch.float64), values)
    mixed = (mixed - mixed.mean()) / mixed.std()
    return (mixed * DEVIATION + MEAN).clamp(0, 255)
