"""Colours near what is meant, and how they are mixed; all a drawing leaves to chance."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np

from training.motifs.drawing.noise import Field

Colour = Any  # three numbers in 0..1, or a field of them (h, w, 3)

COATS = (  # hue, saturation, value of animals' coats
    (0.07, 0.60, 0.72), (0.09, 0.35, 0.88), (0.08, 0.65, 0.42), (0.05, 0.72, 0.58),
    (0.60, 0.10, 0.55), (0.10, 0.08, 0.92), (0.08, 0.25, 0.22), (0.11, 0.60, 0.85),
)  # fmt: skip


class Dice:
    """What is left to chance: numbers, choices, colours; all from one generator."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        """A number from low to high."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self.rng.random() < probability)

    def choice(self, *options: Any) -> Any:
        """One of the options."""
        return options[self.rng.integers(len(options))]

    def colour(
        self,
        hue: float | None = None,
        saturation: float | None = None,
        value: float | None = None,
        spread: float = 0.04,
    ) -> Field:
        """A colour near what is given (hue 0..1, by ``spread``); what is not given is any."""
        hue = self.rng.random() if hue is None else hue + self.between(-spread, spread)
        saturation = (
            self.between(0.3, 1) if saturation is None else saturation + self.between(-0.12, 0.12)
        )
        value = self.between(0.4, 1) if value is None else value + self.between(-0.1, 0.1)
        rgb = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0.03), 1))
        return np.array(rgb, np.float32)

    def coat(self) -> Field:
        """An animal's colour: mostly a natural one."""
        if self.chance(0.1):
            return self.colour(None, 0.5, 0.7)
        hue, saturation, value = COATS[self.rng.integers(len(COATS))]
        return self.colour(hue, saturation, value, 0.02)


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 before ``low``, 1 after ``high``, smooth between (``low`` may be the larger)."""
    t: Field = np.clip((value - low) / (high - low), 0, 1)
    eased: Field = t * t * (3 - 2 * t)
    return eased


def mix(first: Colour, second: Colour, share: Field) -> Field:
    """Colours from ``first`` (share 0) to ``second`` (share 1): (h, w, 3)."""
    share = np.asarray(share, np.float32)[..., None]
    mixed: Field = np.asarray(first, np.float32) * (1 - share) + np.asarray(second) * share
    return mixed.astype(np.float32, copy=False)


def tint(colour: Colour, factor: float, lift: float = 0.0) -> Field:
    """A lighter or darker colour."""
    tinted: Field = np.clip(np.asarray(colour, np.float32) * factor + lift, 0, 1)
    return tinted


def shade(colour: Colour, factor: Field) -> Field:
    """The colour lightened and darkened by a field: (h, w, 3)."""
    return np.clip(np.asarray(colour, np.float32) * factor[..., None], 0, 1)
