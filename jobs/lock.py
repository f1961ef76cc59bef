"""Who drives a workspace? One process at a time; the lock file says which, and on which host.

The kernel holds the lock (flock), so it goes with its process however that dies, and a lock that
was left behind on this host is simply taken over. Where the file names another host, which flock
may not reach, the lock is respected.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from renderer.errors import WorkspaceError

LOCK = "lock"
"""The name of the lock file."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who drives a workspace, since when (seconds since 1970)."""

    host: str
    process: int
    since: float

    def __str__(self) -> str:
        return f"process {self.process or '?'} on {self.host or 'an unknown host'}"


class Lock:
    """A workspace's lock, held until ``release``. WorkspaceError if another driver has it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._take(path)
        except BaseException:
            os.close(self._handle)
            raise

    def check(self) -> None:
        """Nothing takes a lock from a process that lives."""

    def release(self) -> None:
        """Lets others have the workspace. The file stays, empty: removing it would be a race."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = self._read() or "another process"
            other = self._read() or "another process"
            raise WorkspaceError(
                f"{path.parent}: is being rendered by {other}; wait for it, stop it, or choose "
                "another folder with --out"
            ) from error
        holder = self._read()
        if holder is not None and holder.host != socket.gethostname():
            raise WorkspaceError(
                f"{path.parent}: is held by {holder}; if that is over, delete {path}"
            )
        own = {"host": socket.gethostname(), "process": os.getpid(), "since": round(time.time())}
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps(own).encode(), 0)
        os.fsync(self._handle)

    def _read(self) -> Holder | None:
        return _parsed(os.pread(self._handle, 4096, 0))


def holder(path: Path) -> Holder | None:
    """Who drives, by the lock file; None if no one does. The lock itself isn't touched.

    A process on another host is taken at its word. OSError if the file can't be read.
    """
    try:
        found = _parsed(path.read_bytes())
    except FileNotFoundError:
        return None
    here = found is not None and found.host == socket.gethostname()
    return None if here and found is not None and not lives(found.process) else found


def lives(process: int) -> bool:
    """Whether there is a process of that number on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True


def _parsed(data: bytes) -> Holder | None:
    """The holder that a lock file names: none if it is empty, or its writer died while writing."""
    try:
        found = json.loads(data)
        return Holder(str(found["host"]), int(found["process"]), float(found.get("since", 0)))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
