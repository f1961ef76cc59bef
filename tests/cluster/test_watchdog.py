"""The watchdog by a clock of the test's own: who is silent, and who only works or loads."""

from __future__ import annotations

import pytest

from cluster.records import Started
from cluster.watchdog import Watchdog
from renderer.events import Progress

STARTED, STEP = Started("desk", 1, "cpu", 1), Progress(1, 9)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dog(clock: Clock) -> Watchdog:
    return Watchdog(2.0, clock=clock)


def waits(dog: Watchdog, clock: Clock, seconds: float) -> list[tuple[str, float]]:
    """What is found while the driver listens for so long, a look every half a second."""
    found = []
    for _ in range(round(seconds / 0.5)):
        clock.now += 0.5
        found += dog.silent()
    return found


def test_silence_after_an_iteration_is_found_once(dog: Watchdog, clock: Clock) -> None:
    dog.began("one", "t")
    dog.heard("one", STEP)
    assert waits(dog, clock, 2) == []
    assert waits(dog, clock, 5) == [("one", 2.5)]


def test_the_first_iteration_may_take_three_times_as_long(dog: Watchdog, clock: Clock) -> None:
    dog.began("one", "t")
    dog.heard("one", STARTED)
    assert waits(dog, clock, 6) == []
    assert waits(dog, clock, 1) == [("one", 6.5)]


def test_long_iterations_are_no_silence(dog: Watchdog, clock: Clock) -> None:
    dog.began("one", "t")
    for _ in range(3):
        dog.heard("one", STEP)
        waits(dog, clock, 1)
    dog.heard("one", STEP)
    assert dog.longest_s("one") == 1.0
    assert waits(dog, clock, 20) == []
    assert waits(dog, clock, 1) == [("one", 20.5)]


def test_a_driver_that_was_held_up_blames_nobody(dog: Watchdog, clock: Clock) -> None:
    dog.began("one", "t")
    dog.heard("one", STEP)
    clock.now += 10_000
    assert dog.silent() == []
    clock.now -= 20_000  # no clock should, but it would be no worker's fault either
    assert dog.silent() == []


def test_a_task_found_silent_is_given_twice_as_long(dog: Watchdog, clock: Clock) -> None:
    for seconds in (2.5, 4.5, 8.5):
        dog.began("one", "t")
        dog.heard("one", STEP)
        assert waits(dog, clock, 10) == [("one", seconds)]


def test_who_has_ended_is_not_watched(dog: Watchdog, clock: Clock) -> None:
    dog.began("one", "t")
    dog.heard("one", STEP)
    dog.ended("one")
    assert waits(dog, clock, 100) == []


def test_switched_off(clock: Clock) -> None:
    dog = Watchdog(0, clock=clock)
    dog.began("one", "t")
    dog.heard("one", STEP)
    assert waits(dog, clock, 1000) == []
