"""Jobs beside others on one cluster: they share it, nodes come, go and are drained, drivers die."""

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
from tests.faults.harness import Judgement, Run, frames, furnish, job, lines
from tests.faults.test_faults import checkpointed

MEMORY = {"object_store_memory": 100 * 2**20}


@pytest.fixture(scope="module")
def farm() -> Iterator[Any]:
    """A Ray whose head renders nothing, and three nodes that have room for a worker each."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    utils = pytest.importorskip("ray.cluster_utils")
    head = {"num_cpus": 0, "include_dashboard": False, **MEMORY}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    for name in "abc":
        cluster.add_node(num_cpus=1, node_name=name, **MEMORY)
    yield cluster
    cluster.shutdown()


def drain(cluster: Any, name: str, within_s: float) -> None:
    """What `ray drain-node` does, where a node is to be taken away."""
    from ray._raylet import GcsClient

    deadline_ms = int((time.time() + within_s) * 1000)
    preemption, node_id = 2, named(cluster, name).node_id
    gcs = GcsClient(address=cluster.address)
    assert gcs.drain_node(node_id, preemption, "spot", deadline_ms)[0]


def named(cluster: Any, name: str) -> Any:
    """The node of a name."""
    return next(node for node in cluster.worker_nodes if node._ray_params.node_name == name)


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
        time.sleep(0.2)  # all events are read each time


def furnished(
    folder: Path, *, iterations: int, every: int = 10, pictures: int = 4, optimizer: str = "adam"
) -> Path:
    """A job of some style transfers in a folder of its own."""
    description = job(optimizer, iterations=iterations, every=every)
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
    without_end = {"iterations": 10**6, "every": 1000}
    where_to = ("--address", farm.address)
    first = Run(furnished(tmp_path / "a", **without_end), *where_to, spawn=True)
    second = None
    try:
        until(lambda: workers(first) == 3)
        more = (*where_to, "--priority", "100")
        second = Run(furnished(tmp_path / "b", **without_end), *more, spawn=True)
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
        farm.add_node(num_cpus=1, node_name="d", **MEMORY)
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


def test_two_jobs_at_once_end_with_their_own_frames_though_a_worker_stops_and_a_node_goes(
    tmp_path: Path, farm: Any
) -> None:
    """Each as if it had been rendered alone, without loss of what was in a checkpoint."""
    furnish(tmp_path / "a", job("adam", iterations=120))
    furnished(tmp_path / "b", iterations=600, pictures=2, optimizer="gradient_descent")
    where_to = ("--address", farm.address, "--max-workers", "1")
    first, second = runs = [Run(tmp_path / name, *where_to, spawn=True) for name in ("a", "b")]
    until(lambda: checkpointed(first) > 0 and checkpointed(second) > 0)
    os.kill(first.workers()[0], signal.SIGSTOP)
    farm.remove_node(named(farm, where(second)[-1]), allow_graceful=False)
    for run in runs:  # meanwhile
        render_alone(run.out.parent)
    for run in runs:
        assert run.wait() == exits.DONE
        judgement = Judgement()
        judgement.hear(run)
        judgement.end(run.out, run.out.parent / "reference")
        assert judgement.faults == []
    assert any("told nothing" in reason for reason in lost(first))
    assert len(lost(second)) > 0
    assert len(set(where(second))) == 2
    assert (len(frames(first.out)), len(frames(second.out))) == (4, 2)


def render_alone(folder: Path) -> None:
    """Render a job in this process, for its frames to be compared with."""
    job, out = str(folder / "job.yaml"), str(folder / "reference")
    assert command(["render", job, "--inline", "--out", out]) == exits.DONE


def where(run: Run) -> list[str]:
    """The nodes on which tasks were started."""
    return [r["node"] for r in lines(run.out / "log.jsonl") if r["event"] == "started"]


def lost(run: Run) -> list[str]:
    """Why workers were lost."""
    return [event["reason"] for event in run.events() if event["event"] == "worker_lost"]


def test_what_runs_on_a_node_that_is_drained_goes_on_elsewhere_without_loss(
    tmp_path: Path, farm: Any
) -> None:
    furnished(tmp_path, pictures=1, iterations=2000)  # more than until the notice is heeded
    run = Run(tmp_path, "--address", farm.address, spawn=True)
    until(lambda: checkpointed(run) > 0)
    drain(farm, where(run)[0], within_s=30.0)
    render_alone(tmp_path)
    assert run.wait() == exits.DONE
    told = [event["event"] for event in run.events()]
    assert "worker_released" in told
    assert not {"task_retried", "worker_lost"} & set(told)
    assert len(where(run)) == len(set(where(run))) == 2
    judgement = Judgement()
    judgement.hear(run)
    judgement.end(run.out, tmp_path / "reference")
    assert judgement.faults == []
