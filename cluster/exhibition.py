"""How is an atlas shown while it is rendered? Its cells go into the index and into the cache.

Nothing that was rendered before is rendered again, in whichever workspace: before a run begins, the
cells in the cache are put into the workspace, and tasks that lack nothing else get their sheet.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

from torch import Tensor

from cluster import notices as n
from cluster.orders import Orders
from cluster.runner import Watch
from jobs.gallery import Gallery
from jobs.tasks import Task
from jobs.workspace import Workspace
from renderer import atlas, images
from renderer.images import Picture
from renderer.settings import AtlasSettings


@contextlib.contextmanager
def exhibited(
    gallery: Gallery, workspace: Workspace, watch: Watch, *, orders: Orders, threads: int
) -> Iterator[Watch]:
    """A watch that also keeps the gallery up to date, until the run is over."""
    for task, cells in gallery.prepare():
        told = orders.recipe(task, threads=threads)
        frame = images.encode(Picture(overview(task, cells)), format=task.format, settings=told)
        workspace.publish(task, frame, attempt=workspace.attempts(task.id), seconds=0.0, losses={})

    def notify(notice: n.Notice) -> None:
        if isinstance(notice, n.ArtefactKept):
            gallery.heard(notice.file)
        watch.notify(notice)

    def tick() -> None:
        gallery.tick()
        watch.tick()

    try:
        yield dataclasses.replace(watch, notify=notify, tick=tick)
    finally:
        gallery.write()


def overview(task: Task, cells: Mapping[int, bytes]) -> Tensor:
    """The sheet of a task's cells, as its worker would make it."""
    assert isinstance(task.settings, AtlasSettings)
    pixels = {c: atlas.read(data, atlas.file_name(c)) for c, data in cells.items()}
    return atlas.overview(pixels, task.settings.channels, task.settings)
