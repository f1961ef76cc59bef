"""Is a workspace's driver to wait? A file called ``paused`` says so, whoever puts it there.

It reaches drivers on other hosts that see the same files, and needs no process to be found.
"""

from __future__ import annotations

from jobs.storage import Storage

PAUSED = "paused"


def paused(storage: Storage) -> bool:
    """Whether the workspace's driver is to wait."""
    return storage.exists(PAUSED)


def pause(storage: Storage) -> None:
    """Has the driver stop what runs, and wait. OSError if it can't be told."""
    storage.write({PAUSED: b""})


def resume(storage: Storage) -> bool:
    """Has the driver go on; whether it was to wait. OSError if it can't be told."""
    was = paused(storage)
    if was:
        storage.remove([PAUSED])
    return was
