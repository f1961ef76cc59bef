"""What is a finding of `reverie doctor`? Something that was looked at, and how it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Grade = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``bad`` keeps jobs from running.

    Of a cluster's node there is also a ``row`` for people, and ``facts`` for scripts.
    """

    grade: Grade
    about: str
    text: str
    row: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None

    def as_data(self) -> dict[str, Any]:
        """The finding for scripts."""
        told: dict[str, Any] = {"grade": self.grade, "about": self.about, "text": self.text}
        return told if self.facts is None else {**told, "node": dict(self.facts)}
