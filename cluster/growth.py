"""What if a cluster has no room for a job yet? Where something adds nodes, they are waited for.

The keeper asks the autoscaler for what all jobs want; this is how a job comes to be among them
before it has any worker. Elsewhere what is missing is told at once (``cluster.resources``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from cluster import notices as n
from cluster.fair import Claim
from cluster.nodes import grows, listed
from cluster.resources import Allotment, Node, Wanted
from cluster.runner import POLL_S, Watch
from jobs.demands import Demands
from renderer.errors import ClusterError

LOOK_S, TELL_S = 2.0, 60.0
"""How often the nodes are looked at meanwhile, and how often it is told what is missing."""


def allotted(
    nodes: tuple[Node, ...],
    allot: Callable[[tuple[Node, ...]], Allotment],
    claim: Claim,
    *,
    watch: Watch,
) -> Allotment:
    """The workers that ``allot`` gives on the nodes, or on those that are there after a while.

    ClusterError where nothing adds nodes, KeyboardInterrupt where the user won't wait.
    """
    try:
        return allot(nodes)
    except ClusterError:
        if not grows(nodes):
            raise
    from cluster.stake import Stake

    stake, told_s = Stake(), -TELL_S
    try:
        while True:
            try:
                return allot(nodes)
            except ClusterError as error:
                if time.monotonic() - told_s >= TELL_S:
                    told_s = time.monotonic()
                    watch.notify(n.WaitingForNodes(reason=str(error)))
            stake.tell(claim)
            _wait(watch)
            nodes = listed()
    finally:
        stake.close()


def first_claim(
    wanted: Wanted, demands: Demands, *, gpu_type: str, labels: Mapping[str, str]
) -> Claim:
    """What a job wants of a cluster of which it isn't known what nodes it will have."""
    team = wanted.sharding.count or 1  # auto is what there is room for at first
    most = wanted.workers or wanted.widest * team
    gpus = wanted.gpus
    if gpus is None:
        gpus = 1 / wanted.tasks_per_gpu if gpu_type else 0.0
    return Claim(
        job="",
        wanted=max(team, min(most, demands.max_workers or most)),
        priority=demands.priority,
        team=team,
        cpus=float(wanted.threads or 1),
        gpus=gpus,
        gpu_type=gpu_type,
        labels=labels,
    )


def _wait(watch: Watch) -> None:
    until_s = time.monotonic() + LOOK_S
    while time.monotonic() < until_s:
        watch.tick()
        if watch.interrupted():
            raise KeyboardInterrupt
        time.sleep(POLL_S)
