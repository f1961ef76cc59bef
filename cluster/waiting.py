"""How does one follow a job that a cluster renders, and what does it end with?

What happens is read in the job's own folder, as `reverie watch` reads it. Whether the driver lives,
begins, or has ended with which code, its head says. A head that doesn't answer for a while changes
nothing for the job.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from cluster.heads import Head, Submission
from renderer.errors import ClusterError, WorkspaceError

POLL_S = 1.0
UNHEARD_S = 60.0
"""How long a head that answered before may be silent."""

SHOWN_LINES = 20


def until_over(head: Head, id: str, show: Callable[[], None]) -> Submission:
    """A submission once it is over. ``show`` is called about every second.

    Raises ClusterError if its head answers no more.
    """
    heard = time.monotonic()
    while True:
        try:
            found = head.look(id)
            heard = time.monotonic()
        except ClusterError:
            if time.monotonic() - heard > UNHEARD_S:
                raise
            found = None
        with contextlib.suppress(WorkspaceError):  # not there yet, or can't be read from here
            show()
        if found is not None and found.over:
            return found
        time.sleep(POLL_S)


def last_words(head: Head, submission: Submission) -> list[str]:
    """The last lines that a driver has printed, or what Ray says of its end."""
    try:
        lines = [line for line in head.log(submission.id).splitlines() if line.strip()]
    except ClusterError:
        lines = []
    return lines[-SHOWN_LINES:] or [submission.message]
