"""What a run tells those who watch it: small frozen records, one for each thing that happens.

The displays in ``cluster.console`` and ``cluster.live`` draw them, ``--json`` writes them as they
are (``as_json``). Tasks are named by the file they make, within
``directory``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class WaitingFor:
    """The job comes after another one, which is not done yet; no ``tasks``: not begun."""

    job: str
    tasks: int
    finished: int


@dataclass(frozen=True, kw_only=True)
class WaitingForNodes:
    """The cluster has no room for the job, but may grow."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The job is planned: so many tasks, of which some were finished by an earlier run."""

    job: str
    directory: str
    tasks: int
    finished: int
    left: dict[int, int] = field(default_factory=dict)  # tasks still to do, by step
    unreadable: tuple[tuple[str, str], ...] = ()  # (picture, reason) of the first that are none
    left_out: int = 0  # how many are none
    left_out_file: str = ""  # where all are listed
    again: tuple[tuple[str, int], ...] = ()  # (why tasks are rendered again, how many)
    cautions: tuple[str, ...] = ()  # what is hardly what its user wants


@dataclass(frozen=True, kw_only=True)
class Sharded:
    """From now on so many workers render a style transfer together (told if it isn't one)."""

    shards: int


@dataclass(frozen=True, kw_only=True)
class WorkerJoined:
    """A worker can render."""

    worker: str
    node: str
    device: str
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkerLost:
    """A worker is gone, for now; what it rendered will be rendered again."""

    worker: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class WorkerReleased:
    """A worker was given back: others want it, its node is drained, or there is no work for it."""

    worker: str


@dataclass(frozen=True, kw_only=True)
class WorkersAllowed:
    """So many workers the job may have from now on, as one of so many jobs on the cluster."""

    workers: int
    jobs: int


@dataclass(frozen=True, kw_only=True)
class DemandsChanged:
    """Someone has changed how urgent the job is, or how many workers it takes at most."""

    priority: int
    max_workers: int | None


@dataclass(frozen=True, kw_only=True)
class TaskStarted:
    """A worker was given a task."""

    task: str
    file: str
    input: str
    label: str
    step: int
    attempt: int
    worker: str
    resumed: int = 0  # iterations that an earlier attempt has done
    share: float = 0.0  # of the task's work, 0..1, that these are
    shards: int = 1  # workers that render it together; ``worker`` leads


@dataclass(frozen=True, kw_only=True)
class TaskProgress:
    """One iteration is done (not every iteration is told).

    ``share`` of the task's work, 0..1, is done: early iterations may be of small pictures.
    """

    task: str
    file: str
    worker: str
    iteration: int
    iterations: int
    share: float
    losses: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class TaskCheckpointed:
    """A task's state is safely in the workspace: from here it can go on."""

    task: str
    file: str
    worker: str
    iteration: int
    size_bytes: int = 0
    seconds: float = 0.0  # that writing it took


@dataclass(frozen=True, kw_only=True)
class ArtefactKept:
    """A file that a task makes beside its frame is in the workspace (``--json`` alone tells it)."""

    task: str
    file: str


@dataclass(frozen=True, kw_only=True)
class TaskFinished:
    """A frame is safely in the workspace."""

    task: str
    file: str
    step: int
    worker: str
    iterations: int
    seconds: float
    losses: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class TaskRetried:
    """An attempt failed, and the task will be tried again."""

    task: str
    file: str
    cause: str
    reason: str
    left: int


@dataclass(frozen=True, kw_only=True)
class TaskFailed:
    """A task is given up, or skipped since one that it needs was (``needs`` names that one)."""

    task: str
    file: str
    label: str
    step: int
    cause: str
    reason: str
    node: str = ""
    needs: str = ""
    kept: str = ""  # its last good picture


@dataclass(frozen=True, kw_only=True)
class OutputMade:
    """An animation, a sheet or a plot is in the workspace; ``missing`` frames aren't in it.

    Of very many frames it shows ``one_in`` so many.
    """

    file: str
    frames: int
    missing: int = 0
    one_in: int = 1


@dataclass(frozen=True, kw_only=True)
class OutputFailed:
    """An animation, a sheet or a plot could not be made."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class NodeBlocked:
    """A node gets no more tasks for a while."""

    node: str
    reason: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class NodeRefused:
    """A node gets no tasks at all: its code or torch isn't the driver's."""

    node: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StoppedEarly:
    """Too many tasks have failed; nothing more was started."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Paused:
    """The run waits: what ran is stopped, and nothing starts until ``Resumed``."""


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """The run goes on after a pause."""


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """The run is to stop, by a signal or by ``reverie cancel``: nothing starts, what runs ends."""

    cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The run is over."""

    directory: str
    tasks: int
    finished: int
    failed: int
    seconds: float
    left_out: int = 0  # inputs that are no pictures
    interrupted: bool = False
    pictures: tuple[str, ...] = ()  # of the last step, where they are few


Notice = (
    WaitingFor
    | WaitingForNodes
    | Opened
    | Sharded
    | WorkerJoined
    | WorkerLost
    | WorkerReleased
    | WorkersAllowed
    | DemandsChanged
    | TaskStarted
    | TaskProgress
    | TaskCheckpointed
    | ArtefactKept
    | TaskFinished
    | TaskRetried
    | TaskFailed
    | OutputMade
    | OutputFailed
    | NodeBlocked
    | NodeRefused
    | StoppedEarly
    | Paused
    | Resumed
    | Stopping
    | Ended
)


def as_json(notice: Notice, *, at: float | None = None) -> str:
    """The notice as one line of JSON: its kind, the time (seconds since 1970), its fields.

    Numbers that JSON has no words for (a loss that is not a number) become null.
    """
    when = round(time.time() if at is None else at, 3)
    fields = _plain(dataclasses.asdict(notice))
    return json.dumps({"event": kind(notice), "time": when, **fields}, allow_nan=False)


def kind(notice: Notice) -> str:
    """The notice's name as scripts read it: ``task_finished``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(notice).__name__).lower()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
