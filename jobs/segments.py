"""How is a log kept where nothing can be appended to? In segments, each put again as it grows.

``log/000003-000001.jsonl`` is the first segment of the driver that had the third lease
(``jobs.lease``): no two drivers ever write the same one. Records are gathered and put at least once
a second, and at once where losing one would have something rendered twice (``settle``). A segment
that has grown large is left as it is, and a new one begun.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

from jobs.log import LOG, SEGMENTS, in_segments, line, parsed
from jobs.objects import Objects

SEGMENT_BYTES = 128 * 1024
"""A segment that has reached this is full: each put writes this much at most, or little more."""

PUT_S = 1.0
"""Longest that a record waits which nobody waits for."""


class SegmentLog:
    """The log of one driver, open for adding to it."""

    def __init__(self, objects: Objects, driver: int) -> None:
        self._objects, self._driver = objects, driver
        self._number = 1
        self._segment, self._put_bytes = bytearray(), 0
        self._changing, self._putting = threading.Lock(), threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._put_on, name="log", daemon=True)
        self._thread.start()

    def append(self, event: str, **facts: Any) -> None:
        """Adds a record, which will be put soon."""
        with self._changing:
            self._segment += line(event, facts)

    def settle(self) -> None:
        """Puts all records so far. OSError or WorkspaceError if they can't be put."""
        with self._putting:
            with self._changing:
                data = bytes(self._segment)
            if len(data) == self._put_bytes:
                return
            self._objects.put(segment(self._driver, self._number), data)
            self._put_bytes = len(data)
            if len(data) >= SEGMENT_BYTES:
                with self._changing:
                    del self._segment[: len(data)]
                self._number, self._put_bytes = self._number + 1, 0

    def close(self) -> None:
        """Puts what is left, and ends."""
        self._closed.set()
        self._thread.join()
        self.settle()

    def _put_on(self) -> None:
        while not self._closed.wait(PUT_S):
            try:
                self.settle()
            except Exception as error:  # whoever waits for a record will hear of it
                logging.getLogger("reverie.log").debug("records wait: %s", error)


def segment(driver: int, number: int) -> str:
    """The name of a driver's segment."""
    return f"{SEGMENTS}/{driver:06}-{number:06}.jsonl"


def adopt(objects: Objects) -> None:
    """Makes the log of a folder that was copied here the first segment."""
    objects.put(segment(0, 1), objects.read(LOG))
    objects.delete([LOG])


def records(objects: Objects) -> Iterator[dict[str, Any]]:
    """The whole records of all drivers, oldest first."""
    for text in objects.read_all(in_segments(objects.sizes(SEGMENTS))):
        yield from parsed(text.splitlines())
