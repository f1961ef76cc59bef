"""Clusters that have no room yet: those that grow are waited for, others refuse at once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cluster import growth
from cluster import notices as n
from cluster.backend import Wishes
from cluster.fair import Claim, Team, missing, shares
from cluster.keeper import Share
from cluster.nodes import GROUP, grows
from cluster.resources import Allotment, Node, Wanted, allot
from cluster.runner import Watch
from jobs.demands import Demands
from jobs.shards import Sharding
from renderer.errors import ClusterError

FIXED = (Node("head", 0, id="h"),)
GROWING = (Node("head", 0, id="h", labels={GROUP: "heads"}),)
GROWN = (*GROWING, Node("worker", 4, id="w", labels={GROUP: "workers"}))
WANTED = Wanted(width=8, widest=8, threads=2)
CLAIM = growth.first_claim(WANTED, Demands(max_workers=3), gpu_type="", labels={})


def found(nodes: tuple[Node, ...]) -> Allotment:
    return allot(nodes, WANTED, shared=True, growing=grows(nodes))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a keeper is told, where the second look finds a cluster that has grown."""
    stake = pytest.importorskip("cluster.stake")
    told: list[Any] = []

    class Heard:
        def tell(self, claim: Claim) -> None:
            told.append(claim)

        def close(self) -> None:
            told.append("closed")

    looks = iter([GROWING, GROWN])
    monkeypatch.setattr(stake, "Stake", Heard)
    monkeypatch.setattr(growth, "LOOK_S", 0.0)
    monkeypatch.setattr(growth, "listed", lambda: next(looks))
    return told


def test_nodes_that_a_cluster_may_add_are_waited_for(told: list[Any]) -> None:
    notices: list[n.Notice] = []
    allotment = growth.allotted(GROWING, found, CLAIM, watch=Watch(notices.append))
    assert (allotment.workers, allotment.threads) == (2, 2)
    assert told == [CLAIM, CLAIM, "closed"]
    (notice,) = notices  # told once, not at every look
    assert isinstance(notice, n.WaitingForNodes)
    assert notice.reason.endswith("doesn't fit: there is room for 0 (head 0 CPUs 0 GPUs)")


def test_elsewhere_what_is_missing_is_told_at_once(told: list[Any]) -> None:
    with pytest.raises(ClusterError, match=r"a worker with 2 CPUs doesn't fit: .* or add nodes"):
        growth.allotted(FIXED, found, CLAIM, watch=Watch())
    assert growth.allotted(GROWN, found, CLAIM, watch=Watch()).workers == 2
    assert told == []


def test_workers_that_were_asked_for_come_as_nodes_do(monkeypatch: pytest.MonkeyPatch) -> None:
    staffing = pytest.importorskip("cluster.staffing")
    keeper = SimpleNamespace(share=None, alone=False, tell=lambda claim: None)
    monkeypatch.setattr(staffing, "Stake", lambda: keeper)
    monkeypatch.setattr(staffing, "Lookout", lambda: SimpleNamespace(deadlines={}))
    monkeypatch.setattr(staffing, "TEND_S", 0.0)
    team = staffing.Staffing(Allotment(20, 1, 0.0, fixed=True), shared=True)
    team.crew.hired(team.first())
    hired = []
    for workers in (8, 12, 40):  # what the cluster has room for, node by node
        keeper.share = Share(workers, room=workers)
        hired.append(team.moves(Wishes(99, None, 50), nodes={}, busy=()).hire)
        for _ in range(hired[-1]):
            team.crew.hired(1)
    assert hired == [7, 4, 8]


def test_who_does_not_want_to_wait_need_not(
    told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "LOOK_S", 60.0)
    with pytest.raises(KeyboardInterrupt):
        growth.allotted(GROWING, found, CLAIM, watch=Watch(interrupted=lambda: True))
    assert told == [CLAIM, "closed"]


def lacking(claims: list[Claim], nodes: tuple[Node, ...], *, most: int = 99) -> list[Team]:
    return missing(claims, shares(claims, nodes), most=most)


def test_what_jobs_could_use_and_nodes_can_not_hold_is_missing() -> None:
    assert (CLAIM.wanted, CLAIM.cpus, CLAIM.gpus) == (3, 2.0, 0.0)
    wanted = Wanted(width=9, widest=9, tasks_per_gpu=4)
    picky = growth.first_claim(wanted, Demands(), gpu_type="H100", labels={"pool": "spot"})
    claims = [replace(CLAIM, job="plain"), replace(picky, job="picky", order=1.0)]
    each = Team(1, 1.0, 0.25, "H100", (("pool", "spot"),))
    assert lacking(claims, GROWING) == [Team(1, 2.0, 0.0)] * 3 + [each] * 9
    assert lacking(claims, GROWN) == [Team(1, 2.0, 0.0)] + [each] * 9
    assert lacking(claims, GROWING, most=5) == [Team(1, 2.0, 0.0)] * 3 + [each] * 2


def test_who_render_one_picture_together_are_asked_for_together() -> None:
    wanted = replace(WANTED, widest=2, sharding=Sharding(count=4))
    claim = growth.first_claim(wanted, Demands(), gpu_type="", labels={})
    assert (claim.wanted, claim.team) == (8, 4)
    assert lacking([claim], GROWING) == [Team(4, 2.0, 0.0)] * 2
    few = growth.first_claim(wanted, Demands(max_workers=3), gpu_type="", labels={})
    assert few.wanted == 4  # less than a team is of no use


def test_whole_teams_are_missing_or_none() -> None:
    four = replace(CLAIM, job="sharded", wanted=11, team=4, cpus=1.0)
    assert lacking([four], GROWN) == [Team(4, 1.0, 0.0)]
    assert lacking([replace(four, wanted=3)], GROWING) == []
