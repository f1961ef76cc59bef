"""What do others ask of a workspace's driver? To wait, to end, or to take more or fewer workers.

Files in it say so. They reach drivers on other hosts that see the same files, and need no process
to be found. Whoever begins to render a workspace wants it rendered, and withdraws what was asked
before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.demands import known
from jobs.storage import Storage

PAUSED, CANCELLED, CANCELLED_NOW = "paused", "cancelled", "cancelled-now"
DEMANDS = "demands.json"


@dataclass(frozen=True, slots=True)
class Requests:
    """Whether the driver is to wait, to end in order, or to end at once.

    ``demands`` are those of the job (jobs.demands) that are to be others.
    """

    paused: bool = False
    cancelled: bool = False
    at_once: bool = False
    demands: Mapping[str, int | None] = field(default_factory=dict)


def asked(storage: Storage) -> Requests:
    """What is asked of the workspace's driver now."""
    at_once = storage.exists(CANCELLED_NOW)
    return Requests(
        paused=storage.exists(PAUSED),
        cancelled=at_once or storage.exists(CANCELLED),
        at_once=at_once,
        demands=_demands(storage),
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


def demand(storage: Storage, changes: Mapping[str, int | None]) -> None:
    """Has the driver go by other demands, beside those that were changed before. OSError."""
    text = json.dumps({**_demands(storage), **changes})
    storage.write({DEMANDS: text.encode()})


def withdraw(storage: Storage) -> None:
    """Nothing is asked any more. OSError if it can't be told."""
    found = [n for n in (PAUSED, CANCELLED, CANCELLED_NOW, DEMANDS) if storage.exists(n)]
    if found:
        storage.remove(found)


def _demands(storage: Storage) -> dict[str, int | None]:
    if not storage.exists(DEMANDS):
        return {}
    try:
        return known(json.loads(storage.read(DEMANDS)))
    except (FileNotFoundError, ValueError):  # withdrawn just now, or no JSON
        return {}
