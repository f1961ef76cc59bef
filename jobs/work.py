"""How is a task's work spread over its iterations? Each costs as the pixels that it goes through.

A dream's small levels and a style transfer's small scales come first, and their iterations are a
fraction of the last ones: what is done of a task is not its share of iterations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from renderer.scales import scales
from renderer.settings import AtlasSettings, DreamSettings, Settings, StyleSettings

SMALLEST_PX = 16
"""Levels of a dream with a shorter side cost nothing worth counting."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many iterations, each of a picture of (height, width)."""

    iterations: int
    size: Size

    @property
    def pixels(self) -> int:
        """What all of them go through."""
        return self.iterations * math.prod(self.size)


@lru_cache(maxsize=1024)  # often many tasks have the same; where none do, none is kept for ever
def stretches(settings: Settings, size: Size) -> tuple[Stretch, ...]:
    """What a task of a picture of (height, width) goes through, in order."""
    if isinstance(settings, StyleSettings):
        return tuple(Stretch(one.iterations, one.size) for one in scales(settings, size))
    if isinstance(settings, AtlasSettings):
        steps = len(settings.channels) * settings.iterations
        return (Stretch(steps, (settings.images * settings.size, settings.size)),)
    return tuple(Stretch(settings.iterations, level) for level in reversed(_levels(settings, size)))


def share(settings: Settings, size: Size, iteration: int) -> float:
    """Which share of a task is done after so many iterations, 0..1."""
    passed, left, whole = 0.0, iteration, stretches(settings, size)
    for one in whole:
        passed += min(left, one.iterations) * math.prod(one.size)
        left = max(0, left - one.iterations)
    return passed / max(1, sum(one.pixels for one in whole))


def _levels(settings: DreamSettings, size: Size) -> list[Size]:
    """The sizes that a dream goes through, the largest first."""
    levels = [size]
    for _ in range(settings.repeats):
        height, width = (int(side * settings.rescale_factor) for side in levels[-1])
        if min(height, width) < SMALLEST_PX:
            break
        levels.append((height, width))
    return levels
