"""The state of a run: speeds, counts and what is left, in numbers one can compute."""

from __future__ import annotations

import pytest

from cluster import notices as n
from cluster.board import Board
from tests.cluster.watching import failed, finished, joined, opened, progress, started


def board(*notices: tuple[float, n.Notice]) -> Board:
    made = Board()
    for now, notice in notices:
        made.take(notice, now)
    return made


def going_on() -> n.TaskStarted:
    """Six of ten iterations were done before."""
    return started(resumed=6, share=0.6)


def test_speed_leaves_out_the_time_to_begin() -> None:
    made = board((0, joined()), (0, started()), (5, progress(1)), (7, progress(9)))
    assert made.rows["worker-1"].speed == 4.0  # 8 iterations in 2 s; the 5 s before don't count


def test_speed_is_unknown_at_first() -> None:
    assert board((0, joined()), (0, started()), (5, progress(1))).rows["worker-1"].speed is None


def test_a_finished_task_frees_its_worker() -> None:
    made = board((0, opened()), (0, joined()), (0, started()))
    assert [row.file for row in made.busy] == ["a.png"]
    made.take(finished(), 10)
    assert made.busy == []
    assert (made.finished, made.left) == (1, {0: 1, 1: 2})


def test_a_lost_worker_has_no_row() -> None:
    made = board((0, joined()), (0, started()), (1, n.WorkerLost(worker="worker-1", reason="")))
    assert made.rows == {}


def test_failures_are_kept_but_not_what_only_needed_them() -> None:
    made = board((0, opened()), (1, failed()), (1, failed("b.png", needs="a.png", step=1)))
    assert made.failed == 2
    assert made.failures == ["failed a.png (conv2): error: it broke [desk]"]


def test_workers_come_by_number() -> None:
    names = ("worker-10", "worker-2", "worker-1")
    made = board(*((0, joined(w)) for w in names), *((0, started(w, worker=w)) for w in names))
    assert [row.worker for row in made.busy] == ["worker-1", "worker-2", "worker-10"]


def test_remaining_time_needs_every_steps_pace() -> None:
    made = board((0, opened()), (0, joined()), (0, started()), (10, finished()))
    assert made.remaining_s(10) is None  # no style transfer has begun
    made.take(started("b.png", step=1), 10)
    made.take(finished("b.png", seconds=4, step=1), 14)
    assert made.remaining_s(14) == 1 * 10 + 1 * 4


def test_remaining_time_shrinks_as_tasks_run_and_is_shared_by_workers() -> None:
    made = board(
        (0, opened(tasks=3, left={0: 3})),
        (0, joined("worker-1")),
        (0, joined("worker-2")),
        (0, started("a.png", worker="worker-1")),
        (10, finished("a.png")),
        (10, started("b.png", worker="worker-1")),
        (10, started("c.png", worker="worker-2")),
    )
    assert made.remaining_s(10) == 2 * 10 / 2
    assert made.remaining_s(14) == (2 * 10 - 2 * 4) / 2
    assert made.remaining_s(99) == 0


def test_a_running_task_tells_the_pace_of_the_first() -> None:
    made = board((0, opened(tasks=2, left={0: 2})), (0, joined()), (0, started()))
    made.take(progress(5), 10)  # half of it took 10 s: 20 s each
    assert made.remaining_s(10) == pytest.approx(2 * 20 - 10)


def test_a_task_that_resumed_is_no_faster_for_it() -> None:
    made = board(
        (0, opened(tasks=2, left={0: 2})), (0, joined()), (0, started(resumed=6, share=0.6))
    )
    made.take(progress(8), 4)  # two iterations of ten took 4 s: 20 s each, and 12 s were saved
    assert made.remaining_s(4) == pytest.approx(2 * 20 - 12 - 4)


def test_small_pictures_first_are_not_taken_for_half_of_the_work() -> None:
    made = board((0, opened(tasks=1, left={0: 1})), (0, joined()), (0, started()))
    made.take(progress(5, share=0.1), 4)  # five of ten iterations, but a tenth of the pixels
    assert made.remaining_s(4) == pytest.approx(40 - 4)


def test_a_finished_task_that_resumed_tells_what_a_whole_one_takes() -> None:
    made = board(
        (0, opened(tasks=2, left={0: 2})), (0, joined()), (0, started(resumed=6, share=0.6))
    )
    made.take(finished(seconds=8), 8)  # four iterations of ten
    assert made.remaining_s(8) == pytest.approx(20)
