"""What does a job's folder hold, and how does something get into it for good?

    harbour/
    ├── job.json                    the job as it was asked for, with all overrides
    ├── plan.json                   the tasks that it comes to (jobs.roster)
    ├── left-out.csv                inputs that are no pictures, and why, if there are any
    ├── log.jsonl                   what has happened (jobs.log); the truth about what is finished
    ├── lock                        who drives (jobs.lock); empty when no one does
    ├── paused                      there while its driver is to wait (jobs.requests)
    ├── frames/1-dream/…-conv3.png  every step's pictures, under readable names
    ├── artefacts/1-dream/…-conv3/ what tasks leave beside their frames (jobs.artefacts)
    ├── carry/3f/3f81….safetensors  what passes from a task to the next, without loss, by task id
    ├── checkpoints/3f/3f81…-200…   states that running tasks can go on from (jobs.checkpoints)
    ├── harbour.gif                 the outputs
    └── harbour-sheet.png

Or at a URL, which holds the same but for the log (jobs.segments) and the lock (jobs.lease).

A file is written under a temporary name in its own folder, forced to the disk and renamed (in a
bucket: put, which is whole or not at all); only then the log says that its task is finished. So a
file with its own name is whole, and a record is true unless its file was deleted since (or a power
cut undid the renaming), which ``finished`` notices. The carry folder may be deleted to save space:
what is finished stays finished, and what must be rendered later has the tasks before it rendered
once more.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jobs import artefacts
from jobs.checkpoints import CHECKPOINTS, Checkpoint, Checkpoints
from jobs.cleaning import Stale, stale
from jobs.history import (
    ARTEFACTS,
    ARTEFACTS_BEGUN,
    CARRY,
    CHECKPOINT,
    FINISHED,
    FORGOTTEN,
    FRAMES,
    RECIPE,
    RENAMED,
    carry_name,
    picture,
    read,
    recipe,
    recipe_key,
)
from jobs.inputs import FailedInput, listed
from jobs.requests import Requests, asked, withdraw
from jobs.roster import JOB, PLAN, Entry, written
from jobs.storage import Sizes, Storage, absolute, at, leftovers
from jobs.tasks import Task

LEFT_OUT = "left-out.csv"


class Workspace:
    """A job's folder, held by this process until ``close``.

    Whatever goes wrong with files is a WorkspaceError of one line that names the folder.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._requests, self._heeded_s = Requests(), -math.inf
        with storage.told():
            self._lock = storage.lock()
        try:
            with storage.told():
                self.history = read(storage)
                self._log = storage.log()
                self._checkpoints = Checkpoints(storage)
                storage.remove(leftovers(storage, (FRAMES, ARTEFACTS, CARRY, CHECKPOINTS)))
        except BaseException:
            self._lock.release()
            raise

    @classmethod
    def open(cls, place: Path | str) -> Workspace:
        """The workspace in a folder, or at a URL (jobs.storage); it is made if it isn't there."""
        return cls(at(absolute(place)))

    @property
    def place(self) -> str:
        """The folder's full path, or the URL."""
        return self._storage.place

    def close(self) -> None:
        """Forces the log to the disk and lets others have the workspace."""
        try:
            with self._storage.told():
                self._log.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin(
        self,
        job: Mapping[str, Any],
        tasks: Sequence[Task] | None = None,
        *,
        left_out: Sequence[FailedInput] = (),
    ) -> None:
        """Keeps the job as it was asked for, the tasks that it comes to, and what it leaves out."""
        text = json.dumps(job, indent=2, ensure_ascii=False) + "\n"
        files = {JOB: text.encode()}
        if tasks is not None:
            files[PLAN] = written(tasks)
        if left_out:
            files[LEFT_OUT] = listed(left_out)
        with self._storage.told():
            if not left_out:
                self._storage.remove([LEFT_OUT])
            self._storage.write(files)
            withdraw(self._storage)
            self._log.append("opened", process=os.getpid())
            self._log.settle()

    def record(self, event: str, **facts: Any) -> None:
        """Adds to the log what has happened; ``task=`` and ``attempt=`` are read back."""
        with self._storage.told():
            self._log.append(event, **facts)
        facts.pop("picture", None)  # what a later run asks for, that reads the log
        self.history.remember({"event": event, **facts})

    @property
    def requests(self) -> Requests:
        """What others ask of the driver (jobs.requests). WorkspaceError if it drives no more."""
        if time.monotonic() - self._heeded_s >= self._storage.look_s:
            with self._storage.told():
                self._lock.check()
                self._requests = asked(self._storage)
            self._heeded_s = time.monotonic()
        return self._requests

    def attempts(self, task: str) -> int:
        """The highest number that an attempt of this task has had so far."""
        return self.history.attempts.get(task, 0)

    def diverged(self, task: str) -> bool:
        """Whether a task's numbers were once no longer finite in bfloat16."""
        return task in self.history.diverged

    def finished(self, tasks: Sequence[Task]) -> set[str]:
        """Ids of the tasks that needn't be rendered. Frames whose names have changed get links.

        A finished task whose carry is gone counts as unfinished where a task that needs it is.
        """
        with self._storage.told():
            done = self.history.finished(tasks, self._storage.sizes())
            self._link([task for task in tasks if task.id in done])
            self._rehouse(tasks)
            for task in tasks:
                if task.id in done:  # their driver died before it removed them
                    self._checkpoints.drop(task.id)
        return done

    def publish(
        self, task: Task, frame: bytes, carry: bytes | None = None, *, attempt: int, **facts: Any
    ) -> None:
        """Puts a task's picture, and its carry, in their places, then logs it as finished."""
        self.put(self.places(task, frame, carry))
        self.log_finished(task, attempt=attempt, size_bytes=len(frame), **facts)
        self.settle([task.id])

    def places(self, task: Task, frame: bytes, carry: bytes | None = None) -> dict[str, bytes]:
        """The files that a task's picture and its carry are to become."""
        files = {} if carry is None else {carry_name(task.id): carry}
        return {**files, **dict.fromkeys(task.files, frame)}

    def put(self, files: Mapping[str, bytes]) -> None:
        """Puts files in their places for good; several threads may at a time."""
        with self._storage.told():
            self._storage.write(files)

    def log_finished(self, task: Task, *, attempt: int, size_bytes: int, **facts: Any) -> None:
        """Logs a task as finished whose files are in their places; ``settle`` follows."""
        found = {"files": list(task.files), "size_bytes": size_bytes, **self._made(task), **facts}
        self.record(FINISHED, task=task.id, attempt=attempt, **found)

    def settle(self, finished: Sequence[str]) -> None:
        """Has the log outlive this process, in which tasks are finished that weren't before."""
        with self._storage.told():
            self._log.settle()
            for task in finished:
                self._checkpoints.drop(task)

    def checkpoint(
        self, task: str, data: bytes, *, attempt: int, iteration: int, keep: int = 2
    ) -> bool:
        """Keeps a state of a task, and the last ``keep`` of them; False for a stale attempt.

        Whether an attempt is alive, the schedule says (``Schedule.runs``). This only refuses one
        that a later attempt has followed.
        """
        if attempt < self.attempts(task):
            return False
        with self._storage.told():
            self._checkpoints.add(task, iteration, data, keep=keep)
        size = len(data)
        self.record(CHECKPOINT, task=task, attempt=attempt, iteration=iteration, size_bytes=size)
        return True

    def artefact(self, task: Task, name: str, data: bytes, *, attempt: int) -> str:
        """Puts what a task makes beside its frame in its place; its name in the workspace."""
        file = self.artefact_place(task, name, attempt=attempt)
        self.put({file: data})
        return file

    def artefact_place(self, task: Task, name: str, *, attempt: int) -> str:
        """Where to ``put`` what a task makes beside its frame.

        Whether the attempt is alive, the schedule says, as with a checkpoint. The folder is emptied
        where another task had it, and where pictures of another width are in it.
        """
        home = artefacts.home(task.file)
        width = task.frames.width if task.frames else self.history.widths.get(task.id)
        with self._storage.told():
            known = (self.history.artefacts.get(home), self.history.widths.get(task.id))
            if known != (task.id, width):
                self._storage.remove(artefacts.names(self._storage, home))
                facts = {"attempt": attempt, "folder": home, "width": width}
                self.record(ARTEFACTS_BEGUN, task=task.id, **facts)
            return artefacts.place(self._storage, home, name)

    def artefacts(self, task: str) -> list[str]:
        """Names in the workspace of what a task has left beside its frame, sorted."""
        home = self.history.home(task)
        if not home:
            return []
        with self._storage.told():
            return artefacts.names(self._storage, home)

    def artefact_data(self, task: str, name: str) -> bytes:
        """What is in one of them; nothing if it isn't there."""
        home = self.history.home(task)
        with self._storage.told(), contextlib.suppress(FileNotFoundError):
            return self._storage.read(f"{home}/{name}") if home else b""
        return b""

    def shown(self, task: Task, until: int) -> bool:
        """Whether the pictures of its making are there that a task keeps until an iteration."""
        if task.frames is None:
            return True
        with self._storage.told():
            return self.history.shown(task, self._storage.sizes(), until=until)

    def latest_checkpoint(self, task: str) -> Checkpoint | None:
        """The newest sound checkpoint of a task; damaged ones are logged and removed."""
        with self._storage.told():
            latest, damaged = self._checkpoints.latest(task)
        for one in damaged:
            self.record("checkpoint_damaged", task=task, iteration=one.iteration, reason=one.reason)
        return latest

    def begin_again(self, task: str) -> None:
        """Has a task's next attempt start at its beginning, not at a checkpoint."""
        with self._storage.told():
            self._checkpoints.drop(task)

    def forget(self, tasks: Iterable[str]) -> None:
        """Has tasks rendered again from their beginning, as if they had never been tried.

        Their frames stay until new ones take their places, and attempts are counted on.
        """
        for task in tasks:
            self.record(FORGOTTEN, task=task)
            with self._storage.told():
                self._checkpoints.drop(task)
        with self._storage.told():
            self._log.settle()

    def clean(self, entries: Sequence[Entry]) -> list[Stale]:
        """What a plan of these tasks doesn't need (jobs.cleaning), after removing it."""
        with self._storage.told():
            found = stale(self._storage, entries, self.history)
            self._storage.remove(item.name for item in found)
        self.record("cleaned", files_removed=len(found))
        return found

    def carry(self, task: str) -> bytes:
        """What a finished task carries to the next."""
        return self.read(carry_name(task))

    def sizes(self) -> Sizes:
        """The sizes of all files, by name."""
        with self._storage.told():
            return self._storage.sizes()

    def read(self, name: str) -> bytes:
        """The contents of a file in the workspace."""
        with self._storage.told():
            return self._storage.read(name)

    def address(self, name: str) -> str:
        """A file's full name. WorkspaceError for one that leads out of the workspace."""
        return self._storage.address(name)

    def writing(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A temporary path to write to; it becomes the file of that name if nothing fails."""
        return self._storage.writing(name)

    def _made(self, task: Task) -> dict[str, Any]:
        """How the task was rendered; a recipe that the log doesn't hold yet is added to it."""
        how = recipe(task)
        key = recipe_key(how)
        if key not in self.history.recipes:
            self.record(RECIPE, key=key, recipe=how)
        if task.source is None:
            return {"recipe": key, "needs": task.needs[0] if task.needs else ""}
        return {"recipe": key, "picture": picture(task.source, task.size)}

    def _rehouse(self, tasks: Sequence[Task]) -> None:
        """Gives what tasks have left beside their frames the places where it is to be now."""
        moved = []
        for task in tasks:
            old, new = self.history.home(task.id), artefacts.home(task.file)
            if old not in ("", new):
                moved.append((task.id, old, new))
        moves = [
            (name, f"{new}/{name.rpartition('/')[2]}")
            for _, old, new in moved
            for name in artefacts.names(self._storage, old)
        ]
        self._storage.alias(moves)
        for task_id, _, new in moved:
            width, attempt = self.history.widths.get(task_id), self.attempts(task_id)
            facts = {"attempt": attempt, "folder": new, "width": width}
            self.record(ARTEFACTS_BEGUN, task=task_id, **facts)
        settled = {new for _, new in moves}
        for place in {place for _, *places in moved for place in places}:
            names = artefacts.names(self._storage, place)
            self._storage.remove(name for name in names if name not in settled)

    def _link(self, tasks: Sequence[Task]) -> None:
        """Gives pictures the names they are to have now."""
        sizes = self._storage.sizes()
        moves: list[tuple[str, str]] = []
        renamed = []
        for task in tasks:
            have = self.history.pictures(task, sizes)
            missing = [file for file in task.files if file not in have]
            moves += [(have[0], file) for file in missing]
            if missing:
                renamed.append(task)
        self._storage.alias(moves)
        for task in renamed:
            size = self.history.results[task.id].size_bytes
            self.record(RENAMED, task=task.id, files=list(task.files), size_bytes=size)
        if renamed:
            self._log.settle()
