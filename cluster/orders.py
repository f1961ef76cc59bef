"""How does a task become an order? What the worker needs is read, shared and put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster.backend import Backend
from cluster.records import Handle, Order, Pace, Style
from cluster.shelf import Shelf
from jobs.cells import ids
from jobs.curves import LOSSES
from jobs.gallery import Gallery
from jobs.inputs import Source
from jobs.recipe import recipe
from jobs.tasks import Task
from jobs.workspace import Workspace
from renderer.events import Checkpoint
from renderer.precision import FLOAT32


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is the same for all orders of a job, and written into its frames."""

    job: str
    seed: int
    base: Path
    pace: Pace = field(default_factory=Pace)
    tile_px: int | None = None
    precision: str = ""


class Orders:
    """Makes orders. Weights and style pictures are shared with the workers once each."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        terms: Terms,
        *,
        shelf: Shelf,
        workspace: Workspace,
        gallery: Gallery | None = None,
    ) -> None:
        self._tasks, self._terms = tasks, terms
        self._shelf, self._workspace, self._gallery = shelf, workspace, gallery
        self._order = {task: place for place, task in enumerate(tasks)}
        self._squeezed: Counter[str] = Counter()
        self._failed: set[str] = set()
        self._weights: dict[int, Handle] = {}
        self._styles: dict[str, Handle] = {}

    def order(
        self, task: Task, backend: Backend, *, resume: Checkpoint | None = None, shards: int = 1
    ) -> Order:
        """The order for a task whose needs are finished, to go on from ``resume``.

        ``shards`` workers are to render it together.

        Raises ImageError for a source that is gone or changed, WorkspaceError for a lost carry.
        """
        return Order(
            task=task.id,
            name=task.source.path if task.source else task.file,
            settings=task.settings,
            picture=self._picture(task),
            packed=task.source is None,
            start=self._workspace.carry(task.neighbour) if task.neighbour else b"",
            frame=task.source.frame if task.source else 0,
            weights=self._shared_weights(task, backend),
            until=task.until,
            digest=task.weights,
            styles=tuple(self._style(style, backend) for style in task.styles),
            pictures=tuple(self._style(picture, backend) for picture in task.pictures),
            size=task.size,
            seed=task.seed,
            threads=backend.threads,
            tile_px=self._terms.tile_px,
            squeezed=self._squeezed[task.id],
            careful=task.id in self._failed,
            precision=self._precision(task),
            format=task.format,
            carries=task.carries,
            pace=self._terms.pace,
            resume=resume,
            frames=task.frames,
            curve=self._workspace.artefact_data(task.id, LOSSES) if resume else b"",
            metadata=self.recipe(task, threads=backend.threads, shards=shards),
            cells=ids(task, job_seed=self._terms.seed) if self._gallery else {},
            ready=self._gallery.ready(task) if self._gallery else {},
        )

    def beware(self, task: str) -> None:
        """Have a task go without what could fail where nothing else would: it has failed."""
        self._failed.add(task)

    def squeeze(self, task: str) -> None:
        """Have a task take less memory from now on: it ran out."""
        self._squeezed[task] += 1

    def _precision(self, task: Task) -> str:
        """What a task is to be rendered in, if not as its settings say."""
        return FLOAT32 if self._workspace.diverged(task.id) else self._terms.precision

    def recipe(self, task: Task, *, threads: int, shards: int = 1) -> dict[str, Any]:
        """What is written into the task's frame."""
        return recipe(
            self.chain(task),
            job=self._terms.job,
            seed=self._terms.seed,
            threads=threads,
            tile_px=self._terms.tile_px,
            shards=shards,
            base=self._terms.base,
        )

    def _picture(self, task: Task) -> bytes:
        if task.source:
            return task.source.read()
        return self._workspace.carry(task.needs[0]) if task.needs else b""

    def chain(self, task: Task) -> list[Task]:
        """The tasks that lead to this one, each after those it needs, and itself."""
        found: dict[str, Task] = {}
        left = [task]
        while left:
            last = left.pop()
            found[last.id] = last
            left += [self._tasks[need] for need in last.needs if need not in found]
        return sorted(found.values(), key=lambda one: self._order[one.id])

    def _shared_weights(self, task: Task, backend: Backend) -> Handle:
        weights = self._shelf.weights(task.settings.network, task.until, task.weights)
        if id(weights) not in self._weights:
            self._weights[id(weights)] = backend.share(weights)
        return self._weights[id(weights)]

    def _style(self, source: Source, backend: Backend) -> Style:
        if source.digest not in self._styles:
            self._styles[source.digest] = backend.share(source.read())
        return Style(source.path, source.frame, self._styles[source.digest])
