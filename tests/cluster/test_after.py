"""Jobs that come after others: they wait, see what was made, and don't wait in vain."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from cluster import after, exits
from cluster import notices as n
from cluster.cli import run
from cluster.commands import watching
from jobs.spec import build
from jobs.workspace import Workspace
from renderer.errors import JobError, WorkspaceError
from tests.cluster.conftest import NETWORK
from tests.cluster.farm import OUT, Farm, Told


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.02)
    monkeypatch.setattr(watching, "FORSAKEN_S", 0.1)
    monkeypatch.setattr(after, "BEGINS_S", 0.3)
    monkeypatch.setattr(after, "LOOK_S", 0.02)


def test_it_waits_until_the_other_job_is_done(farm: Farm) -> None:
    farm.render(tasks=1)
    held = Workspace.open(OUT)
    told: list[n.Notice] = []

    def finish() -> None:
        held.close()
        farm.render()

    timer = threading.Timer(0.1, finish)
    timer.start()
    after.await_jobs([str(OUT)], told.append)
    timer.join()
    assert told == [n.WaitingFor(job=str(OUT), tasks=4, finished=1)]
    after.await_jobs([str(OUT)], told.append)  # it is done, and nothing is told
    assert len(told) == 1


def test_it_does_not_wait_for_what_will_not_come(farm: Farm) -> None:
    told: list[n.Notice] = []
    with pytest.raises(WorkspaceError, match="begin that job first"):
        after.await_jobs([str(OUT)], told.append)
    assert told == [n.WaitingFor(job=str(OUT), tasks=0, finished=0)]
    planned = farm.render(tasks=1)
    with pytest.raises(JobError, match="no one is rendering it, with 1 of 4 tasks done"):
        after.await_jobs([str(OUT)], told.append)
    with Workspace.open(OUT) as workspace:
        workspace.record("given_up", task=planned.tasks[1].id, cause="error", reason="it broke")
    with pytest.raises(JobError, match="of its 4 tasks failed"):
        after.await_jobs([str(OUT)], told.append)


def test_a_job_file_and_the_option_name_what_comes_first(farm: Farm, told: Told) -> None:
    job = {"inputs": ["a.png"], "steps": ["dream"], "after": ["../b", "s3://bucket/c"]}
    spec = build(job, base=Path("/jobs/a"))
    assert spec.preceding == ("/jobs/a/../b", "s3://bucket/c")
    farm.render(tasks=1)
    Path("job.yaml").write_text(json.dumps({**job, "after": []}))
    code, text = told("render", "job.yaml", "--inline", "--after", OUT)
    assert code == exits.BAD_INPUT
    assert f"after: {Path.cwd() / OUT} is not done: no one is rendering it" in text


def test_what_the_other_job_makes_is_among_the_inputs(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tiny_weights_dir: Path
) -> None:
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    dream = {"dream": {"network": NETWORK, "layers": ["conv1"], "iterations": 1, "repeats": 0}}
    first = {"name": "first", "inputs": ["a.png", "b.png"], "size": 40, "steps": [dream]}
    frames = "renders/first/frames/1-dream/*.png"
    second = {**first, "name": "second", "inputs": [frames], "after": "renders/first"}
    for name, job in (("1.yaml", first), ("2.yaml", second)):
        Path(name).write_text(json.dumps(job))
    assert run(["render", "1.yaml", "2.yaml", "--inline"]) == exits.DONE
    assert len(list(Path("renders/second/frames/1-dream").iterdir())) == 2
