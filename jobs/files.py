"""How does a file get into a folder for good? Under a temporary name, forced to disk, renamed.

So a file with its own name is whole. Temporary names begin alike and lie beside their targets:
what a process that died was writing is known by its name. This is a workspace's storage on disks
of this machine, and on those it shares (``jobs.storage``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from jobs import log
from jobs.lock import LOCK, Holder, Lock, holder
from jobs.storage import TEMPORARY, Sizes, checked
from renderer.errors import WorkspaceError

FOLDERS_KNOWN = 512
"""So many folders are known to be there without looking."""


class Files:
    """The files of one folder, by their names within it (``frames/1-dream/a.png``)."""

    look_s = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder, str(folder)
        self._numbers = count()
        self._made: set[str] = set()

    def path(self, name: str) -> Path:
        """A file in the folder. WorkspaceError for a name that leads out of it."""
        return self.folder.joinpath(*checked(name, self.place))

    def address(self, name: str) -> str:
        """The same, as text."""
        return str(self.path(name))

    def read(self, name: str, start: int = 0) -> bytes:
        """A file's contents, from a byte on. FileNotFoundError if it isn't there."""
        with self.path(name).open("rb") as file:
            file.seek(start)
            return file.read()

    def exists(self, name: str) -> bool:
        """Whether a file is there at this moment."""
        return self.path(name).exists()

    def write(self, files: Mapping[str, bytes]) -> None:
        """Puts files in their places, one after the other."""
        for name, data in files.items():
            with self.writing(name) as path:
                path.write_bytes(data)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A temporary path to write to; it becomes the file of that name if nothing fails."""
        target = self.path(name)
        with self.told():
            temporary = self.temporary(target)
            try:
                yield temporary
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def temporary(self, target: Path) -> Path:
        """A free name beside the target, with its suffix; the folder is made if need be."""
        folder = os.path.dirname(target)
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)
            if len(self._made) >= FOLDERS_KNOWN:  # every task has one of its own for artefacts
                self._made.clear()
            self._made.add(folder)
        return target.parent / f"{TEMPORARY}{os.getpid()}-{next(self._numbers)}{target.suffix}"

    def alias(self, moves: Sequence[tuple[str, str]]) -> None:
        """Gives files further names: links, or copies where the file system knows none.

        All links are made before the first name is taken, so that two files can change places.
        """
        links = []
        for have, wanted in moves:
            target = self.path(wanted)
            links.append((self.temporary(target), target))
            _link(self.path(have), links[-1][0])
        for temporary, target in links:
            os.replace(temporary, target)

    def remove(self, names: Iterable[str]) -> None:
        """Removes files; one that isn't there is passed over."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def files(self, below: str = "") -> Iterator[str]:
        """Names of all files below a folder; without one, of those right in this one."""
        start = len(self.place) + 1
        top = f"{self.place}/{below}" if below else self.place
        for place, folders, names in os.walk(top, onerror=_unless_missing):
            if not below:
                folders.clear()
            yield from (f"{place}/{name}"[start:] for name in names)

    def sizes(self) -> Sizes:
        """What files' sizes are when they are asked for."""
        folder = self.place

        def size(name: str) -> int | None:  # not by pathlib: there may be 20,000
            try:
                return os.stat(f"{folder}/{name}").st_size
            except OSError:
                return None

        return size

    def freed(self, names: Sequence[str]) -> list[int | None]:
        """The bytes that each removal frees: of a file with several names, the last one's."""
        links: dict[int, int] = {}
        found: list[int | None] = []
        for name in names:
            try:
                state = self.path(name).stat()
            except FileNotFoundError:
                found.append(None)
                continue
            links[state.st_ino] = links.get(state.st_ino, 0) + 1
            found.append(state.st_size if links[state.st_ino] == state.st_nlink else 0)
        return found

    def lock(self) -> Lock:
        """The folder's lock, taken; the folder is made. WorkspaceError if another has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return Lock(self.folder / LOCK)

    def holder(self) -> Holder | None:
        """Who drives the workspace."""
        return holder(self.folder / LOCK)

    def log(self) -> log.Log:
        """The log, to be appended to."""
        return log.Log(self.folder / log.LOG)

    def records(self) -> Iterator[dict[str, Any]]:
        """The whole records of the log, oldest first; none if there is no log.

        Those of a bucket that was copied here come first.
        """
        for name in log.in_segments(self.files(log.SEGMENTS)):
            yield from log.records(self.path(name))
        yield from log.records(self.folder / log.LOG)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turns what fails inside into a WorkspaceError that says what to do."""
        try:
            yield
        except OSError as error:
            raise WorkspaceError(f"{self.folder}: {_advice(error)}") from error


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _link(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _advice(error: OSError) -> str:
    what = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full ({what}); make room and run the same command again: it goes on"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"a file is where a folder should be ({what}); choose another folder with --out"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"can't be written ({what}); choose another folder with --out"
    return f"can't be used ({what})"
