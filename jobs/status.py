"""How far is the job in a workspace? Read beside whoever drives it, without a lock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from jobs import checkpoints, history, roster
from jobs.demands import Demands, known
from jobs.history import Failure
from jobs.lock import Holder
from jobs.requests import asked
from jobs.storage import Storage


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that was given up."""

    file: str
    label: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Running:
    """A task that was started and has not ended; ``iteration`` is its newest checkpoint's."""

    file: str
    node: str
    attempt: int
    iteration: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What has become of a workspace's tasks. ``waiting`` ones are neither of the others.

    ``allowed``: how many workers its driver may have, as one of how many jobs on the cluster.
    ``kept`` names the unfinished frames that go on from a checkpoint, with its iteration.
    """

    folder: str
    driver: Holder | None
    paused: bool
    cancelled: bool
    tasks: int
    finished: int
    waiting: int
    skipped: int
    failed: tuple[Failed, ...]
    running: tuple[Running, ...]
    kept: Mapping[str, int]
    priority: int = 50
    max_workers: int | None = None
    allowed: tuple[int, int] | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing left that could be rendered without trying again."""
        return not self.waiting and not self.running

    @property
    def state(self) -> str:
        """In a word: rendering, paused, done, failed, cancelled or unfinished."""
        if self.driver is not None:
            return "paused" if self.paused else "rendering"
        if self.over:
            return "failed" if self.failed or self.skipped else "done"
        return "cancelled" if self.cancelled else "unfinished"


def status(storage: Storage) -> Status:
    """Where the workspace's job stands. Raises WorkspaceError where the place is none."""
    entries = roster.load(storage)
    with storage.told():
        past = history.read(storage)
        done = past.finished(entries, storage.sizes())
        kept = _newest(storage)
        driver = storage.holder()
        requests = asked(storage)
        demands = _own_demands(storage).changed(requests.demands)
    failed: list[Failed] = []
    running: list[Running] = []
    lost: set[str] = set()
    skipped = 0
    for entry in entries:
        if entry.id in done:
            continue
        if entry.id in past.failures:
            failed.append(Failed(entry.file, entry.label, past.failures[entry.id]))
            lost.add(entry.id)
        elif lost.intersection(entry.needs):
            lost.add(entry.id)
            skipped += 1
        elif driver is not None and entry.id in past.running:
            node, attempt = past.running[entry.id], past.attempts[entry.id]
            running.append(Running(entry.file, node, attempt, kept.get(entry.id, 0)))
    waiting = len(entries) - len(done) - len(failed) - len(running) - skipped
    return Status(
        folder=storage.place,
        driver=driver,
        paused=requests.paused,
        cancelled=requests.cancelled,
        tasks=len(entries),
        finished=len(done),
        waiting=waiting,
        skipped=skipped,
        failed=tuple(failed),
        running=tuple(running),
        kept={e.file: kept[e.id] for e in entries if e.id in kept and e.id not in done},
        priority=demands.priority,
        max_workers=demands.max_workers,
        allowed=past.allowed if driver else None,
    )


def _own_demands(storage: Storage) -> Demands:
    """What the job itself says of how urgent it is, and of how much it takes."""
    try:
        job = json.loads(storage.read(roster.JOB))
    except (FileNotFoundError, ValueError):
        return Demands()
    return Demands().changed(known(job.get("resources")) if isinstance(job, dict) else {})


def _newest(storage: Storage) -> dict[str, int]:
    """The newest checkpoint's iteration, by task."""
    newest: dict[str, int] = {}
    for task, iteration, _ in checkpoints.found(storage):
        newest[task] = max(iteration, newest.get(task, 0))
    return newest
