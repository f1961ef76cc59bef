"""What is told of a run, and what is kept of it: notices for those who watch, lines for the log."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping

from cluster import notices as n
from cluster.backend import Allowed, Attempt, Joined, Left, Refused
from cluster.records import Done, Failed, Said, Started
from jobs import messages as m
from jobs.cautions import cautions
from jobs.demands import Demands
from jobs.history import ALLOWED, OUTPUTS, SAID
from jobs.plan import Plan
from jobs.reasons import reasons
from jobs.schedule import Counts
from jobs.tasks import Task
from jobs.work import share
from jobs.workspace import LEFT_OUT, Workspace
from renderer.events import Checkpoint, Progress

TOLD = 100
"""So many pictures that can't be rendered are told to those who watch; the workspace lists all."""


class Chronicle:
    """Turns what happens to tasks and workers into notices, and into records of the log."""

    def __init__(
        self, plan: Plan, workspace: Workspace, notify: Callable[[n.Notice], None]
    ) -> None:
        self._plan, self._workspace, self._notify = plan, workspace, notify
        self._tasks: Mapping[str, Task] = {task.id: task for task in plan.tasks}
        self._sizes = plan.sizes
        self._workers: dict[str, str] = {}  # task -> the worker that has it
        self._resumed: dict[str, int] = {}  # task -> iterations done when it was given
        self._places: dict[str, str] = {}  # worker -> its node
        self._nodes: dict[str, str] = {}  # task -> where it was last
        self._sharded = False

    def opened(self, done: set[str]) -> None:
        """The run begins; these tasks needn't be rendered."""
        plan, workspace = self._plan, self._workspace
        again = reasons(plan.tasks, done, workspace.history, workspace.sizes())
        outputs = [output.file for output in plan.outputs]
        if set(outputs) != workspace.history.outputs:
            workspace.record(OUTPUTS, outputs=outputs)
        self._notify(
            n.Opened(
                job=plan.name,
                directory=self._workspace.place,
                tasks=len(plan.tasks),
                finished=len(done),
                left=dict(Counter(task.step for task in plan.tasks if task.id not in done)),
                unreadable=tuple((item.path, item.reason) for item in plan.failed_inputs[:TOLD]),
                left_out=len(plan.failed_inputs),
                left_out_file=workspace.address(LEFT_OUT) if plan.failed_inputs else "",
                again=tuple((reason.text, reason.tasks) for reason in again),
                cautions=cautions(plan) if len(done) < len(plan.tasks) else (),
            )
        )

    def joined(self, report: Joined) -> None:
        """A worker can render."""
        self._places[report.slot] = report.node
        self._notify(
            n.WorkerJoined(
                worker=report.slot, node=report.node, device=report.device, gpus=report.gpus
            )
        )

    def left(self, report: Left) -> None:
        """A worker was lost."""
        self._workspace.record("worker_lost", worker=report.slot, reason=report.reason)
        self._notify(n.WorkerLost(worker=report.slot, reason=report.reason))

    def refused(self, report: Refused) -> None:
        """A node gets none of the job's tasks."""
        facts = {"node": report.node, "reason": report.reason}
        self._workspace.record("refused", cause="versions", **facts)
        self._notify(n.NodeRefused(**facts))

    def released(self, slot: str) -> None:
        """A worker was given back."""
        self._workspace.record("worker_released", worker=slot)
        self._notify(n.WorkerReleased(worker=slot))

    def allowed(self, report: Allowed) -> None:
        """How many workers the job may have, beside others."""
        self._workspace.record(ALLOWED, workers=report.workers, jobs=report.jobs)
        self._notify(n.WorkersAllowed(workers=report.workers, jobs=report.jobs))

    def demanded(self, demands: Demands) -> None:
        """How urgent the job is, or how many workers it takes at most, was changed."""
        told = n.DemandsChanged(priority=demands.priority, max_workers=demands.max_workers)
        self._workspace.record("demands", **dataclasses.asdict(told))
        self._notify(told)

    def sharded(self, shards: int) -> None:
        """So many workers render a style transfer together from now on."""
        if shards > 1 or self._sharded:
            self._notify(n.Sharded(shards=shards))
        self._sharded = shards > 1

    def given(
        self, task: Task, attempt: Attempt, slot: str, *, resumed: int, shards: int = 1
    ) -> None:
        """A worker was given a task, of which ``resumed`` iterations are done.

        It leads where ``shards`` of them were.
        """
        self._workers[task.id], self._resumed[task.id] = slot, resumed
        self._nodes[task.id] = self._places.get(slot, "")
        self._notify(
            n.TaskStarted(
                task=task.id,
                file=task.file,
                input=task.input,
                label=task.label,
                step=task.step,
                attempt=attempt.number,
                worker=slot,
                resumed=resumed,
                share=self._share(task.id, resumed),
                shards=shards,
            )
        )

    def started(self, attempt: Attempt, slot: str, record: Started) -> None:
        """The worker took the task up, or is one of those that it leads."""
        leads = slot == self._workers.get(attempt.task, slot)
        self._workspace.record(
            "started" if leads else "member",
            task=attempt.task,
            attempt=attempt.number,
            worker=slot,
            node=record.node,
            process=record.process,
            device=record.device,
            threads=record.threads,
            precision=record.precision,
            resumed=self._resumed.get(attempt.task, 0),
        )

    def progress(self, attempt: Attempt, slot: str, record: Progress) -> None:
        """An iteration is done."""
        self._notify(
            n.TaskProgress(
                task=attempt.task,
                file=self._tasks[attempt.task].file,
                worker=slot,
                iteration=record.iteration,
                iterations=record.iterations,
                share=self._share(attempt.task, record.iteration),
                losses=dict(record.losses),
            )
        )

    def checkpointed(
        self, attempt: Attempt, slot: str, kept: Checkpoint, *, seconds: float
    ) -> None:
        """A task's state is in the workspace (which has logged that itself)."""
        self._notify(
            n.TaskCheckpointed(
                task=attempt.task,
                file=self._tasks[attempt.task].file,
                worker=slot,
                iteration=kept.iteration,
                size_bytes=len(kept.data),
                seconds=seconds,
            )
        )

    def said(self, attempt: Attempt, record: Said) -> None:
        """Something was logged during an attempt."""
        for line in record.lines:
            self._workspace.record(
                SAID,
                task=attempt.task,
                attempt=attempt.number,
                node=record.node,
                level=line.level,
                logger=line.logger,
                message=line.message,
                **({"shared": True} if line.shared else {}),
            )

    def artefact(self, attempt: Attempt, file: str) -> None:
        """A file that a task makes beside its frame is in the workspace."""
        self._notify(n.ArtefactKept(task=attempt.task, file=file))

    def blocked(self, told: m.Block, seconds: float) -> None:
        """A node gets no more tasks for a while."""
        self._workspace.record("blocked", node=told.node, reason=told.reason)
        self._notify(n.NodeBlocked(node=told.node, reason=told.reason, seconds=seconds))

    def stopped_early(self, reason: str) -> None:
        """Too many tasks have failed."""
        self._workspace.record("stopped_early", reason=reason)
        self._notify(n.StoppedEarly(reason=reason))

    def finished(self, task: Task, result: Done) -> None:
        """A frame is in the workspace (which has logged that itself)."""
        self._nodes.pop(task.id, None)
        self._resumed.pop(task.id, None)
        self._notify(
            n.TaskFinished(
                task=task.id,
                file=task.file,
                step=task.step,
                worker=self._workers.pop(task.id, ""),
                iterations=result.iterations,
                seconds=result.seconds,
                losses=dict(result.losses),
            )
        )

    def failed(self, attempt: Attempt, failure: Failed) -> None:
        """An attempt failed; whether the task has, the schedule will say."""
        self._nodes[attempt.task] = failure.node
        self._workspace.record(
            "failed",
            task=attempt.task,
            attempt=attempt.number,
            cause=failure.cause.value,
            reason=failure.message,
            node=failure.node,
            traceback=failure.traceback,
        )

    def stopped(self, attempt: Attempt) -> None:
        """An attempt has ended because it was told to."""
        self._workspace.record("stopped", task=attempt.task, attempt=attempt.number)

    def retried(self, told: m.Retried) -> None:
        """A task will be tried again."""
        self._workspace.record(
            "retried",
            task=told.task,
            attempt=told.attempt,
            cause=told.cause.value,
            reason=told.reason,
            left=told.left,
        )
        self._notify(
            n.TaskRetried(
                task=told.task,
                file=self._tasks[told.task].file,
                cause=told.cause.value,
                reason=told.reason,
                left=told.left,
            )
        )

    def given_up(self, told: m.GivenUp, kept: str) -> None:
        """A task has failed for good; ``kept`` names its last good picture, if there is one."""
        node = self._nodes.pop(told.task, "")
        self._workspace.record(
            "given_up",
            task=told.task,
            attempt=told.attempt,
            cause=told.cause.value,
            reason=told.reason,
            node=node,
        )
        failed = self._task_failed(told.task, told.cause.value, told.reason, node=node)
        self._notify(dataclasses.replace(failed, kept=kept))

    def skipped(self, told: m.Skip) -> None:
        """A task won't be rendered, since one that it needs has failed."""
        needs = self._tasks[told.failed].file
        self._notify(self._task_failed(told.task, "skipped", told.reason, needs=needs))

    def ended(
        self, counts: Counts, seconds: float, *, interrupted: bool, pictures: tuple[str, ...]
    ) -> None:
        """The run is over."""
        self._notify(
            n.Ended(
                directory=self._workspace.place,
                tasks=counts.total,
                finished=counts.finished,
                failed=counts.failed + counts.skipped,
                seconds=seconds,
                left_out=len(self._plan.failed_inputs),
                interrupted=interrupted,
                pictures=pictures,
            )
        )

    def _share(self, task: str, iteration: int) -> float:
        """The share of a task's work that so many iterations are."""
        size = self._sizes.get(task, (0, 0))
        return share(self._tasks[task].settings, size, iteration)

    def _task_failed(
        self, task: str, cause: str, reason: str, *, node: str = "", needs: str = ""
    ) -> n.TaskFailed:
        known = self._tasks[task]
        return n.TaskFailed(
            task=task,
            file=known.file,
            label=known.label,
            step=known.step,
            cause=cause,
            reason=reason,
            node=node,
            needs=needs,
        )
