"""What went wrong in a job, and where? Gathered from its log, by node and cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.history import GIVEN_UP, STARTED

FAILED, ENDED = "failed", ("retried", GIVEN_UP)
REFUSED = "refused"
"""A node got no tasks, for what its workers run."""


@dataclass(slots=True)
class Mishap:
    """All failures of one cause on one node; the reason, frame and traceback are the last one's."""

    node: str
    cause: str
    times: int = 0
    tasks: set[str] = field(default_factory=set)
    reason: str = ""
    last_task: str = ""
    traceback: str = ""


def mishaps(records: Iterable[Mapping[str, Any]]) -> list[Mishap]:
    """What the records tell of failures, the most frequent first.

    An attempt counts once: as its worker told of it, or else (the worker was lost) as it ended.
    """
    found: dict[tuple[str, str], Mishap] = {}
    nodes: dict[str, str] = {}  # task -> where its last attempt began
    told: dict[str, Any] = {}  # task -> the last attempt of which a worker told
    for record in records:
        event, task = record["event"], str(record.get("task", ""))
        if event == STARTED:
            nodes[task] = str(record.get("node", ""))
        if event == FAILED:
            told[task] = record.get("attempt")
        untold = event in ENDED and told.get(task) != record.get("attempt")
        if untold or event in (FAILED, REFUSED):
            _count(found, record, str(record.get("node") or nodes.get(task, "")))
    return sorted(found.values(), key=lambda one: (-one.times, one.node, one.cause))


def _count(found: dict[tuple[str, str], Mishap], record: Mapping[str, Any], node: str) -> None:
    cause, task = str(record.get("cause", "")), str(record.get("task", ""))
    one = found.setdefault((node, cause), Mishap(node, cause))
    one.times += 1
    if task:
        one.tasks.add(task)
    one.reason, one.last_task = str(record.get("reason", "")), task
    one.traceback = str(record.get("traceback", ""))
