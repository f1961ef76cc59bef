"""How long does each command take that looks after a job of 100,000 frames, and how much memory?

Makes the workspace that a run of so many tiny pictures would have left, through the workspace's
own writers, but for forcing each file to the disk: nearly all frames are finished, one in a
thousand has failed, and some stand at a checkpoint. Then runs every command on it as a user does,
in a process of its own, each with its seconds, CPU seconds and peak of memory. Writes JSON.

    python -m benchmarks.verbs --frames 100000 --json report.json

``--outputs`` has all outputs made of them, too, which takes minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import yaml

from benchmarks import reports
from benchmarks.sets import JOB, add_pictures, tiny

if TYPE_CHECKING:
    from jobs.tasks import Task
    from jobs.workspace import Workspace

FAILED_IN, KEPT = 1000, 30
"""One task of so many has failed, and so many stand at a checkpoint."""

OF_OUTPUTS = "render, outputs"
FRAME = "000000-conv2.png"
OUTPUTS: list[dict[str, Any]] = [{"gif": {}}, {"sheet": {}}, {"plot": {}}, {"table": {}}]


def filled(folder: Path, frames: int) -> None:
    """Fills a folder in a process of its own: a child's peak of memory is its parent's at least."""
    process = multiprocessing.get_context("spawn").Process(target=fill, args=(folder, frames))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("the workspace could not be made")


def fill(folder: Path, frames: int) -> None:
    """Has a job of so many pictures in a folder, and its workspace as a run leaves it."""
    import torch

    from jobs.plan import plan
    from jobs.spec import load
    from jobs.workspace import Workspace
    from renderer import weights
    from renderer.checkpoints import State, pack

    add_pictures(folder, frames)
    spec = load(folder / "job.yaml")
    made = plan(spec, lambda network, until: weights.resolve(network, until).identity)
    state = pack(State(1, {"image": torch.full((1, 3, 16, 16), 99.0)}))
    picture = tiny(1)
    with unforced(), Workspace.open(folder / "out") as workspace:
        workspace.begin(spec.data, made.tasks)
        for number, task in enumerate(made.tasks):
            started(workspace, task)
            if number < KEPT:
                workspace.checkpoint(task.id, state, attempt=1, iteration=1)
            elif number % FAILED_IN == 0:
                failed(workspace, task)
            else:
                finished(workspace, task, picture)


@contextmanager
def unforced() -> Iterator[None]:
    """Files are left to the system's own time: forcing each would take minutes here."""
    with mock.patch("os.fsync"):
        yield


def started(workspace: Workspace, task: Task) -> None:
    """A worker has taken a task up."""
    facts = {"worker": "here-0", "node": "here", "process": 1, "device": "cpu", "threads": 1}
    facts |= {"precision": "float32", "resumed": 0}
    workspace.record("started", task=task.id, attempt=1, **facts)


def failed(workspace: Workspace, task: Task) -> None:
    """A task has been given up."""
    facts = {"cause": "error", "reason": "the network fell over", "node": "here"}
    workspace.record("failed", task=task.id, attempt=1, **facts, traceback="Traceback: ...")
    workspace.record("given_up", task=task.id, attempt=1, **facts)


def finished(workspace: Workspace, task: Task, picture: bytes) -> None:
    """A task has left its losses and its frame."""
    from jobs.curves import LOSSES

    losses = b"iteration,objective,seconds\n1,0.5,0.001\n"
    workspace.artefact(task, LOSSES, losses, attempt=1)
    facts: dict[str, Any] = {"iterations": 1, "seconds": 0.001, "losses": {"objective": 0.5}}
    workspace.publish(task, picture, attempt=1, **facts)


def measured(arguments: Sequence[str], codes: Sequence[int] = (0, 1, 6)) -> dict[str, Any]:
    """What a command takes, and how much it says."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "cluster.cli", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        told = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode not in codes:
        raise SystemExit(f"{' '.join(command)}: ended with {run.returncode}")
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
        "lines": told.count(b"\n"),
    }


def verbs(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands, each with its arguments; those that change the workspace come last."""
    out, job, to = str(folder / "out"), str(folder / "job.yaml"), str(folder / "made")
    yield "list", ["list", str(folder)]
    yield "status", ["status", out]
    yield "status --json", ["status", out, "--json"]
    yield "watch", ["watch", out, "--timeout", "1"]
    yield "errors", ["errors", out]
    yield "logs FRAME", ["logs", out, FRAME]
    yield "output", ["output", out]
    yield "output --json", ["output", out, "--json"]
    yield "preview FRAME", ["preview", out, FRAME, "--out", to]
    yield "preview", ["preview", out, "--out", to]
    yield "assemble 1-1000", ["assemble", out, "1-1000", "--out", f"{to}/part.gif"]
    yield "assemble", ["assemble", out, "--out", f"{to}/all.gif"]
    yield "plan", ["plan", job, "--out", out]
    yield "clean --dry-run", ["clean", out, "--dry-run"]
    yield "retry FRAME", ["retry", out, "1-50,60"]
    yield "retry --failed", ["retry", out, "--failed"]
    yield "render, the rest", ["render", job, "--out", out, "--inline"]
    yield "render, all done", ["render", job, "--out", out, "--inline"]
    job = str(folder / "outputs.yaml")
    Path(job).write_text(yaml.safe_dump({**JOB, "outputs": OUTPUTS}))
    yield OF_OUTPUTS, ["render", job, "--out", out, "--inline"]


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--only", default="", help="commands whose names begin so")
    parser.add_argument(
        "--outputs", action="store_true", help="also a GIF, sheets, a plot, a table"
    )
    parser.add_argument("--folder", type=Path, help="where to make it, or where it is already")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    report: dict[str, Any] = {"frames": given.frames, "load": [round(os.getloadavg()[0], 1)]}
    with tempfile.TemporaryDirectory(prefix="verbs-") as name:
        folder = given.folder or Path(name)
        os.environ["REVERIE_CACHE"] = f"{folder}/cache"
        begun = time.perf_counter()
        if not (folder / "out").exists():
            filled(folder, given.frames)
        report["filled_s"] = round(time.perf_counter() - begun, 1)
        report["log_mb"] = round((folder / "out" / "log.jsonl").stat().st_size / 1e6, 1)
        for verb, arguments in verbs(folder):
            if verb.startswith(given.only) and (given.outputs or verb != OF_OUTPUTS):
                report[verb] = measured(arguments)
                sys.stderr.write(f"{verb}: {report[verb]}\n")
    report["load"].append(round(os.getloadavg()[0], 1))
    report["machine"] = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
