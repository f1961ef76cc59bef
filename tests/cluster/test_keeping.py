"""What comes together is put together, told in order, and of one task one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import notices as n
from cluster.assembly import Assembly
from cluster.backend import Attempt
from cluster.chronicle import Chronicle
from cluster.keeping import MOST_WAITING, Keeping
from cluster.records import Done
from jobs.curves import LOSSES
from jobs.messages import Published
from jobs.plan import Plan
from jobs.workspace import Workspace
from renderer.errors import WorkspaceError
from renderer.events import Artefact, Checkpoint
from tests.cluster.farm import OUT, Farm

DONE = Done(b"frame", None, (4, 4), 2, (("objective", 1.0),), 0.5)
WITHIN_S = 60.0


@dataclass
class Desk:
    """A workspace of four dreams, and what is told of it."""

    plan: Plan
    workspace: Workspace
    keeping: Keeping
    notices: list[n.Notice]

    def attempt(self, number: int) -> Attempt:
        return Attempt(self.plan.tasks[number].id, 1)

    def there(self) -> list[str]:
        """The frames that are in their places."""
        return [task.file for task in self.plan.tasks if (OUT / task.file).exists()]


@pytest.fixture
def desk(farm: Farm) -> Iterator[Desk]:
    dream = {"dream": {"network": "googlenet", "layers": ["conv1", "conv2"]}}
    plan = farm.plan(inputs=["a.png", "b.png"], steps=[dream])
    notices: list[n.Notice] = []
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, plan.tasks)
        assembly = Assembly((), workspace)
        chronicle = Chronicle(plan, workspace, notices.append)
        tasks = {task.id: task for task in plan.tasks}
        keeping = Keeping(tasks, workspace, chronicle, assembly, keep=2)
        yield Desk(plan, workspace, keeping, notices)
        keeping.close()
        assembly.drop()


def test_frames_that_come_together_are_put_side_by_side(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, all_of_them = desk.workspace.put, threading.Barrier(4)

    def together(files: Mapping[str, bytes]) -> None:
        all_of_them.wait(WITHIN_S)  # raises where one is put after another
        put(files)

    monkeypatch.setattr(desk.workspace, "put", together)
    attempts = [desk.attempt(number) for number in (2, 0, 3, 1)]
    for attempt in attempts:
        desk.keeping.frame(attempt, DONE)
    assert desk.there() == []
    assert desk.notices == []
    assert desk.keeping.settled() == [Published(*attempt) for attempt in attempts]
    assert [notice.task for notice in desk.notices] == [attempt.task for attempt in attempts]
    assert desk.workspace.finished(desk.plan.tasks) == {attempt.task for attempt in attempts}
    assert desk.keeping.settled() == []


def test_what_cannot_be_put_costs_nothing_that_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = desk.workspace.put

    def full(files: Mapping[str, bytes]) -> None:
        if desk.plan.tasks[1].file in files:
            raise WorkspaceError("the disk is full")
        put(files)

    monkeypatch.setattr(desk.workspace, "put", full)
    for number in range(3):
        desk.keeping.frame(desk.attempt(number), DONE)
    with pytest.raises(WorkspaceError, match="the disk is full"):
        desk.keeping.settled()
    finished = {desk.attempt(number).task for number in (0, 2)}
    assert desk.workspace.finished(desk.plan.tasks) == finished
    assert {notice.task for notice in desk.notices} == finished


def test_of_one_task_each_file_is_in_its_place_before_the_next(desk: Desk) -> None:
    one = desk.attempt(0)
    desk.keeping.artefact(one, Artefact(LOSSES, b"losses"))
    assert losses(desk) == b""
    desk.keeping.checkpoint(one, "worker-1", Checkpoint(5, b"state"))
    assert losses(desk) == b"losses"
    kinds = [type(notice) for notice in desk.notices]
    assert kinds == [n.ArtefactKept, n.TaskCheckpointed]
    desk.keeping.artefact(one, Artefact(LOSSES, b"all losses"))
    desk.keeping.frame(one, DONE)
    assert losses(desk) == b"all losses"
    assert desk.keeping.settled() == [Published(*one)]
    assert not list((OUT / "checkpoints").rglob("*.safetensors"))


def test_a_table_of_losses_waits_for_what_comes_behind_it(desk: Desk) -> None:
    one, two, three = (desk.attempt(number) for number in range(3))
    desk.keeping.artefact(one, Artefact(LOSSES, b"losses"))
    assert desk.keeping.settled() == []
    assert losses(desk) == b""
    desk.keeping.artefact(two, Artefact("frame-1.png", b"of its making"))
    assert desk.keeping.settled() == []
    assert [type(notice) for notice in desk.notices] == [n.ArtefactKept, n.ArtefactKept]
    desk.keeping.artefact(three, Artefact(LOSSES, b"losses"))
    assert desk.keeping.settled(all_of_it=True) == []
    assert [notice.task for notice in desk.notices] == [one.task, two.task, three.task]


def losses(desk: Desk) -> bytes:
    return desk.workspace.artefact_data(desk.attempt(0).task, LOSSES)


def test_no_more_than_so_many_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.keeping.MOST_WAITING", 2)
    assert MOST_WAITING > 2
    for number in range(3):
        desk.keeping.frame(desk.attempt(number), DONE)
    assert len(desk.there()) == 2
    assert len(desk.keeping.settled()) == 3
    assert Path(OUT / desk.plan.tasks[2].file).read_bytes() == DONE.frame
