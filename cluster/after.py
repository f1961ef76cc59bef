"""Which jobs does this one come after? Nothing of it is planned before they are done.

What they make may be among its inputs. A job that has failed, was cancelled, or that no one renders
any more ends the waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cluster import notices as n
from cluster.commands.watching import until_over
from cluster.commands.workspaces import workspace
from renderer.errors import JobError, WorkspaceError

if TYPE_CHECKING:
    from jobs.status import Status
    from jobs.storage import Storage

BEGINS_S, LOOK_S = 60.0, 1.0
"""How long a job may take to appear that others come after, and how often it is looked for."""

TELL_S = 60.0
"""How often it is told what is waited for."""


def await_jobs(places: Sequence[str], notify: Callable[[n.Notice], None]) -> None:
    """Return when the jobs in some folders, at URLs, or of job files are done.

    JobError if one of them has failed, was cancelled or is left; WorkspaceError if there is none.
    """
    for place in places:
        told_s = -TELL_S

        def tell(found: Status, place: str = place) -> None:
            nonlocal told_s
            if found.state != "done" and time.monotonic() - told_s >= TELL_S:
                told_s = time.monotonic()
                notify(n.WaitingFor(job=place, tasks=found.tasks, finished=found.finished))

        found = until_over(_begun(place, notify), None, draw=tell)
        if found.state != "done":
            raise JobError(f"after: {place} is not done: {_fault(found)}")


def _begun(place: str, notify: Callable[[n.Notice], None]) -> Storage:
    """The workspace of a job, once it is there."""
    from jobs import roster

    deadline = time.monotonic() + BEGINS_S
    waited = False
    while True:
        try:
            storage = workspace(place)
            roster.load(storage)
            return storage
        except WorkspaceError as error:
            if time.monotonic() > deadline:
                raise WorkspaceError(f"after: {error}; begin that job first") from error
        if not waited:
            waited = True
            notify(n.WaitingFor(job=place, tasks=0, finished=0))
        time.sleep(LOOK_S)


def _fault(found: Status) -> str:
    lost = len(found.failed) + found.skipped
    if lost:
        return f"{lost} of its {found.tasks} tasks failed (reverie errors {found.folder})"
    if found.cancelled:
        return "it was cancelled; render it first"
    return f"no one is rendering it, with {found.finished} of {found.tasks} tasks done"
