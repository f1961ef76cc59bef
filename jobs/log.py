"""What has happened in a workspace? One JSON object a line, only ever appended.

A line that was cut, or that is garbage, is passed over, and what follows it is read: no crash of a
driver or of a machine makes the log unreadable. ``at`` is the wall clock, for people; nothing is
decided by it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

LOG, SEGMENTS = "log.jsonl", "log"
"""The file of a log, and the folder of its segments where nothing can be appended to."""

SYNC_SECONDS = 1.0
"""How long a record may wait to be forced to the disk. It survives the driver's death at once."""

_SEGMENT = re.compile(rf"{SEGMENTS}/[0-9]{{6,}}-[0-9]{{6,}}\.jsonl")


class Log:
    """The log of one workspace, open for appending."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._torn = not _ends_whole(path)
        self._synced_s = time.monotonic()

    def append(self, event: str, **facts: Any) -> None:
        """Adds a record. OSError if it can't be written."""
        text = line(event, facts)
        if self._torn:  # begin on a line of its own, whatever was left behind
            text = b"\n" + text
        self._torn = True
        rest = memoryview(text)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._torn = False
        if time.monotonic() - self._synced_s > SYNC_SECONDS:
            self.sync()

    def settle(self) -> None:
        """Nothing is to be done: what was appended outlives this process."""

    def sync(self) -> None:
        """Forces all records to the disk."""
        os.fsync(self._file.fileno())
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Forces all records to the disk and closes the file."""
        try:
            self.sync()
        finally:
            self._file.close()


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole records of a log, oldest first; none if there is no log."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        yield from parsed(file)


def in_segments(names: Iterable[str]) -> list[str]:
    """Those of some files that are segments of a log (jobs.segments), oldest first."""
    return sorted(name for name in names if _SEGMENT.fullmatch(name))


def line(event: str, facts: Mapping[str, Any]) -> bytes:
    """A record of what happens now."""
    record = {"at": round(time.time(), 3), "event": event, **facts}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The whole records among some lines."""
    for text in lines:
        try:
            record = json.loads(text)
        except ValueError:  # cut or damaged (bytes that are no UTF-8 too)
            continue
        if isinstance(record, dict) and isinstance(record.get("event"), str):
            yield record


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
