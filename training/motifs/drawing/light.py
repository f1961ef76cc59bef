"""How is a surface lit? Lambert with a tinted sky and a highlight; plain tones where it is flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.motifs.drawing.colours import Colour, Dice
from training.motifs.drawing.noise import Field


@dataclass(frozen=True)
class Light:
    """One light far away, and the sky opposite to it."""

    direction: Field
    ambient: float
    sharpness: float
    shine: Field
    sky: Field
    flat: float  # 0 shades in full; up to 1 leaves one or two tones a part

    def on(
        self, colour: Colour, normal: tuple[Any, Any, Any], *, gloss: float, tex: Field | None
    ) -> Field:
        """The colour (h, w, 3) of a surface with that normal; ``tex`` darkens and lightens."""
        nx, ny, nz = normal
        length = np.sqrt(nx * nx + ny * ny + nz * nz)
        lx, ly, lz = self.direction
        facing = np.clip((nx * lx + ny * ly + nz * lz) / length, 0, 1)
        if self.flat:
            shade = 1.04 - 0.2 * self.flat * (facing < 0.45)
        else:
            shade = self.ambient + (1.2 - self.ambient) * facing
        if tex is not None:
            shade = shade * (1 + tex)
        lit: Field = np.asarray(colour, np.float32) * shade[..., None]
        if not self.flat:
            lit += self.sky * ((1 - facing) * 0.1)[..., None]
            lit += gloss * self.shine * (facing**self.sharpness)[..., None]
        shown: Field = np.clip(lit, 0, 1)
        return shown


def any_light(dice: Dice, flat: float) -> Light:
    """A light from any side, more often from above."""
    angle, lean = dice.between(0, 2 * np.pi), dice.between(0.35, 1.2)
    direction = np.array([np.cos(angle) * lean, np.sin(angle) * lean - 0.4, 1.0])
    return Light(
        direction=(direction / np.linalg.norm(direction)).astype(np.float32),
        ambient=dice.between(0.22, 0.5),
        sharpness=dice.between(10, 45),
        shine=dice.colour(dice.choice(0.12, 0.6), 0.15, 0.95),
        sky=dice.colour(dice.choice(0.6, 0.72, 0.08), 0.6, 0.7),
        flat=flat,
    )
