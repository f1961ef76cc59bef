"""When does a picture wait no longer for workers that don't come? After as long as one may take.

A picture that several workers are to render together waits until so many are free. Where nothing
runs and some are there, but not enough for ``patience_s`` of the driver's listening, those that are
there render it: a picture doesn't depend on their number but for rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from cluster.watchdog import Listening


class Shortage:
    """Watches how long too few slots have been free. ``patience_s`` None: they are waited for."""

    def __init__(
        self,
        shards: int,
        patience_s: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shards, self._patience_s = shards, patience_s
        self._listening, self._short_s = Listening(clock), 0.0
        self._made_do = False

    def allowed(self, short: int) -> int:
        """How many slots a task may take from now on, if that changes; else 0.

        ``short`` is how many are free where nothing runs and more are needed; 0: none are.
        """
        passed_s = self._listening.passed_s()
        self._short_s = self._short_s + passed_s if short else 0.0
        if self._patience_s is None or self._short_s <= self._patience_s:
            return 0
        self._short_s, self._made_do = 0.0, True
        return min(short, self._shards)

    def over(self) -> bool:
        """Whether fewer slots were allowed, and one has come: all that were asked for may be."""
        made_do, self._made_do = self._made_do, False
        return made_do
