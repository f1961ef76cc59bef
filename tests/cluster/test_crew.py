"""Who comes and who goes: the workers that are missed least first, and in good time."""

from __future__ import annotations

from typing import Any

from cluster.crew import MARGIN_S, Crew, Moves

GRACE_S = 30.0
HERE = {"worker-1": "n", "worker-2": "n", "worker-3": "n"}


def crew(*sizes: int) -> Crew:
    made = Crew(GRACE_S)
    for size in sizes:
        made.hired(size)
    return made


def moves(made: Crew, wanted: int, **more: Any) -> Moves:
    known: dict[str, Any] = {"nodes": HERE, "busy": (), "deadlines": {}, "now": 0.0}
    return made.moves(wanted, **{**known, **more})


def test_teams_are_hired_until_there_are_as_many_as_are_wanted() -> None:
    made = crew()
    assert moves(made, 2) == Moves(hire=2)
    assert made.hired(2) == ("worker-1", "worker-2")
    assert made.hired(2) == ("worker-3", "worker-4")
    assert moves(made, 2) == Moves()


def test_those_go_first_that_are_missed_least() -> None:
    made = crew(1, 1, 1, 1)  # the fourth isn't up
    assert moves(made, 3, busy={"worker-1", "worker-2"}).leave == ("worker-4",)
    assert moves(made, 2, busy={"worker-1", "worker-2"}).leave == ("worker-3",)
    assert moves(made, 1, busy={"worker-1", "worker-2"}).leave == ("worker-1",)
    assert moves(made, 1, busy={"worker-1", "worker-2"}) == Moves()  # they were told


def test_a_busy_one_may_go_on_for_a_while_and_is_then_stopped_once() -> None:
    made = crew(1, 1)
    busy = set(HERE)
    assert moves(made, 1, busy=busy).leave == ("worker-1",)
    assert moves(made, 1, busy=busy, now=GRACE_S - 1) == Moves()
    assert moves(made, 1, busy=busy, now=GRACE_S).stop == ("worker-1",)
    assert moves(made, 1, busy=busy, now=GRACE_S + 1) == Moves()
    made.gone("worker-1")
    assert moves(made, 2, now=GRACE_S + 2) == Moves(hire=1)
    assert made.hired(1) == ("worker-3",)  # no name is given twice


def test_whoever_is_on_its_way_out_stays_if_it_is_wanted_again() -> None:
    made = crew(1, 1)
    moves(made, 1, busy=set(HERE))
    assert moves(made, 3, busy=set(HERE), now=1.0) == Moves(hire=1, stay=("worker-1",))
    assert moves(made, 2, busy=set(HERE), now=GRACE_S) == Moves()


def test_a_node_that_is_drained_is_left_in_good_time_and_others_come_elsewhere() -> None:
    made, nodes = crew(1, 1), {"worker-1": "n", "worker-2": "m"}
    soon = {"n": MARGIN_S + 10.0}
    first = moves(made, 2, nodes=nodes, busy=set(nodes), deadlines=soon)
    assert first == Moves(hire=1, leave=("worker-1",))
    made.hired(1)
    assert moves(made, 2, nodes=nodes, busy=set(nodes), deadlines=soon, now=9.0) == Moves()
    late = moves(made, 2, nodes=nodes, busy=set(nodes), deadlines=soon, now=10.0)
    assert late == Moves(stop=("worker-1",))


def test_what_is_taken_away_at_once_is_stopped_at_once() -> None:
    made = crew(1)
    found = moves(made, 1, busy=set(HERE), deadlines={"n": 5.0})
    assert found == Moves(hire=1, leave=("worker-1",), stop=("worker-1",))
    # Being wanted again doesn't help: its node goes all the same.
    assert moves(made, 5, busy=set(HERE), deadlines={"n": 5.0}).stay == ()


def test_workers_that_render_together_go_together() -> None:
    made = crew(2, 2)
    nodes = {"worker-1": "a", "worker-2": "b", "worker-3": "c", "worker-4": "c"}
    found = moves(made, 2, nodes=nodes, deadlines={"b": None})
    assert found == Moves(hire=1, leave=("worker-1", "worker-2"))
    made.gone("worker-1")
    made.gone("worker-2")
    assert moves(made, 1, nodes=nodes) == Moves()
