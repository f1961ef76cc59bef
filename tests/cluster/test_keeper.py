"""The keeper's books: what drivers are answered as they come, change, fall silent and go."""

from __future__ import annotations

from cluster.fair import Claim
from cluster.keeper import NEW_S, SILENT_S, Books
from cluster.resources import Node


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def books(cores: int = 4) -> tuple[Books, Clock, list[Node]]:
    clock, nodes = Clock(), [Node("n", cores, id="n")]
    made = Books(lambda: nodes, clock=clock)
    clock.now_s += NEW_S
    return made, clock, nodes


def claim(wanted: int = 9, priority: int = 50, held: int = 0, order: int = 0) -> Claim:
    return Claim(job="any", wanted=wanted, priority=priority, held=held, order=order)


def test_drivers_share_and_have_all_again_when_one_leaves() -> None:
    made, _, _ = books()
    alone = made.report("a", claim())
    assert (alone.workers, alone.jobs, alone.room) == (4, 1, 4)
    assert made.report("b", claim(priority=100)).workers == 3
    assert made.report("a", claim(held=4)).workers == 1
    made.leave("b")
    assert made.report("a", claim(held=1)).workers == 4


def test_a_driver_that_is_silent_is_forgotten() -> None:
    made, clock, _ = books()
    made.report("a", claim())
    clock.now_s += SILENT_S / 2
    assert made.report("b", claim()).workers == 2
    clock.now_s += SILENT_S / 2 + 1
    assert made.report("b", claim()).workers == 4
    assert [one.job for one in made.claims()] == ["b"]


def test_what_changes_counts_from_the_next_report_on() -> None:
    made, _, nodes = books()
    made.report("a", claim())
    made.report("b", claim())
    made.report("a", claim(wanted=1))
    assert made.report("b", claim()).workers == 3
    nodes.append(Node("joined", 2, id="m"))
    assert made.report("b", claim()).workers == 5
    made.report("a", claim(priority=100))
    assert made.report("b", claim()).workers == 2


def test_a_new_keeper_takes_nothing_from_anyone_before_it_knows_of_all() -> None:
    clock = Clock()
    made = Books(lambda: [Node("n", 4, id="n")], clock=clock)
    assert made.report("a", claim(held=3)).workers == 3
    assert made.report("b", claim(held=1)).workers == 1
    assert made.report("new", claim()).workers == 1  # who has nothing may begin
    clock.now_s += NEW_S
    assert made.report("a", claim(held=3)).workers == 2


def test_the_first_to_come_has_the_turn_where_there_is_not_one_worker_for_each() -> None:
    made, _, _ = books(cores=1)
    made.report("z", claim(order=1))
    late = made.report("a", claim(order=2))
    assert (late.workers, late.jobs, late.room) == (0, 2, 1)
    assert made.report("z", claim(held=1, order=1)).workers == 1
