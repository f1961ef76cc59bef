"""What does carrying out a task cost beyond rendering it, and does the driver's memory grow?

Runs a job of many tasks whose workers answer at once with a frame of a given size, through the
whole of it: reading sources, schedule, backend, publishing with fsync, log and display. What is
left of the time is what every task costs. Writes JSON to standard output.

    python -m benchmarks.scheduler --tasks 2000 --workers 2 --json report.json
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks import machine, reports
from cluster import notices as n
from cluster.backend import Backend, InlineBackend
from cluster.orders import Orders, Terms
from cluster.ray_session import RaySession
from cluster.records import Done, Order, Record, Started
from cluster.resources import Allotment
from cluster.runner import Rules, Runner, Watch
from cluster.shelf import Shelf
from cluster.versions import own
from jobs.plan import Plan, plan
from jobs.spec import build
from jobs.workspace import Workspace
from renderer import networks
from renderer.weights import Weights

NETWORK = networks.entry("squeezenet1_1")
WEIGHTS = Weights(NETWORK.name, {}, NETWORK.preprocessing, "none", "none")
STEP = {"dream": {"network": NETWORK.name, "layers": ["conv1"]}}


class Empty:
    """Answers every order at once with so many random bytes: no picture of it is ever decoded."""

    def __init__(self, frame_bytes: int) -> None:
        self._frame = np.random.default_rng(0).bytes(frame_bytes)

    def stop(self, task: str) -> None:
        """There is nothing to stop."""

    def render(self, order: Order) -> Generator[Record, None, None]:
        """What any order comes to."""
        yield Started("here", os.getpid(), "cpu", 1)
        yield Done(self._frame, None, (512, 512), 1, (("objective", 1.0),), 0.0)


class Meter:
    """Takes the time and the memory as tasks finish."""

    def __init__(self) -> None:
        self.first = self.last = 0.0
        self.finished = 0
        self.memory: list[float] = []

    def __call__(self, notice: n.Notice) -> None:
        now = time.perf_counter()
        if isinstance(notice, n.TaskStarted) and not self.first:
            self.first = now
        if isinstance(notice, n.TaskFinished):
            self.finished, self.last = self.finished + 1, now
            self.memory.append(resident_mb())


def resident_mb() -> float:
    """The memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def planned(folder: Path, tasks: int) -> tuple[Plan, float]:
    """A plan of so many tasks, one for each of as many pictures, and how long it took to make."""
    for i in range(tasks):
        pixels = np.full((16, 16, 3), (i % 256, i // 256 % 256, 99), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:06}.png")
    began = time.perf_counter()
    spec = build({"name": "bench", "inputs": ["*.png"], "steps": [STEP]}, base=folder)
    made = plan(spec, lambda network, until: WEIGHTS.identity)
    return made, time.perf_counter() - began


def measured(made: Plan, folder: Path, backend: Backend) -> dict[str, Any]:
    """Run the plan; what it cost."""
    meter, shelf = Meter(), Shelf(lambda network, until: WEIGHTS)
    tasks = {task.id: task for task in made.tasks}
    with Workspace.open(folder) as workspace:
        terms = Terms(job="bench", seed=0, base=folder)
        Runner(
            made,
            workspace,
            lambda: backend,
            orders=Orders(tasks, terms, shelf=shelf, workspace=workspace),
            rules=Rules(),
            watch=Watch(meter),
        ).run()
    quarter = len(meter.memory) // 4
    return {
        "finished": meter.finished,
        "ms_per_task": round(1000 * (meter.last - meter.first) / meter.finished, 2),
        "memory_mb": round(meter.memory[-1], 1),
        "memory_growth_mb": round(meter.memory[-1] - meter.memory[quarter], 1),
    }


def on_ray(session: RaySession, workers: int, frame_bytes: int) -> Backend:
    """The backend of jobs on Ray, with actors that answer at once.

    Ray reads the session's token when it is imported, so not before the session is up.
    """
    up = session.wait()
    import ray

    from cluster import ray_backend
    from cluster.ray_actor import CONTROL, Ready

    class Slot(Empty):
        def __init__(self, *, gpus: float, threads: int, batch: int = 1) -> None:
            super().__init__(frame_bytes)

        def ready(self) -> Ready:
            node_id = ray.get_runtime_context().get_node_id()
            return Ready("here", "cpu", (), os.getpid(), node_id, own())

        @ray.method(concurrency_group=CONTROL)  # type: ignore[untyped-decorator, unused-ignore]
        def there(self) -> None:
            """Answers at any time."""

    ray_backend.Slot = Slot  # type: ignore[attr-defined]
    return ray_backend.RayBackend(up, Allotment(workers, 1, 0.0))


def main() -> None:
    """Write the costs with both backends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--frame-kb", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="20 tasks")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    tasks, frame_bytes = 20 if given.quick else given.tasks, given.frame_kb * 1024
    report: dict[str, Any] = {"benchmark": "scheduler", **machine.facts(torch.device("cpu"))}
    report |= {"tasks": tasks, "workers": given.workers, "frame_kb": given.frame_kb}
    session = RaySession()  # comes up meanwhile
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made, seconds = planned(folder, tasks)
            report["planning_ms_per_task"] = round(1000 * seconds / tasks, 2)
            inline = InlineBackend(lambda: Empty(frame_bytes), node="here")
            session.wait()  # its start is not to fall into what is measured
            report["inline"] = measured(made, folder / "inline", inline)
            backend = on_ray(session, given.workers, frame_bytes)
            report["ray"] = measured(made, folder / "ray", backend)
    finally:
        session.close()
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
