"""What a job puts up with: too many failures stop it, a sick node gets no more tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.limits import Limits
from jobs.messages import (
    Block,
    Cause,
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
    ResumeRequested,
    Retried,
    SlotJoined,
    SlotLost,
    Start,
    Stop,
    Stopped,
    TasksAdded,
    Unblocked,
)
from jobs.schedule import Budgets, Counts, Schedule
from jobs.spec import build
from renderer.errors import JobError, SettingError


def farm(tasks: int, *slots: SlotJoined, limits: Limits, budgets: Budgets) -> Schedule:
    schedule = Schedule(budgets, limits)
    for slot in slots:
        schedule.handle(slot)
    schedule.handle(TasksAdded(tuple(Item(f"t{n}") for n in range(tasks))))
    schedule.handle(PlanEnded())
    return schedule


def fail(schedule: Schedule, task: str, attempt: int = 1) -> list[Instruction]:
    return schedule.handle(Failed(task, attempt, Cause.ERROR, "bad"))


@pytest.mark.parametrize(
    ("limit", "failed", "total", "exceeded"),
    [
        ("", 99, 100, False),
        ("0", 1, 100, True),
        ("5", 5, 100, False),
        ("5", 6, None, True),
        ("10%", 10, 100, False),
        ("10%", 11, 100, True),
        ("2.5 %", 26, 1000, True),
        ("10%", 11, None, False),
    ],
)
def test_how_many_may_fail(limit: str, failed: int, total: int | None, exceeded: bool) -> None:
    assert Limits(max_failed=limit).exceeded(failed, total) is exceeded


@pytest.mark.parametrize("limit", ["few", "-1", "101%", "1.5", "%"])
def test_a_limit_that_is_none_is_refused(limit: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="max_failed: must be a count like 20"):
        Limits(max_failed=limit)
    job = {"inputs": ["a.png"], "steps": ["dream"], "limits": {"max_failed": limit}}
    with pytest.raises(JobError, match=r"limits\.max_failed: must be a count"):
        build(job, base=tmp_path)


def test_a_count_may_be_written_as_a_number(tmp_path: Path) -> None:
    job = {"inputs": ["a.png"], "steps": ["dream"], "limits": {"max_failed": 7}}
    assert build(job, base=tmp_path).limits == Limits(max_failed="7")


def test_a_job_of_which_too_much_fails_lets_what_runs_end_and_starts_nothing() -> None:
    schedule = farm(
        10,
        SlotJoined("s0"),
        SlotJoined("s1"),
        limits=Limits(max_failed="10%"),
        budgets=Budgets(error=0),
    )
    assert fail(schedule, "t0") == [
        GivenUp("t0", 1, Cause.ERROR, "bad"),
        Start("t2", 1, "s0"),
    ]
    assert fail(schedule, "t1") == [GivenUp("t1", 1, Cause.ERROR, "bad")]
    assert schedule.handle(Finished("t2", 1)) == [Publish("t2", 1)]
    stopped = "2 of 10 tasks failed, and max_failed is 10%"
    assert schedule.handle(Published("t2", 1)) == [JobDone(stopped=stopped)]
    assert schedule.counts == Counts(ready=7, finished=1, failed=2)


def test_after_the_stop_nothing_is_said_to_be_tried_again() -> None:
    schedule = farm(
        3,
        SlotJoined("s0"),
        SlotJoined("s1"),
        limits=Limits(max_failed="0"),
        budgets=Budgets(error=0, worker_lost=5),
    )
    fail(schedule, "t0")
    stopped = "1 of 3 tasks failed, and max_failed is 0"
    assert schedule.handle(SlotLost("s1")) == [JobDone(stopped=stopped)]
    assert schedule.counts == Counts(ready=2, failed=1)


def test_a_share_counts_once_it_is_known_of_how_many() -> None:
    schedule = Schedule(Budgets(error=0), Limits(max_failed="50%"))
    schedule.handle(SlotJoined("s"))
    schedule.handle(TasksAdded((Item("a"),)))
    assert fail(schedule, "a") == [GivenUp("a", 1, Cause.ERROR, "bad")]
    assert schedule.handle(TasksAdded((Item("b"),))) == [Start("b", 1, "s")]
    schedule.handle(PlanEnded())
    assert schedule.counts == Counts(running=1, failed=1)


def test_a_node_that_breaks_task_after_task_gets_no_more_for_a_while() -> None:
    schedule = farm(
        6,
        SlotJoined("s0", "sick"),
        SlotJoined("s1", "well"),
        limits=Limits(block_after=2),
        budgets=Budgets(error=0),
    )
    fail(schedule, "t0")
    assert fail(schedule, "t2") == [
        GivenUp("t2", 1, Cause.ERROR, "bad"),
        Block("sick", "bad"),
    ]
    assert schedule.running() == {"s1": "t1"}
    assert schedule.handle(SlotJoined("s2", "sick")) == []
    assert schedule.handle(Unblocked("sick")) == [Start("t3", 1, "s0"), Start("t4", 1, "s2")]


def test_one_bad_task_makes_no_sick_node() -> None:
    schedule = farm(
        1,
        SlotJoined("s0", "a"),
        SlotJoined("s1", "b"),
        limits=Limits(block_after=2),
        budgets=Budgets(error=9),
    )
    for attempt in range(1, 9):
        retried, start = fail(schedule, "t0", attempt)
        assert (type(retried), type(start)) == (Retried, Start)


def test_a_task_that_goes_well_clears_its_node() -> None:
    schedule = farm(
        5,
        SlotJoined("s0", "a"),
        SlotJoined("s1", "b"),
        limits=Limits(block_after=2),
        budgets=Budgets(error=0),
    )
    fail(schedule, "t0")
    schedule.handle(Finished("t2", 1))
    assert Block("a", "bad") not in fail(schedule, "t3")
    assert Block("a", "bad") in fail(schedule, "t4")


@pytest.mark.parametrize("cause", [Cause.PREEMPTED, Cause.OUT_OF_MEMORY])
def test_a_node_is_not_blamed_for_being_taken_away_or_small(cause: Cause) -> None:
    schedule = farm(
        3,
        SlotJoined("s0", "a"),
        SlotJoined("s1", "b"),
        limits=Limits(block_after=1),
        budgets=Budgets(),
    )
    assert schedule.handle(SlotLost("s0", "gone", cause))[0] == Retried(
        "t0", 1, cause, "gone", Budgets().of(cause) - 1
    )
    assert not any(isinstance(i, Block) for i in schedule.handle(Failed("t1", 1, cause, "gone")))


def test_a_worker_with_several_slots_speaks_against_its_node_once() -> None:
    schedule = farm(
        4,
        SlotJoined("s0", "a"),
        SlotJoined("s0.2", "a"),
        SlotJoined("s0.3", "a"),
        SlotJoined("s1", "b"),
        limits=Limits(block_after=2),
        budgets=Budgets(),
    )
    lost = [SlotLost("s0"), SlotLost("s0.2", blamed=False), SlotLost("s0.3", blamed=False)]
    told = [instruction for event in lost for instruction in schedule.handle(event)]
    assert [type(instruction) for instruction in told] == [Retried] * 3


def test_the_last_node_is_never_blocked() -> None:
    schedule = farm(
        9,
        SlotJoined("s0", "only"),
        SlotJoined("s1", "only"),
        limits=Limits(block_after=1),
        budgets=Budgets(error=0),
    )
    assert fail(schedule, "t0") == [GivenUp("t0", 1, Cause.ERROR, "bad"), Start("t2", 1, "s0")]


def test_a_pause_stops_what_runs_and_goes_on_later() -> None:
    schedule = farm(2, SlotJoined("s0"), limits=Limits(), budgets=Budgets(worker_lost=0))
    assert schedule.handle(PauseRequested()) == [Stop("t0", 1, "s0")]
    assert schedule.handle(PauseRequested()) == []
    assert schedule.handle(Stopped("t0", 1)) == []
    assert schedule.counts == Counts(ready=2)
    assert schedule.handle(ResumeRequested()) == [Start("t0", 2, "s0")]


def test_what_breaks_on_its_way_into_a_pause_is_no_failure() -> None:
    schedule = farm(1, SlotJoined("s0"), limits=Limits(), budgets=Budgets(worker_lost=0))
    schedule.handle(PauseRequested())
    schedule.handle(ResumeRequested())
    assert schedule.handle(SlotLost("s0")) == []
    assert schedule.handle(SlotJoined("s0")) == [Start("t0", 2, "s0")]
