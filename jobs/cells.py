"""What is a cell of an atlas, wherever it lies? A channel's picture that says what it is.

A cell has the id of the task that would render its channel alone, so that no batch that it was
rendered in matters. Its PNG carries that task's recipe, by which ``reverie render --from`` renders
it again, and under ``cell`` what was found out about its channel.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.files import Files
from jobs.tasks import Task, identify
from renderer import images
from renderer.atlas import Cell
from renderer.errors import ImageError, WorkspaceError
from renderer.settings import AtlasSettings
from renderer.weights import cache_home

CELL = "cell"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a cell says of itself; ``id`` is that of the task that renders it alone."""

    id: str
    channel: int
    objective: float
    dead: bool


def ids(task: Task, *, job_seed: int) -> dict[int, str]:
    """The ids of a task's cells by channel."""
    settings = task.settings
    assert isinstance(settings, AtlasSettings)
    alone = {c: dataclasses.replace(settings, channels=(c,)) for c in settings.channels}
    return {
        channel: identify(one, task.weights, None, job_seed=job_seed)[0]
        for channel, one in alone.items()
    }


def metadata(batch: Mapping[str, Any], cell: Cell, id: str) -> dict[str, Any]:
    """What is written into a cell: its own recipe, made of that of the batch, and its facts.

    Nothing in it is of the batch, so that a cell has the same bytes from any.
    """
    (task,) = batch["tasks"]
    settings = {**task["settings"], "channels": [cell.channel]}
    name = f"{settings['layer']}-{cell.channel:04}"
    alone = {
        **task,
        "id": id,
        "index": 0,
        "label": f"{settings['layer']} {cell.channel}",
        "settings": settings,
        "format": "png",
        "files": [f"frames/1-atlas/{name}.png"],
    }
    facts = {"channel": cell.channel, "objective": cell.objective, "dead": cell.dead}
    return {**batch, "job": f"{settings['network']}-atlas", "tasks": [alone], CELL: facts}


def facts(data: bytes) -> Facts | None:
    """What a file says of itself; None if it is no whole cell."""
    found = images.read_settings(data)
    try:
        images.decode(data)
        told = (found or {})[CELL]
        id = str((found or {})["tasks"][-1]["id"])
        return Facts(id, int(told["channel"]), float(told["objective"]), bool(told["dead"]))
    except (ImageError, LookupError, TypeError, ValueError):
        return None


class Cache:
    """Cells that were rendered before, by id, in the user's cache, whichever job they were for.

    What goes wrong there costs no job anything: a cell that can't be kept is not kept, and one that
    is damaged isn't there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._files = Files(folder or cache_home() / "atlas")

    def get(self, id: str) -> bytes | None:
        """The file of a cell."""
        try:
            data = self._files.read(_name(id))
        except OSError:
            return None
        known = facts(data)
        return data if known is not None and known.id == id else None

    def put(self, id: str, data: bytes) -> None:
        """Keeps the file of a cell."""
        try:
            self._files.write({_name(id): data})
        except WorkspaceError as error:
            logging.getLogger(__name__).info("a cell isn't kept in the cache: %s", error)


def _name(id: str) -> str:
    return f"{id[:2]}/{id}.png"
