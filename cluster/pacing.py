"""When does a worker speak? Which iterations are told, and after which a checkpoint is due.

Clocks decide only when something is told, never what: a frame doesn't depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from cluster.records import Pace
from renderer.events import Progress

PROGRESS_S = 0.2
"""Least time between two progress records: five a second are enough to watch."""


class Throttle:
    """Decides which iterations are told: the first, the last, and between them by the clock."""

    def __init__(self, *, every_s: float = PROGRESS_S) -> None:
        self._every_s = every_s
        self._next = 0.0
        self.left: int | None = None
        self._stride = 1
        self.open = False

    def wanted(self) -> bool:
        """Whether the iteration that ends now will be told (asked once for each)."""
        now = time.monotonic()
        self.open = now >= self._next or self._last
        if self.open:
            self._next = now + self._every_s
        return self.open

    @property
    def _last(self) -> bool:
        return self.left is not None and self.left <= self._stride

    def seen(self, progress: Progress) -> None:
        """Learn from an iteration how many are left, and how many one step makes."""
        left = progress.iterations - progress.iteration
        self._stride = 1 if self.left is None else self.left - left
        self.left = left


class Pacer:
    """Decides after which iterations a checkpoint is due: by their number, by time, or at once."""

    def __init__(self, pace: Pace, *, at_once: Callable[[], bool] = lambda: False) -> None:
        self._pace, self._at_once = pace, at_once
        self._steps, self._last_s = 0, time.monotonic()

    def wanted(self) -> bool:
        """Whether a checkpoint is to follow the iteration that ends now (asked once for each)."""
        self._steps += 1
        every, seconds = self._pace.every, self._pace.seconds
        late = bool(seconds) and time.monotonic() - self._last_s >= float(seconds or 0)
        due = bool(every) and self._steps >= int(every or 0)
        if not (late or due or self._at_once()):
            return False
        self._steps, self._last_s = 0, time.monotonic()
        return True
