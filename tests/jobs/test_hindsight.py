"""What was foretold beside what it took, from a log's own records."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.hindsight import Hindsight, hindsight
from jobs.history import FINISHED, History
from jobs.styling import Styling


def logged(**seconds: tuple[float, int]) -> History:
    """Finished tasks: how long each took, and the iteration that it went on from."""
    history = History()
    for task, (took, resumed) in seconds.items():
        facts: dict[str, Any] = {"seconds": took, "resumed": resumed, "iterations": 10}
        history.remember(
            {"event": FINISHED, "task": task, "files": [f"frames/{task}.png"], **facts}
        )
    return history


def foretold(**seconds: float | None) -> dict[str, Styling]:
    told = {task: SimpleNamespace(seconds=each) for task, each in seconds.items()}
    return cast("dict[str, Styling]", told)


def test_finished_tasks_are_added_up() -> None:
    found = hindsight({"a", "b"}, logged(a=(8, 0), b=(2, 0)).results, foretold(a=9, b=3, c=99))
    assert found == Hindsight(tasks=2, foretold_seconds=12, took_seconds=10)
    assert math.isclose(found.off, 0.2)


@pytest.mark.parametrize(
    ("history", "known"),
    [
        (logged(a=(8, 5)), foretold(a=9.0)),  # it went on from a checkpoint
        (logged(a=(8, 0)), foretold(a=None)),  # nothing was measured here
        (logged(a=(0, 0)), foretold(a=9.0)),  # an older log doesn't tell
        (logged(a=(8, 0)), foretold(b=9.0)),
    ],
)
def test_what_can_not_be_compared_is_left_out(history: History, known: dict[str, Styling]) -> None:
    assert hindsight(set(history.results), history.results, known) is None


def test_an_unfinished_task_is_not_compared() -> None:
    assert hindsight(set(), logged(a=(8, 0)).results, foretold(a=9)) is None
