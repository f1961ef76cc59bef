"""Is anything ever lost? Many small jobs, faults at random moments, and a judge at the end.

Every job runs until it has all its frames, and meanwhile its drivers and workers are killed,
stopped and interrupted, and its workspace is damaged between two runs. Then its frames must be,
byte by byte, those of an undisturbed run; none may have finished twice; and no attempt may have
begun before the last sound checkpoint. Writes a JSON report, and ends with 1 if anything is amiss.

    python -m benchmarks.faults --faults 300 --json report.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from cluster import exits
from tests.faults.harness import DAMAGE, Judgement, Run, damage, frames, furnish, job

OPTIMIZERS = ("gradient_descent", "adam", "lbfgs")
ON_RAY = ("--workers", "2")
FAULTS_ON_RAY = 4
"""Faults that a job on Ray is to meet; Ray needs seconds to start a worker again."""


class Campaign:
    """Jobs and what is done to them, drawn from one seed."""

    def __init__(self, folder: Path, *, faults: int, ray: float, seed: int) -> None:
        self._folder, self._rng = folder, random.Random(seed)
        self._wanted, self._ray = faults, ray
        self.faults: Counter[str] = Counter()
        self.jobs: Counter[str] = Counter()
        self.runs = self.frames = self.iterations_saved = self.resumed = self.redone = 0
        self.amiss: list[str] = []

    def run(self, until_s: float, tell: Callable[[], None]) -> None:
        """Do jobs until there were enough faults, or until a time of the monotonic clock."""
        number = 0
        while self.faults.total() < self._wanted and time.monotonic() < until_s:
            number += 1
            self._job(number, on_ray=self._rng.random() < self._ray)
            tell()

    def _job(self, number: int, *, on_ray: bool) -> None:
        folder = self._folder / f"job-{number}"
        long = 600 if on_ray else 200
        optimizer, seed = self._rng.choice(OPTIMIZERS), self._rng.randrange(3)
        reference = self._reference(optimizer, seed, long)
        furnish(folder, job(optimizer, seed=seed, iterations=long), seed=seed)
        judgement, where = Judgement(), ON_RAY if on_ray else ("--inline",)
        for attempt in range(1000):
            run = Run(folder, *where, number=attempt)
            (self._disturb_workers if on_ray else self._disturb_driver)(run)
            try:
                code = run.wait()
            except AssertionError as error:
                judgement.faults.append(str(error))
                break
            self.runs += 1
            judgement.hear(run)
            if code == exits.DONE:
                break
            if code not in (-signal.SIGKILL, exits.INTERRUPTED):
                judgement.faults.append(f"a run ended with {code}")
                break
            self._damage(folder / "out")
        judgement.end(folder / "out", reference)
        self.jobs["on Ray" if on_ray else "inline"] += 1
        self.frames += len(frames(folder / "out"))
        self.resumed += judgement.resumed
        self.iterations_saved += judgement.saved
        self.redone += judgement.redone
        self.amiss += [f"job-{number}: {fault}" for fault in judgement.faults]

    def _reference(self, optimizer: str, seed: int, long: int) -> Path:
        """The workspace of an undisturbed run of the same job."""
        folder = self._folder / f"undisturbed-{optimizer}-{seed}-{long}"
        if not folder.exists():
            furnish(folder, job(optimizer, seed=seed, iterations=long), seed=seed)
            if Run(folder, "--inline").wait() != exits.DONE:
                raise SystemExit(f"{folder}: an undisturbed run failed")
        return folder / "out"

    def _disturb_driver(self, run: Run) -> None:
        time.sleep(self._rng.uniform(0.4, 1.6))
        if run.over():
            return
        kind = self._rng.choices(
            ("driver_killed", "driver_interrupted", "driver_held_up"), (6, 2, 1)
        )[0]
        self.faults[kind] += 1
        if kind == "driver_held_up":
            run.signal(signal.SIGSTOP)
            time.sleep(0.5)
            run.signal(signal.SIGCONT)
        else:
            run.signal(signal.SIGKILL if kind == "driver_killed" else signal.SIGINT)

    def _disturb_workers(self, run: Run) -> None:
        met = 0
        while met < FAULTS_ON_RAY and not run.over():
            time.sleep(self._rng.uniform(0.5, 2.0))
            workers = run.workers()
            if not workers:
                continue
            kind = self._rng.choice(("worker_killed", "worker_stopped", "worker_held_up"))
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it has gone itself
                self._hit(self._rng.choice(workers[:2]), kind)
                self.faults[kind] += 1
                met += 1

    def _hit(self, worker: int, kind: str) -> None:
        if b"Slot" not in Path(f"/proc/{worker}/cmdline").read_bytes():
            raise ProcessLookupError
        os.kill(worker, signal.SIGKILL if kind == "worker_killed" else signal.SIGSTOP)
        if kind == "worker_held_up":  # it answers late
            time.sleep(1.0)
            os.kill(worker, signal.SIGCONT)

    def _damage(self, out: Path) -> None:
        for kind in DAMAGE:
            if self._rng.random() < 0.3 and damage(out, kind, self._rng):
                self.faults[kind] += 1


def main() -> int:
    """Run a campaign and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", type=float, default=0.1, help="share of jobs that run on Ray")
    parser.add_argument("--minutes", type=float, default=120, help="no new job after that")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()

    def tell() -> str:
        report = summary(campaign, given, time.monotonic() - began)
        text = json.dumps(report, indent=2) + "\n"
        if given.json:
            given.json.write_text(text)
        return text

    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        campaign = Campaign(Path(folder), faults=given.faults, ray=given.ray, seed=given.seed)
        campaign.run(began + given.minutes * 60, tell)
    sys.stdout.write(tell())
    return 1 if campaign.amiss else 0


def summary(campaign: Campaign, given: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """The numbers of a campaign."""
    return {
        "faults": campaign.faults.total(),
        "by_kind": dict(sorted(campaign.faults.items())),
        "jobs": dict(campaign.jobs),
        "runs": campaign.runs,
        "frames": campaign.frames,
        "amiss": campaign.amiss,
        "iterations_redone_before_a_checkpoint": campaign.redone,
        "attempts_resumed": campaign.resumed,
        "iterations_saved_by_checkpoints": campaign.iterations_saved,
        "asked_for": given.faults,
        "seed": given.seed,
        "seconds": round(seconds),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
