"""Checkpoints: the newest sound one counts, and none outlives its task."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from jobs.checkpoints import CheckpointSettings, found
from jobs.plan import Plan, Task
from jobs.spec import build
from jobs.storage import at
from jobs.workspace import Workspace
from renderer.checkpoints import State, pack, unpack
from renderer.errors import JobError

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture
def task(paint: Paint, planned: Planner) -> Task:
    paint("a.png")
    return planned(steps=["dream"]).tasks[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "job"


def state(iteration: int) -> bytes:
    return pack(State(iteration, {"image": torch.full((2, 3), float(iteration))}))


def keep(workspace: Workspace, task: Task, *iterations: int, attempt: int = 1) -> None:
    for iteration in iterations:
        data = state(iteration)
        assert workspace.checkpoint(task.id, data, attempt=attempt, iteration=iteration)


def kept(folder: Path) -> list[int]:
    return sorted(iteration for _, iteration, _ in found(at(folder)))


def latest(folder: Path, task: Task) -> int | None:
    with Workspace.open(folder) as workspace:
        found = workspace.latest_checkpoint(task.id)
    if found is None:
        return None
    assert unpack(found.data).iteration == found.iteration
    return found.iteration


def path(folder: Path, task: Task, iteration: int) -> Path:
    return folder / f"checkpoints/{task.id[:2]}/{task.id}-{iteration}.safetensors"


def events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_later_driver_goes_on_from_the_newest(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        assert workspace.latest_checkpoint(task.id) is None
        keep(workspace, task, 9, 100)
    assert latest(folder, task) == 100
    assert events(folder)[-1]["iteration"] == 100


def test_the_last_ones_are_kept_and_older_ones_removed(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        keep(workspace, task, 5, 10, 15)
        assert kept(folder) == [10, 15]
    with Workspace.open(folder) as workspace:
        assert workspace.checkpoint(task.id, state(20), attempt=1, iteration=20, keep=1)
    assert kept(folder) == [20]


def test_a_torn_one_is_passed_over_logged_and_removed(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        keep(workspace, task, 10, 20)
    path(folder, task, 20).write_bytes(state(20)[:-5])
    assert latest(folder, task) == 10
    told = events(folder)[-1]
    assert (told["event"], told["task"], told["iteration"]) == ("checkpoint_damaged", task.id, 20)
    assert "damaged" in str(told["reason"])
    assert kept(folder) == [10]


def test_a_flipped_bit_anywhere_is_noticed(folder: Path, task: Task) -> None:
    whole = state(7)
    for place in range(0, len(whole), 11):
        with Workspace.open(folder) as workspace:
            keep(workspace, task, 7)
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path(folder, task, 7).write_bytes(damaged)
        with Workspace.open(folder) as workspace:
            found = workspace.latest_checkpoint(task.id)
        same = found is not None and torch.equal(
            unpack(found.data).tensors["image"], unpack(whole).tensors["image"]
        )
        assert found is None or same, f"byte {place}"


def test_one_under_a_wrong_name_or_gone_is_none(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        keep(workspace, task, 10, 20)
        path(folder, task, 20).write_bytes(state(30))
        path(folder, task, 10).unlink()
        assert workspace.latest_checkpoint(task.id) is None
        assert workspace.latest_checkpoint(task.id) is None
        keep(workspace, task, 5)
    assert latest(folder, task) == 5


def test_a_stale_attempt_keeps_nothing(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        workspace.record("started", task=task.id, attempt=2)
        assert not workspace.checkpoint(task.id, state(50), attempt=1, iteration=50)
        keep(workspace, task, 10, attempt=2)
    assert kept(folder) == [10]


def test_they_go_when_their_task_is_finished(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        keep(workspace, task, 10, 20)
        workspace.publish(task, b"frame", attempt=1)
    assert kept(folder) == []


def test_what_a_driver_that_died_left_of_finished_tasks_goes_too(folder: Path, task: Task) -> None:
    with Workspace.open(folder) as workspace:
        workspace.publish(task, b"frame", attempt=1)
        keep(workspace, task, 10)
        (path(folder, task, 10).parent / ".writing-1-1.safetensors").write_bytes(b"half")
    with Workspace.open(folder) as workspace:
        assert workspace.finished([task]) == {task.id}
    assert not list((folder / "checkpoints").rglob("*.safetensors"))


@pytest.mark.parametrize("off", [{"every": None, "seconds": None}, {"every": 0, "seconds": 0}])
def test_they_can_be_switched_off(off: dict[str, object], tmp_path: Path) -> None:
    job = {"inputs": ["a.png"], "steps": ["dream"], "checkpoint": off}
    assert not build(job, base=tmp_path).checkpoint.wanted
    assert CheckpointSettings().wanted
    assert CheckpointSettings(seconds=None, every=5).wanted


def test_a_wrong_setting_is_told_by_its_key(tmp_path: Path) -> None:
    job = {"inputs": ["a.png"], "steps": ["dream"], "checkpoint": {"evry": 3}}
    with pytest.raises(JobError, match=r"checkpoint\.evry: .*did you mean 'every'"):
        build(job, base=tmp_path)
