"""The short form of ``benchmarks/faults.py``: kills, stops and damage, one of each kind."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import exits
from tests.faults.harness import DAMAGE, Judgement, Run, damage, furnish, job, lines, resumable

LONG = 160


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    furnish(folder, job("adam", iterations=LONG))
    assert Run(folder, "--inline").wait() == exits.DONE
    return folder / "out"


@pytest.fixture
def desk(tmp_path: Path, reference: Path) -> Path:
    """A folder with the same job, and the reference beside it."""
    furnish(tmp_path, job("adam", iterations=LONG))
    (tmp_path / "reference").symlink_to(reference)
    return tmp_path


def until(wanted: Callable[[], bool], *, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def checkpointed(run: Run) -> int:
    return sum(event["event"] == "task_checkpointed" for event in run.events())


def midway(run: Run) -> bool:
    """Whether a task has left its first checkpoints, and has far to go."""
    marks = [e for e in run.events() if e["event"] in ("task_checkpointed", "task_finished")]
    return bool(marks) and marks[-1].get("iteration", 80) <= 30


def judged(desk: Path, *runs: Run) -> Judgement:
    judgement = Judgement()
    for run in runs:
        judgement.hear(run)
    judgement.end(desk / "out", desk / "reference")
    assert judgement.faults == []
    return judgement


def test_a_driver_killed_again_and_again(desk: Path) -> None:
    runs = []
    for number in range(4):
        runs.append(Run(desk, "--inline", number=number))
        until(lambda: checkpointed(runs[-1]) >= 4 or runs[-1].over())
        runs[-1].signal(signal.SIGKILL)
        runs[-1].wait()
    runs.append(Run(desk, "--inline", number=9))
    assert runs[-1].wait() == exits.DONE
    assert judged(desk, *runs).saved > 0


def test_ctrl_c_loses_no_iteration(desk: Path) -> None:
    first = Run(desk, "--inline")
    until(lambda: checkpointed(first) >= 2)
    first.signal(signal.SIGINT)
    assert first.wait() == exits.INTERRUPTED
    last = [e["iteration"] for e in first.events() if e["event"] == "task_checkpointed"][-1]
    again = Run(desk, "--inline", number=1)
    assert again.wait() == exits.DONE
    started = next(e for e in again.events() if e["event"] == "task_started")
    assert started["resumed"] == last
    judged(desk, first, again)


def test_damaged_checkpoints_and_log_lines(desk: Path) -> None:
    rng, runs = random.Random(3), []
    for number, kind in enumerate(2 * DAMAGE):
        runs.append(Run(desk, "--inline", number=number))
        until(lambda: checkpointed(runs[-1]) >= 3 or runs[-1].over())
        runs[-1].signal(signal.SIGKILL)
        runs[-1].wait()
        assert damage(desk / "out", kind, rng)
    runs.append(Run(desk, "--inline", number=99))
    assert runs[-1].wait() == exits.DONE
    judged(desk, *runs)


def test_a_worker_killed_and_a_worker_stopped(desk: Path) -> None:
    run = Run(desk, "--workers", "1")
    for number in (signal.SIGKILL, signal.SIGSTOP):
        seen = len(run.workers())
        until(lambda seen=seen: len(run.workers()) > seen and bool(resumable(run.out)))
        before = checkpointed(run)
        until(lambda before=before: checkpointed(run) > before)
        os.kill(run.workers()[0], number)
        lost = number
        until(lambda: any(e["event"] == "worker_lost" for e in run.events()))
    assert lost == signal.SIGSTOP
    assert run.wait() == exits.DONE
    reasons = [event["reason"] for event in run.events() if event["event"] == "worker_lost"]
    assert len(reasons) == 2
    assert "told nothing" in reasons[1]
    assert judged(desk, run).resumed >= 2


@pytest.fixture
def small_disk(desk: Path) -> Iterator[Path]:
    """A disk of 256 KiB at the place where the workspace will be."""
    out = desk / "out"
    out.mkdir()
    if os.geteuid() or mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", str(out)):
        pytest.skip("only root can mount a small disk")
    yield out
    subprocess.run(["umount", str(out)], check=True)


def mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True).returncode


def test_a_full_disk(desk: Path, small_disk: Path) -> None:
    full = Run(desk, "--inline")
    assert full.wait() == exits.NO_WORKSPACE
    errors = full.told.with_suffix(".err").read_text()
    assert "the disk is full" in errors
    assert "Traceback" not in errors
    assert mount("-o", "remount,size=32m", str(small_disk)) == 0
    again = Run(desk, "--inline", number=1)
    assert again.wait() == exits.DONE
    assert judged(desk, full, again).resumed > 0


@pytest.mark.parametrize("by_s", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps(desk: Path, by_s: float) -> None:
    first = Run(desk, "--inline", jump=(0.5, by_s))
    until(lambda: jumped(desk / "out", by_s) and midway(first))
    first.signal(signal.SIGKILL)
    first.wait()
    again = Run(desk, "--inline", number=1)  # by the right clock
    assert again.wait() == exits.DONE
    assert judged(desk, first, again).resumed > 0
    for records in by_task(desk / "out").values():
        told = [record["event"] for record in records]
        assert told[0] == "started"
        assert told[-1] == "finished"
        numbers = [record["attempt"] for record in records]
        assert numbers == sorted(numbers)


def jumped(out: Path, by_s: float) -> bool:
    """Whether a workspace's log shows that the clock has jumped so far."""
    times = [record["at"] for record in lines(out / "log.jsonl")]
    steps = (later - sooner for sooner, later in itertools.pairwise(times))
    return any(abs(step - by_s) < 600 for step in steps)


def by_task(out: Path) -> dict[str, list[dict[str, Any]]]:
    """The records of each task, in the log's order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in lines(out / "log.jsonl"):
        if "task" in record and "attempt" in record:
            found.setdefault(record["task"], []).append(record)
    return found
