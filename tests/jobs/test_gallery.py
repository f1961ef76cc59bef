"""An atlas in its workspace: an index that grows, a cache that takes no harm, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from jobs.atlas import parts
from jobs.cells import Cache, Facts, facts, ids, metadata
from jobs.gallery import Gallery
from jobs.plan import plan
from jobs.recipe import recipe
from jobs.spec import build
from jobs.tasks import Task
from jobs.workspace import Workspace
from renderer import images
from renderer.atlas import Cell
from renderer.images import Picture

STEP = {"layers": ["conv1"], "channels": [1, 2, 3], "batch": 2, "size": 16}


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[Task, ...]:
    job = {"name": "job", "steps": [{"atlas": STEP}]}
    return plan(build(job, base=tmp_path), lambda network, until: f"{network}:{until}").tasks


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def cell(task: Task, channel: int, objective: float = 1.5) -> bytes:
    """The file of a channel, as a worker makes it."""
    made = Cell(channel, torch.full((1, 3, 16, 16), float(channel)), objective)
    batch = recipe([task], job="job", seed=0, threads=1, base=Path())
    told = metadata(batch, made, ids(task, job_seed=0)[channel])
    return images.encode(Picture(made.pixels), settings=told)


def place(workspace: Workspace, task: Task, channel: int, data: bytes) -> str:
    return workspace.artefact(task, f"channel-{channel:04}.png", data, attempt=1)


def indexed(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(workspace.read("atlas.json"))
    return found


def test_a_cell_says_what_it_is_whatever_its_batch(tasks: tuple[Task, ...]) -> None:
    pair, _ = tasks
    assert facts(cell(pair, 2, 0.0)) == Facts(ids(pair, job_seed=0)[2], 2, 0.0, True)
    told = images.read_settings(cell(pair, 2))
    assert told is not None
    assert told["tasks"][0]["settings"]["channels"] == [2]
    assert told["tasks"][0]["id"] == ids(pair, job_seed=0)[2]


def test_the_index_grows_with_the_cells(
    tasks: tuple[Task, ...], cache: Cache, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "out") as workspace:
        gallery = Gallery(workspace, tasks, job_seed=0, cache=cache)
        assert list(gallery.prepare()) == []
        empty = indexed(workspace)
        assert (empty["network"], empty["weights"]) == ("googlenet", "googlenet:conv1")
        assert (empty["planned"], empty["settings"]["size"]) == (3, 16)
        assert [(x["name"], x["channels"], x["cells"]) for x in empty["layers"]] == [
            ("conv1", 64, [])
        ]
        gallery.heard(place(workspace, tasks[1], 3, cell(tasks[1], 3)))
        gallery.heard(place(workspace, tasks[0], 1, cell(tasks[0], 1, 0.0)))
        gallery.write()
        assert indexed(workspace)["layers"][0]["cells"] == [
            {"channel": 1, "file": dict(parts(tasks[0]))[1], "objective": 0.0, "dead": True},
            {"channel": 3, "file": dict(parts(tasks[1]))[3], "objective": 1.5, "dead": False},
        ]


def test_the_index_is_not_written_all_the_time(
    tasks: tuple[Task, ...], cache: Cache, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "out") as workspace:
        gallery = Gallery(workspace, tasks, job_seed=0, cache=cache)
        list(gallery.prepare())
        gallery.heard(place(workspace, tasks[0], 1, cell(tasks[0], 1)))
        gallery.tick()
        assert indexed(workspace)["layers"][0]["cells"] == []
        gallery._next_s = 0
        gallery.tick()
        assert len(indexed(workspace)["layers"][0]["cells"]) == 1


def test_cells_of_another_workspace_come_from_the_cache(
    tasks: tuple[Task, ...], cache: Cache, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "one") as workspace:
        gallery = Gallery(workspace, tasks, job_seed=0, cache=cache)
        for channel in (1, 2):
            gallery.heard(place(workspace, tasks[0], channel, cell(tasks[0], channel)))
    with Workspace.open(tmp_path / "two") as workspace:
        whole = list(Gallery(workspace, tasks, job_seed=0, cache=cache).prepare())
        assert [(task.id, list(held)) for task, held in whole] == [(tasks[0].id, [1, 2])]
        assert len(workspace.artefacts(tasks[0].id)) == 2
        assert len(indexed(workspace)["layers"][0]["cells"]) == 2


def test_a_torn_or_foreign_file_in_the_cache_is_not_taken(
    tasks: tuple[Task, ...], cache: Cache, tmp_path: Path
) -> None:
    names = ids(tasks[0], job_seed=0)
    whole = cell(tasks[0], 1)
    for data in (whole[: len(whole) // 2], b"", cell(tasks[0], 2)):
        cache.put(names[1], data)
        assert cache.get(names[1]) is None
    cache.put(names[1], whole)
    assert cache.get(names[1]) == whole


def test_a_cache_that_cannot_be_written_costs_nothing(
    tasks: tuple[Task, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file")
    name = ids(tasks[0], job_seed=0)[1]
    cache.put(name, cell(tasks[0], 1))
    assert cache.get(name) is None


def test_a_finished_task_that_has_lost_a_cell_is_rendered_again(
    tasks: tuple[Task, ...], cache: Cache, tmp_path: Path
) -> None:
    task = tasks[0]
    with Workspace.open(tmp_path / "out") as workspace:
        for channel in (1, 2):
            place(workspace, task, channel, cell(task, channel))
        workspace.publish(task, b"sheet", attempt=1)
        assert list(Gallery(workspace, tasks, job_seed=0, cache=cache).prepare()) == []
        assert workspace.finished(tasks) == {task.id}
        (tmp_path / "out" / dict(parts(task))[2]).unlink()
        gallery = Gallery(workspace, tasks, job_seed=0, cache=cache)
        assert list(gallery.prepare()) == []
        assert workspace.finished(tasks) == set()
        assert list(gallery.ready(task)) == [1]
