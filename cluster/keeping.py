"""What becomes of what workers deliver? Frames, artefacts and checkpoints get into the workspace.

Nothing is told, or logged as finished, before it is forced to the disk. What is heard together is
forced together (a disk or a bucket takes hardly longer for several files than for one), and then
told in the order in which it was heard. Of one task, each file is in its place before the next one
is begun: no checkpoint is there without the losses that led to it.

A table of losses waits for what it was told before, a checkpoint or the frame, which come right
behind it: while it is forced, whose frame is there would wait for its next order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from cluster.assembly import Assembly
from cluster.backend import Attempt
from cluster.chronicle import Chronicle
from cluster.records import Done
from jobs import messages as m
from jobs.curves import LOSSES
from jobs.tasks import Task
from jobs.workspace import Workspace
from renderer import checkpoints, images
from renderer.errors import WorkspaceError
from renderer.events import Artefact, Checkpoint
from renderer.images import Picture

SIDE_BY_SIDE = 8
"""Files that are forced at a time."""

MOST_WAITING = 32
"""Files that wait for that at most: their contents are held in memory."""


@dataclass(frozen=True)
class _Kept:
    """Files of a task on their way into the workspace; its frame is among them, if ``done``."""

    attempt: Attempt
    files: Mapping[str, bytes] = field(repr=False)
    done: Done | None = None
    waits: bool = False  # for what comes next


class Keeping:
    """Puts what attempts deliver into the workspace, and tells. All calls come from one thread.

    ``keep`` is how many checkpoints of a task are kept.
    """

    def __init__(
        self,
        tasks: Mapping[str, Task],
        workspace: Workspace,
        chronicle: Chronicle,
        assembly: Assembly,
        *,
        keep: int,
    ) -> None:
        self._tasks, self._workspace, self._keep = tasks, workspace, keep
        self._chronicle, self._assembly = chronicle, assembly
        self._waiting: list[_Kept] = []
        self._events: list[m.Event] = []
        self._pool: ThreadPoolExecutor | None = None

    def checkpoint(self, attempt: Attempt, slot: str, record: Checkpoint) -> None:
        """Keep a state that an attempt, which is alive, can go on from."""
        self.before(attempt.task)
        began = time.monotonic()
        self._workspace.checkpoint(
            attempt.task,
            record.data,
            attempt=attempt.number,
            iteration=record.iteration,
            keep=self._keep,
        )
        seconds = time.monotonic() - began
        self._chronicle.checkpointed(attempt, slot, record, seconds=seconds)

    def artefact(self, attempt: Attempt, record: Artefact) -> None:
        """Have a file beside an attempt's frame, soon."""
        task = self._tasks[attempt.task]
        file = self._workspace.artefact_place(task, record.name, attempt=attempt.number)
        self._add(_Kept(attempt, {file: record.data}, waits=record.name == LOSSES))

    def frame(self, attempt: Attempt, done: Done) -> None:
        """Have a task's result in its place, and the task finished, soon."""
        task = self._tasks[attempt.task]
        self._add(_Kept(attempt, self._workspace.places(task, done.frame, done.carry), done))

    def before(self, task: str) -> None:
        """Have what a task has delivered so far in its place, before what follows."""
        if any(one.attempt.task == task for one in self._waiting):
            self._settle()

    def settled(self, *, all_of_it: bool = False) -> list[m.Event]:
        """What follows once all is in its place, also what waits for others if ``all_of_it``.

        WorkspaceError if something can't be put there.
        """
        if all_of_it or not all(one.waits for one in self._waiting):
            self._settle()
        events, self._events = self._events, []
        return events

    def last_good(self, task: Task) -> str:
        """Put the picture in a failed task's last checkpoint beside the frames; its name."""
        kept = self._workspace.latest_checkpoint(task.id)
        if kept is None:
            return ""
        name = f"{task.file.rpartition('.')[0]}.iteration-{kept.iteration}.png"
        with self._workspace.writing(name) as path:
            path.write_bytes(images.encode(Picture(checkpoints.image(kept.data))))
        return name

    def close(self) -> None:
        """Put no more."""
        if self._pool is not None:
            self._pool.shutdown()

    def _add(self, kept: _Kept) -> None:
        self.before(kept.attempt.task)
        if len(self._waiting) >= MOST_WAITING:
            self._settle()
        self._waiting.append(kept)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        faults = list(self._side_by_side(self._put, waiting))
        there = [one for one, fault in zip(waiting, faults, strict=True) if fault is None]
        results = [(one, one.done) for one in there if one.done is not None]
        for one, done in results:
            self._log(one.attempt, done)
        self._workspace.settle([one.attempt.task for one, _ in results])
        for one in there:
            self._tell(one)
        for fault in filter(None, faults):
            raise fault

    def _side_by_side(
        self, put: Callable[[_Kept], WorkspaceError | None], waiting: list[_Kept]
    ) -> list[WorkspaceError | None]:
        if len(waiting) == 1:
            return [put(waiting[0])]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="keeping")
        return list(self._pool.map(put, waiting))

    def _put(self, one: _Kept) -> WorkspaceError | None:
        """Put files in their places, in any thread; what is in the way."""
        try:
            self._workspace.put(one.files)
        except WorkspaceError as error:
            return error
        return None

    def _log(self, attempt: Attempt, done: Done) -> None:
        self._workspace.log_finished(
            self._tasks[attempt.task],
            attempt=attempt.number,
            size_bytes=len(done.frame),
            seconds=round(done.seconds, 3),
            iterations=done.iterations,
            resumed=done.resumed,
            losses=dict(done.losses),
        )

    def _tell(self, one: _Kept) -> None:
        if one.done is None:
            self._chronicle.artefact(one.attempt, next(iter(one.files)))
            return
        self._assembly.ended(one.attempt.task, finished=True)
        self._chronicle.finished(self._tasks[one.attempt.task], one.done)
        self._events.append(m.Published(*one.attempt))
