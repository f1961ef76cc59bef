"""Which picture files are what they were when they were last looked at?

A job that goes on reads no file again that hasn't changed: of every folder of many pictures a
record is kept in the user's cache, which holds digest and size of each file, with what the system
says of it (length, inode, times of change of contents and of the file itself). A file that was
changed only moments before it was looked at is not recorded: it might change once more within the
same tick of the system's clock. All this saves time and nothing else. A record that is damaged, or
can't be written, is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.images import MAX_PIXELS
from renderer.weights import cache_dir

FEWEST = 100
"""Folders of fewer pictures are looked at anew each time: that takes no time."""

UNSURE_NS = 2_000_000_000
"""How long a file must have been left alone to be recorded; some systems count in 2 s."""

_HEAD = {"version": 1, "max_pixels": MAX_PIXELS}
_Row = list[Any]
"""A file's stamp and facts: length, inode, two times in ns; digest, frames, height, width."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file of pictures holds: its bytes' digest, how many frames, their (height, width)."""

    digest: str
    frames: int
    size: tuple[int, int]


class Seen:
    """What is known of some files; ``save`` keeps what was learned of them."""

    def __init__(self, paths: Sequence[str]) -> None:
        counts = Counter(os.path.dirname(path) for path in paths if "://" not in path)
        folders = [folder for folder, count in counts.items() if count >= FEWEST]
        self._known: dict[str, dict[str, _Row]] = {folder: _load(folder) for folder in folders}
        self._learned: set[str] = set()

    def facts(self, path: str, inspect: Callable[[str], Facts]) -> Facts:
        """What the file holds, by ``inspect`` if it isn't known. Raises what that raises."""
        folder, name = os.path.split(path)
        known = self._known.get(folder)
        if known is None:
            return inspect(path)
        stamp = _stamp(path)
        row = known.get(name)
        if row is not None and stamp == row[:4]:
            return Facts(row[4], row[5], (row[6], row[7]))
        found = inspect(path)
        if stamp is not None and time.time_ns() - max(stamp[2:]) > UNSURE_NS:
            known[name] = [*stamp, found.digest, found.frames, *found.size]
            self._learned.add(folder)
        return found

    def save(self) -> None:
        """Keep what was learned, and nothing of files that are no longer there."""
        for folder in self._learned:
            try:
                there = set(os.listdir(folder))
                rows = {name: row for name, row in self._known[folder].items() if name in there}
                _write(_record(folder), json.dumps({**_HEAD, "folder": folder, "files": rows}))
            except OSError as error:
                logging.getLogger("reverie.jobs").info("nothing is kept of %s: %s", folder, error)


def forget(path: str) -> None:
    """Drop what is known of the files in a file's folder: one isn't what it was taken for."""
    with contextlib.suppress(OSError):
        _record(os.path.dirname(path)).unlink()


def _stamp(path: str) -> list[int] | None:
    try:
        told = os.stat(path)
    except OSError:
        return None
    return [told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns]


def _record(folder: str) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:32]
    return cache_dir().parent / "pictures" / f"{name}.json"


def _load(folder: str) -> dict[str, _Row]:
    """The rows of a folder's record: none if there is none, or it is of another kind."""
    try:
        digest, _, text = _record(folder).read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            return {}
        record = json.loads(text)
    except (OSError, ValueError):
        return {}
    return dict(record["files"]) if {**record, **_HEAD} == record else {}


def _write(path: Path, text: str) -> None:
    """Put a record in its place, behind its digest; another process may do so too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    temporary.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
    os.replace(temporary, path)
