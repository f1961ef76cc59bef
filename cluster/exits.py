"""Which exit code tells what; a script may rely on these.

0    everything is done
1    some tasks failed; all others are finished
2    bad input: usage, job file, a setting, pictures, names of networks and layers
3    weights are missing, incomplete, damaged, or could not be downloaded
4    the workspace can't be used
5    workers can't be had, or were lost for good
6    some tasks are still to do (`reverie status`, `wait`, `watch` and `logs -f`)
70   an error in Reverie itself
130  interrupted (Ctrl-C, `reverie cancel`); what was finished is kept
"""

from __future__ import annotations

from renderer.errors import ClusterError, ReverieError, WeightsError, WorkspaceError

DONE = 0
SOME_FAILED = 1
BAD_INPUT = 2
NO_WEIGHTS = 3
NO_WORKSPACE = 4
NO_CLUSTER = 5
UNFINISHED = 6
OUR_FAULT = 70
INTERRUPTED = 130

MEANINGS: dict[int | None, str] = {
    DONE: "done",
    SOME_FAILED: "some tasks failed",
    BAD_INPUT: "bad input",
    NO_WEIGHTS: "weights are missing",
    NO_WORKSPACE: "the workspace can't be used",
    NO_CLUSTER: "no workers",
    INTERRUPTED: "interrupted",
}
"""What came of a job, in few words."""

BY_ERROR: tuple[tuple[type[ReverieError], int], ...] = (
    (WeightsError, NO_WEIGHTS),
    (WorkspaceError, NO_WORKSPACE),
    (ClusterError, NO_CLUSTER),
)


def code_of(error: Exception) -> int:
    """The exit code that an error ends the launcher with."""
    if not isinstance(error, ReverieError):
        return OUR_FAULT
    return next((code for kind, code in BY_ERROR if isinstance(error, kind)), BAD_INPUT)
