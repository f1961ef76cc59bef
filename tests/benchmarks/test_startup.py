"""Medians are those of each moment."""

from __future__ import annotations

from benchmarks.startup import medians


def test_each_moment_has_its_own_median() -> None:
    runs = [{"a": 1.0, "b": 9.0}, {"a": 3.0, "b": 7.0}, {"a": 2.0, "b": 8.126}]
    assert medians(runs) == {"a": 2.0, "b": 8.13}
