"""Attempts of several slots: what is told of them, by whatever order their streams end in."""

from __future__ import annotations

import itertools

from cluster.backend import Attempt, Freed, Left, Told
from cluster.joint import Joint
from cluster.records import Attended, Broken, Done, Failed, Record, Started, Stopped
from jobs.messages import Cause
from renderer.events import Progress

ATTEMPT = Attempt("task", 1)
NODES = {"a": "n0", "b": "n0", "c": "n1"}  # the first leads
DONE = Done(b"", None, (4, 4), 2, (), 0.5)
BROKEN = Broken("a worker that rendered with this one is gone: connection reset", "n0")
EXHAUSTED = Failed(Cause.OUT_OF_MEMORY, "no more", "n0")
LOST = Left("b", "b was lost")


def joint() -> Joint:
    return Joint(ATTEMPT, NODES)


def told(slot: str, record: Record) -> Told:
    return Told(slot, ATTEMPT, record)


def test_the_leaders_result_settles_it_and_the_others_are_free_when_they_end() -> None:
    made = joint()
    assert made.heard("b", Started("n0", 1, "cpu", 1)) == [told("b", Started("n0", 1, "cpu", 1))]
    assert made.heard("c", Attended()) == [Freed("c", "n1")]
    assert not made.settled
    assert made.heard("a", DONE) == [told("a", DONE)]
    assert made.settled
    assert made.heard("b", Attended()) == [Freed("b", "n0")]


def test_a_stop_is_the_leaders_to_tell() -> None:
    made = joint()
    assert made.heard("b", Attended()) == [Freed("b", "n0")]
    assert made.heard("a", Stopped()) == [told("a", Stopped())]


def test_a_loss_is_told_of_the_slot_that_was_lost_whenever_the_others_break() -> None:
    for order in itertools.permutations("abc"):
        made = joint()
        reports = [
            report
            for slot in order
            for report in (made.lost(LOST) if slot == "b" else made.heard(slot, BROKEN))
        ]
        assert [r for r in reports if not isinstance(r, Freed)] == [LOST]
        assert {r.slot for r in reports if isinstance(r, Freed)} == {"a", "c"}


def test_a_members_own_failure_is_the_cause_whenever_the_others_break() -> None:
    for order in itertools.permutations("abc"):
        made = joint()
        ends = {"a": BROKEN, "b": EXHAUSTED, "c": BROKEN}
        reports = [report for slot in order for report in made.heard(slot, ends[slot])]
        assert [r for r in reports if not isinstance(r, Freed)] == [told("b", EXHAUSTED)]
        assert {r.slot for r in reports if isinstance(r, Freed)} == {"a", "c"}


def test_where_all_break_they_have_lost_touch() -> None:
    made = joint()
    assert made.heard("b", BROKEN) == made.heard("c", BROKEN) == []
    reports = made.heard("a", BROKEN)
    assert reports[0] == told("a", Failed(Cause.WORKER_LOST, BROKEN.reason, BROKEN.node))
    assert {r.slot for r in reports[1:] if isinstance(r, Freed)} == {"b", "c"}


def test_nothing_is_told_of_an_attempt_that_is_settled() -> None:
    made = joint()
    assert made.lost(LOST) == [LOST]
    assert made.heard("a", Progress(1, 2, ())) == []
    assert made.heard("a", DONE) == [Freed("a", "n0")]
    assert made.lost(Left("c", "c was lost")) == [Left("c", "c was lost")]


def test_those_who_still_play_have_a_reason_to_end_once_one_has() -> None:
    now = 5.0
    made = Joint(ATTEMPT, NODES, clock=lambda: now)
    assert made.ending_s == 0
    made.heard("b", Attended())
    now = 8.0
    assert made.ending_s == 0  # the leader may take its time to write the picture
    made.heard("a", BROKEN)
    now = 11.0
    assert made.ending_s == 3
