"""How is a plan carried out? The schedule decides, the backend renders, the workspace keeps.

    run
    ├── add the tasks, with those that the workspace has as finished
    ├── until the job is done
    │   ├── tell the backend for how many workers there is work
    │   ├── poll it: a slot came, went or is to go, a worker told something ─► an event
    │   ├── a slot has been silent for too long: it is killed               ─► an event
    │   ├── the user interrupts, or has the job cancelled                   ─► CancelRequested
    │   ├── the workspace is paused, or no longer               ─► PauseRequested, ResumeRequested
    │   ├── each event's instructions: start (read, order), publish (write), stop, release, tell
    │   └── what was written is in its place (cluster.keeping)               ─► Published
    └── wait for the outputs, which the assembly makes meanwhile

The loop holds no frame longer than it takes to write it and those that came with it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cluster import notices as n
from cluster.assembly import Assembly
from cluster.backend import (
    PATIENCE_S,
    Allowed,
    Attempt,
    Backend,
    Freed,
    Joined,
    Leaving,
    Left,
    Refused,
    Report,
    Staying,
    Told,
    Wishes,
    is_last,
)
from cluster.chronicle import Chronicle
from cluster.collecting import uncollected
from cluster.keeping import Keeping
from cluster.orders import Orders
from cluster.records import Done, Failed, Record, Said, Started, Stopped
from cluster.shortage import Shortage
from cluster.watchdog import Watchdog
from jobs import messages as m
from jobs.checkpoints import CheckpointSettings
from jobs.curves import LossSettings
from jobs.demands import Demands
from jobs.limits import Limits
from jobs.plan import Plan
from jobs.schedule import Budgets, Counts, Schedule, State
from jobs.tasks import Task
from jobs.turns import turns
from jobs.workspace import Workspace
from renderer.errors import ImageError
from renderer.events import Artefact, Checkpoint, Progress

POLL_S = 0.1
"""How long a poll may wait: a display wants to move, and Ctrl-C to be heard."""

FORCE_S = 10.0
"""How long a cancel may take beyond what workers are given to end their iterations."""

ITERATIONS_TO_STOP = 3
"""A worker that is to stop is given so many of its longest iterations, if they are long."""

PICTURES_NAMED = 5
"""The pictures of the last step are named at the end if they are no more than this."""


@dataclass(frozen=True)
class Watch:
    """Who looks on: takes the notices and counts, draws now and then, says whether to stop."""

    notify: Callable[[n.Notice], None] = lambda notice: None
    tick: Callable[[], None] = lambda: None
    interrupted: Callable[[], bool] = lambda: False
    counted: Callable[[Counts], None] = lambda counts: None


@dataclass(frozen=True)
class Summary:
    """What came of a run; ``outputs_failed`` counts animations and sheets."""

    counts: Counts
    outputs_failed: int = 0
    interrupted: bool = False


@dataclass(frozen=True)
class Rules:
    """What a job says of how its tasks are to be run."""

    budgets: Budgets = field(default_factory=Budgets)
    limits: Limits = field(default_factory=Limits)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    losses: LossSettings = field(default_factory=LossSettings)
    order: str = "sequential"
    shards: Mapping[str, int] = field(default_factory=dict)  # the most of a task, where it's not 1
    demands: Demands = field(default_factory=Demands)


class Runner:
    """Carries out one plan; ``run`` returns when nothing more will happen.

    ``make_backend`` is called when there is something to render, and then once.
    """

    def __init__(
        self,
        plan: Plan,
        workspace: Workspace,
        make_backend: Callable[[], Backend],
        *,
        orders: Orders,
        rules: Rules,
        watch: Watch,
    ) -> None:
        self._plan, self._workspace, self._make_backend = plan, workspace, make_backend
        self._orders, self._watch = orders, watch
        self._tasks = {task.id: task for task in plan.tasks}
        self._rules, self._schedule = rules, Schedule(rules.budgets, rules.limits)
        self._watchdog = Watchdog(rules.limits.silence_seconds or 0)
        self._blocked: dict[str, float] = {}  # node -> until when
        self._chronicle = Chronicle(plan, workspace, watch.notify)
        self._done = workspace.finished(plan.tasks)
        self._assembly = Assembly(plan.outputs, workspace, self._done)
        self._keeping = Keeping(
            self._tasks,
            workspace,
            self._chronicle,
            self._assembly,
            keep=rules.checkpoint.keep,
        )
        self._result: Done | None = None  # between Finished and its Publish
        self._over, self._paused, self._stopped = False, False, ""
        self._demands = rules.demands

    def run(self) -> Summary:
        """Render all that isn't finished, and the outputs. Raises what ends the whole job."""
        began = time.monotonic()
        try:
            with uncollected():
                self._chronicle.opened(self._done)
                self._add_tasks()
            if not self._over:
                self._render()
            whole = self._complete and self._outputs_made()
        finally:
            self._assembly.drop()
        outcomes, counts = self._assembly.outcomes, self._schedule.counts
        for outcome in outcomes:
            self._watch.notify(outcome)
        seconds = time.monotonic() - began
        pictures = self._pictures()
        interrupted = not whole and not self._stopped
        self._chronicle.ended(counts, seconds, interrupted=interrupted, pictures=pictures)
        self._watch.counted(counts)
        outputs_failed = sum(isinstance(outcome, n.OutputFailed) for outcome in outcomes)
        return Summary(counts, outputs_failed, interrupted)

    @property
    def _complete(self) -> bool:
        counts = self._schedule.counts
        return counts.finished + counts.failed + counts.skipped == counts.total

    def _outputs_made(self) -> bool:
        """Wait for the outputs; False if the user won't."""
        while not self._assembly.finished(POLL_S):
            self._watch.tick()
            if self._watch.interrupted():
                return False
        return True

    def _add_tasks(self) -> None:
        turn, attempts = turns(self._plan.tasks, self._rules.order), self._workspace.attempts
        items = tuple(
            m.Item(
                t.id,
                t.needs,
                finished=t.id in self._done,
                attempts=attempts(t.id),
                turn=turn[t.id],
                shards=self._rules.shards.get(t.id, 1),
            )
            for t in self._plan.tasks
        )
        self._event(m.TasksAdded(items))
        self._event(m.PlanEnded())

    def _render(self) -> None:
        self._backend = self._make_backend()
        self._shortage = Shortage(self._backend.shards, self._rules.limits.start_seconds)
        try:
            self._allow(self._backend.shards)
            self._loop()
        finally:
            self._backend.close()
            self._keeping.close()

    def _loop(self) -> None:
        deadline: float | None = None
        while not self._over and (deadline is None or time.monotonic() < deadline):
            self._employ()
            for report in self._backend.poll(POLL_S):
                self._hear(report)
            ending = self._over or deadline is not None
            for event in self._keeping.settled(all_of_it=ending):
                self._event(event)
            self._kill_the_silent()
            self._unblock()
            self._make_do()
            self._heed_pause()
            self._watch.tick()
            self._watch.counted(self._schedule.counts)
            if not self._over:
                deadline = self._ending(deadline)

    def _employ(self) -> None:
        """Have workers come and go by what there is to do, and by what is asked for meanwhile."""
        demands = self._rules.demands.changed(self._workspace.requests.demands)
        counts = self._schedule.counts
        tasks = 0 if self._paused else counts.ready + counts.running + counts.publishing
        together = min(self._backend.shards, max(self._rules.shards.values(), default=1))
        wishes = Wishes(tasks * together, demands.max_workers, demands.priority)
        if demands != self._demands:
            self._demands = demands
            self._chronicle.demanded(demands)
        self._backend.employ(wishes)

    def _ending(self, deadline: float | None) -> float | None:
        """When the loop is to end, whatever still runs; None while the run is wanted."""
        requests = self._workspace.requests
        if deadline is None and (self._watch.interrupted() or requests.cancelled):
            self._watch.notify(n.Stopping(cancelled=requests.cancelled))
            longest_s = max(map(self._patience_s, self._schedule.running()), default=0)
            deadline = time.monotonic() + longest_s + FORCE_S
            self._event(m.CancelRequested())
        return time.monotonic() if requests.at_once else deadline

    def _kill_the_silent(self) -> None:
        for slot, silent_s in self._watchdog.silent():
            self._backend.kill(slot, f"it told nothing for {silent_s:.0f} s, and was killed")

    def _unblock(self) -> None:
        now = time.monotonic()
        for node in [node for node, until_s in self._blocked.items() if now >= until_s]:
            del self._blocked[node]
            self._event(m.Unblocked(node))

    def _make_do(self) -> None:
        """Have pictures rendered by as many workers as there are, if the others stay away."""
        if allowed := self._shortage.allowed(self._schedule.short):
            self._allow(allowed)

    def _allow(self, shards: int) -> None:
        if self._rules.shards:
            self._chronicle.sharded(min(shards, max(self._rules.shards.values())))
            self._event(m.ShardsAllowed(shards))

    def _heed_pause(self) -> None:
        if self._workspace.requests.paused is not self._paused:
            self._paused = not self._paused
            self._watch.notify(n.Paused() if self._paused else n.Resumed())
            self._event(m.PauseRequested() if self._paused else m.ResumeRequested())

    def _patience_s(self, slot: str) -> float:
        """How long a slot may take to end its iteration."""
        return max(PATIENCE_S, ITERATIONS_TO_STOP * self._watchdog.longest_s(slot))

    def _hear(self, report: Report) -> None:
        match report:
            case Joined(slot, node):
                self._chronicle.joined(report)
                if self._shortage.over():
                    self._allow(self._backend.shards)
                self._event(m.SlotJoined(slot, node))
            case Refused():
                self._chronicle.refused(report)
            case Freed(slot, node):
                self._event(m.SlotJoined(slot, node))
            case Leaving(slot, at_once):
                self._event(m.SlotLeaving(slot, at_once))
            case Staying(slot):
                self._event(m.SlotStays(slot))
            case Allowed():
                self._chronicle.allowed(report)
            case Left(slot, reason, cause, along):
                self._watchdog.ended(self._schedule.leader(slot))
                self._chronicle.left(report)
                self._event(m.SlotLost(slot, reason, cause, blamed=not along))
            case Told(slot, attempt, record):
                self._watchdog.heard(slot, record)
                if is_last(record):
                    self._watchdog.ended(self._schedule.leader(slot))
                self._hear_record(slot, attempt, record)

    def _hear_record(self, slot: str, attempt: Attempt, record: Record) -> None:
        match record:
            case Started():
                self._chronicle.started(attempt, slot, record)
            case Progress():
                self._chronicle.progress(attempt, slot, record)
            case Checkpoint():
                if self._schedule.runs(*attempt):
                    self._keeping.checkpoint(attempt, slot, record)
            case Artefact():
                if self._schedule.runs(*attempt):
                    self._keeping.artefact(attempt, record)
            case Said():
                if self._schedule.runs(*attempt):
                    self._chronicle.said(attempt, record)
            case Done():
                self._result = record
                self._event(m.Finished(*attempt))
            case Failed(cause, message):
                self._keeping.before(attempt.task)
                self._chronicle.failed(attempt, record)
                self._event(m.Failed(*attempt, cause, message, slot))
            case Stopped():
                self._keeping.before(attempt.task)
                self._chronicle.stopped(attempt)
                self._event(m.Stopped(*attempt))

    def _event(self, event: m.Event) -> None:
        """Hand an event to the schedule and carry out what follows, to the last consequence."""
        events = deque([event])
        while events:
            instructions = self._schedule.handle(events.popleft())
            for instruction in sorted(instructions, key=_urgency):
                events.extend(self._carry_out(instruction))

    def _carry_out(self, instruction: m.Instruction) -> list[m.Event]:
        match instruction:
            case m.Start(task, number, slot, members):
                return self._start(self._tasks[task], Attempt(task, number), slot, members)
            case m.Publish(task, number):
                self._publish(Attempt(task, number))
            case m.Stop(task, number, slot):
                self._backend.cancel(Attempt(task, number), patience_s=self._patience_s(slot))
            case m.Release(slot):
                self._backend.release(slot)
                self._chronicle.released(slot)
            case m.Retried(task, cause=cause):
                self._orders.beware(task)
                if cause is m.Cause.OUT_OF_MEMORY:
                    self._orders.squeeze(task)
                elif cause is m.Cause.DIVERGED:
                    self._workspace.begin_again(task)
                self._chronicle.retried(instruction)
            case m.GivenUp(task):
                self._assembly.ended(task, finished=False)
                self._chronicle.given_up(instruction, self._keeping.last_good(self._tasks[task]))
            case m.Skip(task):
                self._assembly.ended(task, finished=False)
                self._chronicle.skipped(instruction)
            case m.Block(node):
                self._blocked[node] = time.monotonic() + self._rules.limits.blocked_seconds
                self._chronicle.blocked(instruction, self._rules.limits.blocked_seconds)
            case m.JobDone(stopped=reason):
                self._over, self._stopped = True, reason
                if reason:
                    self._chronicle.stopped_early(reason)
        return []

    def _start(
        self, task: Task, attempt: Attempt, slot: str, members: tuple[str, ...]
    ) -> list[m.Event]:
        self._keeping.before(task.id)
        kept = self._workspace.latest_checkpoint(task.id)
        if kept and not self._workspace.shown(task, kept.iteration):
            kept = None  # frames of its making are asked for since
        resume = Checkpoint(kept.iteration, kept.data) if kept else None
        done, shards = resume.iteration if resume else 0, 1 + len(members)
        self._chronicle.given(task, attempt, slot, resumed=done, shards=shards)
        try:
            order = self._orders.order(task, self._backend, resume=resume, shards=shards)
        except ImageError as error:  # the picture has gone or changed since it was planned
            failure = Failed(m.Cause.INPUT, str(error), node="")
            self._chronicle.failed(attempt, failure)
            free = [m.SlotJoined(member, self._schedule.node(member)) for member in members]
            return [*free, m.Failed(*attempt, failure.cause, failure.message)]
        self._backend.start(slot, attempt, order, members)
        self._watchdog.began(slot, task.id)
        return []

    def _publish(self, attempt: Attempt) -> None:
        result, self._result = self._result, None
        assert result is not None  # Publish answers the Finished of this very event
        self._keeping.frame(attempt, result)

    def _pictures(self) -> tuple[str, ...]:
        """The finished pictures of the last step, if they are so few that one wants their names."""
        frames = self._plan.frames[-1] if self._plan.frames else ()
        files = [f.file for f in frames if self._schedule.state(f.task) is State.FINISHED]
        if len(files) > PICTURES_NAMED:
            return ()
        return tuple(self._workspace.address(file) for file in files)


def _urgency(instruction: m.Instruction) -> int:
    """Starts first: no worker need wait while another's frame is written.

    But before a task is started again, how it failed is to be known.
    """
    return 0 if isinstance(instruction, m.Retried) else 1 if isinstance(instruction, m.Start) else 2
