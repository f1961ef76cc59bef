"""Is anything ever lost? Many small jobs, faults at random moments, and a judge at the end.

Every job runs until it has all its frames, and meanwhile its driver, its workers and their nodes
are killed, stopped and held up, its clock jumps, its disk fills, and its workspace is damaged
between two runs. Then its frames must be, byte by byte, those of an undisturbed run; none may have
finished twice; and no attempt may have begun before the last sound checkpoint. Some jobs are
rendered by the driver itself, the others on a Ray of several nodes that is kept from job to job.
Writes a JSON report, and ends with 1 if anything is amiss.

    python -m benchmarks.faults --inline 200 --on-ray 120 --together 60 --json report.json
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import reports
from benchmarks.mischief import DriverMischief, Mischief, WorkerMischief, small_disk
from cluster import exits
from tests.faults.harness import DAMAGE, Judgement, Run, damage, frames, furnish, job
from tests.faults.nodes import Nodes

OPTIMIZERS = ("gradient_descent", "adam", "lbfgs")
WITHIN_S = 900.0
"""Longest that a run may take: silence is allowed twice as long each time a task falls silent."""


@dataclass(frozen=True)
class Kind:
    """A kind of jobs: its name, and how much work one is, so that it meets several faults."""

    name: str
    iterations: int
    pictures: int
    shards: int = 1

    def furnish(self, folder: Path, optimizer: str, seed: int) -> None:
        """Put such a job into a folder."""
        described = job(
            optimizer,
            seed=seed,
            iterations=self.iterations,
            pictures=self.pictures,
            shards=self.shards,
        )
        furnish(folder, described, seed=seed)


INLINE, ON_RAY = Kind("inline", 200, 1), Kind("on Ray", 400, 3)
TOGETHER = Kind("together on Ray", 400, 1, shards=2)
KINDS = (INLINE, ON_RAY, TOGETHER)


class Campaign:
    """Jobs and what is done to them, drawn from one seed; ``tell`` is called after each job."""

    def __init__(self, folder: Path, *, seed: int, tell: Callable[[], None]) -> None:
        self._folder, self._rng, self._tell = folder, random.Random(seed), tell
        self.faults: dict[str, Counter[str]] = {kind.name: Counter() for kind in KINDS}
        self.jobs: Counter[str] = Counter()
        self.runs = self.frames = self.iterations_saved = self.resumed = self.redone = 0
        self.amiss: list[str] = []
        self.left_out: list[str] = []

    def inline(self, faults: int, until_s: float) -> None:
        """Jobs that drivers render by themselves, until so many faults or a monotonic time."""
        with small_disk(self._folder / "small-disk") as disk:
            if disk is None:
                self.left_out.append("disk_full: only root may mount a small disk")
            while self._wanted(INLINE, faults, until_s):
                small = disk if self._rng.random() < 0.5 else None
                mischief = DriverMischief(self._rng, small)
                self._job(INLINE, mischief, "--inline", on=small)

    def on_ray(self, kind: Kind, faults: int, until_s: float) -> None:
        """The same for jobs on a Ray of several nodes, where each picture may be of several."""
        if not self._wanted(kind, faults, until_s):
            return
        nodes = Nodes()
        try:
            while self._wanted(kind, faults, until_s):
                mischief = WorkerMischief(self._rng, nodes)
                self._job(kind, mischief, "--address", nodes.address, "--workers", "2")
        finally:
            nodes.close()

    def _wanted(self, kind: Kind, faults: int, until_s: float) -> bool:
        return self.faults[kind.name].total() < faults and time.monotonic() < until_s

    def _job(self, kind: Kind, mischief: Mischief, *where: str, on: Path | None = None) -> None:
        folder = (on or self._folder) / f"job-{self.jobs.total() + 1}"
        optimizer, seed = self._rng.choice(OPTIMIZERS), self._rng.randrange(2)
        reference = self._reference(kind, optimizer, seed, *where)
        kind.furnish(folder, optimizer, seed)
        judgement, met = Judgement(), self.faults[kind.name]
        for number in range(1000):
            run = Run(folder, *where, number=number, jump=mischief.jump())
            done = mischief.disturb(run)
            met.update(done)
            code = self._ended(run, judgement)
            mischief.undo()
            if code == exits.DONE:
                break
            if code not in _expected(done):
                judgement.faults.append(f"a run with {dict(done)} ended with {code}")
                break
            for harm in DAMAGE:
                met[harm] += self._rng.random() < 0.3 and damage(folder / "out", harm, self._rng)
        judgement.end(folder / "out", reference)
        self._learn(kind, folder, judgement)
        if not judgement.faults:
            shutil.rmtree(folder)

    def _reference(self, kind: Kind, optimizer: str, seed: int, *where: str) -> Path:
        """The workspace of an undisturbed run of the same job."""
        folder = self._folder / f"undisturbed-{kind.iterations}-{kind.shards}-{optimizer}-{seed}"
        if not folder.exists():
            kind.furnish(folder, optimizer, seed)
            where = where if kind.shards > 1 else ("--inline",)
            if Run(folder, *where).wait(WITHIN_S) != exits.DONE:
                raise SystemExit(f"{folder}: an undisturbed run failed")
        return folder / "out"

    def _ended(self, run: Run, judgement: Judgement) -> int | None:
        """The exit code of a run; None if it doesn't end."""
        self.runs += 1
        try:
            return run.wait(WITHIN_S)
        except AssertionError as error:
            judgement.faults.append(str(error))
            return None
        finally:
            judgement.hear(run)

    def _learn(self, kind: Kind, folder: Path, judgement: Judgement) -> None:
        self.jobs[kind.name] += 1
        self.frames += len(frames(folder / "out"))
        self.resumed += judgement.resumed
        self.iterations_saved += judgement.saved
        self.redone += judgement.redone
        self.amiss += [f"{folder.name} {kind.name}: {fault}" for fault in judgement.faults]
        self._tell()


def _expected(met: Counter[str]) -> set[int]:
    """What a run may end with that isn't done, after what it met."""
    codes = {
        "driver_killed": -signal.SIGKILL,
        "driver_interrupted": exits.INTERRUPTED,
        "disk_full": exits.NO_WORKSPACE,
    }
    return {code for kind, code in codes.items() if met[kind]}


def main() -> int:
    """Run a campaign and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inline", type=int, default=200, help="faults of drivers that render")
    parser.add_argument("--on-ray", type=int, default=120, help="faults on a Ray of three nodes")
    parser.add_argument("--together", type=int, default=60, help="the same, two a picture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=120, help="no new job after that")
    parser.add_argument("--keep", type=Path, help="a folder in which jobs with a fault stay")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()

    def keep() -> None:
        reports.keep(summary(campaign, given, time.monotonic() - began), given.json)

    with tempfile.TemporaryDirectory(prefix="faults-", dir=given.keep) as folder:
        campaign = Campaign(Path(folder), seed=given.seed, tell=keep)
        campaign.inline(given.inline, began + given.minutes * 60)
        campaign.on_ray(ON_RAY, given.on_ray, began + given.minutes * 60)
        campaign.on_ray(TOGETHER, given.together, began + given.minutes * 60)
        if given.keep and campaign.amiss:
            shutil.copytree(folder, given.keep / "amiss", dirs_exist_ok=True)
    reports.tell(summary(campaign, given, time.monotonic() - began), given.json)
    return 1 if campaign.amiss else 0


def summary(campaign: Campaign, given: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """The numbers of a campaign."""
    cpus = os.cpu_count()
    device = "CPU only" if not torch.cuda.is_available() else torch.cuda.get_device_name()
    return {
        "faults": sum(counter.total() for counter in campaign.faults.values()),
        "by_kind": {name: dict(sorted((+c).items())) for name, c in campaign.faults.items()},
        "left_out": campaign.left_out,
        "jobs": dict(campaign.jobs),
        "runs": campaign.runs,
        "frames": campaign.frames,
        "amiss": campaign.amiss,
        "iterations_redone_before_a_checkpoint": campaign.redone,
        "attempts_resumed": campaign.resumed,
        "iterations_saved_by_checkpoints": campaign.iterations_saved,
        "asked_for": {
            INLINE.name: given.inline,
            ON_RAY.name: given.on_ray,
            TOGETHER.name: given.together,
        },
        "seed": given.seed,
        "seconds": round(seconds),
        "machine": f"{cpus} cores, {device}",
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
