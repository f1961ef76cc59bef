"""The table of losses: the right iterations, whatever is cut and taken up again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from jobs.curves import POINTS, Curve, Losses, LossSettings, gather, read
from renderer.errors import SettingError, WorkspaceError
from renderer.events import Progress


def recorded(
    iterations: int, every: int | None, *, past: bytes = b"", done: int = 0, stop: int | None = None
) -> tuple[Curve, int]:
    """A curve after a run from ``done`` to ``stop``, and how often values were fetched for it."""
    curve = Curve(every, past=past, done=done, clock=ticking())
    fetched = 0
    for iteration in range(done + 1, (stop or iterations) + 1):
        wanted = curve.wanted()
        fetched += wanted
        losses = (("style", iteration / 2),) if wanted else ()
        curve.add(Progress(iteration, iterations, losses))
    return curve, fetched


def ticking() -> Callable[[], float]:
    """A clock that a second passes on at each look."""

    def seconds() -> Iterator[float]:
        second = 0.0
        while True:
            yield second
            second += 1

    return seconds().__next__


def test_a_table_holds_iteration_losses_and_seconds() -> None:
    curve, _ = recorded(3, 1)
    assert curve.csv() == b"iteration,style,seconds\n1,0.5,1.000\n2,1,2.000\n3,1.5,3.000\n"


@pytest.mark.parametrize(
    ("iterations", "every", "expected"),
    [
        (25, 10, [1, 10, 20, 25]),
        (4, None, [1, 2, 3, 4]),
        (1, 7, [1]),
        (5, 0, []),
        (5, 99, [1, 5]),
    ],
)
def test_every_so_manieth_iteration_is_recorded(
    iterations: int, every: int | None, expected: list[int]
) -> None:
    curve, fetched = recorded(iterations, every)
    found = list(read(curve.csv()).iterations) if expected else []
    assert found == expected
    assert curve.grown is False or not expected
    assert fetched == len(expected)


def test_long_runs_fetch_some_hundred_values() -> None:
    curve, fetched = recorded(3600, None)
    assert fetched == POINTS + 1  # the first, and every 18th
    assert read(curve.csv()).iterations[-1] == 3600


def test_what_was_before_a_cut_is_kept_and_nothing_is_doubled() -> None:
    whole = read(recorded(50, 5)[0].csv())
    first, _ = recorded(50, 5, stop=33)  # its checkpoint was taken after iteration 22
    second, _ = recorded(50, 5, past=first.csv(), done=22)
    joined = read(second.csv())
    assert (joined.iterations, joined.values) == (whole.iterations, whole.values)
    assert joined.seconds == tuple(sorted(joined.seconds))
    assert joined.seconds[5] > joined.seconds[4] > 0  # counted on over both attempts


@pytest.mark.parametrize("past", [b"", b"\x00\xff", b"a,b\n1", b"iteration,style,seconds\n1,2"])
def test_a_damaged_table_costs_only_what_was_in_it(past: bytes) -> None:
    curve, _ = recorded(6, 1, past=past, done=3)
    assert read(curve.csv()).iterations == (4, 5, 6)


def test_without_a_checkpoint_the_table_begins_anew() -> None:
    past = recorded(9, 1)[0].csv()
    assert read(recorded(4, 1, past=past)[0].csv()).iterations == (1, 2, 3, 4)


@pytest.mark.parametrize("data", [b"", b"x,y\n1,2", b"iteration,style,seconds\n1,two,3", b"\xff"])
def test_what_is_no_table_is_named(data: bytes) -> None:
    with pytest.raises(WorkspaceError, match=r"a\.csv: is no table of losses"):
        read(data, name="a.csv")


def test_tables_of_many_tasks_are_gathered_in_one() -> None:
    first = Losses((1, 2), {"content": (0.0, 0.25)}, (0.5, 1.0))
    second = Losses((1,), {"objective": (1e6,)}, (3.0,))
    file = io.StringIO()
    assert gather(lambda: iter([("a.png", first), ("b.png", second)]), file) == 2
    assert file.getvalue().splitlines() == [
        "frame,iteration,content,objective,seconds",
        "a.png,1,0,,0.5",
        "a.png,2,0.25,,1",
        "b.png,1,,1000000,3",
    ]


def test_settings_are_checked() -> None:
    assert LossSettings().every is None
    with pytest.raises(SettingError, match="every"):
        LossSettings(every=-1)
