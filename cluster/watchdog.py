"""Which workers have fallen silent? A stopped process or a hung device makes no error and no event.

Only time that the driver itself spent listening counts: a driver that was held up, or a clock that
jumps, makes no worker silent.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from renderer.events import Progress

FIRST = 3
"""Before the first iteration, a worker may be silent for so many times longer: it loads."""

STEPS = 20
"""A worker may be silent for so many of its longest iterations."""

LISTENED_S = 1.0
"""The most that counts as listening between two looks."""


class Listening:
    """Tells how long the driver has listened since the last look, by a clock of seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._looked_s = clock, clock()

    def passed_s(self) -> float:
        """Seconds since the last look, of which only ``LISTENED_S`` count."""
        now = self._clock()
        passed_s, self._looked_s = now - self._looked_s, now
        return min(passed_s, LISTENED_S)


@dataclass
class _Watched:
    task: str
    silent_s: float = 0.0
    longest_s: float | None = None  # None before the first iteration


class Watchdog:
    """Watches slots that render. ``silence_s`` is the least silence that counts; 0: none does."""

    def __init__(self, silence_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._silence_s, self._listening = silence_s, Listening(clock)
        self._watched: dict[str, _Watched] = {}
        self._strikes: Counter[str] = Counter()

    def began(self, slot: str, task: str) -> None:
        """A slot was given a task."""
        self._watched[slot] = _Watched(task)

    def heard(self, slot: str, record: object) -> None:
        """A slot has told something."""
        watched = self._watched.get(slot)
        if watched is None:
            return
        if watched.longest_s is not None:
            watched.longest_s = max(watched.longest_s, watched.silent_s)
        elif isinstance(record, Progress):
            watched.longest_s = 0.0
        watched.silent_s = 0.0

    def ended(self, slot: str) -> None:
        """A slot renders nothing any more."""
        self._watched.pop(slot, None)

    def longest_s(self, slot: str) -> float:
        """The longest that a slot has been silent since its first iteration."""
        watched = self._watched.get(slot)
        return (watched.longest_s or 0.0) if watched else 0.0

    def silent(self) -> list[tuple[str, float]]:
        """The slots that have been silent for too long, and for how many seconds (told once).

        Each time a task is found silent, it is given twice as long the next time.
        """
        listened_s = self._listening.passed_s()
        found = []
        for slot, watched in list(self._watched.items()):
            watched.silent_s += listened_s
            if self._silence_s and watched.silent_s > self._allowed_s(watched):
                found.append((slot, watched.silent_s))
                self._strikes[watched.task] += 1
                self.ended(slot)
        return found

    def _allowed_s(self, watched: _Watched) -> float:
        allowed_s = FIRST * self._silence_s
        if watched.longest_s is not None:
            allowed_s = max(self._silence_s, STEPS * watched.longest_s)
        return float(allowed_s * 2 ** self._strikes[watched.task])
