"""What a running dream or style transfer tells: small frozen records, checkpoints when asked.

The generators ``dream.steps`` and ``style.steps`` yield these; whoever iterates decides whether to
show, send or drop them. Closing the generator stops the rendering at the current iteration. Those
that were asked to yield wishes, too (``renderer.wishes``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from renderer.wishes import Wish

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


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a task makes beside its picture: an intermediate picture, a table of losses.

    ``name`` is a plain file name; ValueError for any other. A later artefact of the same name
    takes its place, so a run that is taken up again may tell what it has told before.
    """

    name: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not is_plain(self.name):
            raise ValueError(f"an artefact can't be called {self.name!r}")


Event = Progress | Checkpoint | Artefact | Wish


def is_plain(name: str) -> bool:
    """Whether a name is of letters, digits, ``-``, ``_`` and ``.`` alone, with no dot first."""
    return re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,119}", name) is not None


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
