"""Too few workers for a picture: how long they are waited for."""

from __future__ import annotations

from cluster.shortage import Shortage


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_after_a_while_those_that_are_there_will_do() -> None:
    shortage = Shortage(4, 3.0, clock=Clock())
    assert [shortage.allowed(2) for _ in range(4)] == [0, 0, 0, 2]
    assert shortage.over()  # with the next worker that comes
    assert not shortage.over()


def test_only_a_shortage_without_a_break_counts() -> None:
    shortage = Shortage(4, 3.0, clock=Clock())
    assert [shortage.allowed(short) for short in (2, 2, 2, 0, 2, 2, 2)] == [0] * 7


def test_without_end_if_one_likes() -> None:
    shortage = Shortage(4, None, clock=Clock())
    assert [shortage.allowed(3) for _ in range(100)] == [0] * 100
    assert not shortage.over()
