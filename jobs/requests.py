"""What do others ask of a workspace's driver? To wait, or to end. Files in it say so.

They reach drivers on other hosts that see the same files, and need no process to be found. Whoever
begins to render a workspace wants it rendered, and withdraws what was asked before.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.storage import Storage

PAUSED, CANCELLED, CANCELLED_NOW = "paused", "cancelled", "cancelled-now"


@dataclass(frozen=True, slots=True)
class Requests:
    """Whether the driver is to wait, to end in order, or to end at once."""

    paused: bool = False
    cancelled: bool = False
    at_once: bool = False


def asked(storage: Storage) -> Requests:
    """What is asked of the workspace's driver now."""
    at_once = storage.exists(CANCELLED_NOW)
    return Requests(
        paused=storage.exists(PAUSED),
        cancelled=at_once or storage.exists(CANCELLED),
        at_once=at_once,
    )


def pause(storage: Storage) -> None:
    """Has the driver stop what runs, and wait. OSError if it can't be told."""
    storage.write({PAUSED: b""})


def resume(storage: Storage) -> bool:
    """Has the driver go on; whether it was to wait. OSError if it can't be told."""
    was = storage.exists(PAUSED)
    if was:
        storage.remove([PAUSED])
    return was


def cancel(storage: Storage, *, at_once: bool = False) -> None:
    """Has the driver end: what runs leaves a checkpoint, or is killed. OSError as above."""
    storage.write({CANCELLED_NOW if at_once else CANCELLED: b""})


def withdraw(storage: Storage) -> None:
    """Nothing is asked any more. OSError if it can't be told."""
    found = [n for n in (PAUSED, CANCELLED, CANCELLED_NOW) if storage.exists(n)]
    if found:
        storage.remove(found)
