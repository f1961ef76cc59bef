"""Wishes are granted together where they are alike, and memory decides how many at a time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from renderer.wishes import Granter, Wish


class Doubling:
    """Wishes for twice a number; ``batches`` are those that were granted at once."""

    def __init__(self, *, bears: int = 100) -> None:
        self.batches: list[list[int]] = []
        self.bears = bears

    def wish(self, number: int, alike: object = "alike", each_bytes: float = 1.0) -> Wish:
        return Wish(
            lambda: 2 * number,
            alike=alike,
            subject=number,
            together=self._together,
            each_bytes=lambda: each_bytes,
        )

    def _together(self, numbers: Sequence[int]) -> list[int]:
        if len(numbers) > self.bears:
            raise torch.OutOfMemoryError("too many")
        if -1 in numbers:
            raise ValueError("one is bad")
        self.batches.append(list(numbers))
        return [2 * number for number in numbers]


def test_alike_ones_are_granted_at_once_and_others_alone() -> None:
    doubling = Doubling()
    wishes = [doubling.wish(n, "even" if n % 2 == 0 else "odd") for n in range(5)]
    wishes.append(doubling.wish(7, None))
    Granter().grant(wishes)
    assert doubling.batches == [[0, 2, 4], [1, 3]]
    assert [wish.get() for wish in wishes] == [0, 2, 4, 6, 8, 14]


@pytest.mark.parametrize(
    ("room", "sizes"), [(4.0, [3, 3, 3]), (5.0, [5, 4]), (100.0, [9]), (0.5, [])]
)
def test_as_many_at_once_as_there_is_room_for(room: float, sizes: list[int]) -> None:
    doubling = Doubling()
    Granter(lambda: room).grant([doubling.wish(n) for n in range(9)])
    assert [len(batch) for batch in doubling.batches] == sizes


def test_where_memory_runs_out_batches_are_smaller_from_then_on() -> None:
    doubling, granter = Doubling(bears=3), Granter()
    wishes = [doubling.wish(n) for n in range(8)]
    granter.grant(wishes)
    assert [len(batch) for batch in doubling.batches] == [2, 2, 2, 2]
    assert [wish.get() for wish in wishes] == [2 * n for n in range(8)]
    doubling.batches.clear()
    granter.grant([doubling.wish(n) for n in range(4)])
    assert [len(batch) for batch in doubling.batches] == [2, 2]


def test_a_batch_that_fails_is_left_to_its_members() -> None:
    doubling = Doubling()
    wishes = [doubling.wish(n) for n in (1, -1, 3)]
    Granter().grant(wishes)
    assert [wish.get() for wish in wishes] == [2, -2, 6]


def test_an_error_is_raised_where_the_wish_is_asked() -> None:
    def broken() -> int:
        raise ValueError("no picture")

    wish = Wish(broken, aside=True)
    wish.settle()
    with pytest.raises(ValueError, match="no picture"):
        wish.get()
