"""Whole jobs on a real Ray: the same bytes on any number of workers, and whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import exits, launch
from cluster.cli import run
from cluster.commands.options import RunOptions
from jobs.spec import load
from tests.cluster.conftest import picture

JOB = """
inputs: [a.png, b.png]
size: 40
steps:
  - dream: {network: googlenet, layers: [conv1, conv2], iterations: 2, repeats: 1}
  - style:
      network: googlenet
      images: [brush.png]
      content_layers: [conv2]
      style_layers: [conv1, conv2]
      iterations: 3
outputs: [gif: {}]
resources: {threads: 1, gpus: 0}
"""


@pytest.fixture
def desk(tmp_path: Path, tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a job, its pictures, and weights at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (tmp_path / "job.yaml").write_text(JOB)
    for seed, name in enumerate(("a.png", "b.png", "brush.png")):
        (tmp_path / name).write_bytes(picture(seed=seed))
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    found = [*folder.glob("frames/*/*"), *folder.glob("*.gif")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}


def log(folder: Path, event: str) -> list[dict[str, Any]]:
    records = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [record for record in records if record["event"] == event]


def test_what_can_run_side_by_side_follows_from_the_plan(desk: Path) -> None:
    chain = ["steps.0.dream.chain=true", "steps.0.dream.layers=[conv1, conv2, conv1]"]
    for sets, width, widest in (
        ([], 4, 4),  # 8 tasks, none needs more than one other: 4 at a time, 4 that none needs
        (chain, 3, 4),  # of each picture 2 dreams in a chain, each then styled: 8 / 3, rounded up
    ):
        job = launch.planned(load(desk / "job.yaml", sets), RunOptions())
        wanted = launch.wanted_by(job)
        assert (wanted.width, wanted.widest) == (width, widest)
        assert (wanted.threads, wanted.gpus) == (1, 0)


def test_the_same_bytes_on_any_number_of_workers(desk: Path, ray: Any) -> None:
    assert run(["render", "job.yaml", "--inline", "--out", "inline"]) == exits.DONE
    expected = results(desk / "inline")
    assert len(expected) == 2 * 2 * 2 + 2
    for workers in (1, 2, 4):
        out = f"ray{workers}"
        code = run(["render", "job.yaml", "--workers", str(workers), "--out", out])
        assert code == exits.DONE
        assert results(desk / out) == expected
        processes = {record["process"] for record in log(desk / out, "started")}
        assert len(processes) <= workers
        assert os.getpid() not in processes


def test_a_worker_killed_in_mid_task_changes_no_frame(
    desk: Path, ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = ["--set", "steps.1.style.iterations=200"]
    run(["render", "job.yaml", "--inline", "--out", "inline", *longer])
    killed: list[int] = []

    def kill_once(display: Any, notice: Any) -> None:
        """Kill the first worker that tells of an iteration of a style transfer."""
        if type(notice).__name__ == "TaskProgress" and "2-style" in notice.file and not killed:
            mine = [r for r in log(desk / "ray", "started") if r["task"] == notice.task]
            killed.append(mine[-1]["process"])
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr("cluster.console.PlainDisplay.show", kill_once)
    assert run(["render", "job.yaml", "--workers", "2", "--out", "ray", *longer]) == exits.DONE
    assert killed
    assert results(desk / "ray") == results(desk / "inline")
    assert len(log(desk / "ray", "worker_lost")) == 1
    attempts = [record["attempt"] for record in log(desk / "ray", "finished")]
    assert sorted(attempts) == [1] * 7 + [2]


def test_more_than_the_cluster_has_is_refused_at_once(
    desk: Path, ray: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change = ["--set", "resources.gpus=3"]  # the tests' Ray says that it has two
    assert run(["render", "job.yaml", *change]) == exits.NO_CLUSTER
    told = capsys.readouterr().err
    assert "a worker with 1 CPU and 3 GPU doesn't fit: there is room for 0" in told


def test_no_ray_at_an_address(desk: Path) -> None:
    # In a process of its own: this one is connected to the tests' Ray.
    done = reverie(desk, "--address", "127.0.0.1:1", start=subprocess.run, timeout=60)
    assert done.returncode == exits.NO_CLUSTER
    assert "error: no Ray answers at 127.0.0.1:1" in done.stderr


def reverie(desk: Path, *arguments: str, start: Callable[..., Any], **more: Any) -> Any:
    """Runs the launcher on the job, as a terminal does: in a process group of its own."""
    root = str(Path(__file__).parents[2])
    return start(
        [sys.executable, "-m", "cluster.cli", "render", "job.yaml", *arguments],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


@pytest.mark.parametrize("where", [["--inline"], ["--workers", "1"]])
def test_ctrl_c_stops_in_order_and_the_same_command_goes_on(desk: Path, where: list[str]) -> None:
    longer = ["--set", "steps.1.style.iterations=1000000"]
    process = reverie(desk, "--json", *where, *longer, start=subprocess.Popen)
    told = events(process)
    next(e for e in told if e["event"] == "task_progress" and "2-style" in e["file"])
    os.killpg(process.pid, signal.SIGINT)
    rest = list(told)
    assert process.wait(timeout=60) == exits.INTERRUPTED
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert rest[-1]["event"] == "ended"
    assert rest[-1]["interrupted"]
    assert 1 <= rest[-1]["finished"] == len(log(desk / "renders/job", "finished")) < 8
    assert "stopping" in [event["event"] for event in rest]
    # The style transfers are others now; the dream that was finished is not rendered again.
    assert run(["render", "job.yaml", "--inline"]) == exits.DONE
    finished = [record["task"] for record in log(desk / "renders/job", "finished")]
    assert len(finished) == len(set(finished)) == 8


def test_a_second_ctrl_c_ends_at_once(desk: Path) -> None:
    longer = ["--set", "steps.0.dream.iterations=1000000", "--set", "steps.0.dream.repeats=0"]
    process = reverie(desk, "--json", "--inline", *longer, start=subprocess.Popen)
    next(event for event in events(process) if event["event"] == "task_started")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert process.wait(timeout=60) == exits.INTERRUPTED
    assert time.monotonic() - began < 5
