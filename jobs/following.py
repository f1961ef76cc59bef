"""What is new in a workspace's log? For those who read along while its driver writes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from jobs.log import LOG, SEGMENTS, in_segments, parsed
from jobs.storage import Storage


class Follower:
    """Reads a log from its beginning, and goes on where it stood."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._read: dict[str, int] = {}  # bytes of each of the log's files

    def skip(self) -> None:
        """What the log says by now is no news."""
        with self._storage.told():
            for name in self._names():
                self._fresh(name)

    def news(self) -> Iterator[dict[str, Any]]:
        """The records since the last call; a line that is still being written comes later.

        WorkspaceError if the log can't be read.
        """
        with self._storage.told():
            for name in self._names():
                yield from parsed(io.BytesIO(self._fresh(name)))

    def _names(self) -> list[str]:
        """The log's files that may have grown: of the segments, the last one known and later."""
        names = in_segments(self._storage.files(SEGMENTS))
        known = [name for name in names if name in self._read]
        return [*(name for name in names if not known or name >= known[-1]), LOG]

    def _fresh(self, name: str) -> bytes:
        """The whole lines that a file has beyond those read before."""
        start = self._read.get(name, 0)
        try:
            data = self._storage.read(name, start)
        except FileNotFoundError:
            return b""
        lines = data[: data.rfind(b"\n") + 1]
        self._read[name] = start + len(lines)
        return lines
