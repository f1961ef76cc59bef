"""What a running dream or style transfer tells: small frozen records, checkpoints when asked.

The generators ``dream.steps`` and ``style.steps`` yield these; whoever iterates decides whether to
show, send or drop them. Closing the generator stops the rendering at the current iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """One iteration is done.

    ``iteration`` counts from 1 to ``iterations`` over the whole task (a dream's pyramid levels
    added up). ``losses`` holds (name, value) pairs of that iteration, before its update; it is
    empty at iterations where no values were fetched from the device. A dream's one value is named
    ``objective`` and grows; where it raises several things, each has a value by its layer's name. A
    style transfer's are ``content``, ``style`` and ``denoise``.
    """

    iteration: int
    iterations: int
    losses: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that the rest of a run depends on after ``iteration`` (``checkpoints.pack``)."""

    iteration: int
    data: bytes = field(repr=False)


Event = Progress | Checkpoint


def finish(
    rendering: Generator[Event, None, R], on_event: Callable[[Event], None] | None = None
) -> R:
    """Run a generator of events to its end, give each to ``on_event``, and return its result."""
    while True:
        try:
            event = next(rendering)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if on_event is not None:
            on_event(event)
