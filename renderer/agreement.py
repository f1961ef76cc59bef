"""How alike are two renderings of one picture, and do borders of pieces show in their difference?

Sums over pieces are added in another order than those over a whole picture, and a float's rounding
grows from step to step. So renderings are compared, not asked to be the same: by their signal to
noise ratio, and by whether the difference changes faster across the pieces' borders than anywhere
else, which would be a seam.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.spans import Region

PEAK = 255.0
COVERAGE = 0.95
"""The share of displaced grids of lines within a ``Seams``' band."""


@dataclass(frozen=True)
class Seams:
    """How much faster a difference changes across the borders than across all lines.

    ``ratio`` is 1 where borders are like any other line. ``low`` and ``high`` are between what the
    same lines come to, moved to other places of the picture: of a ratio above ``high``, chance
    alone makes one in forty.
    """

    ratio: float
    low: float
    high: float

    @property
    def found(self) -> bool:
        """Whether there are seams."""
        return self.ratio > self.high


def psnr(a: Tensor, b: Tensor) -> float:
    """The peak signal to noise ratio, dB, of two pictures of 0..255; infinite if they are equal."""
    error = (a.double() - b.double()).square().mean().item()
    return math.inf if error == 0 else 10 * math.log10(PEAK**2 / error)


def borders(cores: Iterable[Region]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The rows and the columns at which cores begin, but the picture's first."""
    found = list(cores)
    rows = {core.rows.start for core in found} - {0}
    columns = {core.columns.start for core in found} - {0}
    return tuple(sorted(rows)), tuple(sorted(columns))


def seams(difference: Tensor, rows: Sequence[int], columns: Sequence[int]) -> Seams:
    """Whether a (1, C, H, W) difference of two renderings changes across lines more than elsewhere.

    Across a line, what is taken is the mean absolute step from the pixels before to those behind.
    At least one line is to be given. A difference without any steps has the ratio 1.
    """
    exact = difference.double()
    profiles = [(_steps(exact, -2), rows), (_steps(exact, -1), columns)]
    chosen = [(steps, [line - 1 for line in lines]) for steps, lines in profiles if lines]
    everywhere = sum(steps.mean().item() * len(lines) for steps, lines in chosen)
    if everywhere == 0:
        return Seams(1.0, 1.0, 1.0)

    def across(shift: int) -> float:
        moved = [steps[[(n + shift) % len(steps) for n in lines]] for steps, lines in chosen]
        return sum(steps.sum().item() for steps in moved) / everywhere

    longest = max(len(steps) for steps, _ in chosen)
    others = torch.tensor([across(shift) for shift in range(1, longest)], dtype=torch.float64)
    tail = torch.tensor([(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], dtype=torch.float64)
    low, high = torch.quantile(others, tail).tolist()
    return Seams(across(0), low, high)


def _steps(difference: Tensor, axis: int) -> Tensor:
    """The mean absolute step across each line between two rows or columns."""
    others = [n for n in range(4) if n != axis % 4]
    return difference.diff(dim=axis).abs().mean(dim=others)
