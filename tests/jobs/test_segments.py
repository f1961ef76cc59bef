"""The log in segments: what was settled is read again, in order, whatever happens after."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import segments
from jobs.objects import Objects
from jobs.segments import SegmentLog, records
from renderer.errors import WorkspaceError
from tests.jobs.stores import store

_drivers = itertools.count()


def objects() -> Objects:
    return store("memory", Path(), str).objects()


def numbers(place: Objects) -> list[int]:
    return [record["number"] for record in records(place)]


def test_what_was_settled_is_read_in_order_whoever_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers append, settle, and die or close: what was settled is there, and no gaps are."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 300)
    monkeypatch.setattr(segments, "PUT_S", 1000.0)
    steps = st.lists(st.sampled_from(["append", "settle", "die", "close"]), max_size=40)

    @settings(max_examples=60, deadline=None)
    @given(steps)
    def check(steps: list[str]) -> None:
        place, expected, pending, driver = objects(), [], [], 1
        log, count = SegmentLog(place, driver), itertools.count()
        for step in steps:
            if step == "append":
                pending.append(next(count))
                log.append("counted", number=pending[-1])
                continue
            if step == "settle":
                log.settle()
            elif step == "close":
                log.close()
            if step != "die":
                expected += pending
            pending = []
            if step in ("die", "close"):
                driver += 1
                log = SegmentLog(place, driver)
            assert numbers(place) == expected

    check()


def test_a_full_segment_is_left_and_a_new_one_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 200)
    place = objects()
    log = SegmentLog(place, 3)
    for number in range(20):
        log.append("counted", number=number, text="ö\n")
        log.settle()
    log.close()
    sizes = place.sizes("log")
    assert min(sizes) == "log/000003-000001.jsonl"
    assert len(sizes) == 5
    assert max(sizes.values()) < 300
    assert numbers(place) == list(range(20))


def test_records_are_put_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "PUT_S", 0.02)
    place = objects()
    log = SegmentLog(place, 1)
    log.append("counted", number=7)
    deadline_s = time.monotonic() + 5
    while not numbers(place) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert numbers(place) == [7]
    log.close()


def test_who_has_lost_the_lease_puts_nothing() -> None:
    def lost() -> None:
        raise WorkspaceError("was taken over")

    place = objects()
    log = SegmentLog(place.fenced(lost), 1)
    log.append("counted", number=1)
    with pytest.raises(WorkspaceError, match="taken over"):
        log.close()
    assert place.sizes() == {}


def test_strangers_files_are_no_segments() -> None:
    place = objects()
    log = SegmentLog(place, 1)
    log.append("counted", number=1)
    log.close()
    place.put("log/notes.jsonl", b'{"event":"counted","number":9}\n')
    assert numbers(place) == [1]
