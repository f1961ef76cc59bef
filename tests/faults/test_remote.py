"""A job at a URL: its driver is killed, another goes on, and the end is as if nothing had been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster import exits
from cluster.cli import run
from jobs.storage import at
from tests.faults.harness import Run, frames, furnish, job, lines


def drive(folder: Path, url: str, told: Path) -> subprocess.Popen[bytes]:
    """A driver in a process of its own."""
    command = [sys.executable, "-m", "cluster.cli", "render", str(folder / "job.yaml"), "--inline"]
    with told.open("w") as out:
        return subprocess.Popen([*command, "--json", "--out", url], stdout=out, stderr=out)


def wait_for(event: str, told: Path) -> None:
    deadline_s = time.monotonic() + 120
    while not any(line["event"] == event for line in lines(told)):
        assert time.monotonic() < deadline_s, told.read_text()
        time.sleep(0.02)


def test_a_killed_drivers_job_goes_on_from_what_lies_in_the_bucket(
    s3: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(tmp_path, job("adam", iterations=60))
    url = f"{s3()}/renders/job"
    reference = Run(tmp_path, "--inline", out="reference")
    first, told = drive(tmp_path, url, tmp_path / "first.jsonl"), tmp_path / "first.jsonl"
    wait_for("task_finished", told)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert run(["status", url, "--json"]) == exits.UNFINISHED
    seen = json.loads(capsys.readouterr().out)
    assert seen["driver"] is None
    assert run(["render", str(tmp_path / "job.yaml"), "--inline", "--out", url, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    resumed = {e["file"]: e["resumed"] for e in events if e["event"] == "task_started"}
    assert all(resumed[file] >= at for file, at in seen["checkpoints"].items())
    finished = [e["file"] for e in (*lines(told), *events) if e["event"] == "task_finished"]
    assert set(Counter(finished).values()) == {1}
    assert reference.wait() == exits.DONE
    storage, wanted = at(url), frames(reference.out)
    assert sorted(name for name in storage.files("frames")) == sorted(wanted)
    assert all(storage.read(name) == data for name, data in wanted.items())
    assert list(storage.files("checkpoints")) == []
