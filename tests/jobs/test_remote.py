"""A workspace of objects: what holds for a folder holds there, on every kind of store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.cleaning import stale
from jobs.files import Files
from jobs.history import read
from jobs.log import SEGMENTS
from jobs.plan import Plan, Task
from jobs.requests import pause, resume
from jobs.roster import load
from jobs.status import status
from jobs.storage import Storage, at
from jobs.workspace import Workspace
from renderer.checkpoints import State, pack
from renderer.errors import WorkspaceError
from tests.jobs.stores import DUMB, KINDS, Store, store

Paint = Callable[..., Path]
Planner = Callable[..., Plan]
STEPS = [{"dream": {"layers": "1..2", "chain": True}}, {"style": {"images": "a.png"}}]


@pytest.fixture(params=KINDS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Also on the S3 server, which takes its time."""
    bucket = request.getfixturevalue("s3") if request.param == "s3" else str
    return store(request.param, tmp_path, bucket)


@pytest.fixture(params=["memory", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return store(request.param, tmp_path, str)


@pytest.fixture
def memory(tmp_path: Path) -> Store:
    return store("memory", tmp_path, str)


@pytest.fixture
def tasks(paint: Paint, planned: Planner) -> tuple[Task, ...]:
    """Four tasks: two links of a chain, each with its styled frame (depth first)."""
    paint("a.png")
    return planned(steps=STEPS).tasks


def publish(workspace: Workspace, *tasks: Task) -> None:
    for task in tasks:
        carry = b"carry " + task.id.encode() if task.carries else None
        workspace.publish(task, task.id.encode(), carry, attempt=1)


def finished(place: Store, tasks: tuple[Task, ...]) -> list[bool]:
    with place.open() as workspace:
        done = workspace.finished(tasks)
    return [task.id in done for task in tasks]


def test_what_is_published_is_finished_for_later_drivers(
    anywhere: Store, tasks: tuple[Task, ...]
) -> None:
    with anywhere.open() as workspace:
        workspace.begin({"inputs": ["ä.png"]}, tasks)
        assert workspace.finished(tasks) == set()
        publish(workspace, *tasks[:3])
        workspace.record("started", task=tasks[3].id, attempt=4)
        assert workspace.carry(tasks[0].id) == b"carry " + tasks[0].id.encode()
        assert workspace.read(tasks[0].file) == tasks[0].id.encode()
    assert finished(anywhere, tasks) == [True, True, True, False]
    storage = anywhere.remote()
    assert json.loads(storage.read("job.json")) == {"inputs": ["ä.png"]}
    assert [entry.id for entry in load(storage)] == [task.id for task in tasks]
    assert read(storage).attempts[tasks[3].id] == 4


def test_frames_are_renamed_swapped_and_found_missing(
    anywhere: Store, tasks: tuple[Task, ...]
) -> None:
    one, other = tasks[1], tasks[3]
    with anywhere.open() as workspace:
        publish(workspace, one, other)
    swapped = (replace(one, files=other.files), replace(other, files=one.files))
    assert finished(anywhere, swapped) == [True, True]
    storage = anywhere.remote()
    assert [storage.read(t.file) for t in swapped] == [one.id.encode(), other.id.encode()]
    twice = replace(one, files=(*other.files, "frames/2-style/again.png"))
    assert finished(anywhere, (twice,)) == [True]
    assert storage.read("frames/2-style/again.png") == one.id.encode()
    storage.remove(one.files)
    assert finished(anywhere, swapped) == [True, False]
    assert not [name for name in anywhere.names() if "writing" in name]


def test_checkpoints_stay_until_their_task_is_finished(
    anywhere: Store, tasks: tuple[Task, ...]
) -> None:
    task = tasks[0]
    with anywhere.open() as workspace:
        for iteration in (10, 20, 30):
            data = pack(State(iteration, {}))
            assert workspace.checkpoint(task.id, data, attempt=1, iteration=iteration)
    with anywhere.open() as workspace:
        latest = workspace.latest_checkpoint(task.id)
        assert latest is not None
        assert latest.iteration == 30
        workspace._storage.write({f"checkpoints/{task.id[:2]}/{task.id}-30.safetensors": b"torn"})
        latest = workspace.latest_checkpoint(task.id)
        assert latest is not None
        assert latest.iteration == 20
        publish(workspace, task)
    assert not [name for name in anywhere.names() if name.startswith("checkpoints/")]


def test_outputs_are_written_here_and_put_there(place: Store) -> None:
    with place.open() as workspace:
        with workspace.writing("job.gif") as path:
            assert path.suffix == ".gif"
            path.write_bytes(b"whole")
        with pytest.raises(ZeroDivisionError):
            half_written(workspace, "job.gif")
        assert workspace.read("job.gif") == b"whole"
        assert not path.exists()


def half_written(workspace: Workspace, name: str) -> None:
    with workspace.writing(name) as path:
        path.write_bytes(b"half")
        raise ZeroDivisionError


def test_whoever_looks_on_sees_it_and_can_pause_it(place: Store, tasks: tuple[Task, ...]) -> None:
    with place.open() as workspace:
        workspace.begin({}, tasks)
        publish(workspace, tasks[0])
        workspace.checkpoint(tasks[1].id, pack(State(7, {})), attempt=1, iteration=7)
        seen = status(place.remote())
        assert (seen.finished, seen.tasks, seen.kept) == (1, 4, {tasks[1].file: 7})
        assert str(seen.driver).startswith("process ")
        assert not workspace.requests.paused
        pause(place.remote())
        workspace._heeded_s -= 10  # the driver looks every few seconds
        assert workspace.requests.paused
        assert status(place.remote()).paused
        assert resume(place.remote())
    assert status(place.remote()).driver is None


def test_what_the_plan_does_not_need_is_cleaned_away(place: Store, tasks: tuple[Task, ...]) -> None:
    with place.open() as workspace:
        workspace.begin({}, tasks)
        publish(workspace, *tasks)
        workspace._storage.write({"frames/2-style/mine.png": b"a stranger's", ".writing-7": b"x"})
    with place.open() as workspace:
        workspace.begin({}, tasks[:2])
        found = workspace.clean(load(place.remote()))
    sizes = {name: len(task.id) for task in tasks[2:] for name in task.files}
    assert {item.name: item.size_bytes for item in found if item.kind == "frame"} == sizes
    assert {item.kind for item in found} == {"frame", "carry"}
    left = place.names()
    assert {"frames/2-style/mine.png", *tasks[0].files, *tasks[1].files} <= left
    assert not left.intersection(item.name for item in found)
    assert ".writing-7" not in left
    assert stale(place.remote(), load(place.remote()), read(place.remote())) == []


def test_what_is_forgotten_is_rendered_again(place: Store, tasks: tuple[Task, ...]) -> None:
    with place.open() as workspace:
        publish(workspace, *tasks)
        workspace.forget([tasks[3].id])
    assert finished(place, tasks) == [True, True, True, False]


def test_a_driver_that_vanishes_loses_nothing_that_was_told(
    place: Store, tasks: tuple[Task, ...]
) -> None:
    """Its memory is gone, its lease stands; only what lies at the URL counts."""
    gone = place.open(DUMB)
    publish(gone, *tasks[:2])
    gone.record("started", task=tasks[2].id, attempt=1)  # in memory, for a second at most
    assert finished(place, tasks) == [True, True, False, False]
    with pytest.raises(WorkspaceError, match="was taken over"):
        publish(gone, tasks[2])


def test_a_torn_last_segment_costs_its_last_line(memory: Store, tasks: tuple[Task, ...]) -> None:
    with memory.open() as workspace:
        publish(workspace, *tasks)
    objects = memory.objects()
    (name,) = objects.sizes(SEGMENTS)
    whole = objects.read(name)
    lines = whole.splitlines(keepends=True)
    ends = [len(b"".join(lines[: n + 1])) for n, line in enumerate(lines) if b'"finished"' in line]
    for cut in (*range(0, len(whole), 41), *ends, *(end - 1 for end in ends)):
        objects.put(name, whole[:cut])
        done = read(memory.remote()).finished(tasks, memory.remote().sizes())
        assert len(done) == sum(end - 1 <= cut for end in ends), f"cut at byte {cut}"


def test_a_workspace_may_move_from_a_folder_to_a_bucket_and_back(
    memory: Store, tasks: tuple[Task, ...], tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "here") as workspace:
        publish(workspace, *tasks[:2])
    copy(Files(tmp_path / "here"), memory.remote())
    with memory.open() as workspace:
        assert workspace.finished(tasks) == {task.id for task in tasks[:2]}
        publish(workspace, tasks[2])
    copy(memory.remote(), Files(tmp_path / "back"))
    with Workspace.open(tmp_path / "back") as workspace:
        assert workspace.finished(tasks) == {task.id for task in tasks[:3]}
        publish(workspace, tasks[3])
    assert read(Files(tmp_path / "back")).results.keys() == {task.id for task in tasks}


def copy(source: Storage, target: Storage) -> None:
    """What a tool like `aws s3 sync` does."""
    for below in ("", "frames", "carry", "log", "lease"):
        target.write({name: source.read(name) for name in source.files(below)})


@pytest.mark.parametrize("name", ["../x", "/etc/x", "frames/../../x", "", "a\\..\\x"])
def test_no_name_leads_out(name: str, memory: Store) -> None:
    storage = memory.remote()
    for use in (storage.address, storage.read, lambda n: storage.write({n: b""})):
        with pytest.raises(WorkspaceError, match="no name"):
            use(name)


def test_addresses_that_nothing_opens() -> None:
    with pytest.raises(WorkspaceError, match=r"nosuch://x/y: .*not known"):
        at("nosuch://x/y")
    with pytest.raises(WorkspaceError, match=r"memory:///: names no place"):
        at("memory:///")


def test_a_bucket_that_is_not_there(s3: Callable[[], str]) -> None:
    s3()
    with pytest.raises(WorkspaceError, match=r"s3://nowhere/job: isn't there .*make the bucket"):
        Workspace.open("s3://nowhere/job")


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    with Workspace.open(f"file://{tmp_path}/job"):
        assert (tmp_path / "job" / "log.jsonl").exists()
