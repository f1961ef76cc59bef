"""How many workers render one picture together? The one place where that is decided.

``shards: 4`` is what it says. ``shards: auto`` shares out the places that are at hand: as many to
each dream or style transfer as there are for every one that can run side by side, and no more than
its size keeps busy. So many small pictures get a worker each, and one large picture gets all of
them. What counts as a place: a GPU; without GPUs a worker, if the job says how many; else a node,
whose cores serve better as the threads of one worker, which laps over nothing.

The number of shards changes a picture by rounding only, and is no part of what a task is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renderer.errors import SettingError
from renderer.settings import DreamSettings, StyleSettings

if TYPE_CHECKING:
    from jobs.tasks import Task

AUTO = "auto"

WORTH_PX = 256
"""A member is worth its while with a square of this side: half of what it runs laps over."""


def parse(text: str) -> int | None:
    """The number of shards in a setting; None for ``auto``. Raises SettingError."""
    if text.strip() == AUTO:
        return None
    if not text.strip().isdecimal() or int(text) < 1:
        raise SettingError(f"shards: must be a count from 1, or {AUTO}, not {text!r}")
    return int(text)


@dataclass(frozen=True)
class Sharding:
    """What a job asks for (``count``; None: auto), and what its tasks can make use of.

    ``side_by_side`` is how many of them can run at the same time, and ``most`` how many workers
    the largest of their pictures keeps busy.
    """

    count: int | None = 1
    side_by_side: int = 1
    most: int = 1

    def among(self, places: int) -> int:
        """The shards of a task where so many places are at hand."""
        if self.count is not None:
            return self.count
        return max(1, min(places // max(1, self.side_by_side), self.most))


def sharding(
    tasks: Sequence[Task], sizes: Mapping[str, tuple[int, int]], count: int | None
) -> Sharding:
    """The sharding of a plan's tasks, of pictures of these (height, width) by task.

    A size that isn't known counts as a small one.
    """
    together = [task for task in tasks if divisible(task)]
    depths: dict[str, int] = {}
    for task in together:
        depths[task.id] = 1 + max((depths.get(need, 0) for need in task.needs), default=0)
    side_by_side = math.ceil(len(together) / max(depths.values(), default=1))
    most = max((worth(sizes.get(task.id, (0, 0))) for task in together), default=1)
    return Sharding(count, side_by_side, most)


def mosts(
    tasks: Sequence[Task], sizes: Mapping[str, tuple[int, int]], count: int | None
) -> dict[str, int]:
    """The most workers that each task may be given, where that is more than one.

    ``count`` is what the job asks for (None: auto).
    """
    if count == 1:
        return {}
    found = {
        task.id: worth(sizes.get(task.id, (0, 0))) if count is None else count
        for task in tasks
        if divisible(task)
    }
    return {task: number for task, number in found.items() if number > 1}


def divisible(task: Task) -> bool:
    """Whether several workers can render a task together."""
    return isinstance(task.settings, StyleSettings | DreamSettings)


def worth(size: tuple[int, int]) -> int:
    """How many workers a picture of (height, width) keeps busy."""
    return max(1, size[0] * size[1] // WORTH_PX**2)
