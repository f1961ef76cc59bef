"""When does a worker tell a task's losses? Before each checkpoint, and at the end."""

from __future__ import annotations

import math
from collections.abc import Generator

from torch import Tensor

from jobs.curves import LOSSES, Curve
from renderer.events import Artefact, Checkpoint, Event, Progress


def recorded(steps: Generator[Event, None, Tensor], curve: Curve) -> Generator[Event, None, Tensor]:
    """The events of a rendering and, before each checkpoint and at its end, its table of losses.

    So no checkpoint is without the losses that led to it; and a run that diverged shows how.
    """
    try:
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                if curve.grown:
                    yield Artefact(LOSSES, curve.csv())
                return end.value  # type: ignore[no-any-return]
            if isinstance(event, Progress):
                curve.add(event)
                if curve.grown and diverged(event):
                    yield Artefact(LOSSES, curve.csv())
            elif isinstance(event, Checkpoint) and curve.grown:
                yield Artefact(LOSSES, curve.csv())
            yield event
    finally:
        steps.close()


def diverged(progress: Progress) -> list[str]:
    """The losses of an iteration that are no finite numbers, in words."""
    return [f"{name} {value}" for name, value in progress.losses if not math.isfinite(value)]
