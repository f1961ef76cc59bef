"""Where attempts run: the interface of a backend, and the one that uses this very process.

A backend has slots. Each renders one order at a time and comes and goes: it has ``Joined`` before
it is given work, and may have ``Left`` at any moment, and what it was rendering with it. ``poll``
returns what has happened since; the runner alone decides what follows. An attempt whose slot lives
ends with a ``Done``, a ``Failed`` or a ``Stopped``, and with nothing else.

An order may be given to several slots, of which one leads and the others are its members. One end
is told of the attempt, by the leader, or by the slot that broke it; all the other slots are
``Freed``, or have ``Left``, each by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cluster.records import Handle, Last, Order, Record
from jobs.messages import Cause

PATIENCE_S = 10.0
"""How long a worker may take, if nothing else is said, to end its iteration and stop."""


class Attempt(NamedTuple):
    """One attempt at one task; attempts are numbered from 1."""

    task: str
    number: int


@dataclass(frozen=True)
class Joined:
    """A slot can be given work: on which node, on which device, and on which of its GPUs."""

    slot: str
    node: str
    device: str
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """A slot is lost; it may join again. ``reason`` is one line that names the node.

    It may be lost ``along`` with another slot of its worker, of which that was told before.
    """

    slot: str
    reason: str
    cause: Cause = Cause.WORKER_LOST
    along: bool = False


@dataclass(frozen=True)
class Refused:
    """A node gets none of the job's work for good; ``reason`` is one line that names it."""

    node: str
    reason: str


@dataclass(frozen=True)
class Freed:
    """A slot that rendered with others can be given work again; another one told of the end."""

    slot: str
    node: str


@dataclass(frozen=True)
class Told:
    """A slot's worker told something of an attempt."""

    slot: str
    attempt: Attempt
    record: Record


@dataclass(frozen=True)
class Leaving:
    """A slot is to be given back (``release``) as soon as it has ended what it renders.

    ``at_once``: it is to be stopped in that.
    """

    slot: str
    at_once: bool = False


@dataclass(frozen=True)
class Staying:
    """A slot that was to be given back isn't any more."""

    slot: str


@dataclass(frozen=True)
class Allowed:
    """So many workers the job may have from now on, as one of so many on the cluster."""

    workers: int
    jobs: int


Report = Joined | Left | Refused | Freed | Told | Leaving | Staying | Allowed


@dataclass(frozen=True)
class Wishes:
    """For how many workers there is work, how many there may be, and how urgent the job is."""

    useful: int
    max_workers: int | None = None
    priority: int = 50


class Backend(Protocol):
    """A set of slots that render. All calls come from one thread.

    ``threads`` is how many CPU threads each of its tasks gets, on every slot; ``shards`` how many
    slots a task may be given at once.
    """

    @property
    def threads(self) -> int: ...

    @property
    def shards(self) -> int: ...

    def share(self, value: object) -> Handle:
        """A handle on a value that workers will fetch: put where they reach it, once."""

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        """Give an order to a slot that has joined and is idle, and to the members that it leads."""

    def employ(self, wishes: Wishes) -> None:
        """What is wished from now on: slots may come and go accordingly."""

    def release(self, slot: str) -> None:
        """Give a slot back; nothing will be told of it any more."""

    def poll(self, timeout_s: float) -> list[Report]:
        """What happened since the last poll; waits for at most ``timeout_s`` if nothing did."""

    def cancel(self, attempt: Attempt, *, patience_s: float = PATIENCE_S) -> None:
        """Stop an attempt, if it still runs: it is asked to end with a checkpoint and ``Stopped``.

        After ``patience_s`` it is stopped by force, wherever it stands; its slot may be lost.
        """

    def kill(self, slot: str, reason: str) -> None:
        """Kill a slot's worker, which doesn't answer any more; the slot has then ``Left``.

        Of several that render together, those are killed that don't answer, or else all.
        """

    def close(self) -> None:
        """Stop all that runs, at once, and give everything back."""


class Rendering(Protocol):
    """What a backend needs of a worker."""

    def render(self, order: Order) -> Generator[Record, None, None]: ...

    def stop(self, task: str) -> None: ...


INLINE = "inline"
"""The name of the one slot of this process."""


class InlineBackend:
    """One slot in this process: a poll carries its rendering on to the next record.

    ``make_worker`` is called with the first order (importing torch takes seconds).
    """

    shards = 1

    def __init__(
        self,
        make_worker: Callable[[], Rendering],
        *,
        node: str,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        self.threads = threads
        self._make_worker = make_worker
        self._worker: Rendering | None = None
        self._running: tuple[Attempt, Generator[Record, None, None]] | None = None
        self._joined = Joined(INLINE, node, device)
        self._reports: list[Report] = [self._joined]

    def share(self, value: object) -> Handle:
        return value

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        if self._worker is None:
            self._worker = self._make_worker()
        self._running = (attempt, self._worker.render(order))

    def employ(self, wishes: Wishes) -> None:
        """There is one slot, whatever is wished."""

    def release(self, slot: str) -> None:
        """This process stays."""

    def poll(self, timeout_s: float) -> list[Report]:
        if self._running is not None and not self._reports:
            attempt, records = self._running
            record = next(records)
            self._reports.append(Told(INLINE, attempt, record))
            if is_last(record):
                self._running = None
        elif not self._reports:
            time.sleep(timeout_s)
        reports, self._reports = self._reports, []
        return reports

    def cancel(self, attempt: Attempt, *, patience_s: float = PATIENCE_S) -> None:
        """The polls to come carry the rendering on to its end; nothing could force it here."""
        if self._worker is not None and self._running is not None and self._running[0] == attempt:
            self._worker.stop(attempt.task)

    def kill(self, slot: str, reason: str) -> None:
        if self._running is not None:
            self._running[1].close()
            self._running = None
        self._reports += [Left(slot, reason), self._joined]

    def close(self) -> None:
        self._running = None


def is_last(record: Record) -> bool:
    """Whether an attempt is over with this record."""
    return isinstance(record, Last)
