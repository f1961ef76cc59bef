"""Where does one driver saturate? 256 workers that only pretend, on the schedule and runner of all.

The workers render nothing and answer after simulated times: progress, checkpoints and frames of
real sizes. All else is real: schedule, runner, a workspace with its log and forced writes, notices.
Each ladder raises one load, step by step, until the driver hears most of what it is told more than
a second late, or gets less than four fifths of it done:

    tasks    shorter and shorter ones, with a frame of 400 kB and a table of losses each
    records  progress told more and more often (workers tell five a second at most)
    bytes    checkpoints of 9 MB (a style transfer of 512 px with Adam) more and more often

What Ray itself takes to deliver them is not in it. ``ratios`` are how much of each a second of the
driver's CPU time is enough for, at the most that it bears. Writes JSON.

    python -m benchmarks.saturation --workers 256 --json report.json
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import machine, reports
from benchmarks.sets import add_pictures
from cluster.backend import Attempt, Joined, Report, Told, Wishes
from cluster.orders import Orders, Terms
from cluster.records import Done, Handle, Order, Record, Started, Stopped
from cluster.runner import Rules, Runner, Watch
from cluster.shelf import Shelf
from jobs.curves import LOSSES
from jobs.plan import Plan, plan
from jobs.spec import load
from jobs.workspace import Workspace
from renderer import weights
from renderer.events import Artefact, Checkpoint, Progress

LATE_S, SHORT = 1.0, 0.8
"""A driver is saturated if it hears later than that, or does less than this part of the load."""

FRAME_BYTES, CHECKPOINT_BYTES, LOSSES_BYTES = 400_000, 9_000_000, 8_000
STEPS = 8  # of a ladder, at most: each doubles the load
GOLDEN = 0.618034
SETTLE_S = 1.5  # while all begin at once, nothing is counted
MOST_TASKS = 1000  # a second, which no driver will do


@dataclass(frozen=True)
class Load:
    """What every worker does: tasks of so many seconds, and what it tells in each second."""

    task_s: float
    progress_per_s: float = 1.0
    checkpoints_per_s: float = 0.0

    def asked(self, workers: int) -> dict[str, float]:
        """What so many workers tell in a second where the driver is never in the way."""
        tasks = workers / self.task_s
        records = 3 * tasks + workers * (self.progress_per_s + self.checkpoints_per_s)
        frames = tasks * (FRAME_BYTES + LOSSES_BYTES)
        checkpoints = workers * self.checkpoints_per_s * CHECKPOINT_BYTES
        return {"tasks": tasks, "records": records, "megabytes": (frames + checkpoints) / 1e6}


@dataclass
class Heard:
    """What the driver was told of, and how late it heard."""

    tasks: int = 0
    records: int = 0
    bytes: int = 0
    late_s: list[float] = field(default_factory=list)
    began_s: float = 0.0
    began_cpu_s: float = 0.0
    seconds: float = 0.0
    cpu_s: float = 0.0

    def add(self, record: Record, late_s: float) -> None:
        """A record that was due so long ago; nothing counts while all begin at once."""
        now_s = time.monotonic()
        self.began_s = self.began_s or now_s + SETTLE_S
        if now_s < self.began_s:
            return
        if not self.records:
            self.began_cpu_s = time.process_time()
        self.seconds, self.cpu_s = now_s - self.began_s, time.process_time() - self.began_cpu_s
        self.tasks += isinstance(record, Done)
        self.records += 1
        self.bytes += _size(record)
        self.late_s.append(late_s)


class Pretenders:
    """A backend of so many workers that tell what a load says, when it says; they stop at once."""

    threads = shards = 1

    def __init__(self, workers: int, load: Load) -> None:
        self.heard, self._load = Heard(), load
        random = np.random.default_rng(0)
        self._frame, self._state = random.bytes(FRAME_BYTES), random.bytes(CHECKPOINT_BYTES)
        self._numbers = itertools.count()
        names = [f"worker-{number + 1}" for number in range(workers)]
        self._joined: list[Report] = [Joined(name, f"node-{name}", "cpu") for name in names]
        self._due: list[tuple[float, int, str, Attempt, Record]] = []  # a heap
        self._running: dict[Attempt, str] = {}
        self._stopping = False
        # At first as if they had been at it for a while: else all end in the same moment.
        self._ahead = dict(zip(names, np.linspace(0, 1, workers, endpoint=False), strict=True))

    def share(self, value: object) -> Handle:
        return value

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        self._running[attempt] = slot
        whole_s = self._load.task_s * (1 - self._ahead.pop(slot, 0.0))
        for after_s, record in self._told(whole_s):
            self._tell(time.monotonic() + after_s, slot, attempt, record)

    def employ(self, wishes: Wishes) -> None: ...

    def release(self, slot: str) -> None: ...

    def poll(self, timeout_s: float) -> list[Report]:
        reports, self._joined = self._joined, []
        if not reports and self._due:
            time.sleep(max(0.0, min(timeout_s, self._due[0][0] - time.monotonic())))
        now = time.monotonic()
        spoken = set[str]()  # as on Ray: a record of each worker at a time
        while self._due and self._due[0][0] <= now and self._due[0][2] not in spoken:
            due, _, slot, attempt, record = heapq.heappop(self._due)
            if attempt in self._running:
                spoken.add(slot)
                if not self._stopping:
                    self.heard.add(record, now - due)
                reports.append(Told(slot, attempt, record))
            if isinstance(record, Done | Stopped):
                self._running.pop(attempt, None)
        return reports

    def cancel(self, attempt: Attempt, *, patience_s: float = 0) -> None:
        self._stopping = True
        if slot := self._running.get(attempt):
            self._joined.append(Told(slot, attempt, Stopped()))

    def kill(self, slot: str, reason: str) -> None: ...

    def close(self) -> None: ...

    def _tell(self, due: float, slot: str, attempt: Attempt, record: Record) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), slot, attempt, record))

    def _told(self, whole_s: float) -> Iterator[tuple[float, Record]]:
        yield 0.0, Started("here", os.getpid(), "cpu", 1)
        losses = (("content", 1.0), ("style", 2.0))
        phase = next(self._numbers) * GOLDEN % 1  # no two tell in the same moment
        for number, after_s in enumerate(_times(whole_s, self._load.progress_per_s, phase)):
            yield after_s, Progress(1 + number, 1000, losses)
        for number, after_s in enumerate(_times(whole_s, self._load.checkpoints_per_s, phase)):
            yield after_s, Checkpoint(1 + number, self._state)
        yield whole_s, Artefact(LOSSES, bytes(LOSSES_BYTES))
        yield whole_s, Done(self._frame, None, (512, 512), 1000, losses, whole_s)


def _times(whole_s: float, per_s: float, phase: float) -> Iterator[float]:
    return ((number + phase) / per_s for number in range(math.ceil(whole_s * per_s - phase)))


def _size(record: Record) -> int:
    if isinstance(record, Done):
        return len(record.frame)
    return len(record.data) if isinstance(record, Checkpoint | Artefact) else 0


def measured(
    made: Plan, folder: Path, load: Load, *, workers: int, seconds: float
) -> dict[str, Any]:
    """Have the driver bear a load for some seconds: what of it got done, and how late it was."""
    backend = Pretenders(workers, load)
    known = weights.resolve("motifs", "conv2")
    tasks = {task.id: task for task in made.tasks}
    with Workspace.open(folder) as workspace:
        shelf = Shelf(lambda network, until: known)
        orders = Orders(
            tasks, Terms(job="farm", seed=0, base=folder), shelf=shelf, workspace=workspace
        )
        end_s: list[float] = []

        def over() -> bool:
            end_s[:] = end_s or [time.monotonic() + SETTLE_S + seconds]
            return time.monotonic() >= end_s[0]

        watch = Watch(interrupted=over)
        Runner(made, workspace, lambda: backend, orders=orders, rules=Rules(), watch=watch).run()
    return {"asked": load.asked(workers), **told(backend.heard)}


def told(heard: Heard) -> dict[str, Any]:
    """What was heard, as rates a second, and how late: in the middle, and nearly at the worst."""
    late_ms = [1000 * late_s for late_s in heard.late_s] or [0.0]
    seconds = heard.seconds or 1.0
    return {
        "tasks": heard.tasks / seconds,
        "records": heard.records / seconds,
        "megabytes": heard.bytes / seconds / 1e6,
        "cpu": heard.cpu_s / seconds,
        "late_ms": statistics.median(late_ms),
        "late_ms_99": statistics.quantiles(late_ms, n=100)[98] if len(late_ms) > 1 else late_ms[0],
    }


def saturated(step: dict[str, Any], name: str) -> bool:
    """Whether a step of a ladder was more than the driver bears."""
    return step["late_ms"] > 1000 * LATE_S or step[name] < SHORT * step["asked"][name]


def ladder(name: str, workers: int) -> Iterator[Load]:
    """The steps of a ladder, each of twice the load of the one before."""
    for step in range(STEPS):
        first = {
            "tasks": Load(8 * 2.0**-step),
            "records": Load(60.0, progress_per_s=2 * 2.0**step),
            "megabytes": Load(
                60.0, checkpoints_per_s=2.0**step * 32e6 / CHECKPOINT_BYTES / workers
            ),
        }
        yield first[name]


def climbed(name: str, folder: Path, *, workers: int, seconds: float) -> list[dict[str, Any]]:
    """What came of each step of a ladder, to the first at which the driver was saturated."""
    found: list[dict[str, Any]] = []
    most = min(MOST_TASKS, max(step.asked(workers)["tasks"] for step in ladder(name, workers)))
    pictures = folder / "pictures"
    count = workers + int(2 * seconds * most)
    add_pictures(pictures, count)
    made = plan(
        load(pictures / "job.yaml"), lambda net, until: weights.resolve(net, until).identity
    )
    for number, step in enumerate(ladder(name, workers)):
        place = folder / f"out-{number}"
        found.append(_rounded(measured(made, place, step, workers=workers, seconds=seconds)))
        if saturated(found[-1], name):
            break
    return found


def borne(steps: Sequence[dict[str, Any]], name: str) -> float:
    """How much a second of CPU time was enough for, in a ladder's last step that was borne."""
    best = next((step for step in reversed(steps) if not saturated(step, name)), steps[0])
    return round(best[name] / max(best["cpu"], 0.01), 2)


def _rounded(step: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _rounded(value) if isinstance(value, dict) else round(value, 2)
        for key, value in step.items()
    }


def main() -> None:
    """Climb the ladders, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each step of a ladder")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    facts = machine.facts(torch.device("cpu"))
    report: dict[str, Any] = {"benchmark": "saturation", **facts}
    report |= {"workers": given.workers, "seconds": given.seconds, "ratios": {}}
    with tempfile.TemporaryDirectory(prefix="farm-") as name:
        os.environ["REVERIE_CACHE"] = f"{name}/cache"
        for rung in ("tasks", "records", "megabytes"):
            place = Path(name) / rung
            found = climbed(rung, place, workers=given.workers, seconds=given.seconds)
            report[rung], report["ratios"][rung] = found, borne(found, rung)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
