"""A cluster of several nodes: what stops on another node is killed there, and a node may go."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import exits
from tests.faults.harness import Judgement, Run, furnish, job, lines
from tests.faults.test_faults import checkpointed, until


@pytest.fixture
def nodes() -> Iterator[tuple[Any, dict[str, Any]]]:
    """A Ray whose head renders nothing, and two nodes that have room for one worker each."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    utils = pytest.importorskip("ray.cluster_utils")
    memory = {"object_store_memory": 100 * 2**20}
    head = {"num_cpus": 0, "include_dashboard": False, **memory}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    named = {name: cluster.add_node(num_cpus=1, node_name=name, **memory) for name in ("a", "b")}
    yield cluster, named
    cluster.shutdown()


def where(run: Run) -> list[str]:
    """The nodes on which tasks were started."""
    return [r["node"] for r in lines(run.out / "log.jsonl") if r["event"] == "started"]


def lost(run: Run) -> list[str]:
    return [event["reason"] for event in run.events() if event["event"] == "worker_lost"]


@pytest.mark.slow
def test_a_worker_stopped_on_another_node_and_a_node_that_goes(
    tmp_path: Path, nodes: tuple[Any, dict[str, Any]]
) -> None:
    cluster, named = nodes
    furnish(tmp_path, job("adam", iterations=500))
    assert Run(tmp_path, "--inline", out="reference").wait() == exits.DONE
    run = Run(tmp_path, "--address", cluster.address, "--workers", "1", spawn=True)
    until(lambda: checkpointed(run) >= 2, within_s=40)
    os.kill(run.workers()[0], signal.SIGSTOP)
    until(lambda: len(lost(run)) == 1 and len(set(run.workers())) == 2, within_s=90)
    seen = checkpointed(run)
    until(lambda: checkpointed(run) > seen)
    cluster.remove_node(named.pop(where(run)[-1]), allow_graceful=False)
    until(lambda: len(lost(run)) == 2)
    assert run.wait() == exits.DONE
    assert "told nothing" in lost(run)[0]
    assert where(run)[-1] == next(iter(named))  # the node that was left
    judgement = Judgement()
    judgement.hear(run)
    judgement.end(run.out, tmp_path / "reference")
    assert judgement.faults == []
