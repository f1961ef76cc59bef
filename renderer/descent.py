"""How does a picture go down towards its content and its style, at one size?

One ``Descent`` is all that a step needs: what the picture is compared with, who holds which part of
it, the picture, and the optimiser's memory. A state is of whole pictures, whoever held its parts,
so that it can be taken up by any number of members, in any tiles, and at the next larger scale.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from renderer.checkpoints import IMAGE, Later, State
from renderer.comparison import GRAM, Comparison
from renderer.gang import Gang
from renderer.images import Picture, resample, shrink
from renderer.memory import Memory
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.offload import Offload
from renderer.optimizers import grown, optimizer
from renderer.pieces import Sums, gradient, total
from renderer.replay import Replayed
from renderer.scales import Scale
from renderer.settings import StyleSettings
from renderer.targets import Layers, blended_grams, contents

MEMORY = "optimizer."
"""Begins the names of those of a state's tensors that the optimiser keeps."""


@dataclass(frozen=True)
class Goal:
    """What a picture is to become, at whatever size, and who works on it how.

    ``content`` and ``styles`` are (1, 3, H, W) in 0..255; all else as in ``style.steps``.
    """

    content: Tensor
    styles: Sequence[Tensor]
    network: Network
    settings: StyleSettings
    gang: Gang
    memory: Memory
    offload: Offload
    tile_px: int | None
    graphs: int
    replays: bool = True

    def content_at(self, scale: Scale) -> Tensor:
        """The content at a scale's size."""
        return sized(self.content, scale.size)

    def styles_at(self, scale: Scale) -> list[Tensor]:
        """The style pictures, as large as they are to be at a scale."""
        pictures = [Picture(style) for style in self.styles]
        return [shrink(p, scale.longest(self.settings, p.size)).pixels for p in pictures]


class Descent:
    """The steps of one scale, from a state of this or of the scale before."""

    def __init__(self, goal: Goal, scale: Scale, state: State) -> None:
        settings, self._gang, self._graphs = goal.settings, goal.gang, goal.graphs
        names = Layers.of(goal.network, settings)
        flow = Flow(goal.network, [*names.content, *names.style])
        self.layout = goal.gang.layout(flow, scale.size, goal.tile_px)
        self.comparison = Comparison(
            flow,
            scale.size,
            settings,
            grams=blended_grams(
                flow,
                goal.styles_at(scale),
                settings,
                gang=goal.gang,
                tile_px=goal.tile_px,
                memory=goal.memory,
            ),
            contents=contents(
                flow,
                goal.content_at(scale),
                self.layout.pieces,
                names.content,
                memory=goal.memory,
                offload=goal.offload,
            ),
            content_layers=names.content,
        )
        repeated = goal.replays and self._at_once and self.comparison.is_on(goal.content.device)
        left = scale.until - state.iteration if repeated else 0
        self._slope = Replayed(self._computed, steps=left)
        self._mover = optimizer(settings, goal.gang.measure(self.layout), goal.offload)
        self.part = self._taken_up(state, settings, goal.content)

    def step(self) -> dict[str, Tensor]:
        """Move the picture once; the three losses before that, as scalars on the device."""
        return self.move(*self.slope())

    def move(self, slope: Tensor, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """Move the picture along its ``slope``; returns the losses that were found with it."""
        self.part = self._mover.step(self.part, slope)
        return losses

    @property
    def alike(self) -> Hashable:
        """What pictures have in common whose slopes can be computed at once (``abreast``).

        None for a picture in pieces, or in the hands of several.
        """
        if not self._at_once:
            return None
        comparison = self.comparison
        layers = (tuple(comparison.grams), tuple(comparison.content_layers))
        return (comparison.flow.network, *layers, comparison.size, comparison.settings)

    @property
    def _at_once(self) -> bool:
        """Whether the picture is in one piece, and in this member's hands alone."""
        return len(self.layout.pieces) == 1 and self._gang.count == 1

    def sums(self) -> Sums:
        """What this member's pieces add up to; a step runs most of them once for that alone."""
        return total(self.part, self.layout.own, self.layout.pieces, self.comparison.sums)

    def image(self) -> Tensor:
        """The whole picture, (1, 3, H, W)."""
        return self._gang.gather(self.part, self.layout)

    def state(self, iteration: int) -> State:
        """All that further steps depend on, as whole tensors, put together when asked for."""
        memory = self._mover.state()

        def whole(name: str) -> Tensor:
            return self._gang.gather(memory[name], self.layout)

        kept = {MEMORY + name: partial(whole, name) for name in memory}
        return State(iteration, Later({IMAGE: self.image, **kept}))

    def _taken_up(self, state: State, settings: StyleSettings, like: Tensor) -> Tensor:
        """This member's part of a state's picture; of the optimiser's memory it takes its own."""
        names = [name for name in state.tensors if name.startswith(MEMORY)]
        image = state.tensors[IMAGE].to(like)
        held: Mapping[str, Tensor] = Later(
            {name.removeprefix(MEMORY): partial(_moved, state, name, like) for name in names}
        )
        if tuple(image.shape[2:]) != self.layout.size:
            held = grown(held, settings, self.layout.size)

        def own(name: str) -> Tensor:
            tensor = held[name]  # counts are the same with all
            return self.layout.part(tensor) if tensor.ndim == 4 else tensor

        self._mover.restore(Later({name: partial(own, name) for name in held}))
        return self.layout.part(sized(image, self.layout.size))

    def slope(self) -> tuple[Tensor, dict[str, Tensor]]:
        """w_c·∇Lc/Lc + w_s·∇Ls/Ls + w_d·∇Ld/Ld of what this member holds, and the losses."""
        return self._slope(self.part)

    def _computed(self, part: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        comparison, layout = self.comparison, self.layout
        losses: dict[str, Tensor] = {}

        def slopes(totals: Mapping[str, Tensor]) -> Sums:
            full = comparison.complete(totals)
            grams = [name for name in full if name.startswith(GRAM)]
            found, told = comparison.slopes(self._gang.sum(full, symmetric=grams))
            losses.update(told)
            return found

        own = gradient(
            part,
            layout.own,
            layout.pieces,
            sums=comparison.sums,
            slopes=slopes,
            graphs=self._graphs,
        )
        return self._gang.exchange(own, layout), losses


def _moved(state: State, name: str, like: Tensor) -> Tensor:
    return state.tensors[name].to(like.device)


def sized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """An image at a size = (height, width), which it may have already."""
    picture = Picture(image)
    return image if picture.size == size else resample(picture, size).pixels
