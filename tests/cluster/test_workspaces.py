"""`status`, `retry` and `clean` on workspaces that real jobs were rendered to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cluster import exits
from jobs.workspace import Workspace
from tests.cluster.farm import OUT, Farm, Told


def files(folder: Path = OUT) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_status_of_what_is_done_and_of_what_is_not(farm: Farm, told: Told) -> None:
    farm.render(tasks=1)
    code, text = told("status", OUT)
    assert code == exits.UNFINISHED
    assert "renders/job: 1 of 4 tasks done, 3 waiting" in text
    assert "no one is rendering it" in text
    farm.render()
    assert told("status", OUT)[0] == exits.DONE


def test_status_names_what_failed_with_its_node_and_counts_what_needs_it(
    farm: Farm, told: Told
) -> None:
    first = farm.plan().tasks[0]
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, farm.plan().tasks)
        workspace.record("started", task=first.id, attempt=3, node="n7")
        workspace.record(
            "given_up", task=first.id, attempt=3, cause="worker_lost", reason="gone", node="n7"
        )
    code, text = told("status", OUT)
    assert code == exits.SOME_FAILED
    assert "0 of 4 tasks done, 1 failed, 3 skipped" in text
    assert f"failed {first.file} (conv1): worker lost: gone [n7]" in text
    data = json.loads(told("status", OUT, "--json")[1])
    assert (data["skipped"], data["waiting"], data["driver"]) == (3, 0, None)
    assert data["failed"] == [
        {"file": first.file, "label": "conv1", "cause": "worker_lost", "reason": "gone",
         "node": "n7", "attempt": 3}
    ]  # fmt: skip


def test_looking_after_a_job_needs_no_torch(farm: Farm) -> None:
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, farm.plan().tasks)
    code = (
        "import sys; from cluster.cli import run\n"
        "for verb in 'status list errors logs output clean retry'.split():\n"
        "    run([verb, sys.argv[1], *(['--failed'] if verb == 'retry' else [])])\n"
        "    print(verb, *(name for name in ('torch', 'ray') if name in sys.modules))\n"
    )
    command = [sys.executable, "-c", code, str(OUT.absolute())]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"status", "list", "errors", "logs", "output", "clean", "retry"} <= set(lines)


def test_a_failure_is_forgotten_once_the_task_is_tried_again(farm: Farm, told: Told) -> None:
    first = farm.plan().tasks[0]
    with Workspace.open(OUT) as workspace:
        workspace.record("given_up", task=first.id, attempt=1, cause="error", reason="bad", node="")
    farm.render(tasks=1)
    assert told("status", OUT)[0] == exits.UNFINISHED


def test_status_beside_a_driver(farm: Farm, told: Told) -> None:
    planned = farm.plan()
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, planned.tasks)
        first = planned.tasks[0].id
        workspace.record("started", task=first, attempt=2, node="n1")
        workspace.checkpoint(first, b"state", attempt=2, iteration=40)
        code, text = told("status", OUT)
        assert code == exits.UNFINISHED
        assert "0 of 4 tasks done, 1 running, 3 waiting" in text
        assert f"is being rendered by process {os.getpid()} on {socket.gethostname()}" in text
        file = planned.tasks[0].file
        assert f"running {file} on n1, attempt 2, checkpoint at iteration 40" in text
    text = told("status", OUT)[1]
    assert "4 waiting" in text
    assert f"{file} goes on from iteration 40" in text


def test_a_driver_that_died_drives_no_more(farm: Farm, told: Told) -> None:
    farm.render()
    dead = {"host": socket.gethostname(), "process": 2**22 + 1, "since": time.time()}
    (OUT / "lock").write_text(json.dumps(dead))
    text = told("status", OUT)[1]
    assert "what it has made: reverie output renders/job" in text
    assert "is being rendered" not in text
    (OUT / "lock").write_text(json.dumps({**dead, "host": "elsewhere"}))
    assert "is being rendered by process 4194305 on elsewhere" in told("status", OUT)[1]


def test_a_job_file_stands_for_its_folder(farm: Farm, told: Told) -> None:
    farm.render()
    Path("job.yaml").write_text("inputs: [a.png]\nsteps: [dream]\n")
    assert told("status", "job.yaml")[0] == exits.DONE


@pytest.mark.parametrize("command", ["status", "retry", "clean"])
def test_a_folder_that_is_no_workspace(command: str, farm: Farm, told: Told) -> None:
    extra = ["x"] if command == "retry" else []
    farm.render()
    code, text = told(command, "renders/jub", *extra)
    assert (code, "did you mean 'renders/job'" in text) == (exits.NO_WORKSPACE, True)
    code, text = told(command, ".", *extra)
    assert (code, "is no job's folder" in text) == (exits.NO_WORKSPACE, True)
    assert not Path("log.jsonl").exists()
    (OUT / "plan.json").write_text('{"tasks": [[1')
    assert "damaged" in told(command, OUT, *extra)[1]


def test_a_driver_is_told_to_wait_and_to_go_on(farm: Farm, told: Told) -> None:
    farm.render()
    code, text = told("pause", OUT)
    assert (code, "no one is rendering it" in text) == (exits.NO_WORKSPACE, True)
    with Workspace.open(OUT) as workspace:
        assert not workspace.requests.paused
        assert told("pause", OUT)[0] == exits.DONE
        assert workspace.requests.paused
        assert "(paused; go on with: reverie resume renders/job)" in told("status", OUT)[1]
        assert told("resume", OUT) == (exits.DONE, "it goes on\n")
        assert not workspace.requests.paused
        for verb in ("pause", "resume", "cancel"):
            data = json.loads(told(verb, OUT, "--json")[1])
            assert (data["asked"], data["folder"]) == (verb, str(OUT))
        assert workspace.requests.cancelled
    assert told("resume", OUT) == (exits.DONE, "it was not paused\n")


def test_demands_are_changed_while_someone_renders(farm: Farm, told: Told) -> None:
    farm.render(1, resources={"priority": 30})
    code, text = told("set", OUT, "priority=80")
    assert (code, "no one is rendering it" in text) == (exits.NO_WORKSPACE, True)
    with Workspace.open(OUT) as workspace:
        assert told("set", OUT, "priority=high")[0] == exits.BAD_INPUT
        code, text = told("set", OUT, "priority=80", "max_workers=4")
        assert code == exits.DONE
        assert text.endswith("goes by priority 80, max_workers 4\n")
        data = json.loads(told("set", OUT, "max_workers=4", "--json")[1])
        assert (data["asked"], data["max_workers"]) == ("set", 4)
        assert data["driver"].startswith(f"process {os.getpid()} on ")
        workspace.record("workers_allowed", workers=3, jobs=2)
        found = told("status", OUT)[1]
        assert "priority 80, at most 4 workers; may have 3 workers, beside 1 other job" in found
        data = json.loads(told("status", OUT, "--json")[1])
        assert (data["priority"], data["max_workers"], data["allowed"]) == (80, 4, [3, 2])
        assert "may have 3 workers" in told("logs", OUT)[1]
    farm.render(1)
    assert "priority" not in told("status", OUT)[1]


def test_rendering_ends_a_pause(farm: Farm, told: Told) -> None:
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, farm.plan().tasks)
        told("pause", OUT)
    farm.render()
    assert "paused" not in files()


def test_a_frame_is_rendered_again_with_all_that_comes_of_it(farm: Farm, told: Told) -> None:
    first, styled, second, last = farm.render().tasks
    code, text = told("retry", OUT, "frames/1-dream/a-02*")
    assert code == exits.DONE
    assert "1 task will be rendered again, and 1 more that they lead to" in text
    with Workspace.open(OUT) as workspace:
        assert workspace.finished(farm.plan().tasks) == {first.id, styled.id}
        assert workspace.attempts(last.id) == 1
    assert (OUT / second.file).exists()
    farm.render()
    assert told("status", OUT)[0] == exits.DONE


def test_frames_are_chosen_by_patterns(farm: Farm, told: Told) -> None:
    planned = farm.render(inputs=["a.png", "b.png"])
    assert told("retry", OUT, "frames/2-style/b-*", "a-01-conv1.png")[0] == exits.DONE
    left = {task.id for task in planned.tasks if task.input == "b" and task.step == 0}
    with Workspace.open(OUT) as workspace:
        assert workspace.finished(planned.tasks) == left
    code, text = told("retry", OUT, "b-01-conv2.png")
    assert code == exits.BAD_INPUT
    assert "no frame is called 'b-01-conv2.png'; did you mean 'b-0" in text


def test_what_failed_begins_anew(farm: Farm, told: Told) -> None:
    task = farm.plan().tasks[0]
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, farm.plan().tasks)
        workspace.checkpoint(task.id, b"bad", attempt=1, iteration=9)
        workspace.record("given_up", task=task.id, attempt=1, cause="error", reason="x", node="")
    assert "1 task will be rendered again" in told("retry", OUT, "--failed")[1]
    assert "checkpoints" not in " ".join(files())
    assert told("status", OUT)[0] == exits.UNFINISHED
    assert "nothing failed" in told("retry", OUT, "--failed")[1]


def test_retry_wants_to_know_what(farm: Farm, told: Told) -> None:
    farm.render()
    assert told("retry", OUT)[0] == exits.BAD_INPUT
    assert told("retry", OUT, "a-*", "--failed")[0] == exits.BAD_INPUT


def test_clean_keeps_all_that_is_current(farm: Farm, told: Told) -> None:
    farm.render()
    (OUT / "job.gif").write_bytes(b"an output")
    (OUT / "frames" / "mine.png").write_bytes(b"a stranger's")
    before = files()
    assert told("clean", OUT) == (exits.DONE, "nothing to remove\n")
    assert files() == before


def test_clean_removes_what_the_plan_does_not_know(farm: Farm, told: Told) -> None:
    old = farm.render(inputs=["a.png", "b.png"])
    new = farm.render()
    gone = [task for task in old.tasks if task.input == "b"]
    unfinished = replace(gone[0], id="ab" * 16)
    with Workspace.open(OUT) as workspace:
        workspace.checkpoint(unfinished.id, b"x" * 7, attempt=1, iteration=3)
    (OUT / ".writing-1-1.gif").write_bytes(b"y" * 5)
    stale = {file for task in gone for file in task.files}
    stale |= {f"carry/{t.id[:2]}/{t.id}.safetensors" for t in gone if t.carries}
    stale |= {f"checkpoints/ab/{unfinished.id}-3.safetensors", ".writing-1-1.gif"}
    before = files()
    code, text = told("clean", OUT, "--dry-run")
    size = sum((OUT / file).stat().st_size for file in stale)
    assert code == exits.DONE
    assert "would remove 1 temporary file, 4 frames, 2 carry files, 1 checkpoint" in text
    assert f": {size:,} bytes" in text
    assert all(file in text for file in stale)
    assert files() == before
    listed = json.loads(told("clean", OUT, "--dry-run", "--json")[1])
    assert {item["file"] for item in listed["files"]} == stale
    assert told("clean", OUT)[1].startswith("removed 1 temporary file, 4 frames")
    assert files() == sorted(set(before) - stale)
    with Workspace.open(OUT) as workspace:
        assert workspace.finished(new.tasks) == {task.id for task in new.tasks}


def test_clean_removes_pages_of_a_sheet_that_has_fewer_now(farm: Farm, told: Told) -> None:
    step = {"dream": {"network": "motifs", "layers": ["conv2"], "iterations": 1}}
    job = {"size": 40, "steps": [step], "outputs": [{"sheet": {"page": 1}}, "gif"]}
    for inputs in (["a.png", "b.png"], ["a.png"]):
        Path("job.json").write_text(json.dumps({"name": "job", "inputs": inputs, **job}))
        assert told("render", "job.json", "--inline")[0] == exits.DONE
    (OUT / "mine-sheet.png").write_bytes(b"a stranger's")
    assert "2 outputs" in told("clean", OUT)[1]
    assert sorted(path.name for path in OUT.iterdir() if path.suffix in (".png", ".gif")) == [
        "job-sheet.png",
        "job.gif",
        "mine-sheet.png",
    ]


def test_clean_removes_the_last_good_picture_of_what_failed_once_it_is_finished(
    farm: Farm, told: Told
) -> None:
    farm.render(tasks=3)
    names = ("a-01-conv1", "a-02-conv2", "mine")
    for name in names:
        folder = OUT / "frames" / ("2-style" if name == "a-02-conv2" else "1-dream")
        (folder / f"{name}.iteration-7.png").write_bytes(b"last good")
    assert "would remove 1 last good picture" in told("clean", OUT, "--dry-run")[1]
    told("clean", OUT)
    assert sorted(path.name for path in OUT.rglob("*.iteration-*")) == [
        "a-02-conv2.iteration-7.png",  # its task is still to do
        "mine.iteration-7.png",  # a stranger's
    ]


def test_clean_keeps_checkpoints_and_frames_that_are_about_to_be_used(
    farm: Farm, told: Told
) -> None:
    planned = farm.render(tasks=1)
    waiting = planned.tasks[1].id
    with Workspace.open(OUT) as workspace:
        workspace.checkpoint(waiting, b"x", attempt=1, iteration=3)
        renamed = tuple(replace(t, files=(t.file.replace("/a", "/z"),)) for t in planned.tasks)
        workspace.begin({}, renamed)  # and its driver dies before the frames have their new names
    before = files()
    assert told("clean", OUT)[1] == "nothing to remove\n"
    assert files() == before


def test_clean_leaves_a_workspace_alone_that_is_driven(farm: Farm, told: Told) -> None:
    farm.render(inputs=["a.png", "b.png"])
    farm.render()
    with Workspace.open(OUT):
        (OUT / ".writing-1-1.gif").write_bytes(b"being written")
        before = files()
        assert told("clean", OUT)[0] == exits.NO_WORKSPACE
        text = told("clean", OUT, "--dry-run")[1]
        assert "temporary" not in text
        assert files() == before
