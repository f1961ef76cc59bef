"""The motif bank: what the embedded network learns to see, drawn from a name and a seed.

Every motif is a function that draws on a ``Canvas``; the canvas brings what varies between two
drawings of one motif (pose, light, style), the function what varies in the thing itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from training.motifs.drawing import (  # noqa: F401  (importing signs the motifs in)
    animals,
    beasts,
    birds,
    buildings,
    coats,
    elements,
    fabrics,
    faces,
    flowers,
    insects,
    machines,
    objects,
    ornaments,
    plants,
    sealife,
    structures,
    vehicles,
)
from training.motifs.drawing.canvas import Canvas
from training.motifs.drawing.registry import KNOWN, Motif

__all__ = ["MOTIFS", "Canvas", "Motif", "draw_motif"]

MOTIFS: Mapping[str, Motif] = MappingProxyType(dict(sorted(KNOWN.items())))


def draw_motif(name: str, seed: int, side_px: int = 128) -> NDArray[np.uint8]:
    """A drawing (side, side, 4): RGBA, straight alpha; the same for the same name and seed."""
    motif = MOTIFS[name]
    rng = np.random.default_rng((zlib.crc32(name.encode()), seed))
    canvas = Canvas(rng, side_px, texture=motif.texture)
    motif.draw(canvas)
    return canvas.finish()
