"""How many workers may each of several jobs have on one cluster? Plain arithmetic, no Ray.

Every job gets a team (one worker, or as many as render a picture together) where there is room, the
more urgent ones first. What is left goes team by team to the job whose part of the cluster, for its
priority, would still be the smallest with it: the largest share that a worker takes of anything
(dominant resource fairness, Ghodsi et al. 2011), weighted by priority and given in whole teams
(D'Hondt's method). So no job gets less than its fair share rounded down, and what one job has no
use for, others have. The same claims on the same nodes always give the same answer: nothing swings.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cluster.resources import Node, fits


@dataclass(frozen=True)
class Team:
    """Workers that come and go together, and what each of them takes."""

    size: int
    cpus: float
    gpus: float
    gpu_type: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one job's driver would like to have.

    ``wanted`` counts workers that it has work for and may have, ``team`` those that come and go
    together. ``order`` settles who is first among equals: when it began, by its own clock.
    """

    job: str
    wanted: int
    priority: int = 50
    held: int = 0
    team: int = 1
    cpus: float = 1.0
    gpus: float = 0.0
    gpu_type: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    order: float = 0.0

    @property
    def unit(self) -> Team:
        """What comes and goes together."""
        labels = tuple(sorted(self.labels.items()))
        return Team(self.team, self.cpus, self.gpus, self.gpu_type, labels)

    @property
    def urgency(self) -> tuple[int, float, str]:
        """Sorts the most urgent first."""
        return (-self.priority, self.order, self.job)


@dataclass
class _Free:
    """What is left of a node; GPUs one by one, since no worker's part of one straddles two."""

    node: Node
    cpus: float
    gpus: list[float]

    def give(self, claim: Claim) -> bool:
        """Gives a worker its part, if it is there."""
        if self.cpus < claim.cpus:
            return False
        if 0 < claim.gpus < 1:
            roomy = [n for n, left in enumerate(self.gpus) if left + 1e-9 >= claim.gpus]
            if not roomy:
                return False
            fullest = min(roomy, key=lambda n: self.gpus[n])
            self.gpus[fullest] -= claim.gpus
        elif claim.gpus:
            whole = [n for n, left in enumerate(self.gpus) if left >= 1]
            if len(whole) < claim.gpus:
                return False
            for n in whole[: int(claim.gpus)]:
                self.gpus[n] = 0.0
        self.cpus -= claim.cpus
        return True


def shares(claims: Sequence[Claim], nodes: Sequence[Node]) -> dict[str, int]:
    """How many workers each job may have, by its name: never more than it wants, or than fit."""
    free = sorted(
        (_Free(node, node.cpus, [1.0] * int(node.gpus)) for node in nodes if not node.leaving),
        key=lambda one: (one.node.gpus, one.node.cpus, one.node.id),  # no GPU taken for its CPUs
    )
    given = dict.fromkeys((claim.job for claim in claims), 0)
    open_claims = [c for c in sorted(claims, key=lambda c: c.urgency) if c.wanted >= c.team]
    left = [claim for claim in open_claims if _place(claim, free)]
    for claim in left:
        given[claim.job] = claim.team
    parts = {claim.job: _part(claim, nodes) for claim in left}
    queue = [(_cost(claim, given, parts), *claim.urgency, claim) for claim in left]
    heapq.heapify(queue)
    while queue:
        claim = heapq.heappop(queue)[-1]
        if given[claim.job] + claim.team <= claim.wanted and _place(claim, free):
            given[claim.job] += claim.team
            heapq.heappush(queue, (_cost(claim, given, parts), *claim.urgency, claim))
    return given


def missing(claims: Sequence[Claim], given: Mapping[str, int], *, most: int) -> list[Team]:
    """The teams that jobs could use beyond what they are ``given``, the more urgent jobs' first."""
    found: list[Team] = []
    for claim in sorted(claims, key=lambda c: c.urgency):
        teams = (claim.wanted - given[claim.job]) // claim.team
        found += [claim.unit] * min(teams, most - len(found))
    return found


def room(nodes: Sequence[Node], claim: Claim) -> int:
    """How many such workers fit on the nodes while nobody else is there."""
    free = [_Free(n, n.cpus, [1.0] * int(n.gpus)) for n in nodes if not n.leaving]
    found = 0
    for one in free:
        while fits(one.node, claim.gpu_type, claim.labels) and one.give(claim):
            found += 1
    return found


def _place(claim: Claim, free: Sequence[_Free]) -> bool:
    """Takes the parts of a whole team from what is left; nothing if they aren't all there."""
    before = [(one.cpus, list(one.gpus)) for one in free] if claim.team > 1 else []
    for _ in range(claim.team):
        usable = (one for one in free if fits(one.node, claim.gpu_type, claim.labels))
        if not any(one.give(claim) for one in usable):
            for one, (cpus, gpus) in zip(free, before, strict=False):
                one.cpus, one.gpus = cpus, gpus
            return False
    return True


def _part(claim: Claim, nodes: Sequence[Node]) -> float:
    """The largest part of anything in the cluster that one worker takes."""
    cpus, gpus = sum(node.cpus for node in nodes), sum(node.gpus for node in nodes)
    return max(claim.cpus / cpus if cpus else 0.0, claim.gpus / gpus if gpus else 0.0)


def _cost(claim: Claim, given: Mapping[str, int], parts: Mapping[str, float]) -> float:
    return (given[claim.job] + claim.team) * parts[claim.job] / claim.priority
