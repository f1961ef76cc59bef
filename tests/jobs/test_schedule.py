"""The schedule: events in, instructions out."""

from __future__ import annotations

import time

import pytest

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
    PlanEnded,
    Publish,
    Published,
    Release,
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
)
from jobs.schedule import Budgets, Counts, Limits, Schedule, State


def started(*items: Item, slots: int = 1, budgets: Budgets | None = None) -> Schedule:
    schedule = Schedule(budgets)
    for slot in range(slots):
        schedule.handle(SlotJoined(f"s{slot}"))
    schedule.handle(TasksAdded(items))
    schedule.handle(PlanEnded())
    return schedule


def after(schedule: Schedule, *events: Event) -> list[Instruction]:
    out: list[Instruction] = []
    for event in events:
        out = schedule.handle(event)
    return out


CHAIN = (Item("a"), Item("b", ("a",)), Item("c", ("b",)))


def test_a_task_is_started_rendered_published_and_done() -> None:
    schedule = Schedule()
    assert schedule.handle(SlotJoined("s")) == []
    assert schedule.handle(TasksAdded((Item("a"),))) == [Start("a", 1, "s")]
    assert schedule.handle(PlanEnded()) == []
    assert schedule.running() == {"s": "a"}
    assert schedule.handle(Finished("a", 1)) == [Publish("a", 1)]
    assert schedule.state("a") is State.PUBLISHING
    assert schedule.handle(Published("a", 1)) == [JobDone()]
    assert schedule.counts == Counts(finished=1)


def test_a_task_waits_until_what_it_needs_is_published() -> None:
    schedule = started(*CHAIN)
    assert after(schedule, Finished("a", 1)) == [Publish("a", 1)]
    assert schedule.state("b") is State.WAITING
    assert after(schedule, Published("a", 1)) == [Start("b", 1, "s0")]


def test_ready_tasks_start_in_the_order_they_were_added() -> None:
    schedule = started(Item("a"), Item("a2", ("a",)), Item("b"), Item("c"))
    schedule.handle(Finished("a", 1))  # the slot takes b: a is not published yet
    assert schedule.running() == {"s0": "b"}
    schedule.handle(Published("a", 1))
    assert after(schedule, Finished("b", 1)) == [Publish("b", 1), Start("a2", 1, "s0")]


def test_slots_are_filled_as_they_come() -> None:
    schedule = started(Item("a"), Item("b"), Item("c"), slots=2)
    assert schedule.running() == {"s0": "a", "s1": "b"}
    assert after(schedule, SlotJoined("s2")) == [Start("c", 1, "s2")]


def test_a_task_is_tried_again_while_its_budget_lasts() -> None:
    schedule = started(Item("a"), budgets=Budgets(error=1))
    assert after(schedule, Failed("a", 1, Cause.ERROR, "bad")) == [
        Retried("a", 1, Cause.ERROR, "bad", left=0),
        Start("a", 2, "s0"),
    ]
    assert after(schedule, Failed("a", 2, Cause.ERROR, "bad")) == [
        GivenUp("a", 2, Cause.ERROR, "bad"),
        JobDone(),
    ]
    assert schedule.counts == Counts(failed=1)


def test_every_cause_has_its_own_budget() -> None:
    schedule = started(Item("a"), budgets=Budgets(error=1, worker_lost=1, out_of_memory=1))
    causes = (Cause.ERROR, Cause.WORKER_LOST, Cause.OUT_OF_MEMORY)
    for attempt, cause in enumerate(causes, start=1):
        assert isinstance(after(schedule, Failed("a", attempt, cause, ""))[0], Retried)
    assert isinstance(after(schedule, Failed("a", 4, Cause.WORKER_LOST, ""))[0], GivenUp)


def test_a_bad_picture_is_not_tried_again() -> None:
    schedule = started(Item("a"), budgets=Budgets(error=9))
    assert after(schedule, Failed("a", 1, Cause.INPUT, "cut")) == [
        GivenUp("a", 1, Cause.INPUT, "cut"),
        JobDone(),
    ]


def test_all_that_needs_a_failed_task_is_skipped_and_the_rest_goes_on() -> None:
    schedule = started(*CHAIN, Item("other"), budgets=Budgets(error=0))
    assert after(schedule, Failed("a", 1, Cause.ERROR, "bad")) == [
        GivenUp("a", 1, Cause.ERROR, "bad"),
        Skip("b", "a", "bad"),
        Skip("c", "a", "bad"),
        Start("other", 1, "s0"),
    ]
    assert schedule.counts == Counts(running=1, failed=1, skipped=2)


def test_a_task_that_is_added_after_what_it_needs_failed_is_skipped() -> None:
    schedule = Schedule(Budgets(error=0))
    after(schedule, SlotJoined("s"), TasksAdded((Item("a"),)), Failed("a", 1, Cause.ERROR, "bad"))
    assert after(schedule, TasksAdded((Item("b", ("a",)),))) == [Skip("b", "a", "bad")]


def test_a_lost_slot_is_a_failure_of_what_ran_there() -> None:
    schedule = started(Item("a"), slots=2)
    assert after(schedule, SlotLost("s0", "node gone")) == [
        Retried("a", 1, Cause.WORKER_LOST, "node gone", left=9),
        Start("a", 2, "s1"),
    ]
    assert after(schedule, SlotLost("s0"), SlotLost("never there")) == []


def test_a_worker_that_was_thought_dead_can_do_no_harm() -> None:
    schedule = started(Item("a"), slots=2)
    schedule.handle(SlotLost("s0"))
    for stale in (Finished("a", 1), Published("a", 1), Failed("a", 1, Cause.ERROR, "late")):
        assert schedule.handle(stale) == []
    assert after(schedule, Finished("a", 2)) == [Publish("a", 2)]
    assert after(schedule, Finished("a", 2), Finished("a", 1)) == []


def test_an_answer_that_comes_twice_counts_once() -> None:
    schedule = started(Item("a"), Item("b"))
    after(schedule, Finished("a", 1), Published("a", 1))
    assert schedule.handle(Published("a", 1)) == []
    assert schedule.handle(Failed("a", 1, Cause.ERROR, "")) == []
    assert schedule.counts == Counts(running=1, finished=1)


def test_a_result_that_cannot_be_published_is_a_failure() -> None:
    schedule = started(Item("a"))
    schedule.handle(Finished("a", 1))
    assert after(schedule, Failed("a", 1, Cause.ERROR, "NaN")) == [
        Retried("a", 1, Cause.ERROR, "NaN", left=0),
        Start("a", 2, "s0"),
    ]


def test_what_an_earlier_driver_finished_is_not_done_again() -> None:
    schedule = started(Item("a", finished=True), Item("b", ("a",), attempts=3))
    assert schedule.running() == {"s0": "b"}
    assert after(schedule, Finished("b", 3)) == []  # the earlier driver's attempt
    assert after(schedule, Finished("b", 4)) == [Publish("b", 4)]


def test_a_finished_task_stays_so_when_what_it_needs_is_done_again() -> None:
    schedule = started(Item("a"), Item("b", ("a",), finished=True), budgets=Budgets(error=0))
    after(schedule, Failed("a", 1, Cause.ERROR, "bad"))
    assert schedule.counts == Counts(finished=1, failed=1)


def test_nothing_to_do_is_done_at_once() -> None:
    schedule = Schedule()
    assert schedule.handle(TasksAdded((Item("a", finished=True),))) == []
    assert schedule.handle(PlanEnded()) == [JobDone()]


def test_a_job_is_not_done_while_planning_goes_on() -> None:
    schedule = Schedule()
    schedule.handle(SlotJoined("s"))
    schedule.handle(TasksAdded((Item("a"),)))
    assert after(schedule, Finished("a", 1), Published("a", 1)) == []
    assert schedule.handle(TasksAdded((Item("b", ("a",)),))) == [Start("b", 1, "s")]


def test_a_cancel_stops_what_runs_and_keeps_what_is_done() -> None:
    schedule = started(Item("a"), Item("b"), Item("c"), slots=2)
    assert after(schedule, CancelRequested()) == [Stop("a", 1, "s0"), Stop("b", 1, "s1")]
    assert after(schedule, CancelRequested()) == []
    assert after(schedule, Stopped("b", 1)) == []
    assert after(schedule, Finished("a", 1)) == [Publish("a", 1)]
    assert after(schedule, Published("a", 1)) == [JobDone(cancelled=True)]
    assert schedule.counts == Counts(ready=2, finished=1)


def test_what_a_cancel_breaks_is_no_failure() -> None:
    schedule = started(Item("a"), slots=1, budgets=Budgets(worker_lost=0))
    schedule.handle(CancelRequested())
    assert after(schedule, SlotLost("s0")) == [JobDone(cancelled=True)]
    assert schedule.counts == Counts(ready=1)


def test_a_cancel_with_nothing_running_is_done_at_once() -> None:
    schedule = Schedule()
    schedule.handle(TasksAdded((Item("a"),)))
    assert schedule.handle(CancelRequested()) == [JobDone(cancelled=True)]


@pytest.mark.parametrize(
    "items", [(Item("a"), Item("a")), (Item("b", ("a",)), Item("a"))], ids=["twice", "early"]
)
def test_tasks_that_make_no_plan_are_refused(items: tuple[Item, ...]) -> None:
    with pytest.raises(ValueError, match="task"):
        Schedule().handle(TasksAdded(items))


@pytest.mark.parametrize("last", [PlanEnded(), CancelRequested()])
def test_tasks_are_refused_after_the_end(last: Event) -> None:
    with pytest.raises(ValueError, match="can't be added"):
        after(Schedule(), last, TasksAdded((Item("a"),)))


def test_an_event_costs_the_same_in_a_large_job() -> None:
    def per_task(tasks: int) -> float:
        begun = time.process_time()
        schedule = started(*(Item(str(n)) for n in range(tasks)), slots=64)
        for n in range(tasks):
            after(schedule, Finished(str(n), 1), Published(str(n), 1))
        assert schedule.counts.finished == tasks
        return (time.process_time() - begun) / tasks

    per_task(1_000)
    assert per_task(20_000) < 5 * per_task(1_000)


def test_of_tasks_that_could_start_the_one_with_the_lower_turn_does() -> None:
    schedule = Schedule()
    schedule.handle(TasksAdded((Item("a", turn=2), Item("b", turn=0), Item("c", turn=1))))
    begun = [schedule.handle(SlotJoined(slot)) for slot in ("s", "t", "u")]
    assert begun == [[Start("b", 1, "s")], [Start("c", 1, "t")], [Start("a", 1, "u")]]


def several(*items: Item, slots: dict[str, str], shards: int) -> Schedule:
    schedule = Schedule()
    schedule.handle(ShardsAllowed(shards))
    for slot, node in slots.items():
        schedule.handle(SlotJoined(slot, node))
    schedule.handle(TasksAdded(items))
    schedule.handle(PlanEnded())
    return schedule


def test_a_task_takes_several_slots_and_none_overtakes_it() -> None:
    schedule = Schedule()
    schedule.handle(ShardsAllowed(3))
    out = schedule.handle(TasksAdded((Item("a", shards=2), Item("b", shards=9), Item("c"))))
    assert out == []
    assert schedule.handle(SlotJoined("s0")) == []
    assert schedule.short == 1
    assert schedule.handle(SlotJoined("s1")) == [Start("a", 1, "s0", ("s1",))]
    assert schedule.short == 0
    assert schedule.running() == {"s0": "a", "s1": "a"}
    assert [schedule.handle(SlotJoined(f"s{n}")) for n in (2, 3)] == [[], []]  # b waits for three
    assert schedule.handle(SlotJoined("s4")) == [Start("b", 1, "s2", ("s3", "s4"))]
    # A member that has done its part is free before its leader is.
    assert schedule.handle(SlotJoined("s1")) == [Start("c", 1, "s1")]
    assert schedule.handle(SlotJoined("s0")) == []  # which still runs


def test_several_slots_are_of_one_node_if_one_has_room() -> None:
    slots = {"s0": "n0", "s1": "n1", "s2": "n2", "s3": "n1", "s4": "n2"}
    schedule = several(Item("a", shards=2), slots=slots, shards=2)
    assert schedule.running() == {"s1": "a", "s3": "a"}
    schedule = several(Item("a", shards=3), slots=slots, shards=3)
    assert set(schedule.running()) in ({"s1", "s3", "s2"}, {"s1", "s3", "s4"})


@pytest.mark.parametrize("lost", ["s0", "s1"])
def test_a_lost_slot_fails_the_task_of_all_and_each_tells_when_it_is_free(lost: str) -> None:
    schedule = several(Item("a", shards=2), slots={"s0": "n", "s1": "n"}, shards=2)
    (retried,) = schedule.handle(SlotLost(lost, "it died"))
    assert isinstance(retried, Retried)
    assert (retried.task, retried.attempt, retried.reason) == ("a", 1, "it died")
    other = "s1" if lost == "s0" else "s0"
    assert schedule.handle(SlotJoined(lost, "n")) == []
    assert schedule.handle(SlotJoined(other, "n")) == [Start("a", 2, lost, (other,))]


def test_a_member_that_fails_is_free_itself_and_its_node_is_blamed() -> None:
    schedule = Schedule(Budgets(error=0), Limits(block_after=1))
    schedule.handle(ShardsAllowed(2))
    for slot, node in {"s0": "n0", "s1": "n1", "s2": "n2"}.items():
        schedule.handle(SlotJoined(slot, node))
    schedule.handle(TasksAdded((Item("a", shards=2), Item("b", shards=2))))
    out = schedule.handle(Failed("a", 1, Cause.ERROR, "broke", "s1"))
    assert Block("n1", "broke") in out
    assert not any(isinstance(instruction, Start) for instruction in out)  # s0 is still at it
    assert schedule.handle(SlotJoined("s0", "n0")) == [Start("b", 1, "s2", ("s0",))]


def test_a_task_makes_do_with_the_slots_that_are_allowed() -> None:
    schedule = several(Item("a", shards=4), slots={"s0": "", "s1": ""}, shards=4)
    assert schedule.short == 2
    assert schedule.handle(ShardsAllowed(2)) == [Start("a", 1, "s0", ("s1",))]


def test_a_stop_is_told_to_the_leader_once() -> None:
    schedule = several(Item("a", shards=2), slots={"s0": "", "s1": ""}, shards=2)
    assert schedule.handle(CancelRequested()) == [Stop("a", 1, "s0")]
    assert schedule.handle(SlotJoined("s1")) == []
    assert schedule.handle(Stopped("a", 1)) == [JobDone(cancelled=True)]


def test_an_idle_slot_that_is_to_go_is_released_and_a_busy_one_when_its_task_has_ended() -> None:
    schedule = started(Item("a"), Item("b"), Item("c"), slots=2)
    assert schedule.running() == {"s0": "a", "s1": "b"}
    assert after(schedule, SlotLeaving("s1")) == []
    assert after(schedule, Finished("b", 1)) == [Release("s1"), Publish("b", 1)]
    assert after(schedule, Finished("a", 1)) == [Publish("a", 1), Start("c", 1, "s0")]
    schedule.handle(SlotJoined("s2"))
    assert after(schedule, SlotLeaving("s2", at_once=True)) == [Release("s2")]


def test_what_runs_where_a_node_is_drained_goes_on_elsewhere_and_costs_no_retry() -> None:
    schedule = started(Item("a"), slots=1, budgets=Budgets(preempted=0, worker_lost=0))
    assert after(schedule, SlotLeaving("s0", at_once=True)) == [Stop("a", 1, "s0")]
    assert after(schedule, SlotLeaving("s0", at_once=True)) == []  # it was told
    assert after(schedule, SlotLost("s0", cause=Cause.PREEMPTED)) == [Release("s0")]
    assert after(schedule, SlotJoined("s1")) == [Start("a", 2, "s1")]


def test_a_slot_that_stays_after_all_is_given_the_next_task() -> None:
    schedule = started(Item("a"), Item("b"))
    schedule.handle(SlotLeaving("s0"))
    schedule.handle(SlotStays("s0"))
    assert after(schedule, Finished("a", 1)) == [Publish("a", 1), Start("b", 1, "s0")]
