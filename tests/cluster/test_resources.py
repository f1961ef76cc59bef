"""Workers, threads and GPUs for a job: plain sums."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.resources import Allotment, Node, Wanted, allot, automatic_threads, local_cpus
from jobs.shards import Sharding
from renderer.errors import ClusterError

DESK = (Node("desk", 8),)
FARM = (Node("head", 4), Node("gpu-1", 16, 2), Node("gpu-2", 16, 2))


def wanted(width: int, **more: Any) -> Wanted:
    """What a job wants whose tasks need nothing of each other."""
    return Wanted(width=width, widest=width, **more)


@pytest.mark.parametrize(
    ("cpus", "width", "threads"),
    [(8, 1, 8), (8, 3, 2), (8, 8, 1), (8, 100, 1), (2, 2, 1), (1, 5, 1), (3, 2, 1)],
)
def test_threads_share_the_cores_among_side_by_side_tasks(
    cpus: int, width: int, threads: int
) -> None:
    assert automatic_threads((Node("n", cpus),), width) == threads


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_threads_do_not_depend_on_workers(workers: int) -> None:
    assert allot(DESK, wanted(4, workers=workers), shared=False).threads == 2


def test_workers_fill_the_machine() -> None:
    assert allot(DESK, wanted(100), shared=False) == Allotment(8, 1, 0.0)
    assert allot(DESK, wanted(2), shared=False) == Allotment(2, 4, 0.0)


def test_a_chain_with_branches_keeps_all_gpus_busy() -> None:
    # 11 dreams one after the other, each then styled: two at a time at first, but at most 11.
    assert allot(FARM, Wanted(width=2, widest=11), shared=True).workers == 4


def test_no_more_workers_than_can_work() -> None:
    assert allot(FARM, wanted(3), shared=True).workers == 3


def test_gpus_are_used_where_there_are_some() -> None:
    assert allot(FARM, wanted(99), shared=True) == Allotment(4, 1, 1.0, batch=16)
    assert allot(FARM, wanted(99, tasks_per_gpu=2), shared=True) == Allotment(8, 1, 0.5, batch=13)


def test_gpus_can_be_declined() -> None:
    assert allot(FARM, wanted(99, gpus=0), shared=True) == Allotment(36, 1, 0)


def test_a_share_of_a_gpu_straddles_none() -> None:
    # 0.4 fits twice into each of four GPUs; ten times into 4.0 would be wrong.
    assert allot(FARM, wanted(99, gpus=0.4), shared=True).workers == 8


def test_several_gpus_a_task() -> None:
    assert allot(FARM, wanted(99, gpus=2), shared=True).workers == 2


def test_more_workers_than_cores_are_allowed_at_home_only() -> None:
    assert allot(DESK, wanted(99, workers=20), shared=False).workers == 20
    with pytest.raises(ClusterError, match=r"20 workers with 1 CPU each .* room for 8"):
        allot(DESK, wanted(99, workers=20), shared=True)


def test_a_cluster_that_grows_begins_with_the_workers_that_fit() -> None:
    twenty = allot(DESK, wanted(99, workers=20), shared=True, growing=True)
    assert twenty == Allotment(20, 1, 0.0, fixed=True)
    three = wanted(9, threads=1, workers=12, sharding=Sharding(3))
    assert allot(DESK, three, shared=True, growing=True).shards == 3
    ten = wanted(9, threads=1, workers=20, sharding=Sharding(10))  # not one picture's workers fit
    with pytest.raises(ClusterError, match="there is room for 8"):
        allot(DESK, ten, shared=True, growing=True)


def test_more_threads_than_cores_are_allowed_at_home() -> None:
    assert allot(DESK, wanted(9, threads=16), shared=False) == Allotment(1, 16, 0.0)


def test_missing_gpus_are_named() -> None:
    with pytest.raises(ClusterError, match=r"1 CPU and 1 GPU .* \(desk 8 CPUs 0 GPUs\)"):
        allot(DESK, wanted(9, gpus=1), shared=False)


def test_a_task_wider_than_every_node_is_refused() -> None:
    with pytest.raises(ClusterError, match="a worker with 32 CPUs doesn't fit"):
        allot(FARM, wanted(9, threads=32, gpus=0), shared=True)


def test_this_machine_has_a_core() -> None:
    assert local_cpus() >= 1


def test_shards_get_workers_and_share_the_cores() -> None:
    two = Sharding(2)
    assert allot(DESK, wanted(1, sharding=two), shared=False) == Allotment(2, 4, 0.0, 2)
    assert allot(DESK, wanted(3, sharding=two), shared=False) == Allotment(6, 1, 0.0, 2)
    # On two nodes each member has a node's cores.
    assert allot((*DESK, *DESK), wanted(1, sharding=two), shared=True) == Allotment(2, 8, 0.0, 2)


def test_auto_shares_out_gpus_or_workers_or_nodes() -> None:
    large = Sharding(None, side_by_side=1, most=64)
    assert allot(FARM, wanted(1, sharding=large), shared=True).shards == 4
    assert allot(FARM, wanted(1, workers=3, sharding=large), shared=True).shards == 3
    assert allot(DESK, wanted(1, sharding=large), shared=False) == Allotment(1, 8, 0.0, 1)
    assert allot(DESK, wanted(1, workers=4, sharding=large), shared=False).shards == 4
    assert allot((*DESK, *DESK), wanted(1, sharding=large), shared=True).shards == 2
    small = Sharding(None, side_by_side=20, most=1)
    assert allot(FARM, wanted(20, sharding=small), shared=True).shards == 1


def test_shards_that_cannot_be_had_are_refused_in_words() -> None:
    with pytest.raises(ClusterError, match="4 shards need 4 workers, and there are 2; ask for"):
        allot(DESK, wanted(1, workers=2, sharding=Sharding(4)), shared=False)
    with pytest.raises(ClusterError, match="9 workers with 1 CPU and 1 GPU each don't fit"):
        allot(FARM, wanted(1, threads=1, sharding=Sharding(9)), shared=True)
    shared_gpu = wanted(1, tasks_per_gpu=2, sharding=Sharding(2))
    with pytest.raises(ClusterError, match=r"a GPU each, and workers here have 0\.5"):
        allot(FARM, shared_gpu, shared=True)
    auto = Sharding(None, side_by_side=1, most=64)
    assert allot(FARM, wanted(1, tasks_per_gpu=2, sharding=auto), shared=True).shards == 1
