"""How much may go wrong? Of a task, before it is given up; of a node; of the whole job."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from jobs.messages import Cause
from renderer.errors import SettingError
from renderer.settings import Knob, check

_AMOUNT = re.compile(r"(\d+)|(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """How often a task is tried again, by what went wrong."""

    error: Annotated[int, Knob("times a task is tried again after an error", ge=0, le=1000)] = 1
    worker_lost: Annotated[
        int, Knob("times a task is tried again after its worker was lost", ge=0, le=1000)
    ] = 10
    preempted: Annotated[
        int, Knob("times a task is tried again after its node was taken away", ge=0, le=1000)
    ] = 100
    out_of_memory: Annotated[
        int, Knob("times a task is tried again after memory ran out", ge=0, le=1000)
    ] = 2

    def __post_init__(self) -> None:
        check(self)

    def of(self, cause: Cause) -> int:
        """Retries allowed after failures with this cause."""
        if cause in (Cause.INPUT, Cause.DIVERGED):
            return int(cause is Cause.DIVERGED)
        return int(getattr(self, cause.value))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a job puts up with before it blocks a node, kills a worker, or stops early."""

    max_failed: Annotated[
        str,
        Knob(
            "tasks that may fail before nothing more is started: a count like 20, or a share of "
            "all tasks like 10%; empty: any number"
        ),
    ] = ""
    block_after: Annotated[
        int,
        Knob(
            "a node where so many different tasks have failed in a row gets no more for a while, "
            "if there are other nodes; 0: never",
            ge=0,
            le=1000,
        ),
    ] = 3
    blocked_seconds: Annotated[
        float, Knob("how long a blocked node gets no tasks", unit="s", ge=0, le=1e6)
    ] = 300.0
    silence_seconds: Annotated[
        float | None,
        Knob(
            "a worker that tells nothing for so long is killed, and its task is rendered "
            "elsewhere; null: never",
            unit="s",
            gt=0,
            le=1e6,
        ),
    ] = 120.0
    start_seconds: Annotated[
        float | None,
        Knob(
            "a worker that hasn't come up after so long is killed, and another is started in its "
            "place, with twice as long; null: never",
            unit="s",
            gt=0,
            le=1e6,
        ),
    ] = 300.0
    yield_seconds: Annotated[
        float,
        Knob(
            "how long a worker may render on when it is to be given to another job, or its node "
            "is drained, before it stops at a checkpoint",
            unit="s",
            ge=0,
            le=1e6,
        ),
    ] = 30.0

    def __post_init__(self) -> None:
        check(self)
        if self.max_failed and _share(self.max_failed) is None:
            raise SettingError(
                f"max_failed: must be a count like 20 or a share like 10%, not {self.max_failed!r}"
            )

    def exceeded(self, failed: int, total: int | None) -> bool:
        """Whether so many failed tasks are too many; of how many, may not be known yet."""
        share = _share(self.max_failed)
        if share is None:
            return False
        count, percent = share
        if percent is None:
            return failed > count
        return total is not None and failed * 100 > percent * total


def _share(text: str) -> tuple[int, float | None] | None:
    """A count, or else per cent."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        return None
    count, percent = match.groups()
    share = None if percent is None else float(percent)
    return (int(count or 0), share) if share is None or share <= 100 else None
