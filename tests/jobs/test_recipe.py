"""What a picture says of itself is enough to plan it again, and no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.plan import Plan
from jobs.recipe import reading, recipe
from renderer.errors import JobError

Planner = Any
STEPS = [
    {"dream": {"layers": ["conv1", "conv2"], "chain": True, "channels": [1, 2]}},
    {"style": {"images": ["brush.png"], "iterations": 3}},
]


@pytest.fixture
def plan(paint: Any, planned: Planner) -> Plan:
    paint("a.png", colour=1)
    paint("brush.png", colour=9)
    made: Plan = planned(inputs=["a.png"], steps=STEPS, seed=5)
    return made


def written(plan: Plan, base: Path) -> dict[str, Any]:
    """The recipe of the last frame, as it comes out of a picture's metadata."""
    by_id = {task.id: task for task in plan.tasks}
    chain = [plan.tasks[-1]]
    while chain[0].needs:
        chain.insert(0, by_id[chain[0].needs[0]])
    data: dict[str, Any] = json.loads(
        json.dumps(recipe(chain, job="job", seed=5, threads=2, base=base))
    )
    return data


def test_the_tasks_come_back_as_they_were(plan: Plan, tmp_path: Path) -> None:
    found = reading(written(plan, tmp_path), folders=[tmp_path], name="x.png")
    by_id = {task.id: task for task in plan.tasks}
    assert (found.job, found.seed, found.threads) == ("job", 5, 2)
    assert len(found.tasks) == 3  # conv1, conv2, style
    for task in found.tasks[:-1]:
        assert task == by_id[task.id]
    assert found.tasks[-1] == plan.tasks[-1]
    assert found.frames[0].size == (30, 40)


def test_the_precision_that_was_resolved_comes_back(plan: Plan, tmp_path: Path) -> None:
    data = written(plan, tmp_path)
    assert reading(data, folders=[tmp_path], name="x.png").precision == ""
    told = {**data, "precision": "bfloat16"}
    assert reading(told, folders=[tmp_path], name="x.png").precision == "bfloat16"
    with pytest.raises(JobError, match="no recipe"):
        reading({**data, "precision": "float8"}, folders=[tmp_path], name="x.png")


def test_paths_tell_nothing_of_where_the_project_lies(plan: Plan, tmp_path: Path) -> None:
    assert str(tmp_path) not in json.dumps(written(plan, tmp_path))


def test_the_pictures_are_found_where_the_project_was_moved(plan: Plan, tmp_path: Path) -> None:
    data = written(plan, tmp_path)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("a.png", "brush.png"):
        shutil.move(tmp_path / name, moved / name)
    found = reading(data, folders=[tmp_path, moved], name="x.png")
    assert found.tasks[0].source is not None
    assert found.tasks[0].source.path == str(moved / "a.png")


def test_another_picture_of_the_same_name_is_refused(
    plan: Plan, tmp_path: Path, paint: Any
) -> None:
    data = written(plan, tmp_path)
    paint("a.png", colour=200)
    with pytest.raises(JobError, match=r"the picture a\.png \(sha256 .*\) isn't there"):
        reading(data, folders=[tmp_path], name="x.png")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["tasks"][0]["settings"].update(iterations=11),
        lambda data: data["tasks"][1].update(weights="other"),
        lambda data: data.update(seed=6),
    ],
)
def test_a_recipe_that_was_changed_is_refused(plan: Plan, tmp_path: Path, change: Any) -> None:
    data = written(plan, tmp_path)
    change(data)
    with pytest.raises(JobError, match=r"x\.png: was rendered by a version"):
        reading(data, folders=[tmp_path], name="x.png")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("tasks"),
        lambda data: data.update(tasks=[]),
        lambda data: data.update(threads="many"),
        lambda data: data["tasks"][0]["settings"].update(unheard_of=1),
        lambda data: data["tasks"][0]["settings"].update(step_size=-1),
        lambda data: data["tasks"][0].update(kind="sing"),
        lambda data: data["tasks"][0].pop("source"),
    ],
)
def test_what_is_no_recipe_is_refused(plan: Plan, tmp_path: Path, change: Any) -> None:
    data = written(plan, tmp_path)
    change(data)
    with pytest.raises(JobError, match=r"x\.png: its metadata is no recipe"):
        reading(data, folders=[tmp_path], name="x.png")
