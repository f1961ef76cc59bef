"""What does a workspace have of its atlas? Its cells, ``atlas.json``, and a page to look at them.

    {"network": "googlenet", "weights": "<digest>", "seed": 0, "planned": 512,
     "settings": {"size": 128, "iterations": 128, ...},
     "layers": [{"name": "inception4c", "channels": 512, "weights": "<digest>",
                 "cells": [{"channel": 12, "file": "artefacts/1-atlas/.../channel-0012.png",
                            "objective": 393.5, "dead": false}, ...]}]}

``planned`` counts the cells of all layers, ``channels`` those that a layer has, whether planned or
not; digests are those of the weights down to a layer, or to the deepest one. Cells are in the order
of their channels. ``objective`` is the channel's mean activation over its picture (or that in the
middle); a ``dead`` channel doesn't answer to anything. The file grows while the atlas is rendered,
is whole at any moment, and complete when ``cells`` are as many as ``planned``. So does the page
(jobs.page).
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.atlas import parts
from jobs.cells import Cache, Facts, facts, ids
from jobs.page import write_page
from jobs.tasks import Task
from jobs.workspace import Workspace
from renderer import networks

INDEX = "atlas.json"
OF_TASKS = ("network", "layer", "channels")
"""Settings that the index has elsewhere: tasks differ in them."""

EVERY_S = 1.0
"""Least time between two writings of the index: a page that reads it needn't be fresher."""


class Gallery:
    """The cells of an atlas's tasks in a workspace; ``index`` is what ``atlas.json`` says."""

    def __init__(
        self,
        workspace: Workspace,
        tasks: Sequence[Task],
        *,
        job_seed: int,
        cache: Cache | None = None,
    ) -> None:
        self._workspace, self._tasks, self._seed = workspace, tasks, job_seed
        self._cache = cache or Cache()
        self._ids = {task.id: ids(task, job_seed=job_seed) for task in tasks}
        self._places = {file: (task, channel) for task in tasks for channel, file in parts(task)}
        self._known: dict[str, Facts] = {}  # by file
        self._changed, self._next_s = True, 0.0

    def prepare(self) -> Iterator[tuple[Task, dict[int, bytes]]]:
        """Take in what is there, and what the cache has; has rendered again what is lost.

        Yields the tasks that only lack their sheet, with all their cells.
        """
        done = self._workspace.finished(self._tasks)
        for task in self._tasks:
            held = self.ready(task)
            for channel, file in parts(task):
                if channel not in held and (data := self._cache.get(self._ids[task.id][channel])):
                    name = file.rpartition("/")[2]
                    attempt = self._workspace.attempts(task.id)
                    self._workspace.artefact(task, name, data, attempt=attempt)
                    held[channel] = data
                    self._add(file, data)
            whole = len(held) == len(parts(task))
            if task.id in done and not whole:
                self._workspace.forget([task.id])
            if task.id not in done and whole:
                yield task, held
        self.write()

    def ready(self, task: Task) -> dict[int, bytes]:
        """The cells of a task that are in the workspace, by channel."""
        held = {}
        there = set(self._workspace.artefacts(task.id))
        for channel, file in parts(task):
            if file in there:
                data = self._workspace.read(file)
                if self._add(file, data):
                    held[channel] = data
        return held

    def heard(self, file: str) -> None:
        """A file has come into the workspace: a cell goes into the index, and into the cache."""
        if file in self._places:
            data = self._workspace.read(file)
            if self._add(file, data):
                self._cache.put(self._known[file].id, data)

    def tick(self) -> None:
        """Write the index, if there is something new and the last time was a while ago."""
        if self._changed and time.monotonic() >= self._next_s:
            self.write()

    def write(self) -> None:
        """Write the index and its page."""
        index = self.index
        text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
        with self._workspace.writing(INDEX) as path:
            path.write_text(text, encoding="utf-8")
        write_page(self._workspace, index)
        self._changed, self._next_s = False, time.monotonic() + EVERY_S

    @property
    def index(self) -> dict[str, Any]:
        """The contents of ``atlas.json``."""
        settings = self._tasks[0].settings
        order = networks.entry(settings.network).layers
        plain = dataclasses.asdict(settings)
        layers: dict[str, list[Task]] = {}
        for task in self._tasks:
            layers.setdefault(task.until, []).append(task)
        return {
            "network": settings.network,
            "weights": max(self._tasks, key=lambda task: order.index(task.until)).weights,
            "seed": self._seed,
            "planned": len(self._places),
            "settings": {name: value for name, value in plain.items() if name not in OF_TASKS},
            "layers": [self._layer(name, tasks) for name, tasks in layers.items()],
        }

    def _layer(self, name: str, tasks: Sequence[Task]) -> dict[str, Any]:
        entry = networks.entry(tasks[0].settings.network)
        cells = [
            {
                "channel": channel,
                "file": file,
                "objective": self._known[file].objective,
                "dead": self._known[file].dead,
            }
            for channel, file in sorted(part for task in tasks for part in parts(task))
            if file in self._known
        ]
        return {
            "name": name,
            "channels": networks.channels(entry, name),
            "weights": tasks[0].weights,
            "cells": cells,
        }

    def _add(self, file: str, data: bytes) -> bool:
        """Whether a file is the cell that is planned there; then it is known."""
        task, channel = self._places[file]
        found = facts(data)
        if found is None or found.id != self._ids[task.id][channel]:
            return False
        self._changed = self._changed or self._known.get(file) != found
        self._known[file] = found
        return True
