"""How did a task's losses go? A table of them: which iterations are in it, how it is kept and read.

    iteration,content,style,denoise,seconds
    1,4.117323e+08,1.903518e+13,193228.6,0.148

``losses.csv`` is an artefact of every task: an iteration's losses are those before its update, and
``seconds`` those since the task began, over all its attempts. Fetching a value waits for the
device, so that a long task records every so many iterations. Which ones depends on their number
alone and not on a clock: the same job gives the same table, but for the seconds.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TextIO

from renderer.errors import WorkspaceError
from renderer.events import Progress
from renderer.settings import Knob, check

LOSSES = "losses.csv"
POINTS = 200
ITERATION, SECONDS = "iteration", "seconds"


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """Which iterations' losses are recorded."""

    every: Annotated[
        int | None,
        Knob(
            "iterations from one recorded loss to the next, the first and the last always among "
            f"them; null: so many that a task has about {POINTS}; 0: none are recorded",
            ge=0,
            le=1_000_000,
        ),
    ] = None

    def __post_init__(self) -> None:
        check(self)


class Curve:
    """The table of one task as it grows.

    ``past`` is the table that earlier attempts have left; of it the iterations count that the task
    goes on from, up to ``done``.
    """

    def __init__(
        self,
        every: int | None,
        *,
        past: bytes = b"",
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every, self._clock, self._done = every, clock, done
        self._total: int | None = None
        self._header, self._rows = _kept(past, done)
        spent_s = float(self._rows[-1][-1]) if self._rows else 0.0
        self._began_s = clock() - spent_s
        self.grown = False

    def wanted(self) -> bool:
        """Whether the losses of the iteration that ends now are (asked once for each)."""
        self._done += 1
        # How many there will be, the first iteration tells.
        return self._every != 0 if self._total is None else self._due(self._done, self._total)

    def add(self, progress: Progress) -> None:
        """Record an iteration, if its turn has come."""
        self._total = progress.iterations
        if not progress.losses or not self._due(progress.iteration, progress.iterations):
            return
        header = [ITERATION, *(name for name, _ in progress.losses), SECONDS]
        if header != self._header:
            self._header, self._rows = header, []
        values = [f"{value:.7g}" for _, value in progress.losses]
        seconds = f"{self._clock() - self._began_s:.3f}"
        self._rows.append([str(progress.iteration), *values, seconds])
        self.grown = True

    def csv(self) -> bytes:
        """The table so far."""
        self.grown = False
        return table(self._header, self._rows)

    def _due(self, iteration: int, total: int) -> bool:
        every = -(-total // POINTS) if self._every is None else self._every
        return every > 0 and (iteration in (1, total) or iteration % every == 0)


@dataclass(frozen=True, slots=True)
class Losses:
    """A table as it is read: the losses by name, each with a value for every iteration in it."""

    iterations: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]
    seconds: tuple[float, ...]


def read(data: bytes, *, name: str = LOSSES) -> Losses:
    """The losses in a table. WorkspaceError, which names it, where it is none."""
    try:
        header, *rows = csv.reader(io.StringIO(data.decode()))
        if (header[0], header[-1]) != (ITERATION, SECONDS):
            raise ValueError(f"its columns are {', '.join(header)}")
        columns = list(zip(*((float(v) for v in row) for row in rows), strict=True))
        columns = columns or [()] * len(header)
        values = dict(zip(header[1:-1], columns[1:-1], strict=True))
        return Losses(tuple(map(int, columns[0])), values, columns[-1])
    except (ValueError, IndexError) as error:
        raise WorkspaceError(f"{name}: is no table of losses ({error}); remove it") from error


def gather(curves: Callable[[], Iterable[tuple[str, Losses]]], file: TextIO) -> int:
    """Writes one table of many tasks' losses, whose rows begin with the frame's file; how many.

    ``curves`` is called twice, the first time for the names of the losses, so that one task's at a
    time are in memory.
    """
    names = list(dict.fromkeys(name for _, losses in curves() for name in losses.values))
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["frame", ITERATION, *names, SECONDS])
    written = 0
    for frame, losses in curves():
        columns = [losses.values.get(name, ("",) * len(losses.iterations)) for name in names]
        told = zip(losses.iterations, *columns, losses.seconds, strict=True)
        writer.writerows([frame, *map(_text, row)] for row in told)
        written += 1
    return written


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


def _kept(past: bytes, done: int) -> tuple[list[str], list[list[str]]]:
    """The columns and rows of an earlier table that still hold; none of a damaged one."""
    if not past or not done:
        return [], []
    try:
        read(past)
    except WorkspaceError:
        return [], []
    header, *rows = csv.reader(io.StringIO(past.decode()))
    return header, [row for row in rows if int(row[0]) <= done]
