"""What tasks leave beside their frames: in a folder of the frame's name, one task's at a time."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobs import artefacts
from jobs.cleaning import stale
from jobs.history import ARTEFACTS_BEGUN
from jobs.plan import Plan, Task
from jobs.roster import load
from jobs.storage import at
from jobs.workspace import Workspace
from renderer.errors import WorkspaceError
from renderer.events import Artefact

Paint = Callable[..., Path]
Planner = Callable[..., Plan]
HOME = "artefacts/1-dream/a-inception4c"


@pytest.fixture
def task(paint: Paint, planned: Planner) -> Task:
    paint("a.png")
    return planned(steps=["dream"]).tasks[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def left(folder: Path, task: Task) -> dict[str, bytes]:
    with Workspace.open(folder) as workspace:
        return {name: (folder / name).read_bytes() for name in workspace.artefacts(task.id)}


def test_a_folder_is_named_after_its_frame() -> None:
    assert artefacts.home("frames/1-style/b.c-2.png") == "artefacts/1-style/b.c-2"


def test_artefacts_are_there_for_later_drivers_and_the_last_of_a_name_counts(
    folder: Path, task: Task
) -> None:
    with Workspace.open(folder) as workspace:
        for name, data in (("b.csv", b"1"), ("a.png", b"2"), ("b.csv", b"3")):
            workspace.artefact(task, name, data, attempt=1)
    assert left(folder, task) == {f"{HOME}/a.png": b"2", f"{HOME}/b.csv": b"3"}


def test_another_task_of_the_same_frame_begins_with_an_empty_folder(
    folder: Path, task: Task
) -> None:
    other = replace(task, id="ab" * 16)
    with Workspace.open(folder) as workspace:
        for name in ("iteration-1.png", "iteration-2.png"):
            workspace.artefact(task, name, b"old", attempt=1)
        workspace.artefact(other, "iteration-1.png", b"new", attempt=1)
    assert left(folder, task) == {}
    assert left(folder, other) == {f"{HOME}/iteration-1.png": b"new"}


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "ä.png", "a\n", "x" * 121])
def test_names_lead_nowhere_else(folder: Path, task: Task, name: str) -> None:
    with pytest.raises(ValueError, match="called"):
        Artefact(name, b"")
    with Workspace.open(folder) as workspace, pytest.raises(WorkspaceError, match="called"):
        workspace.artefact(task, name, b"", attempt=1)


def test_artefacts_cross_borders_of_processes() -> None:
    artefact = Artefact("losses.csv", b"1,2")
    assert pickle.loads(pickle.dumps(artefact)) == artefact
    assert "1,2" not in repr(artefact)


def test_a_log_that_names_other_folders_is_not_believed(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        for home in ("frames/1-dream", "artefacts/../..", "/etc", "artefacts", None):
            workspace.record(ARTEFACTS_BEGUN, task=task.id, folder=home)
        assert workspace.history.artefacts == {}


def test_what_is_left_half_written_goes(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        workspace.artefact(task, "a.png", b"1", attempt=1)
    torn = folder / artefacts.home(task.file) / ".writing-1-1.png"
    torn.write_bytes(b"torn")
    assert list(left(folder, task)) == [f"{HOME}/a.png"]
    assert not torn.exists()


def test_stale_are_those_of_tasks_that_are_planned_no_more(folder: Path, task: Task) -> None:
    storage = at(folder)
    with Workspace.open(folder) as workspace:
        workspace.begin({}, [task])
        workspace.artefact(task, "a.png", b"1", attempt=1)
        workspace.publish(task, b"frame", attempt=1)
        assert stale(storage, load(storage), workspace.history) == []
        workspace.begin({}, [replace(task, id="ab" * 16, files=("frames/1-dream/c.png",))])
        found = stale(storage, load(storage), workspace.history)
    gone = [(item.kind, item.name.rpartition("/")[2]) for item in found]
    assert gone == [("frame", "a-inception4c.png"), ("artefact", "a.png")]
