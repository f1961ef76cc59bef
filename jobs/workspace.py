"""What does a job's folder hold, and how does something get into it for good?

    harbour/
    ├── job.json                    the job as it was asked for, with all overrides
    ├── plan.json                   the tasks that it comes to (jobs.roster)
    ├── log.jsonl                   what has happened (jobs.log); the truth about what is finished
    ├── lock                        who drives (jobs.lock); empty when no one does
    ├── paused                      there while its driver is to wait (jobs.pause)
    ├── frames/1-dream/…-conv3.png  every step's pictures, under readable names
    ├── artefacts/1-dream/…-conv3/ what tasks leave beside their frames (jobs.artefacts)
    ├── carry/3f/3f81….safetensors  what passes from a task to the next, without loss, by task id
    ├── checkpoints/3f/3f81…-200…   states that running tasks can go on from (jobs.checkpoints)
    ├── harbour.gif                 the outputs
    └── harbour-sheet.png

A file is written under a temporary name in its own folder, forced to the disk and renamed; only
then the log says that its task is finished. So a file with its own name is whole, and a record is
true unless its file was deleted since (or a power cut undid the renaming), which ``finished``
notices. The carry folder may be deleted to save space: what is finished stays finished, and what
must be rendered later has the tasks before it rendered once more.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jobs import artefacts
from jobs.checkpoints import CHECKPOINTS, Checkpoint, Checkpoints
from jobs.files import Files, leftovers
from jobs.history import (
    ARTEFACTS_BEGUN,
    CARRY,
    CHECKPOINT,
    FINISHED,
    FORGOTTEN,
    FRAMES,
    LOG,
    RECIPE,
    RENAMED,
    carry_name,
    picture,
    read,
    recipe,
    recipe_key,
)
from jobs.lock import LOCK, Lock
from jobs.log import Log
from jobs.pause import paused, resume
from jobs.roster import PLAN, written
from jobs.tasks import Task

JOB = "job.json"


class Workspace:
    """A job's folder, held by this process until ``close``.

    Whatever goes wrong with files is a WorkspaceError of one line that names the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = Files(folder)
        with self._files.told():
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(folder / LOCK)
        try:
            with self._files.told():
                self.history = read(folder)
                self._log = Log(folder / LOG)
                self._checkpoints = Checkpoints(self._files)
                below = (FRAMES, CARRY, CHECKPOINTS, *artefacts.steps(folder))
                for left in leftovers(folder, below):
                    left.unlink()
        except BaseException:
            self._lock.release()
            raise

    @classmethod
    def open(cls, folder: Path | str) -> Workspace:
        """The workspace in a folder, which is made if it isn't there."""
        return cls(Path(folder).expanduser().absolute())

    def close(self) -> None:
        """Forces the log to the disk and lets others have the workspace."""
        try:
            with self._files.told():
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

    def begin(self, job: Mapping[str, Any], tasks: Sequence[Task] | None = None) -> None:
        """Keeps the job as it was asked for, and the tasks that it comes to."""
        text = json.dumps(job, indent=2, ensure_ascii=False) + "\n"
        with self._files.told():
            self._files.write(JOB, text.encode())
            if tasks is not None:
                self._files.write(PLAN, written(tasks))
            resume(self.folder)  # who renders wants it rendered
            self._log.append("opened", process=os.getpid())

    def record(self, event: str, **facts: Any) -> None:
        """Adds to the log what has happened; ``task=`` and ``attempt=`` are read back."""
        with self._files.told():
            self._log.append(event, **facts)
        self.history.remember({"event": event, **facts})

    @property
    def paused(self) -> bool:
        """Whether the driver is to wait (jobs.pause)."""
        return paused(self.folder)

    def attempts(self, task: str) -> int:
        """The highest number that an attempt of this task has had so far."""
        return self.history.attempts.get(task, 0)

    def finished(self, tasks: Sequence[Task]) -> set[str]:
        """Ids of the tasks that needn't be rendered. Frames whose names have changed get links.

        A finished task whose carry is gone counts as unfinished where a task that needs it is.
        """
        with self._files.told():
            done = self.history.finished(tasks, self.folder)
            self._link([task for task in tasks if task.id in done])
            for task in tasks:
                if task.id in done:  # their driver died before it removed them
                    self._checkpoints.drop(task.id)
        return done

    def publish(
        self, task: Task, frame: bytes, carry: bytes | None = None, *, attempt: int, **facts: Any
    ) -> None:
        """Puts a task's picture, and its carry, in their places, then logs it as finished."""
        with self._files.told():
            if carry is not None:
                self._files.write(str(self._carry(task.id).relative_to(self.folder)), carry)
            for file in task.files:
                self._files.write(file, frame)
        self.record(
            FINISHED,
            task=task.id,
            attempt=attempt,
            files=list(task.files),
            size_bytes=len(frame),
            **self._made(task),
            **facts,
        )
        with self._files.told():
            self._checkpoints.drop(task.id)

    def checkpoint(
        self, task: str, data: bytes, *, attempt: int, iteration: int, keep: int = 2
    ) -> bool:
        """Keeps a state of a task, and the last ``keep`` of them; False for a stale attempt.

        Whether an attempt is alive, the schedule says (``Schedule.runs``). This only refuses one
        that a later attempt has followed.
        """
        if attempt < self.attempts(task):
            return False
        with self._files.told():
            self._checkpoints.add(task, iteration, data, keep=keep)
        size = len(data)
        self.record(CHECKPOINT, task=task, attempt=attempt, iteration=iteration, size_bytes=size)
        return True

    def artefact(self, task: Task, name: str, data: bytes, *, attempt: int) -> str:
        """Puts what a task makes beside its frame in its place; its name in the workspace.

        Whether the attempt is alive, the schedule says, as with a checkpoint.
        """
        home = artefacts.home(task.file)
        with self._files.told():
            if self.history.artefacts.get(home) != task.id:
                artefacts.empty(self.path(home))
                self.record(ARTEFACTS_BEGUN, task=task.id, attempt=attempt, folder=home)
            return artefacts.put(self._files, home, name, data)

    def artefacts(self, task: str) -> list[str]:
        """Names in the workspace of what a task has left beside its frame, sorted."""
        home = self.history.home(task)
        if not home:
            return []
        with self._files.told():
            return [f"{home}/{name}" for name in artefacts.names(self.path(home))]

    def artefact_data(self, task: str, name: str) -> bytes:
        """What is in one of them; nothing if it isn't there."""
        home = self.history.home(task)
        with self._files.told(), contextlib.suppress(FileNotFoundError):
            return self.path(f"{home}/{name}").read_bytes() if home else b""
        return b""

    def latest_checkpoint(self, task: str) -> Checkpoint | None:
        """The newest sound checkpoint of a task; damaged ones are logged and removed."""
        with self._files.told():
            latest, damaged = self._checkpoints.latest(task)
        for one in damaged:
            self.record("checkpoint_damaged", task=task, iteration=one.iteration, reason=one.reason)
        return latest

    def forget(self, tasks: Iterable[str]) -> None:
        """Has tasks rendered again from their beginning, as if they had never been tried.

        Their frames stay until new ones take their places, and attempts are counted on.
        """
        for task in tasks:
            self.record(FORGOTTEN, task=task)
            with self._files.told():
                self._checkpoints.drop(task)

    def remove(self, files: Iterable[Path]) -> None:
        """Removes files of the workspace that its job doesn't need (jobs.cleaning)."""
        removed = 0
        with self._files.told():
            for file in files:
                self.path(file.relative_to(self.folder).as_posix()).unlink(missing_ok=True)
                removed += 1
        self.record("cleaned", files_removed=removed)

    def carry(self, task: str) -> bytes:
        """What a finished task carries to the next."""
        with self._files.told():
            return self._carry(task).read_bytes()

    def path(self, name: str) -> Path:
        """A file in the workspace. WorkspaceError for a name that leads out of it."""
        return self._files.path(name)

    def writing(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A temporary path to write to; it becomes the file of that name if nothing fails."""
        return self._files.writing(name)

    def _made(self, task: Task) -> dict[str, Any]:
        """How the task was rendered; a recipe that the log doesn't hold yet is added to it."""
        how = recipe(task)
        key = recipe_key(how)
        if key not in self.history.recipes:
            self.record(RECIPE, key=key, recipe=how)
        if task.source is None:
            return {"recipe": key, "needs": task.needs[0]}
        return {"recipe": key, "picture": picture(task.source, task.size)}

    def _link(self, tasks: Sequence[Task]) -> None:
        """Gives pictures the names they are to have now.

        All links are made before the first name is taken, so that two files can change places.
        """
        moves: list[tuple[Path, Path]] = []
        renamed = []
        for task in tasks:
            have = self.history.pictures(task, self.folder)
            missing = [file for file in task.files if file not in have]
            for file in missing:
                temporary = self._files.temporary(self.path(file))
                _link(self.path(have[0]), temporary)
                moves.append((temporary, self.path(file)))
            if missing:
                renamed.append(task)
        for temporary, target in moves:
            os.replace(temporary, target)
        for task in renamed:
            size = self.history.results[task.id].size_bytes
            self.record(RENAMED, task=task.id, files=list(task.files), size_bytes=size)

    def _carry(self, task: str) -> Path:
        return self.path(carry_name(task))


def _link(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
