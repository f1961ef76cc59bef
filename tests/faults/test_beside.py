"""Jobs beside others on one cluster: they share it, nodes come and are drained, drivers die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cluster import exits
from cluster.cli import run as command
from tests.faults.harness import Judgement, Run, furnish, job, lines
from tests.faults.test_faults import checkpointed

MEMORY = {"object_store_memory": 100 * 2**20}


@pytest.fixture(scope="module")
def farm() -> Iterator[Any]:
    """A Ray whose head renders nothing, and a node that has room for three workers."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    utils = pytest.importorskip("ray.cluster_utils")
    head = {"num_cpus": 0, "include_dashboard": False, **MEMORY}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=3, node_name="a", **MEMORY)
    yield cluster
    cluster.shutdown()


def drain(cluster: Any, name: str, within_s: float) -> None:
    """What `ray drain-node` does, where a node is to be taken away."""
    node = next(node for node in cluster.worker_nodes if node._ray_params.node_name == name)
    from ray._raylet import GcsClient

    deadline_ms = int((time.time() + within_s) * 1000)
    preemption = 2
    gcs = GcsClient(address=cluster.address)
    assert gcs.drain_node(node.node_id, preemption, "spot", deadline_ms)[0]


def workers(run: Run) -> int:
    """How many workers a run has now."""
    there: set[str] = set()
    for event in run.events():
        if event["event"] == "worker_joined":
            there.add(event["worker"])
        elif event["event"] in ("worker_lost", "worker_released"):
            there.discard(event["worker"])
    return len(there)


def until(seen: Callable[[], bool], within_s: float = 180.0) -> None:
    deadline = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < deadline, "not seen"
        time.sleep(0.05)


def furnished(folder: Path, *, iterations: int, pictures: int = 4) -> Path:
    """A job of some style transfers in a folder of its own."""
    description = job("adam", iterations=iterations, every=10)
    names = [f"{n}.png" for n in range(pictures)]
    description |= {
        "inputs": names,
        "steps": description["steps"][1:],
        "resources": {"threads": 1, "gpus": 0},
        "retries": {},
        "limits": {"yield_seconds": 1.0},
    }
    furnish(folder, description)
    for n, name in enumerate(names):
        Image.linear_gradient("L").rotate(90 * n).resize((48, 48)).convert("RGB").save(
            folder / name
        )
    return folder


def test_two_jobs_share_a_cluster_and_have_more_when_one_dies_or_a_node_joins(
    tmp_path: Path, farm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Run(furnished(tmp_path / "a", iterations=10**6), "--address", farm.address, spawn=True)
    second = None
    try:
        until(lambda: workers(first) == 3)
        more = ("--address", farm.address, "--priority", "100")
        second = Run(furnished(tmp_path / "b", iterations=10**6), *more, spawn=True)
        until(lambda: (workers(first), workers(second)) == (1, 2))
        assert command(["status", str(first.out)]) == exits.UNFINISHED
        assert "may have 1 worker, beside 1 other job" in capsys.readouterr().out
        assert command(["set", str(first.out), "priority=100", "max_workers=2"]) == exits.DONE
        assert command(["set", str(second.out), "priority=10"]) == exits.DONE
        until(lambda: (workers(first), workers(second)) == (2, 1))
        assert command(["set", str(first.out), "max_workers=null"]) == exits.DONE
        second.signal(signal.SIGKILL)
        assert second.wait() == -signal.SIGKILL
        until(lambda: workers(first) == 3)
        farm.add_node(num_cpus=1, node_name="b", **MEMORY)
        until(lambda: workers(first) == 4)
        assert command(["cancel", str(first.out)]) == exits.DONE
        assert first.wait() == exits.INTERRUPTED
    finally:
        for run in (first, second):
            if run is not None:
                run.signal(signal.SIGKILL)
    happened = {record["event"] for record in lines(first.out / "log.jsonl")}
    assert {"workers_allowed", "worker_released", "demands", "stopped"} <= happened
    assert not {"failed", "retried", "worker_lost"} & happened


def test_what_runs_on_a_node_that_is_drained_goes_on_elsewhere_without_loss(
    tmp_path: Path, farm: Any
) -> None:
    furnished(tmp_path, pictures=1, iterations=2000)  # more than until the notice is heeded
    assert Run(tmp_path, "--inline", out="reference", spawn=True).wait() == exits.DONE
    if len(farm.worker_nodes) == 1:
        farm.add_node(num_cpus=1, node_name="b", **MEMORY)
    run = Run(tmp_path, "--address", farm.address, spawn=True)

    def began() -> list[str]:
        return [r["node"] for r in lines(run.out / "log.jsonl") if r["event"] == "started"]

    until(lambda: checkpointed(run) > 0)
    drain(farm, began()[0], within_s=30.0)
    assert run.wait() == exits.DONE
    told = [event["event"] for event in run.events()]
    assert "worker_released" in told
    assert not {"task_retried", "worker_lost"} & set(told)
    assert sorted(began()) == ["a", "b"]
    judgement = Judgement()
    judgement.hear(run)
    judgement.end(run.out, tmp_path / "reference")
    assert judgement.faults == []
