"""What is said, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import notices as n
from cluster import phrases
from cluster.board import Row
from tests.cluster.watching import ended, failed, finished, opened


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (3.44, "3.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (123, "2 min 3 s"),
        (3599.6, "1 h 0 min"),
        (4830, "1 h 20 min"),
        (360_000, "100 h 0 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert phrases.duration(seconds) == words


def test_speed_turns_around_below_one() -> None:
    fast = Row("w", "n", "cpu", iteration=9, first=(1, 0.0), last=2.0)
    slow = Row("w", "n", "cpu", iteration=2, first=(1, 0.0), last=4.0)
    assert (phrases.speed(fast), phrases.speed(slow)) == ("4.0 it/s", "4.0 s/it")
    assert phrases.speed(Row("w", "n", "cpu")) == ""


def test_what_is_left() -> None:
    assert phrases.eta(None) == phrases.eta(0.4) == ""
    assert phrases.eta(61.2) == ", about 1 min 1 s left"


def test_a_finished_frame() -> None:
    assert phrases.finished_line(finished(seconds=3.21)) == "a.png  3.2 s  objective 12.3"


def test_failures_name_cause_and_node() -> None:
    assert phrases.failed_line(failed()) == "failed a.png (conv2): error: it broke [desk]"


def test_an_unreadable_picture_is_named_once() -> None:
    assert phrases.unreadable_line("a.png", "a.png is torn") == "left out a.png is torn"
    assert phrases.unreadable_line("a.png", "torn") == "left out a.png: torn"


def test_beginning_and_end() -> None:
    assert phrases.opened_line(opened(1)) == "harbour: 1 task, into /far/harbour"
    assert "4 tasks, 2 of them finished before" in phrases.opened_line(opened(finished=2))
    assert phrases.ended_line(ended()) == "4 of 4 tasks done in 2 min 3 s: /far/harbour"
    assert phrases.ended_line(ended(finished=3, failed=1)).startswith("3 of 4 tasks done, 1 failed")
    assert "the same command goes on" in phrases.ended_line(ended(finished=1, interrupted=True))


def test_paths_are_short_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert phrases.shown(str(tmp_path / "renders" / "a")) == str(Path("renders") / "a")
    assert phrases.shown("/elsewhere/a") == "/elsewhere/a"


def test_why_tasks_are_rendered_again_is_told_in_few_lines() -> None:
    assert phrases.again_lines([("seed", 1), ("size 40 → 30", 1_200)]) == [
        "1 task again: seed",
        "1,200 tasks again: size 40 → 30",
    ]
    lines = phrases.again_lines([(f"input {n}.png changed", 2) for n in range(20)])
    assert len(lines) == phrases.REASONS_SHOWN + 1
    assert lines[-1] == "24 tasks again for 12 other reasons"


def test_how_a_job_stands_beside_others() -> None:
    assert phrases.allowed_line(1, 1) == "1 worker, by itself"
    assert phrases.allowed_line(3, 2) == "3 workers, beside 1 other job"
    assert phrases.allowed_line(0, 4) == "no worker for now, beside 3 other jobs"
    assert phrases.demands_line(80, None) == "priority 80"
    assert phrases.demands_line(50, 1) == "priority 50, at most 1 worker"
    begun = n.WaitingFor(job="renders/a", tasks=10, finished=3)
    assert phrases.waiting_line(begun) == "waiting for renders/a: 3 of 10 tasks done"
    missing = n.WaitingFor(job="renders/a", tasks=0, finished=0)
    assert phrases.waiting_line(missing) == "waiting for renders/a: not begun yet"
