"""What becomes of an attempt that several slots make together? Pure bookkeeping, without Ray.

The first of the slots leads: what it tells is told of the attempt. The attempt is settled by the
first end that says something of its own: the leader's result or stop, anybody's failure, the loss
of a slot. All other slots are then free (``Freed``), each as soon as it has ended too. One that
only says that another broke it off settles nothing: the cause is on its way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from cluster.backend import Attempt, Freed, Left, Report, Told, is_last
from cluster.records import Attended, Broken, Failed, Record
from jobs.messages import Cause


class Joint:
    """One attempt of several slots, by their names and nodes; the first leads.

    ``clock`` counts seconds in which the slots could be heard.
    """

    def __init__(
        self,
        attempt: Attempt,
        nodes: dict[str, str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempt, self._nodes, self._clock = attempt, nodes, clock
        self.leader = next(iter(nodes))
        self._playing = set(nodes)
        self._broken: dict[str, Broken] = {}  # who ended for a cause that isn't known yet
        self._ending_s: float | None = None
        self.settled = False  # whether it is decided what becomes of the attempt

    @property
    def ending_s(self) -> float:
        """For how long those that still play have had a reason to end."""
        return 0.0 if self._ending_s is None else self._clock() - self._ending_s

    def heard(self, slot: str, record: Record) -> list[Report]:
        """What is to be reported of a slot's record."""
        told = Told(slot, self.attempt, record)
        if not is_last(record):
            return [] if self.settled else [told]
        self._playing.discard(slot)
        if isinstance(record, Attended) or self.settled:
            return [self._freed(slot)]
        if not isinstance(record, Broken):
            return [told, *self._settle(slot)]
        self._broken[slot] = record
        self._ending_s = self._ending_s or self._clock()
        return [] if self._playing else self._nobodys_fault()

    def lost(self, left: Left) -> list[Report]:
        """What is to be reported where a slot is lost."""
        self._playing.discard(left.slot)
        return [left] if self.settled else [left, *self._settle(left.slot)]

    def _settle(self, slot: str) -> list[Report]:
        self.settled = True
        self._ending_s = self._ending_s or self._clock()
        held, self._broken = self._broken, {}
        return [self._freed(other) for other in held if other != slot]

    def _nobodys_fault(self) -> list[Report]:
        """All have ended, each for another's sake: they have lost touch."""
        slot = self.leader if self.leader in self._broken else next(iter(self._broken))
        broken = self._broken[slot]
        failed = Failed(Cause.WORKER_LOST, broken.reason, broken.node)
        return [Told(slot, self.attempt, failed), *self._settle(slot)]

    def _freed(self, slot: str) -> Freed:
        return Freed(slot, self._nodes[slot])
