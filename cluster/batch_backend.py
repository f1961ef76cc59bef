"""Several slots in this process, which render in lockstep: a poll carries all of them on.

See ``cluster.backend`` for what a backend is, and ``cluster.lockstep`` for how they go on together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Protocol

from cluster.backend import (
    INLINE,
    PATIENCE_S,
    Attempt,
    Joined,
    Left,
    Report,
    Told,
    Wishes,
    is_last,
)
from cluster.lockstep import Lockstep
from cluster.records import Handle, Order, Record
from renderer.wishes import Granter, Wish


class Wishing(Protocol):
    """What this backend needs of a worker."""

    granter: Granter

    def wishing(self, order: Order) -> Generator[Record | Wish, None, None]: ...

    def stop(self, task: str) -> None: ...


class BatchBackend:
    """So many slots (``batch``) of one worker, which is made with the first order."""

    shards = 1

    def __init__(
        self,
        make_worker: Callable[[], Wishing],
        *,
        node: str,
        batch: int,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        self.threads = threads
        self._make_worker = make_worker
        self._up: tuple[Wishing, Lockstep] | None = None
        self._running: dict[str, Attempt] = {}
        names = [INLINE, *(f"{INLINE}.{number}" for number in range(2, batch + 1))]
        self._joined = {name: Joined(name, node, device) for name in names}
        self._reports: list[Report] = list(self._joined.values())

    def share(self, value: object) -> Handle:
        return value

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        if self._up is None:
            worker = self._make_worker()
            self._up = worker, Lockstep(worker.granter)
        worker, lockstep = self._up
        self._running[slot] = attempt
        lockstep.add(slot, worker.wishing(order))

    def employ(self, wishes: Wishes) -> None:
        """There are so many slots, whatever is wished."""

    def release(self, slot: str) -> None:
        """This process stays."""

    def poll(self, timeout_s: float) -> list[Report]:
        until = time.monotonic() + timeout_s
        while self._running and not self._reports and self._up is not None:
            for slot, record in self._up[1].carry_on():
                self._reports.append(Told(slot, self._running[slot], record))
                if is_last(record):
                    del self._running[slot]
            if time.monotonic() >= until:
                break
        if not self._running and not self._reports:
            time.sleep(timeout_s)
        reports, self._reports = self._reports, []
        return reports

    def cancel(self, attempt: Attempt, *, patience_s: float = PATIENCE_S) -> None:
        """The polls to come carry the rendering on to its end; nothing could force it here."""
        if self._up is not None and attempt in self._running.values():
            self._up[0].stop(attempt.task)

    def kill(self, slot: str, reason: str) -> None:
        if self._running.pop(slot, None) is not None and self._up is not None:
            self._up[1].drop(slot)
        self._reports += [Left(slot, reason), self._joined[slot]]

    def close(self) -> None:
        self._running.clear()
