"""Did style transfers take the time that was foretold of them? Asked once they are finished."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from jobs.history import Result
from jobs.styling import Styling


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What so many finished tasks took, and what the plan makes of them now; seconds of a slot."""

    tasks: int
    foretold_seconds: float
    took_seconds: float

    @property
    def off(self) -> float:
        """How far the foretold time is above (+) or below (-) what they took, as a share of it."""
        return self.foretold_seconds / self.took_seconds - 1


def hindsight(
    done: Collection[str], results: Mapping[str, Result], stylings: Mapping[str, Styling]
) -> Hindsight | None:
    """Foretold and real time of finished tasks; None if there are none to compare.

    Those that went on from a checkpoint don't count: no log knows their whole time.
    """
    found = [
        (styling.seconds, results[task].seconds)
        for task, styling in stylings.items()
        if task in done and not results[task].resumed
    ]
    known = [(foretold, took) for foretold, took in found if foretold is not None and took > 0]
    if not known:
        return None
    return Hindsight(len(known), *(sum(column) for column in zip(*known, strict=True)))
