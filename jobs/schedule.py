"""What runs next, and what has become of every task? A state machine: events in, instructions out.

There is no clock, no file and no Ray in here: the same events give the same instructions. The
runner carries instructions out and tells what came of them (the records are in jobs.messages):

    Start ──► Finished ──► Publish ──► Published          the usual way
      │           └ (the result of a stale attempt gets no Publish)
      ├─────► Failed ────► Retried, later another Start   while the cause's budget lasts
      │                └─► GivenUp, and Skip for all that needs this task
      ├─────► SlotLost     the same, with the cause that it names
      └─────► Stopped      the answer to Stop: after a cancel, for a pause, or since the slot goes

A slot that is to go (SlotLeaving) gets no more tasks, and a Release once nothing runs there.

A task may run on several slots at once, of which the first leads: it takes as many as it can use
and is allowed, and waits until so many are free; no task that was added later overtakes it.
A task has at most one live attempt; attempts are numbered from 1 (or from where an earlier driver
left off) and every answer names its own, so a worker that was thought dead can do no harm. Among
the tasks that are ready, the one that was added first starts first: the plan lists them depth
first, so early frames are finished early. An event costs O(log tasks), apart from what it skips.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass

from jobs.limits import Budgets, Limits
from jobs.messages import (
    Block,
    CancelRequested,
    Cause,
    Event,
    Failed,
    Finished,
    GivenUp,
    Instruction,
    Item,
    JobDone,
    PauseRequested,
    PlanEnded,
    Publish,
    Published,
    Release,
    ResumeRequested,
    Retried,
    ShardsAllowed,
    Skip,
    SlotJoined,
    SlotLeaving,
    SlotLost,
    SlotStays,
    Start,
    Stop,
    Stopped,
    TasksAdded,
    Unblocked,
)
from jobs.slots import Slots
from jobs.states import ENDED, LIVE, Counts, State

__all__ = ["BLAMED_ON_NODES", "ENDED", "LIVE", "Budgets", "Counts", "Limits", "Schedule", "State"]

BLAMED_ON_NODES = (Cause.ERROR, Cause.WORKER_LOST)
"""What makes a node suspect: it is not its fault to be taken away, or to have little memory."""


@dataclass(slots=True)
class _Entry:
    task: str
    order: int  # of two that could be started, the one with the lower is
    attempt: int
    state: State = State.WAITING
    missing: int = 0
    slot: str = ""
    members: tuple[str, ...] = ()  # the slots that it leads
    shards: int = 1
    stopping: bool = False  # was told to stop: what breaks then is no failure
    failed: str = ""  # the task whose failure ended this one: itself, or one that it needs
    reason: str = ""
    dependents: tuple[str, ...] = ()
    failures: Counter[Cause] | None = None  # until it fails: there may be 100,000 tasks


class Schedule:
    """All tasks of a job and where they stand; ``handle`` is the only way to change that."""

    def __init__(self, budgets: Budgets | None = None, limits: Limits | None = None) -> None:
        self.budgets = budgets or Budgets()
        self.limits = limits or Limits()
        self._entries: dict[str, _Entry] = {}
        self._ready: list[tuple[int, str]] = []  # a heap
        self._slots = Slots(self.limits.block_after)
        self._busy: dict[str, str] = {}  # slot, leading or not -> task
        self._leaving: set[str] = set()  # busy slots that are to go
        self._allowed = 1  # slots for a task
        self._tally: Counter[State] = Counter()
        self._out: list[Instruction] = []
        self._complete = self._cancelled = self._paused = self._over = False
        self._stopped = ""  # why nothing more is started, if too many tasks have failed

    def handle(self, event: Event) -> list[Instruction]:
        """The instructions that follow from the event, in the order to carry them out.

        Answers that name a stale attempt, an ended task or an unknown slot change nothing.
        ValueError for tasks that are added twice, before what they need, or after the end.
        """
        self._out = []
        self._apply(event)
        self._fill()
        self._settle()
        return self._out

    @property
    def counts(self) -> Counts:
        """How many tasks are in which state."""
        return Counts(**{state.value: self._tally[state] for state in State})

    def state(self, task: str) -> State:
        """Where the task stands; KeyError if it was never added."""
        return self._entries[task].state

    @property
    def short(self) -> int:
        """How many slots are free where the next task needs more, and nothing runs; else 0."""
        held = self._cancelled or self._paused or self._stopped
        waits = self._ready and not self._busy and not held
        return len(self._slots) if waits else 0

    def running(self) -> dict[str, str]:
        """The task of every busy slot."""
        return dict(self._busy)

    def node(self, slot: str) -> str:
        """The node of a slot that is there; empty where it isn't known."""
        return self._slots.node(slot)

    def leader(self, slot: str) -> str:
        """The slot that leads what this one runs: itself, unless it is a member of several."""
        return self._entries[self._busy[slot]].slot if slot in self._busy else slot

    def runs(self, task: str, attempt: int) -> bool:
        """Whether this attempt is rendering; what a stale one tells is not to be kept."""
        return self._find(task, attempt, State.RUNNING) is not None

    def _apply(self, event: Event) -> None:
        match event:
            case TasksAdded(items):
                for item in items:
                    self._add(item)
            case PlanEnded():
                self._complete = True
                self._check_limit()
            case ShardsAllowed(shards):
                self._allowed = shards
            case SlotJoined(slot, node):
                self._join(slot, node)
            case SlotLost(slot, reason, cause, blamed):
                self._lose(slot, cause, reason, blamed=blamed)
            case SlotLeaving(slot, at_once):
                self._let_go(slot, at_once=at_once)
            case SlotStays(slot):
                self._leaving.discard(slot)
            case Unblocked(node):
                self._slots.unblock(node)
            case Finished(task, attempt):
                self._finish(task, attempt)
            case Published(task, attempt):
                self._published(task, attempt)
            case Failed(task, attempt, cause, reason, slot):
                if entry := self._find(task, attempt, *LIVE):
                    node = self._vacate(entry, slot)
                    self._fail(entry, cause, reason, node=node)
            case Stopped(task, attempt):
                if entry := self._find(task, attempt, State.RUNNING):
                    self._vacate(entry)
                    self._make_ready(entry)
            case CancelRequested():
                self._cancelled = True
                self._stop_all()
            case PauseRequested():
                self._paused = True
                self._stop_all()
            case ResumeRequested():
                self._paused = False

    def _add(self, item: Item) -> None:
        if item.task in self._entries or self._complete or self._over:
            raise ValueError(f"task {item.task} can't be added any more")
        needed = [self._needed(task, item) for task in item.needs]
        turn = len(self._entries) if item.turn is None else item.turn
        entry = _Entry(item.task, turn, item.attempts, shards=item.shards)
        self._entries[item.task] = entry
        self._tally[entry.state] += 1
        for need in needed:
            need.dependents += (item.task,)
        entry.missing = sum(need.state is not State.FINISHED for need in needed)
        lost = [need for need in needed if need.state in (State.FAILED, State.SKIPPED)]
        if item.finished:
            self._move(entry, State.FINISHED)
        elif lost:
            self._skip(entry, lost[0])
        elif not entry.missing:
            self._make_ready(entry)

    def _needed(self, task: str, item: Item) -> _Entry:
        if task not in self._entries:
            raise ValueError(f"task {item.task} needs {task}, which was not added before it")
        return self._entries[task]

    def _finish(self, task: str, attempt: int) -> None:
        if entry := self._find(task, attempt, State.RUNNING):
            self._slots.well(self._vacate(entry))
            self._move(entry, State.PUBLISHING)
            self._out.append(Publish(task, attempt))

    def _published(self, task: str, attempt: int) -> None:
        if entry := self._find(task, attempt, State.PUBLISHING):
            self._move(entry, State.FINISHED)
            for name in entry.dependents:
                dependent = self._entries[name]
                dependent.missing -= 1
                if dependent.state is State.WAITING and not dependent.missing:
                    self._make_ready(dependent)

    def _join(self, slot: str, node: str) -> None:
        entry = self._entries.get(self._busy.get(slot, ""))
        if entry is not None:
            if slot == entry.slot:
                return
            entry.members = tuple(member for member in entry.members if member != slot)
            del self._busy[slot]
        self._free(slot, node)

    def _free(self, slot: str, node: str) -> None:
        """Has a slot be free for another task, or go if it is to."""
        if slot in self._leaving:
            self._release(slot)
        else:
            self._slots.join(slot, node)

    def _let_go(self, slot: str, *, at_once: bool) -> None:
        task = self._busy.get(slot)
        if task is None:
            self._release(slot)
            return
        self._leaving.add(slot)
        if at_once:
            self._stop(self._entries[task])

    def _release(self, slot: str) -> None:
        self._leaving.discard(slot)
        self._slots.leave(slot)
        self._out.append(Release(slot))

    def _lose(self, slot: str, cause: Cause, reason: str, *, blamed: bool) -> None:
        node = self._slots.node(slot)
        task = self._busy.get(slot)
        if task is not None:
            entry = self._entries[task]
            self._part(entry)
            self._fail(entry, cause, reason, node=node if blamed else "")
        if slot in self._leaving:
            self._release(slot)
        self._slots.leave(slot)

    def _fail(self, entry: _Entry, cause: Cause, reason: str, *, node: str) -> None:
        if self._cancelled or entry.stopping:  # what a stop breaks is not the task's fault
            self._make_ready(entry)
            return
        entry.failures = entry.failures or Counter()
        entry.failures[cause] += 1
        left = self.budgets.of(cause) - entry.failures[cause]
        if left >= 0:
            if not self._stopped:
                self._out.append(Retried(entry.task, entry.attempt, cause, reason, left))
            self._make_ready(entry)
        else:
            self._give_up(entry, cause, reason)
        if cause in BLAMED_ON_NODES and self._slots.ill(node, entry.task):
            self._out.append(Block(node, reason))

    def _give_up(self, entry: _Entry, cause: Cause, reason: str) -> None:
        entry.failed, entry.reason = entry.task, reason
        self._move(entry, State.FAILED)
        self._out.append(GivenUp(entry.task, entry.attempt, cause, reason))
        self._skip_dependents(entry)
        self._check_limit()

    def _check_limit(self) -> None:
        failed, total = self._tally[State.FAILED], len(self._entries)
        if self.limits.exceeded(failed, total if self._complete else None) and not self._stopped:
            limit = self.limits.max_failed
            self._stopped = f"{failed} of {total} tasks failed, and max_failed is {limit}"

    def _skip_dependents(self, entry: _Entry) -> None:
        below = [(name, entry) for name in reversed(entry.dependents)]
        while below:
            name, above = below.pop()
            dependent = self._entries[name]
            if dependent.state not in ENDED:
                self._skip(dependent, above)
                below.extend((lower, dependent) for lower in reversed(dependent.dependents))

    def _skip(self, entry: _Entry, above: _Entry) -> None:
        entry.failed, entry.reason = above.failed, above.reason
        self._move(entry, State.SKIPPED)
        self._out.append(Skip(entry.task, entry.failed, entry.reason))

    def _stop_all(self) -> None:
        for task in self._busy.values():
            self._stop(self._entries[task])

    def _stop(self, entry: _Entry) -> None:
        if not entry.stopping:
            entry.stopping = True
            self._out.append(Stop(entry.task, entry.attempt, entry.slot))

    def _fill(self) -> None:
        held = self._cancelled or self._paused or self._stopped
        while self._ready and not held:
            entry = self._entries[self._ready[0][1]]
            wanted = max(1, min(entry.shards, self._allowed))
            if len(self._slots) < wanted:
                return
            heapq.heappop(self._ready)
            entry.slot, *others = self._slots.take(wanted)
            entry.members = tuple(others)
            entry.stopping = False
            entry.attempt += 1
            self._busy |= dict.fromkeys((entry.slot, *others), entry.task)
            self._move(entry, State.RUNNING)
            self._out.append(Start(entry.task, entry.attempt, entry.slot, entry.members))

    def _settle(self) -> None:
        if self._over or any(self._tally[state] for state in LIVE):
            return
        left = self._tally[State.WAITING] + self._tally[State.READY]
        if self._cancelled or (self._complete and (self._stopped or not left)):
            self._over = True
            self._out.append(JobDone(self._cancelled, self._stopped))

    def _find(self, task: str, attempt: int, *states: State) -> _Entry | None:
        entry = self._entries.get(task)
        fits = entry is not None and entry.attempt == attempt and entry.state in states
        return entry if fits else None

    def _vacate(self, entry: _Entry, slot: str = "") -> str:
        """Frees a slot of a task, the leading one if none is named; its node."""
        slot = slot if slot in entry.members else entry.slot
        node = self._slots.node(slot)
        self._part(entry)
        if slot:
            self._free(slot, node)
        return node

    def _part(self, entry: _Entry) -> None:
        """Has a task run no longer on its slots, of which each tells when it is free again."""
        for slot in filter(None, (entry.slot, *entry.members)):
            del self._busy[slot]
            self._slots.leave(slot)
        entry.slot, entry.members = "", ()

    def _make_ready(self, entry: _Entry) -> None:
        self._move(entry, State.READY)
        heapq.heappush(self._ready, (entry.order, entry.task))

    def _move(self, entry: _Entry, state: State) -> None:
        self._tally[entry.state] -= 1
        self._tally[state] += 1
        entry.state = state
