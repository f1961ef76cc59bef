"""How many workers should a job have by now? As many as it has work for and may have.

On a Ray of our own that is what was begun with, or less where ``max_workers`` says so. On a cluster
that others may use it is the keeper's answer, which follows nodes that join and go. What a job has
work for is the most of the last ``STEADY_S``, so that no worker goes between two tasks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cluster.backend import Wishes
from cluster.crew import Crew, Moves
from cluster.fair import Claim
from cluster.keeper import Share
from cluster.resources import Allotment
from cluster.stake import Lookout, Stake

STEADY_S, TEND_S = 10.0, 0.5
"""For how long a worker that isn't needed is kept, and how often it is looked who is needed."""


class Staffing:
    """Tells how the workers of a job are to come and go. ``crew`` names them."""

    def __init__(self, allotment: Allotment, *, shared: bool, grace_s: float = 30.0) -> None:
        self.crew = Crew(grace_s)
        self._allotment = allotment
        self.team = allotment.shards if shared else 1  # how many come and go together
        self._stake = Stake() if shared else None
        self._lookout = Lookout() if shared else None
        self._useful: deque[tuple[float, int]] = deque()
        self._tended_s = 0.0
        self._claim = Claim(
            job="",
            wanted=0,
            team=self.team,
            cpus=float(allotment.threads),
            gpus=allotment.gpus,
            gpu_type=allotment.gpu_type,
            labels=allotment.labels,
        )

    @property
    def share(self) -> Share | None:
        """What the keeper has answered last; None where there is none."""
        return self._stake.share if self._stake else None

    def first(self) -> int:
        """How many teams are to be there at once: all, or one until it is known who shares."""
        return 1 if self._stake else max(1, self._allotment.workers // self.team)

    def moves(self, wishes: Wishes, *, nodes: Mapping[str, str], busy: Iterable[str]) -> Moves:
        """What is to be done now, by the node of each worker that is up and by who is busy.

        Who renders several tasks is among the ``busy`` as often.
        """
        now = time.monotonic()
        if now - self._tended_s < TEND_S:
            return Moves()
        self._tended_s = now
        workers = self._workers(wishes, held=len(nodes), now=now)
        deadlines = self._lookout.deadlines if self._lookout else {}
        teams = workers // self.team
        return self.crew.moves(teams, nodes=nodes, busy=busy, deadlines=deadlines, now=now)

    def doomed(self, node: str) -> bool:
        """Whether a node, by its id, is one of those that are to be taken away."""
        return self._lookout is not None and node in self._lookout.deadlines

    def close(self) -> None:
        """The job has no more use for workers."""
        if self._stake and self._lookout:
            self._stake.close()
            self._lookout.close()

    def _workers(self, wishes: Wishes, *, held: int, now: float) -> int:
        most = self._allotment.workers if self._allotment.fixed or self._stake is None else None
        limits = [limit for limit in (most, wishes.max_workers) if limit is not None]
        if self._stake is None:
            return max(min(limits), self._allotment.shards)
        wanted = min([self._steady(wishes.useful, now), *limits])
        wanted = max(wanted, self.team) if wanted else 0
        claim = replace(self._claim, wanted=wanted, held=held, priority=wishes.priority)
        self._stake.tell(claim)
        share = self._stake.share
        if share is None:
            return min(wanted, self._allotment.workers if self._stake.alone else self.team)
        # Where no node has room, one team waits for one that has: what never comes is told.
        return min(wanted, share.workers if share.room >= self.team else self.team)

    def _steady(self, useful: int, now: float) -> int:
        self._useful.append((now, useful))
        while now - self._useful[0][0] > STEADY_S:
            self._useful.popleft()
        return max(count for _, count in self._useful)
