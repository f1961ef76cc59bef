"""What went wrong is counted by node and cause."""

from __future__ import annotations

from typing import Any

from jobs.mishaps import mishaps


def failed(task: str, attempt: int, **facts: Any) -> list[dict[str, Any]]:
    """What the log has of an attempt that its worker told of."""
    told = {"task": task, "attempt": attempt, "cause": "error", "reason": "bad", **facts}
    return [
        {"event": "started", "task": task, "attempt": attempt, "node": facts["node"]},
        {"event": "failed", **told, "traceback": f"trace {attempt}"},
        {"event": "retried", **told},
    ]


def test_an_attempt_counts_once_and_the_last_of_a_kind_is_shown() -> None:
    records = [*failed("t1", 1, node="a"), *failed("t2", 1, node="a"), *failed("t1", 2, node="b")]
    first, second = mishaps(records)
    assert (first.node, first.times, first.tasks, first.last_task) == ("a", 2, {"t1", "t2"}, "t2")
    assert (second.node, second.times, second.traceback) == ("b", 1, "trace 2")


def test_a_lost_worker_counts_where_the_attempt_began() -> None:
    lost = {"task": "t", "attempt": 1, "cause": "worker_lost", "reason": "gone"}
    records = [
        {"event": "started", "task": "t", "attempt": 1, "node": "n7"},
        {"event": "retried", **lost},
        {"event": "started", "task": "t", "attempt": 2, "node": "n8"},
        {"event": "given_up", **lost, "attempt": 2, "node": "n8"},
    ]
    assert [(one.node, one.cause, one.times) for one in mishaps(records)] == [
        ("n7", "worker_lost", 1),
        ("n8", "worker_lost", 1),
    ]
    assert mishaps([{"event": "finished", "task": "t", "attempt": 3}]) == []
