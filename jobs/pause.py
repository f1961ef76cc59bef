"""Is a workspace's driver to wait? A file called ``paused`` says so, whoever puts it there.

It reaches drivers on other hosts that share the file system, and needs no process to be found.
"""

from __future__ import annotations

from pathlib import Path

PAUSED = "paused"


def paused(folder: Path) -> bool:
    """Whether the workspace's driver is to wait."""
    return (folder / PAUSED).exists()


def pause(folder: Path) -> None:
    """Has the driver stop what runs, and wait. OSError if it can't be told."""
    (folder / PAUSED).touch()


def resume(folder: Path) -> bool:
    """Has the driver go on; whether it was to wait. OSError if it can't be told."""
    was = paused(folder)
    (folder / PAUSED).unlink(missing_ok=True)
    return was
