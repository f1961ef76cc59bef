"""Why something is rendered again is said in the words of the job file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.history import read
from jobs.plan import Plan, plan
from jobs.reasons import Reason, reasons
from jobs.spec import build
from jobs.storage import at
from jobs.workspace import Workspace

Paint = Callable[..., Path]
STYLE = {"images": "brush.png", "iterations": 120}
DREAM = {"layers": ["conv1", "conv2"], "chain": True}


class Job:
    """A job that is rendered, changed, and asked why."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"

    def plan(self, *, weights: str = "sound", **data: Any) -> Plan:
        job = {"name": "job", "inputs": ["a.png"], "size": 40, "steps": [{"style": STYLE}], **data}
        return plan(build(job, base=self.folder), lambda network, until: f"{weights}:{until}")

    def render(self, **data: Any) -> Plan:
        planned = self.plan(**data)
        with Workspace.open(self.out) as workspace:
            done = workspace.finished(planned.tasks)
            for task in planned.tasks:
                if task.id not in done:
                    carry = b"carry" if task.carries else None
                    workspace.publish(task, task.id.encode(), carry, attempt=1)
        return planned

    def why(self, **data: Any) -> list[Reason]:
        tasks = self.plan(**data).tasks
        storage = at(self.out)
        history, sizes = read(storage), storage.sizes()
        done = history.finished(tasks, sizes)
        return list(reasons(tasks, done, history, sizes))

    def text(self, **data: Any) -> str:
        (reason,) = self.why(**data)
        return reason.text


@pytest.fixture
def job(paint: Paint, tmp_path: Path) -> Job:
    paint("a.png", 1)
    paint("brush.png", 2)
    return Job(tmp_path)


def test_what_is_new_or_done_needs_no_reason(job: Job) -> None:
    assert job.why() == []
    job.render()
    assert job.why() == []


def test_a_changed_setting_is_named_with_both_values(job: Job) -> None:
    job.render()
    longer = [{"style": {**STYLE, "iterations": 3600}}]
    assert job.why(steps=longer) == [
        Reason("style.iterations 120 → 3600", 1, "frames/1-style/a.png")
    ]
    other = [{"style": {**STYLE, "iterations": 3600, "style_layers": ["conv1_1"]}}]
    text = job.text(steps=other)
    assert "style.iterations 120 → 3600" in text
    assert "style.style_layers conv" in text
    assert "→ conv1_1" in text


def test_a_changed_picture_is_named(job: Job, paint: Paint) -> None:
    job.render()
    paint("a.png", 77)
    assert job.text() == "input a.png changed"
    paint("a.png", 1)
    paint("brush.png", 78)
    assert job.text() == "style picture brush.png changed"


def test_other_style_pictures_are_listed(job: Job, paint: Paint) -> None:
    paint("oil.png", 3)
    job.render()
    both = [{"style": {**STYLE, "images": ["brush.png", "oil.png"]}}]
    assert job.text(steps=both) == "style.images brush.png → brush.png, oil.png"


def test_size_weights_and_seed_are_named(job: Job) -> None:
    job.render()
    assert job.text(size=30) == "size 40 → 30"
    assert job.text(size=None) == "size 40 → none"
    assert job.text(weights="other") == "weights of vgg16 changed"
    assert job.text(seed=3) == "seed"


def test_another_network_is_one_reason_not_three(job: Job) -> None:
    job.render(steps=[{"dream": {"network": "googlenet", "layers": "conv1"}}])
    text = job.text(steps=[{"dream": {"network": "squeezenet1_1", "layers": "conv1"}}])
    assert "dream.network googlenet → squeezenet1_1" in text
    assert "weights" not in text


def test_what_comes_of_a_change_is_told_with_its_cause(job: Job, paint: Paint) -> None:
    paint("b.png", 9)
    steps = [{"dream": {**DREAM, "iterations": 3}}, {"style": STYLE}]
    job.render(inputs=["a.png", "b.png"], steps=steps)
    changed = [{"dream": {**DREAM, "iterations": 5}}, {"style": STYLE}]
    assert job.why(inputs=["a.png", "b.png"], steps=changed) == [
        Reason("dream.iterations 3 → 5", 8, "frames/1-dream/a-01-conv1.png")
    ]
    last = [steps[0], {"style": {**STYLE, "iterations": 7}}]
    assert job.why(inputs=["a.png", "b.png"], steps=last) == [
        Reason("style.iterations 120 → 7", 4, "frames/2-style/a-01-conv1.png")
    ]


def test_a_reason_is_told_after_half_of_it_was_done(job: Job) -> None:
    """The first link was rendered with the new settings; the others still say why."""
    steps = [{"dream": {**DREAM, "iterations": 3}}]
    job.render(steps=steps)
    changed = [{"dream": {**DREAM, "iterations": 5}}]
    first = job.plan(steps=changed).tasks[0]
    with Workspace.open(job.out) as workspace:
        workspace.publish(first, b"new", b"carry", attempt=1)
    assert job.why(steps=changed) == [
        Reason("dream.iterations 3 → 5", 1, "frames/1-dream/a-02-conv2.png")
    ]


def test_a_frame_that_is_gone_and_another_format(job: Job) -> None:
    planned = job.render()
    assert job.text(format="jpeg") == "format png → jpg"
    (job.out / planned.tasks[0].file).unlink()
    assert job.text() == "the frame is gone, or was changed"


def test_a_carry_that_is_gone(job: Job) -> None:
    planned = job.render(steps=[{"dream": DREAM}])
    for carry in (job.out / "carry").rglob("*.safetensors"):
        carry.unlink()
    (job.out / planned.tasks[1].file).unlink()
    assert [reason.text for reason in job.why(steps=[{"dream": DREAM}])] == [
        "what it carries to the next step is gone",
        "the frame is gone, or was changed",
    ]


def test_what_was_made_by_a_version_that_kept_no_recipe(job: Job) -> None:
    task = job.plan().tasks[0]
    with Workspace.open(job.out) as workspace:
        (job.out / task.file).parent.mkdir(parents=True)
        (job.out / task.file).write_bytes(b"old")
        workspace.record("finished", task="0" * 32, files=[task.file], size_bytes=3)
    assert job.text() == "the job has changed"


def test_the_log_holds_a_recipe_once(job: Job, paint: Paint) -> None:
    for number in range(5):
        paint(f"p{number}.png", number)
    job.render(inputs=["p*.png"])
    text = (job.out / "log.jsonl").read_text()
    assert text.count('"event":"recipe"') == 1
    assert text.count('"event":"finished"') == 5
    assert max(map(len, text.splitlines()[1:])) < 400


def test_a_frame_under_a_new_name_keeps_what_is_known_of_it(job: Job) -> None:
    (task,) = job.render().tasks
    renamed = replace(task, files=("frames/1-style/z.png",))
    with Workspace.open(job.out) as workspace:
        workspace.finished([renamed])
    result = read(at(job.out)).results[task.id]
    assert (result.files, result.picture["name"]) == (("frames/1-style/z.png",), "a.png")
