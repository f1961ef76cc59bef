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
from pathlib import Path
from typing import Any

from renderer.errors import WorkspaceError


class Lock:
    """A workspace's lock, held until ``release``. WorkspaceError if another driver has it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._take(path)
        except BaseException:
            os.close(self._handle)
            raise

    def release(self) -> None:
        """Lets others have the workspace. The file stays, empty: removing it would be a race."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkspaceError(
                f"{path.parent}: is being rendered by {_holder(self._read())}; wait for it, "
                "stop it, or choose another folder with --out"
            ) from error
        holder = self._read()
        if holder and holder.get("host") != socket.gethostname():
            raise WorkspaceError(
                f"{path.parent}: is held by {_holder(holder)}; if that is over, delete {path}"
            )
        own = {"host": socket.gethostname(), "process": os.getpid(), "since": round(time.time())}
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps(own).encode(), 0)
        os.fsync(self._handle)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(os.pread(self._handle, 4096, 0))
        except ValueError:  # empty: free; cut: its writer died while taking it
            return {}
        return found if isinstance(found, dict) else {}


def _holder(found: dict[str, Any]) -> str:
    return f"process {found.get('process', '?')} on {found.get('host', 'an unknown host')}"
