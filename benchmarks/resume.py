"""How long until a job goes on whose workspace holds thousands of finished tasks?

Makes a workspace in which so many tasks are finished, adds a picture, and takes the time from the
start of the launcher's process until the first new task starts: the first time, when every picture
must be read, and several times more, each with one picture more. Beside it stands a job of a
handful of tasks, measured in turn: what any start costs. CPU seconds are those of the launcher up
to its end; on a machine that does other things too they tell more than the clock. Writes JSON.

    python -m benchmarks.resume --tasks 20000 --json report.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from benchmarks import reports
from jobs.plan import Plan, plan
from jobs.spec import load
from jobs.workspace import Workspace
from renderer import weights

JOB = {
    "inputs": ["photos/*.png"],
    "size": 16,
    "steps": [{"dream": {"network": "motifs", "layers": ["conv2"], "iterations": 1, "repeats": 1}}],
    "resources": {"threads": 1, "gpus": 0},
}


def add_pictures(folder: Path, first: int, count: int) -> None:
    """Pictures that all differ."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for i in range(first, first + count):
        noise = i.to_bytes(3, "big") + os.urandom(16 * 16 * 3 - 3)
        picture = Image.frombytes("RGB", (16, 16), noise)
        picture.save(folder / "photos" / f"{i:06}.png")


def finish(folder: Path, made: Plan) -> None:
    """Put a frame of every task into the workspace, as a run would."""
    with Workspace.open(folder / "out") as workspace:
        workspace.begin(JOB, made.tasks)
        for task in made.tasks:
            facts = {"task": task.id, "attempt": 1, "worker": "inline", "node": "here"}
            workspace.record("started", process=1, device="cpu", threads=1, resumed=0, **facts)
            workspace.publish(task, b"frame", attempt=1, seconds=0.5)


def timed(folder: Path) -> dict[str, float]:
    """From the launcher's start: seconds until its first task started, CPU seconds it used."""
    command = [sys.executable, "-m", "cluster.cli", "render", str(folder / "job.yaml"), "--json"]
    command += ["--out", str(folder / "out"), "--inline"]
    began, cpu_s, started_s = time.perf_counter(), _children_s(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if not started_s and json.loads(line)["event"] == "task_started":
                started_s = time.perf_counter() - began
    if run.returncode or not started_s:
        raise SystemExit(f"{' '.join(command)}: ended with {run.returncode}")
    return {"seconds": started_s, "cpu_seconds": _children_s() - cpu_s}


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(folder: Path, tasks: int) -> Callable[[], dict[str, float]]:
    """Makes a workspace of finished tasks; what it returns adds a picture and times a run."""
    numbers = itertools.count(tasks)
    add_pictures(folder, 0, tasks)
    (folder / "job.yaml").write_text(yaml.safe_dump(JOB))
    made = plan(load(folder / "job.yaml"), lambda net, until: weights.resolve(net, until).identity)
    finish(folder, made)

    def once() -> dict[str, float]:
        add_pictures(folder, next(numbers), 1)
        return timed(folder)

    return once


def told(runs: list[dict[str, float]]) -> dict[str, Any]:
    """The median of some runs, and all of them."""
    return {
        key: {"median": round(statistics.median(values), 2), "all": [round(v, 2) for v in values]}
        for key in runs[0]
        for values in [[run[key] for run in runs]]
    }


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="resume-") as name:
        os.environ["REVERIE_CACHE"] = f"{name}/cache"
        many = measured(Path(name) / "many", given.tasks)
        few = measured(Path(name) / "few", 10)
        time.sleep(3)  # pictures that are just being written are read again
        shutil.rmtree(os.environ["REVERIE_CACHE"])
        load_before, first = os.getloadavg()[0], many()
        pairs = [(many(), few()) for _ in range(given.repeats)]
    report = {
        "tasks": given.tasks,
        "first_time": told([first]),
        "again": told([pair[0] for pair in pairs]),
        "of_ten_tasks": told([pair[1] for pair in pairs]),
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "machine": f"{os.cpu_count()} cores",
        "python": platform.python_version(),
    }
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
