"""The schedule's promises, held under random orders of events, true and false ones."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobs.messages import (
    Block,
    CancelRequested,
    Cause,
    Event,
    Failed,
    Finished,
    GivenUp,
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
from jobs.schedule import Budgets, Limits, Schedule, State

BUDGETS = Budgets(error=1, worker_lost=2, preempted=2, out_of_memory=1)
LIMITS = Limits(max_failed="2", block_after=2)
SLOTS = {"s0": "n0", "s1": "n0", "s2": "n1", "s3": ""}  # and their nodes
LOSSES = (Cause.WORKER_LOST, Cause.PREEMPTED, Cause.OUT_OF_MEMORY)


class Farm(RuleBasedStateMachine):
    """A runner that carries out instructions late, loses workers and lets dead ones answer.

    It keeps its own books: which attempts may be alive, which results were accepted. Of several
    slots that ran a task together, each is free again only when it says so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule(BUDGETS, LIMITS)
        self.needs: dict[str, tuple[str, ...]] = {}
        self.shards: dict[str, int] = {}
        self.allowed = 1
        self.slots: set[str] = set()  # that are free, or run something
        self.at: dict[str, tuple[str, int]] = {}  # slot -> the live attempt there
        self.leads: dict[tuple[str, int], str] = {}  # attempt -> its leading slot
        self.publishing: set[tuple[str, int]] = set()
        self.last: dict[str, int] = {}  # task -> number of its last attempt
        self.failures: dict[tuple[str, Cause], int] = {}
        self.ended: dict[str, str] = {}
        self.blocked: set[str] = set()
        self.leaving: set[str] = set()  # slots that are to go, once nothing runs there
        self.hurried: set[tuple[str, int]] = set()  # attempts on such that are not to go on there
        self.told: set[tuple[str, int]] = set()  # attempts that were told to stop
        self.planned = self.cancelled = self.paused = self.done = False

    @initialize(
        shards=st.lists(st.integers(1, 3), max_size=6),
        allowed=st.integers(1, 3),
        slots=st.sets(st.sampled_from(sorted(SLOTS))),
    )
    def begin(self, shards: list[int], allowed: int, slots: set[str]) -> None:
        """Some tasks and slots, without which nothing much would happen."""
        self.allow(allowed)
        for count in shards:
            self.add_task((), shards=count)
        for slot in sorted(slots):
            self.join(slot)

    def tell(self, event: Event) -> None:
        for instruction in self.schedule.handle(event):
            after = self.done and not isinstance(instruction, Release)
            assert not after, "an instruction after the job was done"
            self.carry_out(instruction)

    def carry_out(self, instruction: object) -> None:
        match instruction:
            case Start(task, attempt, slot, members):
                assert not self.cancelled
                assert not self.paused
                assert not self.over_the_limit
                assert 1 + len(members) == min(self.shards[task], self.allowed)
                for one in (slot, *members):
                    assert SLOTS[one] not in self.blocked, "started on a blocked node"
                    assert one in self.slots, "started where there is nothing"
                    assert one not in self.at, "two tasks in one slot"
                    assert one not in self.leaving, "started on a slot that is to go"
                assert task not in self.ended, "started although it has ended"
                assert all(self.ended.get(n) == "finished" for n in self.needs[task])
                assert task not in {t for t, _ in self.live()}, "two live attempts"
                assert attempt == self.last[task] + 1
                self.last[task] = attempt
                self.at |= dict.fromkeys((slot, *members), (task, attempt))
                self.leads[task, attempt] = slot
            case Publish(task, attempt):
                assert attempt == self.last[task], "a stale attempt may publish"
                assert (task, attempt) not in self.publishing
                self.publishing.add((task, attempt))
            case Stop(task, attempt, slot):
                assert self.at[slot] == (task, attempt)
                assert self.leads[task, attempt] == slot
                assert self.cancelled or self.paused or (task, attempt) in self.hurried
                assert (task, attempt) not in self.told, "told twice to stop"
                self.told.add((task, attempt))
            case Release(slot):
                assert slot not in self.at, "released while something runs there"
                assert slot in self.leaving, "released though it was not to go"
                self.leaving.discard(slot)
                self.slots.discard(slot)
            case Block(node):
                assert node not in self.blocked | {""}
                self.blocked.add(node)
                assert {SLOTS[slot] for slot in self.slots} - self.blocked, "no node is left"
            case Retried(task, _, cause, _, left):
                count = self.failures[task, cause] = self.failures.get((task, cause), 0) + 1
                assert left == BUDGETS.of(cause) - count >= 0
            case GivenUp(task, _, cause, _):
                assert self.failures.get((task, cause), 0) == BUDGETS.of(cause)
                self.end(task, "failed")
            case Skip(task, failed, _):
                assert self.ended[failed] == "failed"
                self.end(task, "skipped")
            case JobDone(cancelled, stopped):
                assert cancelled == self.cancelled
                assert bool(stopped) == self.over_the_limit
                assert not self.live()
                whole = self.planned and (bool(stopped) or set(self.ended) == set(self.needs))
                assert cancelled or whole
                self.done = True

    @property
    def over_the_limit(self) -> bool:
        return list(self.ended.values()).count("failed") > 2

    def end(self, task: str, how: str) -> None:
        assert task not in self.ended, "ended twice"
        self.ended[task] = how

    def live(self) -> list[tuple[str, int]]:
        return [*set(self.at.values()), *self.publishing]

    def leave(self, task: str, attempt: int, *, but: str = "") -> None:
        """The attempt has ended; but for one slot, the leading one or that, all are still busy."""
        free = but or self.leads.get((task, attempt), "")
        for slot, running in list(self.at.items()):
            if running == (task, attempt):
                del self.at[slot]
                if slot != free:
                    self.slots.discard(slot)

    @precondition(lambda self: not self.planned and not self.done)
    @rule(
        data=st.data(),
        attempts=st.integers(0, 3),
        finished=st.booleans(),
        shards=st.integers(1, 3),
    )
    def add(self, data: st.DataObject, attempts: int, finished: bool, shards: int) -> None:
        known = sorted(self.needs)
        needs = (
            tuple(data.draw(st.lists(st.sampled_from(known), max_size=2, unique=True)))
            if known
            else ()
        )
        self.add_task(needs, attempts=attempts, finished=finished, shards=shards)

    def add_task(
        self, needs: tuple[str, ...], *, attempts: int = 0, finished: bool = False, shards: int
    ) -> None:
        task = f"t{len(self.needs)}"
        self.needs[task], self.shards[task] = needs, shards
        self.last[task] = attempts
        if finished:
            self.end(task, "finished")
        item = Item(task, needs, finished=finished, attempts=attempts, shards=shards)
        self.tell(TasksAdded((item,)))

    @rule(shards=st.integers(1, 4))
    def allow(self, shards: int) -> None:
        self.allowed = shards
        self.tell(ShardsAllowed(shards))

    @precondition(lambda self: not self.planned)
    @rule()
    def end_plan(self) -> None:
        self.planned = True
        self.tell(PlanEnded())

    @rule(slot=st.sampled_from(sorted(SLOTS)))
    def join(self, slot: str) -> None:
        """It is there, or is free again; a member may have done its part before its leader has."""
        self.slots.add(slot)
        if slot != self.leads.get(self.at.get(slot, ("", 0))):
            self.at.pop(slot, None)
        self.tell(SlotJoined(slot, SLOTS[slot]))

    @rule(slot=st.sampled_from(sorted(SLOTS)), cause=st.sampled_from(LOSSES))
    def lose(self, slot: str, cause: Cause) -> None:
        if slot in self.at:
            self.leave(*self.at[slot], but=slot)
        self.slots.discard(slot)
        self.tell(SlotLost(slot, cause=cause))

    @rule(slot=st.sampled_from(sorted(SLOTS)), at_once=st.booleans())
    def let_go(self, slot: str, at_once: bool) -> None:
        self.leaving.add(slot)
        if at_once and slot in self.at:
            self.hurried.add(self.at[slot])
        self.tell(SlotLeaving(slot, at_once))
        assert (slot in self.leaving) == (slot in self.at)
        if slot in self.at and at_once:
            assert self.at[slot] in self.told

    @precondition(lambda self: self.leaving)
    @rule(data=st.data())
    def stay(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.leaving)))
        self.leaving.discard(slot)
        self.tell(SlotStays(slot))

    @precondition(lambda self: self.blocked)
    @rule(data=st.data())
    def unblock(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(sorted(self.blocked)))
        self.blocked.discard(node)
        self.tell(Unblocked(node))

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.paused = paused
        self.tell(PauseRequested() if paused else ResumeRequested())

    @precondition(lambda self: self.at)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        task, attempt = data.draw(st.sampled_from(sorted(self.at.values())))
        self.leave(task, attempt)
        self.tell(Finished(task, attempt))
        assert (task, attempt) in self.publishing

    @precondition(lambda self: self.publishing)
    @rule(data=st.data())
    def publish(self, data: st.DataObject) -> None:
        task, attempt = data.draw(st.sampled_from(sorted(self.publishing)))
        self.publishing.discard((task, attempt))
        self.end(task, "finished")
        self.tell(Published(task, attempt))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), cause=st.sampled_from(list(Cause)))
    def fail(self, data: st.DataObject, cause: Cause) -> None:
        task, attempt = data.draw(st.sampled_from(sorted(self.live())))
        its = sorted(slot for slot, running in self.at.items() if running == (task, attempt))
        slot = data.draw(st.sampled_from(["", *its]))
        self.leave(task, attempt, but=slot)
        self.publishing.discard((task, attempt))
        self.tell(Failed(task, attempt, cause, "broke", slot))

    @precondition(lambda self: self.at)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        task, attempt = data.draw(st.sampled_from(sorted(self.at.values())))
        self.leave(task, attempt)
        self.tell(Stopped(task, attempt))

    @precondition(lambda self: self.needs)
    @rule(data=st.data(), back=st.integers(-1, 3), kind=st.integers(0, 3))
    def answer_falsely(self, data: st.DataObject, back: int, kind: int) -> None:
        """An attempt that is not alive answers: one that was lost, ended, or never was."""
        task = data.draw(st.sampled_from(sorted(self.needs)))
        attempt = self.last[task] - back
        if (task, attempt) in self.live():
            return
        false = (
            Finished(task, attempt),
            Published(task, attempt),
            Failed(task, attempt, Cause.ERROR, "late"),
            Stopped(task, attempt),
        )[kind]
        assert self.schedule.handle(false) == []

    @rule(sure=st.integers(0, 9))
    def cancel(self, sure: int) -> None:
        if sure == 0:
            self.cancelled = True
            self.tell(CancelRequested())

    @invariant()
    def books_agree(self) -> None:
        counts = self.schedule.counts
        assert counts.total == len(self.needs)
        assert counts.running == len(set(self.at.values()))
        assert counts.publishing == len(self.publishing)
        for how in ("finished", "failed", "skipped"):
            assert getattr(counts, how) == list(self.ended.values()).count(how)
        assert self.schedule.running() == {slot: task for slot, (task, _) in self.at.items()}
        for slot, running in self.at.items():
            assert self.schedule.leader(slot) == self.leads[running]

    @invariant()
    def slots_idle_only_where_the_next_task_needs_more(self) -> None:
        held = self.cancelled or self.paused or self.over_the_limit
        ready = [task for task in self.needs if self.schedule.state(task) is State.READY]
        if ready and not held:
            usable = {slot for slot in self.slots if SLOTS[slot] not in self.blocked}
            free = len(usable - set(self.at))
            assert free < min(self.shards[ready[0]], self.allowed)
            assert self.schedule.short == (0 if self.at else free)
        else:
            assert self.schedule.short == 0

    @invariant()
    def the_schedule_knows_which_attempts_live(self) -> None:
        running = set(self.at.values())
        for task, last in self.last.items():
            for attempt in range(last + 2):
                assert self.schedule.runs(task, attempt) == ((task, attempt) in running)

    @invariant()
    def whoever_is_to_stop_was_told(self) -> None:
        if self.cancelled or self.paused:
            assert set(self.at.values()) <= self.told

    def teardown(self) -> None:
        """From wherever it is, the job ends once all goes well."""
        if not self.planned:
            self.end_plan()
        for node in sorted(self.blocked):
            self.blocked.discard(node)
            self.tell(Unblocked(node))
        self.pause(False)
        for slot in sorted(self.leaving):
            self.leaving.discard(slot)
            self.tell(SlotStays(slot))
        self.join("s0")
        if self.schedule.short:
            self.allow(self.schedule.short)
        steps = 0
        while not self.done:
            steps += 1
            assert steps < 1000, "the job doesn't end"
            for task, attempt in sorted(set(self.at.values())):
                self.leave(task, attempt)
                self.tell(Finished(task, attempt))
            if self.schedule.short:
                self.allow(self.schedule.short)
            for task, attempt in sorted(self.publishing):
                self.publishing.discard((task, attempt))
                self.end(task, "finished")
                self.tell(Published(task, attempt))
        self.books_agree()


TestFarm = Farm.TestCase
TestFarm.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
