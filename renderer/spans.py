"""Ranges of positions along an axis, and the rectangles that two of them make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of positions along one axis."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return max(0, self.stop - self.start)

    def within(self, outer: Span) -> slice:
        """This span as a slice of an array that covers ``outer``."""
        return slice(self.start - outer.start, self.stop - outer.start)

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    def overlap(self, other: Span) -> Span:
        """What both hold; of length 0 where that is nothing."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.stop, other.stop)))


def hull(spans: Iterable[Span]) -> Span:
    """The least span that holds all of some (one or more) spans; empty ones don't count."""
    held = [span for span in spans if span.length]
    if not held:
        return Span(0, 0)
    return Span(min(span.start for span in held), max(span.stop for span in held))


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of positions: its rows and its columns."""

    rows: Span
    columns: Span

    @classmethod
    def whole(cls, size: tuple[int, int]) -> Region:
        """All of a picture of (height, width)."""
        return cls(Span(0, size[0]), Span(0, size[1]))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.rows.length, self.columns.length

    @property
    def area(self) -> int:
        return self.rows.length * self.columns.length

    @property
    def slices(self) -> tuple[slice, slice]:
        """To index the last two axes of an array that covers everything."""
        return self.rows.slice, self.columns.slice

    def within(self, outer: Region) -> tuple[slice, slice]:
        """To index the last two axes of an array that covers ``outer``."""
        return self.rows.within(outer.rows), self.columns.within(outer.columns)

    def overlap(self, other: Region) -> Region:
        """What both hold; of area 0 where that is nothing."""
        return Region(self.rows.overlap(other.rows), self.columns.overlap(other.columns))
