"""What do operators see of a run in Prometheus? Counters and gauges, by Ray's metrics agents.

Every Ray node has an agent that Prometheus scrapes; what a process counts is exported by that of
its own node, with ``ray_`` before the name. The driver counts what it is told of the run, by job,
node and kind of task; workers tell the memory that they have (cluster.gauges). A run is never held
up or broken by it: the first call that fails ends the metering. Without Ray nothing is counted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections import Counter as Tally
from collections.abc import Callable, Generator
from typing import Any

from cluster import notices as n
from cluster.gauges import EVERY_S, made
from cluster.runner import Watch
from jobs.schedule import Counts

TASK = ("job", "node", "kind")
COUNTED = {
    "frames_finished": ("frames that are safely in the workspace", TASK),
    "iterations": ("iterations of dreams and style transfers", TASK),
    "render_seconds": ("seconds that workers took for finished frames", TASK),
    "checkpoints": ("checkpoints that are safely in the workspace", TASK),
    "checkpoint_bytes": ("bytes of checkpoints written", TASK),
    "checkpoint_seconds": ("seconds that the driver took to write checkpoints", TASK),
    "retries": ("attempts that failed and are made again", (*TASK, "cause")),
    "failures": ("attempts that failed, retried or not", (*TASK, "cause")),
}
"""What is counted from a run's beginning, and by what."""

GAUGED = {
    "tasks": ("tasks of the job, by state: waiting, ready, running, finished...", ("job", "state")),
    "workers": ("workers that are up", ("job", "node")),
}
"""What is told as it is now."""


class Meters:
    """The driver's metrics of one job; they count from ``begin`` on, when Ray is up.

    ``kind_of`` is a task's kind by its id. ``library`` is ``ray.util.metrics``.
    """

    def __init__(self, job: str, kind_of: Callable[[str], str], *, library: Any = None) -> None:
        self._job, self._kind_of, self._library = job, kind_of, library
        self._metrics: dict[str, Any] = {}
        self._nodes: dict[str, str] = {}  # worker -> node, of those that are up
        self._places: dict[str, str] = {}  # task -> the node it was given to
        self._seen: dict[str, int] = {}  # task -> iterations counted
        self._told_at = 0.0

    def begin(self) -> None:
        """Ray is up."""
        with self._harmless():
            self._metrics = made(self._library, counted=COUNTED, gauged=GAUGED)

    def watching(self, watch: Watch) -> Watch:
        """The same watch, which also counts."""

        def notify(notice: n.Notice) -> None:
            if self._metrics:
                with self._harmless():
                    self._take(notice)
            watch.notify(notice)

        def counted(counts: Counts) -> None:
            if self._metrics and time.monotonic() - self._told_at >= EVERY_S:
                with self._harmless():
                    self._gauge(counts)
            watch.counted(counts)

        return dataclasses.replace(watch, notify=notify, counted=counted)

    def _take(self, notice: n.Notice) -> None:
        match notice:
            case n.WorkerJoined(worker=worker, node=node):
                self._nodes[worker] = node
            case n.WorkerLost(worker=worker) | n.WorkerReleased(worker=worker):
                self._told_at = 0.0
                node = self._nodes.pop(worker, "")
                if node:
                    self._set("workers", self._up(node), node=node)
            case n.TaskStarted(task=task, worker=worker, resumed=resumed):
                self._places[task], self._seen[task] = self._nodes.get(worker, ""), resumed
            case n.TaskProgress(task=task, iteration=iteration):
                self._iterated(task, iteration)
            case n.TaskCheckpointed(task=task):
                self._add("checkpoints", task)
                self._add("checkpoint_bytes", task, notice.size_bytes)
                self._add("checkpoint_seconds", task, notice.seconds)
            case n.TaskFinished(task=task):
                self._iterated(task, notice.iterations)
                self._add("frames_finished", task)
                self._add("render_seconds", task, notice.seconds)
                self._places.pop(task, None)
                self._seen.pop(task, None)
            case n.TaskRetried(task=task, cause=cause):
                self._add("retries", task, cause=cause)
                self._add("failures", task, cause=cause)
            case n.TaskFailed(task=task, cause=cause, needs=""):
                self._add("failures", task, cause=cause)
            case n.Ended():
                self._told_at = 0.0  # how it ended is told at once

    def _iterated(self, task: str, iteration: int) -> None:
        self._add("iterations", task, iteration - self._seen.get(task, 0))
        self._seen[task] = max(iteration, self._seen.get(task, 0))

    def _gauge(self, counts: Counts) -> None:
        self._told_at = time.monotonic()
        for state, count in dataclasses.asdict(counts).items():
            self._set("tasks", count, state=state)
        for node, count in Tally(self._nodes.values()).items():
            self._set("workers", count, node=node)

    def _up(self, node: str) -> int:
        return sum(one == node for one in self._nodes.values())

    def _add(self, name: str, task: str, value: float = 1, **tags: str) -> None:
        if value > 0:
            about = {"node": self._places.get(task, ""), "kind": self._kind_of(task)}
            self._metrics[name].inc(value, tags={"job": self._job, **about, **tags})

    def _set(self, name: str, value: float, **tags: str) -> None:
        self._metrics[name].set(value, tags={"job": self._job, **tags})

    @contextlib.contextmanager
    def _harmless(self) -> Generator[None, None, None]:
        try:
            yield
        except Exception as error:  # whatever it is, a job is worth more
            self._metrics = {}
            logging.getLogger("reverie.meters").info("no more metrics: %s", error)
