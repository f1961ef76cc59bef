"""When a worker speaks: by iterations, by the clock, at the beginning and the end."""

from __future__ import annotations

from cluster.pacing import Pacer, Throttle
from cluster.records import Pace
from renderer.events import Progress


def test_throttle_opens_for_the_first_and_the_last() -> None:
    throttle, told = Throttle(every_s=3600), []
    for iteration in range(1, 6):
        told.append(throttle.wanted())
        throttle.seen(Progress(iteration, 5))
    assert told == [True, False, False, False, True]


def test_throttle_opens_by_the_clock() -> None:
    throttle = Throttle(every_s=0)
    assert [throttle.wanted() for _ in range(3)] == [True, True, True]


def asked(pacer: Pacer, times: int) -> list[bool]:
    return [pacer.wanted() for _ in range(times)]


def test_checkpoints_by_iterations() -> None:
    assert asked(Pacer(Pace(every=3)), 7) == [False, False, True] * 2 + [False]


def test_checkpoints_by_time() -> None:
    assert asked(Pacer(Pace(seconds=1e-9)), 2) == [True, True]
    assert asked(Pacer(Pace(seconds=3600)), 2) == [False, False]


def test_either_switched_off() -> None:
    assert asked(Pacer(Pace(every=0, seconds=0)), 3) == [False] * 3
    assert asked(Pacer(Pace()), 3) == [False] * 3


def test_at_once_begins_the_count_anew() -> None:
    answers = iter([True, False, False, False])
    pacer = Pacer(Pace(every=3), at_once=lambda: next(answers, False))
    assert asked(pacer, 4) == [True, False, False, True]
