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
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from renderer.cache import cache_home
from renderer.decoding import MAX_PIXELS
from renderer.errors import ImageError

FEWEST = 100
"""Folders of fewer pictures are looked at anew each time: that takes no time."""

UNSURE_NS = 2_000_000_000
"""How long a file must have been left alone to be recorded; some systems count in 2 s."""

LOOKERS, AHEAD = 8, 64
"""Files that are looked at side by side, and how many at most before what they hold is wanted."""

_HEAD = {"version": 2, "max_pixels": MAX_PIXELS}
_Row = bytes
"""A file's stamp (length, inode, two times in ns) and facts (digest, frames, height, width), with
blanks between: of 100,000 files not parsed until it is asked for, it takes half the memory."""


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

    def each(
        self, paths: Iterable[str], inspect: Callable[[str], Facts]
    ) -> Iterator[Facts | ImageError]:
        """What each file holds, in this order, or why it is no picture.

        Several that aren't known are looked at together: it is disks and networks that take time.
        """
        with ThreadPoolExecutor(LOOKERS) as pool:
            ahead: deque[Facts | Future[Facts]] = deque()
            for path in paths:
                ahead.append(self._recalled(path) or pool.submit(self.facts, path, inspect))
                if len(ahead) > AHEAD:
                    yield _told(ahead.popleft())
            while ahead:
                yield _told(ahead.popleft())

    def facts(self, path: str, inspect: Callable[[str], Facts]) -> Facts:
        """What the file holds, by ``inspect`` if it isn't known. Raises what that raises."""
        if (known := self._recalled(path)) is not None:
            return known
        folder, name = os.path.split(path)
        if folder not in self._known:
            return inspect(path)
        stamp = _stamp(path)
        found = inspect(path)
        if stamp is not None and time.time_ns() - max(stamp[2:]) > UNSURE_NS:
            self._known[folder][name] = _line([*stamp, found.digest, found.frames, *found.size])
            self._learned.add(folder)
        return found

    def _recalled(self, path: str) -> Facts | None:
        """What is known of a file; nothing if it has changed since."""
        folder, name = os.path.split(path)
        row = self._known.get(folder, {}).get(name)
        stamp = _stamp(path) if row is not None else None
        if row is None or stamp is None or not row.startswith(_line(stamp)):
            return None
        digest, frames, height, width = row.split()[len(stamp) :]
        return Facts(digest.decode(), int(frames), (int(height), int(width)))

    def save(self) -> None:
        """Keep what was learned, and nothing of files that are no longer there."""
        for folder in self._learned:
            try:
                there = set(os.listdir(folder))
                rows = (item for item in self._known[folder].items() if item[0] in there)
                _write(_record(folder), folder, rows)
            except OSError as error:
                logging.getLogger("reverie.jobs").info("nothing is kept of %s: %s", folder, error)


def forget(path: str) -> None:
    """Drop what is known of the files in a file's folder: one isn't what it was taken for."""
    with contextlib.suppress(OSError):
        _record(os.path.dirname(path)).unlink()


def _told(found: Facts | Future[Facts]) -> Facts | ImageError:
    try:
        return found if isinstance(found, Facts) else found.result()
    except ImageError as error:
        return error


def _stamp(path: str) -> list[int] | None:
    try:
        told = os.stat(path)
    except OSError:
        return None
    return [told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns]


def _record(folder: str) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:32]
    return cache_home() / "pictures" / f"{name}.json"


def _line(items: Iterable[object]) -> bytes:
    return b"".join(f"{item} ".encode() for item in items)


def _head(folder: str) -> bytes:
    return json.dumps({**_HEAD, "folder": folder}).encode()


def _load(folder: str) -> dict[str, _Row]:
    """The rows of a folder's record: none if there is none, or it is of another kind."""
    try:
        with _record(folder).open("rb") as file:
            digest, found = file.readline().strip(), hashlib.sha256()
            head = file.readline()
            found.update(head)
            rows = {}
            for line in file:
                found.update(line)
                name, _, row = line.partition(b"\t")
                rows[json.loads(name)] = row.strip(b"\n")
    except (OSError, ValueError):
        return {}
    whole = found.hexdigest().encode() == digest
    return rows if whole and head.strip() == _head(folder) else {}


def _write(path: Path, folder: str, rows: Iterable[tuple[str, _Row]]) -> None:
    """Put a record in its place, behind its digest; another process may do so too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [_head(folder), *(json.dumps(name).encode() + b"\t" + row for name, row in rows)]
    data = b"\n".join(lines) + b"\n"
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    temporary.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
    os.replace(temporary, path)
