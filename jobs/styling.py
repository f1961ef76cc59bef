"""What will a style transfer take, on each of its workers? Its tiles, memory and time.

The memory is the footprint's (renderer.footprint), measured on the network itself. The time is that
of the pieces that a step runs, by what was measured on this machine (jobs.rates): every piece with
its gradient, and those whose graphs aren't kept once more without. Targets and files come on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

from jobs import rates
from jobs.cautions import unlike
from jobs.plan import Plan
from jobs.tasks import Task
from renderer import networks
from renderer.calibration import Rates
from renderer.footprint import Arrangement, Footprint, Layouts
from renderer.networks.flow import Flow
from renderer.scales import Scale, scales
from renderer.settings import StyleSettings
from renderer.targets import Layers

FILE_S = 2e-7
"""Seconds that decoding, resizing and encoding take, for each pixel."""

GATHER_S = 4.0
"""Seconds until several workers render a picture together; on two cores 2.5 to 7 were measured."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Means:
    """What a worker has: memory, threads, a device; and what the job says of tiles and shards.

    ``measure`` says whether rates that aren't known yet may be measured; ``told`` hears of it.
    """

    budget_bytes: float
    threads: int = 1
    device: str = "cpu"
    tile_px: int | None = None
    shards: int = 1
    measure: bool = True
    told: Callable[[str], None] = lambda network: None


@dataclass(frozen=True)
class Styling:
    """What one style transfer of a picture of (height, width) comes to, on each of its workers.

    ``paintings`` are the sizes of its style pictures' files.
    """

    settings: StyleSettings
    until: str
    size: Size
    paintings: tuple[Size, ...]
    means: Means
    arrangement: Arrangement

    @property
    def memory_bytes(self) -> int:
        """What a worker takes: as much as it may, of what could lie in a file too."""
        one = self.arrangement
        return int(max(one.least_bytes, min(one.bytes, self.means.budget_bytes)))

    @property
    def file_bytes(self) -> int:
        """What of it lies in a temporary file."""
        return int(self.arrangement.bytes - self.memory_bytes)

    @cached_property
    def seconds(self) -> float | None:
        """The time that it takes; None if no rates are known."""
        means, settings = self.means, self.settings
        known = rates.rates(
            settings,
            self.until,
            threads=means.threads,
            device=means.device,
            measure=means.measure,
            told=means.told,
        )
        if known is None:
            return None
        rendering = sum(self._of(scale, known) for scale in scales(settings, self.size))
        gathering = GATHER_S if means.shards > 1 else 0
        return gathering + rendering + FILE_S * math.prod(self.size)

    def _of(self, scale: Scale, known: Rates) -> float:
        """The time at one scale, of the worker that has most to do; the content is run once."""
        layouts = _layouts(self.settings, self.until, scale.size, self.means.shards)
        found = []
        for areas in layouts.areas(self.arrangement.tile_px):
            step = known.step_s(areas, graphs=self.arrangement.graphs)
            found.append(scale.iterations * step + known.sums_s(areas))
        return max(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What in it is unwise, and what would be better."""
        unfit = unlike(self.settings, self.size, self.paintings)
        return tuple(line for line in (self._laps, self._lacks, unfit) if line)

    @property
    def _laps(self) -> str:
        one, means = self.arrangement, self.means
        if one.tile_px is None or one.lap_px <= min(one.tile_px, *self.size):
            return ""
        better = _layouts(self.settings, self.until, self.size, means.shards).sensible(
            means.budget_bytes
        )
        wiser = "leave it out" if better.tile_px is None else f"{better.tile_px} px"
        return (
            f"resources.tile (--tile): {one.tile_px} px laps over {one.lap_px} px with "
            f"{self.settings.network} to {self.until}, so that every "
            f"pixel is run {one.runs:.1f} times; better: {wiser} ({better.runs:.1f} times, "
            f"{better.least_bytes / 2**20:,.0f} MB)"
        )

    @property
    def _lacks(self) -> str:
        one, budget = self.arrangement, self.means.budget_bytes
        if one.least_bytes <= budget:
            return ""
        tiles = "whole" if one.tile_px is None else f"in tiles of {one.tile_px} px"
        return (
            f"memory: {self.size[1]} x {self.size[0]} px {tiles} take "
            f"{one.least_bytes / 2**20:,.0f} MB of a worker, which may have "
            f"{budget / 2**20:,.0f} MB; lower size or tile, or run fewer tasks side by side "
            "(resources.workers, resources.threads)"
        )


def stylings(plan: Plan, means: Means, *, most: Mapping[str, int]) -> dict[str, Styling]:
    """Those of a plan's style tasks, by their ids. ``most`` is the most shards of a task (or 1)."""
    found: dict[tuple[Hashable, ...], Styling] = {}
    by_task, sizes = {}, plan.sizes
    for task in plan.tasks:
        if isinstance(task.settings, StyleSettings):
            size = sizes[task.id]
            own = replace(means, shards=min(means.shards, most.get(task.id, 1)))
            key = (task.settings, task.until, size, _paintings(task), own)
            if key not in found:
                found[key] = styling(task, size, own)
            by_task[task.id] = found[key]
    return by_task


def styling(task: Task, size: Size, means: Means) -> Styling:
    """What a task comes to, of a picture of this (height, width)."""
    assert isinstance(task.settings, StyleSettings)
    layouts = _layouts(task.settings, task.until, size, means.shards)
    tile_px = means.tile_px
    one = layouts.best(means.budget_bytes) if tile_px is None else layouts.at(tile_px)
    return Styling(task.settings, task.until, size, _paintings(task), means, one)


def _paintings(task: Task) -> tuple[Size, ...]:
    return tuple(style.size for style in task.styles)


def _layouts(settings: StyleSettings, until: str, size: Size, shards: int) -> Layouts:
    flow, footprint = _measured(
        settings.network, until, settings.content_layers, settings.style_layers
    )
    return Layouts(flow, settings, size, shards, footprint=footprint)


@cache
def _measured(
    network: str, until: str, content: tuple[str, ...], style: tuple[str, ...]
) -> tuple[Flow, Footprint]:
    built = networks.build(networks.entry(network), until)
    settings = StyleSettings(network=network, content_layers=content, style_layers=style)
    names = Layers.of(built, settings)
    flow = Flow(built, [*names.content, *names.style])
    return flow, Footprint.measured(flow)
