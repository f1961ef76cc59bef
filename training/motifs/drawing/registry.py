"""Which motifs there are: every drawing function signs itself in with ``@motif``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.motifs.drawing.canvas import Canvas

Draw = Callable[[Canvas], None]


@dataclass(frozen=True)
class Motif:
    """A class of drawings: ``draw`` puts one on a canvas, which decides its pose and style."""

    name: str
    draw: Draw
    texture: bool = False  # fills the whole square, e.g. fur, scales, brick
    upright: bool = False  # mostly seen upright, e.g. faces and buildings


KNOWN: dict[str, Motif] = {}


def motif(*, texture: bool = False, upright: bool = False) -> Callable[[Draw], Draw]:
    """Signs a drawing function in under its own name."""

    def sign_in(draw: Draw) -> Draw:
        name = draw.__name__
        if name in KNOWN:
            raise ValueError(f"two motifs are named '{name}': rename one")
        KNOWN[name] = Motif(name, draw, texture, upright)
        return draw

    return sign_in
