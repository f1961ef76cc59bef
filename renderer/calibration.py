"""How long does this device take for a network's step of style transfer, by the size of a piece?

Measured on a few square pictures of noise, and in between by interpolation. Larger ones take as
long for each pixel as the largest that is measured, which is beyond the sizes whose memory an
allocator has at hand.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from renderer.checkpoints import IMAGE, State
from renderer.descent import Descent, Goal
from renderer.gang import Gang
from renderer.memory import Memory
from renderer.networks import Network
from renderer.offload import Offload
from renderer.precision import converted
from renderer.scales import Scale
from renderer.settings import StyleSettings

SIDES_PX = {"cpu": (64, 192, 384)}
SIDES_OF_OTHERS_PX = (128, 512, 1024)
TIMES = 3, 3, 2
"""How often each is measured: the shortest time counts, for others may use the machine."""

Curve = tuple[tuple[int, float], ...]
"""Seconds by the number of pixels, rising."""


@dataclass(frozen=True)
class Rates:
    """Seconds that a piece takes, by the pixels of its field.

    ``sums`` are for what it adds up to; ``once`` for its gradient too, where its graph is kept
    meanwhile; ``twice`` where it isn't (``renderer.pieces``).
    """

    sums: Curve
    once: Curve
    twice: Curve

    def sums_s(self, areas_px: Sequence[int]) -> float:
        """What the sums of pieces with fields of such areas take, one after the other."""
        return sum(_at(self.sums, area) for area in areas_px)

    def step_s(self, areas_px: Sequence[int], *, graphs: int = 1) -> float:
        """What a step takes; the last pieces, ``graphs`` of them, are run once."""
        split = max(0, len(areas_px) - graphs)
        twice = sum(_at(self.twice, area) for area in areas_px[:split])
        return twice + sum(_at(self.once, area) for area in areas_px[split:])


def measured(
    network: Network,
    settings: StyleSettings,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Rates:
    """The rates of a network on its own device, for what the settings compare."""
    network = converted(network, settings.precision)
    device = next(network.parameters()).device.type
    curves: tuple[list[tuple[int, float]], ...] = ([], [], [])
    for side, times in zip(SIDES_PX.get(device, SIDES_OF_OTHERS_PX), TIMES, strict=True):
        kept, again = (_descent(network, settings, side, graphs=count) for count in (1, 0))
        for curve, run in zip(curves, (kept.sums, kept.step, again.step), strict=True):
            curve.append((side * side, _shortest(run, times, clock, device)))
    return Rates(*map(rising, curves))


def rising(found: Sequence[tuple[int, float]]) -> Curve:
    """What was measured, without what can't be: a smaller piece takes no longer than a larger one.

    Where others keep all cores busy, threads that wait for each other may take a hundred times as
    long, now and then.
    """
    least, curve = math.inf, []
    for pixels, seconds in reversed(found):
        least = min(least, seconds)
        curve.append((pixels, least))
    return tuple(reversed(curve))


def _descent(network: Network, settings: StyleSettings, side: int, *, graphs: int) -> Descent:
    """A transfer between pictures of noise."""
    like = next(network.parameters())
    generator = torch.Generator().manual_seed(0)
    noise = [255 * torch.rand(1, 3, side, side, generator=generator) for _ in range(2)]
    content, image = (each.to(like.device) for each in noise)
    goal = Goal(
        content,
        [content],
        network,
        replace(settings, style_weights=()),
        gang=Gang(),
        memory=Memory(0),
        offload=Offload(),
        tile_px=None,
        graphs=graphs,
    )
    size = (side, side)
    return Descent(goal, Scale(size, size, 0, 1), State(0, {IMAGE: image}))


def _shortest(
    run: Callable[[], object], times: int, clock: Callable[[], float], device: str
) -> float:
    found = []
    for _ in range(times):
        _finish(device)
        began = clock()
        run()
        _finish(device)
        found.append(clock() - began)
    return min(found)


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _at(curve: Curve, area: int) -> float:
    """The seconds of an area: between two that were measured, or in proportion to the last."""
    place = bisect_left([pixels for pixels, _ in curve], area)
    if place == len(curve):
        pixels, seconds = curve[-1]
        return seconds * area / pixels
    if place == 0:  # what doesn't grow with the area is known from the first two
        place = min(1, len(curve) - 1)
    (before, less), (pixels, seconds) = curve[max(0, place - 1)], curve[place]
    if before == pixels:
        return seconds
    return max(0.0, less + (seconds - less) * (area - before) / (pixels - before))
