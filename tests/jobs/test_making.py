"""Frames of a making: in no identity, asked for by the plan, and rendered again where they lack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.cleaning import stale
from jobs.plan import Plan, Task
from jobs.reasons import reasons
from jobs.recipe import recipe
from jobs.roster import load, written
from jobs.storage import at
from jobs.workspace import Workspace
from renderer.errors import JobError
from renderer.settings import AnimationSettings, FrameSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]
EVERY = FrameSettings(every=3)
LAST = 8


@pytest.fixture(autouse=True)
def photos(paint: Paint) -> None:
    paint("a.png")
    paint("b.png", colour=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def dream(**settings: Any) -> dict[str, Any]:
    return {"dream": {"layers": ["conv2"], "iterations": 2, "repeats": 3, **settings}}


def test_tasks_keep_frames_and_are_the_same_tasks(planned: Planner, tmp_path: Path) -> None:
    plain = planned(steps=[dream()]).tasks
    kept = planned(steps=[dream(frames={"every": 3})]).tasks
    assert [task.frames for task in kept] == [EVERY, EVERY]
    assert [task.id for task in kept] == [task.id for task in plain]
    told = [
        recipe([task], job="", seed=0, threads=1, base=tmp_path) for task in (plain[0], kept[0])
    ]
    assert told[0] == told[1]  # the bytes of a frame don't depend on them


def test_every_frame_gets_an_animation_of_its_making(planned: Planner) -> None:
    found = planned(steps=[dream(layers=["conv1", "conv2"], frames={"every": 3})]).outputs
    assert [output.file for output in found] == [
        f"job-{name}-making.gif"
        for name in ("a-01-conv1", "a-02-conv2", "b-01-conv1", "b-02-conv2")
    ]
    assert all((output.kind, output.frames) == ("making", EVERY) for output in found)
    (alone,) = planned(inputs=["a.png"], steps=[dream(frames={})]).outputs
    assert alone.file == "job-making.gif"


def test_the_animation_can_be_tuned_and_comes_once(planned: Planner) -> None:
    style = {"style": {"images": "b.png", "frames": {"every": 50, "width": 320}}}
    steps = [dream(frames={}), style]
    tuned = [{"making": {"of": "dream", "fps": 12, "bounce": True}}]
    found = planned(inputs=["a.png"], steps=steps, outputs=tuned).outputs
    assert [(output.file, output.settings) for output in found] == [
        ("job-1-dream-making.gif", AnimationSettings(fps=12.0, bounce=True)),
        ("job-making.gif", AnimationSettings()),
    ]
    assert found[1].frames == FrameSettings(every=50, width=320)


@pytest.mark.parametrize(
    ("steps", "output", "line"),
    [
        ([dream()], "making", "outputs.0.making: step 1 keeps no pictures of its making; give it"),
        ([dream(frames={"every": 0})], "gif", "steps.0.dream.frames.every: must be at least 1"),
        ([dream(frames={"evry": 2})], "gif", "steps.0.dream.frames.evry: "),
        ([dream(frames={})], {"making": {"durations": [9]}}, "outputs.0.making.durations: "),
        ([dream(frames={})], {"making": {"of": "x"}}, "outputs.0.making.of: 'x' is no step"),
    ],
)
def test_what_makes_no_sense_is_told(planned: Planner, steps: Any, output: Any, line: str) -> None:
    with pytest.raises(JobError) as caught:
        planned(steps=steps, outputs=[output])
    assert str(caught.value).startswith(line)


class Desk:
    """A workspace in which one task is rendered, with frames of its making."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder, self.task = folder, task

    def render(self, task: Task, *, frames: bool = True) -> None:
        with Workspace.open(self.folder) as workspace:
            self.tell(workspace, task, frames=frames)

    def tell(self, workspace: Workspace, task: Task, *, frames: bool = True) -> None:
        for name in task.frames.names(LAST, LAST) if task.frames and frames else ():
            workspace.artefact(task, name, name.encode(), attempt=1)
        workspace.artefact(task, "losses.csv", b"losses", attempt=1)
        workspace.publish(task, task.id.encode(), attempt=1, iterations=LAST)

    def left(self, task: Task) -> list[str]:
        with Workspace.open(self.folder) as workspace:
            workspace.finished([task])
            return [name.rpartition("/")[2] for name in workspace.artefacts(task.id)]

    def why(self, task: Task) -> str:
        """Why it is rendered again; empty if it is not."""
        with Workspace.open(self.folder) as workspace:
            done = workspace.finished([task])
            found = reasons([task], done, workspace.history, workspace.sizes())
        assert bool(found) is not bool(done)
        return found[0].text if found else ""


@pytest.fixture
def desk(folder: Path, planned: Planner) -> Desk:
    return Desk(folder, planned(inputs=["a.png"], steps=[dream(frames={"every": 3})]).tasks[0])


def test_a_finished_task_with_its_frames_is_done(desk: Desk) -> None:
    desk.render(desk.task)
    assert desk.why(desk.task) == ""
    assert desk.why(replace(desk.task, frames=None)) == ""


def test_frames_that_are_asked_for_later_are_rendered_and_those_there_are_used(desk: Desk) -> None:
    desk.render(replace(desk.task, frames=None))
    assert desk.why(desk.task) == "frames of its making are asked for (every 3)"
    desk.render(desk.task)
    assert desk.why(desk.task) == ""
    assert desk.why(replace(desk.task, frames=FrameSettings(every=6))) == ""
    assert "every 2" in desk.why(replace(desk.task, frames=FrameSettings(every=2)))
    assert "asked for" in desk.why(replace(desk.task, frames=FrameSettings(every=3, width=9)))


@pytest.mark.parametrize("iteration", [0, 3, LAST])
def test_a_frame_that_is_gone_is_rendered_again(desk: Desk, iteration: int) -> None:
    desk.render(desk.task)
    (desk.folder / "artefacts/1-dream/a-conv2" / FrameSettings.name(iteration)).unlink()
    assert "asked for" in desk.why(desk.task)


def test_lost_losses_are_no_reason_to_render_again(desk: Desk) -> None:
    desk.render(desk.task)
    (desk.folder / "artefacts/1-dream/a-conv2/losses.csv").unlink()
    assert desk.why(desk.task) == ""


def test_frames_of_another_width_take_the_place_of_all(desk: Desk) -> None:
    desk.render(desk.task)
    narrow = replace(desk.task, frames=FrameSettings(every=4, width=9))
    desk.render(narrow)
    assert desk.left(narrow) == [*narrow.frames.names(LAST, LAST), "losses.csv"]
    assert desk.why(narrow) == ""


def test_a_checkpoint_counts_only_with_the_frames_that_came_before_it(desk: Desk) -> None:
    with Workspace.open(desk.folder) as workspace:
        assert workspace.shown(replace(desk.task, frames=None), 5)
        assert not workspace.shown(desk.task, 5)
        for name in EVERY.names(5):
            workspace.artefact(desk.task, name, b"", attempt=1)
        assert workspace.shown(desk.task, 5)
        assert not workspace.shown(desk.task, 6)
        assert not workspace.shown(replace(desk.task, frames=FrameSettings(every=2)), 5)


def test_frames_follow_when_pictures_change_places(folder: Path, planned: Planner) -> None:
    one, two = planned(steps=[dream(frames={"every": 3})]).tasks
    desk = Desk(folder, one)
    with Workspace.open(folder) as workspace:
        for task in (one, two):
            desk.tell(workspace, task)
            workspace.artefact(task, "mine.png", task.id.encode(), attempt=1)
    swapped = [replace(one, files=two.files), replace(two, files=one.files)]
    with Workspace.open(folder) as workspace:
        assert workspace.finished(swapped) == {one.id, two.id}
        for task in swapped:
            home = task.file.replace("frames/", "artefacts/").removesuffix(".png")
            assert f"{home}/mine.png" in workspace.artefacts(task.id)
            assert workspace.artefact_data(task.id, "mine.png") == task.id.encode()
    moved = [replace(one, files=("frames/1-dream/c.png",)), two]
    with Workspace.open(folder) as workspace:
        assert workspace.finished(moved) == {one.id, two.id}
    assert not list((folder / "artefacts/1-dream/a-conv2").glob("*"))
    assert len(list((folder / "artefacts/1-dream/c").glob("*"))) == len(EVERY.names(LAST, LAST)) + 2


def test_the_roster_knows_which_frames_are_kept(desk: Desk, folder: Path) -> None:
    width = replace(desk.task, frames=FrameSettings(every=7, width=50))
    for task in (desk.task, width, replace(desk.task, frames=None)):
        folder.mkdir(exist_ok=True)
        (folder / "plan.json").write_bytes(written([task]))
        assert load(at(folder))[0].frames == task.frames
    row = [desk.task.id, ["f.png"], "label", 0, [], False]  # as it was written before
    (folder / "plan.json").write_text(json.dumps({"tasks": [row]}))
    assert load(at(folder))[0].frames is None


def test_clean_removes_frames_that_none_asks_for_any_more(desk: Desk) -> None:
    def removable(task: Task) -> int:
        with Workspace.open(desk.folder) as workspace:
            workspace.begin({}, [task])
            return len(stale(at(desk.folder), load(at(desk.folder)), workspace.history))

    desk.render(desk.task)
    assert removable(desk.task) == 0
    assert removable(replace(desk.task, frames=None)) == len(EVERY.names(LAST, LAST))
