"""Where can a task stand, and how many stand where?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"  # for the tasks it needs
    READY = "ready"
    RUNNING = "running"
    PUBLISHING = "publishing"  # rendered; its files are being written
    FINISHED = "finished"
    FAILED = "failed"
    SKIPPED = "skipped"  # something it needs has failed


LIVE = (State.RUNNING, State.PUBLISHING)
ENDED = (State.FINISHED, State.FAILED, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks are in which state."""

    waiting: int = 0
    ready: int = 0
    running: int = 0
    publishing: int = 0
    finished: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All tasks that were added."""
        ended = self.finished + self.failed + self.skipped
        return ended + self.waiting + self.ready + self.running + self.publishing
