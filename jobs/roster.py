"""Which tasks did a workspace's job come to when it was last begun? Kept in ``plan.json``.

With it, whoever looks at a workspace (status, retry, clean) needs neither the job file nor its
pictures and weights.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.storage import Storage
from jobs.tasks import Task
from renderer.errors import WorkspaceError
from renderer.settings import FrameSettings

JOB, PLAN = "job.json", "plan.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A planned task: its id, its frame's names, and what it needs."""

    id: str
    files: tuple[str, ...]
    label: str
    step: int
    needs: tuple[str, ...]
    carries: bool
    frames: FrameSettings | None = None

    @property
    def file(self) -> str:
        """The first of ``files``."""
        return self.files[0]


def written(tasks: Sequence[Task]) -> bytes:
    """The contents of ``plan.json`` for these tasks, in their order."""
    rows = [[t.id, t.files, t.label, t.step, t.needs, t.carries, *_kept(t.frames)] for t in tasks]
    return json.dumps({"tasks": rows}, ensure_ascii=False, separators=(",", ":")).encode()


def load(storage: Storage) -> tuple[Entry, ...]:
    """The tasks that were planned last, each after those it needs.

    Raises WorkspaceError where there are none: the place is no workspace, or was never begun.
    """
    try:
        with storage.told():
            rows = _rows(storage)
        return tuple(
            Entry(id, tuple(files), label, step, tuple(needs), carries, _frames(*kept))
            for id, files, label, step, needs, carries, *kept in rows
        )
    except (ValueError, LookupError, TypeError) as error:
        raise WorkspaceError(
            f"{storage.address(PLAN)}: is damaged; run the job again, which writes it anew"
        ) from error


def _rows(storage: Storage) -> list[Any]:
    try:
        return list(json.loads(storage.read(PLAN))["tasks"])
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{storage.place}: is no job's folder ({PLAN} isn't there); name one that "
            "`reverie render` wrote to"
        ) from error


def with_dependents(entries: Sequence[Entry], chosen: Collection[str]) -> list[Entry]:
    """The chosen tasks and all that come of them, in the plan's order."""
    wanted = set(chosen)
    for entry in entries:
        if wanted.intersection(entry.needs):
            wanted.add(entry.id)
    return [entry for entry in entries if entry.id in wanted]


def _kept(frames: FrameSettings | None) -> list[int | None]:
    """Which pictures of its making a task keeps, as the last items of its row; often none."""
    return [] if frames is None else [frames.every, frames.width]


def _frames(every: int | None = None, width: int | None = None) -> FrameSettings | None:
    return None if every is None else FrameSettings(every=every, width=width)
