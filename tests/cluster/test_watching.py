"""`list`, `watch`, `wait`, `logs` and `errors` beside a driver, and without one."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from cluster import exits
from cluster.commands import watching
from cluster.loglines import log_line
from jobs.workspace import Workspace
from tests.cluster.farm import OUT, Farm, Told


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.02)
    monkeypatch.setattr(watching, "FORSAKEN_S", 0.1)


def test_jobs_are_listed_with_their_states(farm: Farm, told: Told) -> None:
    assert told("list") == (exits.DONE, "there are no jobs in renders\n")
    farm.render(tasks=1)
    Path("renders/none").mkdir()
    (row,) = json.loads(told("list", "--json")[1])
    assert (row["job"], row["state"], row["tasks"], row["done"]) == ("job", "unfinished", 4, 1)
    farm.render()
    assert "done" in told("list", OUT)[1]
    with Workspace.open(OUT):
        assert "rendering" in told("list", "renders")[1]
        told("pause", OUT)
        assert "paused" in told("list")[1]


def test_waiting_ends_with_the_job_and_tells_how_it_ended(farm: Farm, told: Told) -> None:
    farm.render(tasks=1)
    assert told("wait", OUT)[0] == exits.UNFINISHED  # no one renders it
    held = Workspace.open(OUT)
    code, text = told("wait", OUT, "--timeout", "0.1")
    assert (code, "1 of 4 tasks done" in text) == (exits.UNFINISHED, True)

    def finish() -> None:
        held.close()
        farm.render()

    timer = threading.Timer(0.3, finish)
    timer.start()
    code, text = told("wait", OUT, "--json")
    timer.join()
    assert (code, json.loads(text)["finished"]) == (exits.DONE, 4)


def test_logs_of_all_and_of_one_frame(farm: Farm, told: Told) -> None:
    first, *_ = farm.render().tasks
    code, text = told("logs", OUT)
    assert code == exits.DONE
    assert text.count("attempt 1 began on here") == 4
    assert text.count("  finished") == 4
    assert "recipe" not in text
    code, text = told("logs", OUT, first.file)
    assert len(text.splitlines()) == 2
    assert first.file in text
    records = [json.loads(line) for line in told("logs", OUT, "--json")[1].splitlines()]
    assert {"opened", "recipe", "started", "finished"} <= {one["event"] for one in records}
    assert "no frame is called 'x'" in told("logs", OUT, "x")[1]


@pytest.mark.parametrize("command", [("logs", "-f"), ("watch",), ("watch", "--json")])
def test_what_happens_is_told_until_the_job_is_over(
    command: tuple[str, ...], farm: Farm, told: Told
) -> None:
    farm.render(tasks=1)
    timer = threading.Timer(0.05, farm.render)
    timer.start()
    code, text = told(command[0], OUT, *command[1:])
    timer.join()
    assert code == exits.DONE
    if command[0] == "logs":
        assert text.count("  finished") == 4
    elif "--json" in command:
        assert "finished" in {json.loads(line)["event"] for line in text.splitlines()}
    else:  # what was before isn't told again
        assert 1 <= text.count("  finished") <= 3
        assert text.splitlines()[-2].endswith("4 of 4 tasks done")


def test_errors_by_node_and_cause(farm: Farm, told: Told) -> None:
    assert told("errors", _begun(farm)) == (exits.DONE, "nothing went wrong\n")
    first = farm.plan().tasks[0]
    with Workspace.open(OUT) as workspace:
        told_of = {"task": first.id, "attempt": 1, "cause": "out_of_memory", "node": "n7"}
        workspace.record("failed", **told_of, reason="too large", traceback="in line 7")
        workspace.record("given_up", **told_of, reason="too large")
    code, text = told("errors", OUT, "--traceback")
    assert code == exits.SOME_FAILED
    for part in ("n7", "out_of_memory", "too large", first.file, "in line 7"):
        assert part in text
    (row,) = json.loads(told("errors", OUT, "--json")[1])
    assert (row["times"], row["frames"], row["traceback"]) == (1, 1, "in line 7")


def test_a_record_that_nobody_knows_is_still_told() -> None:
    line = log_line({"event": "sun_set", "reason": "evening", "node": "n1"}, {})
    assert line == "?  sun set: evening [n1]"


def _begun(farm: Farm) -> Path:
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, farm.plan().tasks)
    return OUT


def test_logs_of_a_frame_have_what_its_worker_said_and_tracebacks(farm: Farm, told: Told) -> None:
    planned = farm.plan()
    task, other = planned.tasks[0], planned.tasks[1]
    with Workspace.open(OUT) as workspace:
        workspace.begin({}, planned.tasks)
        workspace.record("started", task=task.id, attempt=1, node="far")
        said = {"level": "warning", "logger": "torch", "message": "slow path\n  take another"}
        workspace.record("said", task=task.id, attempt=1, node="far", **said)
        both = {**said, "level": "error", "message": "short of memory", "shared": True}
        workspace.record("said", task=task.id, attempt=1, node="far", **both)
        assert workspace.history.running  # what is said doesn't end an attempt
        trace = "Traceback (most recent call last):\n  File x\nRuntimeError: bus"
        failure = {"cause": "error", "reason": "RuntimeError: bus", "node": "far"}
        workspace.record("failed", task=task.id, attempt=1, **failure, traceback=trace)
    code, text = told("logs", OUT, task.file)
    assert code == 0
    assert "warning [far]: slow path ...\n      take another\n" in text
    assert "error [far] (of its batch): short of memory\n" in text
    assert "attempt 1 failed: error: RuntimeError: bus [far]" in text
    assert "      File x\n    RuntimeError: bus\n" in text
    assert "File x" not in told("logs", OUT)[1]  # of all frames it would be too much
    assert told("logs", OUT, other.file)[1] == ""
    lines = [json.loads(line) for line in told("logs", OUT, task.file, "--json")[1].splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert all(line["job"] == "job" and line["frame"] == task.file for line in lines)
    assert lines[1]["message"] == said["message"]
    assert lines[3]["traceback"] == trace
