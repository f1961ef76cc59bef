"""The backend that renders on Ray: one actor a slot, one stream of records an attempt.

What Ray does when things break was measured, and this is built on it: a killed actor shows as an
error on its stream after a second or so, and then as a clean end; calls to it fail for a while,
until Ray has restarted it; it knows nothing any more. So an attempt whose stream breaks is lost,
with its slot, and the slot is asked with growing pauses until it answers again. Ray itself retries
no task: it would redo the work from the start, behind the schedule's back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError, TaskCancelledError

from cluster.backend import Attempt, Joined, Left, Report, Told, is_last
from cluster.ray_actor import Ready, Slot
from cluster.ray_session import Session
from cluster.records import Failed, Handle, Order, Stopped
from cluster.resources import Allotment
from jobs.messages import Cause
from renderer.errors import ClusterError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""How long a slot that doesn't answer is left alone: doubled each time."""

PATIENCE = 6
"""How often a slot may fail in a row before it is given up: a minute or so."""


@dataclass(eq=False)
class _Slot:
    """A slot's actor and what is awaited of it: ``ready`` while it comes up, ``running`` after."""

    name: str
    actor: Any
    ready: Any = None
    running: tuple[Attempt, Any] | None = None
    node: str = ""
    failures: int = 0
    ask_at: float = 0.0

    @property
    def awaited(self) -> Any:
        """The stream or the answer that is awaited; None between two questions."""
        return self.running[1] if self.running else self.ready


class RayBackend:
    """Slots on a Ray of our own or on a cluster; see ``cluster.backend.Backend``.

    On a Ray of our own the actors ask Ray for no CPUs: nobody else is there to share with, and the
    user may want more workers than cores.
    """

    def __init__(self, session: Session, allotment: Allotment) -> None:
        self.threads = allotment.threads
        self._allotment = allotment
        self._cpus = 0 if session.ours else allotment.threads
        self._slots = {
            name: _Slot(name, self._actor())
            for name in (f"worker-{i + 1}" for i in range(allotment.workers))
        }
        for slot in self._slots.values():
            slot.ready = slot.actor.ready.remote()

    def share(self, value: object) -> Handle:
        return ray.put(value)

    def start(self, slot: str, attempt: Attempt, order: Order) -> None:
        at = self._slots[slot]
        stream = at.actor.render.options(num_returns="streaming").remote(order)
        at.running = (attempt, stream)

    def poll(self, timeout_s: float) -> list[Report]:
        self._ask_again()
        awaited = {slot.awaited: slot for slot in self._slots.values() if slot.awaited is not None}
        reports: list[Report] = []
        for ref in _ready(list(awaited), timeout_s):
            slot = awaited[ref]
            reports += self._read(slot, *slot.running) if slot.running else self._read_ready(slot)
        return reports

    def cancel(self, attempt: Attempt) -> None:
        for slot in self._slots.values():
            if slot.running and slot.running[0] == attempt:
                ray.cancel(slot.running[1])

    def close(self) -> None:
        for slot in self._slots.values():
            ray.kill(slot.actor, no_restart=True)
        self._slots.clear()

    def _actor(self) -> Any:
        options = {
            "num_cpus": self._cpus,
            "num_gpus": self._allotment.gpus,
            "max_restarts": -1,
            "max_task_retries": 0,
        }
        allotment = self._allotment
        return ray.remote(**options)(Slot).remote(gpus=allotment.gpus, threads=allotment.threads)

    def _read(self, slot: _Slot, attempt: Attempt, stream: Any) -> list[Report]:
        try:
            record = ray.get(next(stream))
        except TaskCancelledError:
            record = Stopped()
        except RayTaskError as error:  # raised outside the worker's own border: a broken order
            record = Failed(Cause.ERROR, _reason(error), slot.node, traceback=str(error))
        except StopIteration:
            return self._lose(slot, "its stream of records ended without a result")
        except RayError as error:
            return self._lose(slot, _reason(error))
        if is_last(record):
            slot.running = None
        return [Told(slot.name, attempt, record)]

    def _lose(self, slot: _Slot, reason: str) -> list[Report]:
        slot.running = None
        slot.ask_at = time.monotonic() + FIRST_PAUSE_S
        return [Left(slot.name, f"{slot.name} on {slot.node} was lost: {reason}")]

    def _read_ready(self, slot: _Slot) -> list[Report]:
        ref, slot.ready = slot.ready, None
        try:
            up: Ready = ray.get(ref)
        except RayError as error:
            self._not_up(slot, error)
            return []
        slot.node, slot.failures = up.node, 0
        return [Joined(slot.name, up.node, up.device, up.gpus)]

    def _not_up(self, slot: _Slot, error: RayError) -> None:
        slot.failures += 1
        if slot.failures >= PATIENCE:
            raise ClusterError(f"{slot.name} doesn't come up: {_reason(error)}") from error
        pause = min(FIRST_PAUSE_S * 2**slot.failures, LONGEST_PAUSE_S)
        slot.ask_at = time.monotonic() + pause
        if isinstance(error, ActorDiedError):  # for good: Ray restarts it no more
            slot.actor = self._actor()

    def _ask_again(self) -> None:
        for slot in self._slots.values():
            if slot.ask_at and time.monotonic() >= slot.ask_at:
                slot.ask_at = 0.0
                slot.ready = slot.actor.ready.remote()


def _ready(refs: list[Any], timeout_s: float) -> list[Any]:
    """Those of the streams and answers that have something to read; waits for the first."""
    if not refs:
        time.sleep(timeout_s)
        return []
    if not ray.wait(refs, num_returns=1, timeout=timeout_s)[0]:
        return []
    return list(ray.wait(refs, num_returns=len(refs), timeout=0)[0])


def _reason(error: RayError) -> str:
    """What Ray says in the line that says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
