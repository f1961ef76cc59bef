"""How far a run is: one row a worker, the totals, and the time it will still take.

Pure state for the displays: notices in, numbers out, the time given by the caller.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from cluster import notices as n
from cluster.phrases import failed_line, unreadable_lines

FAILURES_LISTED = 50
"""So many failures are kept to be listed at the end."""


@dataclass
class Row:
    """A worker, and the task it renders (``file`` is empty while it has none)."""

    worker: str
    node: str
    device: str
    file: str = ""
    step: int = 0
    since: float = 0.0
    resumed: float = 0.0  # the share of the work, 0..1, that an earlier attempt has done
    share: float = 0.0  # and all that is done
    shards: int = 1  # workers that render it together; this one leads
    iteration: int = 0
    iterations: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    first: tuple[int, float] | None = None  # the first iteration that was told, and when
    last: float = 0.0

    @property
    def speed(self) -> float | None:
        """Iterations a second, without the time it took to begin; None before it is known."""
        if self.first is None or self.iteration <= self.first[0] or self.last <= self.first[1]:
            return None
        return (self.iteration - self.first[0]) / (self.last - self.first[1])


@dataclass
class _Times:
    """How long the tasks of a step took: the sum and the number."""

    seconds: float = 0.0
    tasks: int = 0

    def add(self, seconds: float) -> None:
        self.seconds += seconds
        self.tasks += 1


class Board:
    """The state of a run, as told by its notices."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.tasks = self.finished = self.failed = 0
        self.left: dict[int, int] = {}
        self.failures: list[str] = []
        self.unlisted = 0  # failures beyond these lines
        self._times: defaultdict[int, _Times] = defaultdict(_Times)

    @property
    def busy(self) -> list[Row]:
        """The workers that render now."""
        return sorted((row for row in self.rows.values() if row.file), key=_by_number)

    def take(self, notice: n.Notice, now: float) -> None:
        """Learn from a notice that came at ``now`` (seconds on any clock)."""
        match notice:
            case n.Opened():
                self.tasks, self.finished = notice.tasks, notice.finished
                self.left = dict(notice.left)
                self.failures = unreadable_lines(notice)
                self.unlisted = max(0, notice.left_out - len(self.failures))
            case n.WorkerJoined(worker=worker, node=node, device=device):
                self.rows[worker] = Row(worker, node, device)
            case n.WorkerLost(worker=worker) | n.WorkerReleased(worker=worker):
                self.rows.pop(worker, None)
            case n.TaskStarted(worker=worker):
                row = self.rows[worker]
                self.rows[worker] = Row(
                    worker,
                    row.node,
                    row.device,
                    file=notice.file,
                    step=notice.step,
                    since=now,
                    resumed=notice.share,
                    share=notice.share,
                    shards=notice.shards,
                )
            case n.TaskProgress(worker=worker):
                self._progress(self.rows[worker], notice, now)
            case n.TaskFinished():
                self.finished += 1
                self.left[notice.step] -= 1
                self._times[notice.step].add(notice.seconds * self._whole(notice))
                self._free(notice.file)
            case n.TaskFailed():
                self.failed += 1
                self.left[notice.step] -= 1
                self._free(notice.file)
                if not notice.needs and len(self.failures) < FAILURES_LISTED:
                    self.failures.append(failed_line(notice))
                elif not notice.needs:
                    self.unlisted += 1
            case n.TaskRetried():
                self._free(notice.file)
            case n.Paused():
                for row in self.busy:
                    self._free(row.file)
            case _:
                pass

    def remaining_s(self, now: float) -> float | None:
        """Seconds the run will still take, or None while some step's pace isn't known.

        A step's tasks are expected to take as long as those before them; where none has finished,
        as long as a running one needs at its present pace.
        """
        work = 0.0
        for step, left in self.left.items():
            each = self._each_s(step, now)
            if left and each is None:
                return None
            work += left * (each or 0.0)
        work -= sum(_done_s(row, self._each_s(row.step, now) or 0.0, now) for row in self.busy)
        return max(0.0, work) / max(1, len(self.busy))

    def _each_s(self, step: int, now: float) -> float | None:
        times = self._times[step]
        if times.tasks:
            return times.seconds / times.tasks
        paces = [
            (row.last - row.since) / (row.share - row.resumed)
            for row in self.busy
            if row.step == step and row.share > row.resumed
        ]
        return sum(paces) / len(paces) if paces else None

    def _whole(self, notice: n.TaskFinished) -> float:
        """How much longer the task would have taken from its beginning than where it resumed."""
        row = self.rows.get(notice.worker)
        own = 1 - (row.resumed if row and row.file == notice.file else 0)
        return 1 / own if own > 0 else 1.0

    def _progress(self, row: Row, notice: n.TaskProgress, now: float) -> None:
        row.iteration, row.iterations = notice.iteration, notice.iterations
        row.share = notice.share
        row.losses, row.last = notice.losses, now
        row.first = row.first or (notice.iteration, now)

    def _free(self, file: str) -> None:
        for row in self.rows.values():
            if row.file == file:
                self.rows[row.worker] = Row(row.worker, row.node, row.device)
                return


def _done_s(row: Row, each_s: float, now: float) -> float:
    """What is done of a row's task, in seconds of one that takes ``each_s`` from its beginning."""
    return min(now - row.since + row.resumed * each_s, each_s)


def _by_number(row: Row) -> tuple[int, str]:
    """worker-2 before worker-10."""
    return len(row.worker), row.worker
