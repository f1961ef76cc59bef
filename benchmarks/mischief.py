"""Which faults are done to a run, and how? To its driver, its workers, their nodes, its disk.

The campaign (``benchmarks.faults``) asks a mischief to disturb one run after the other of a job,
until the job is done.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from tests.faults.harness import Run
from tests.faults.nodes import SLOT, Nodes

DAY_S = 86_400.0
SMALL_DISK = "24m"
FILLER = "filler"
HELD_UP_S = (0.2, 4.0)
"""How long a worker is held up: sometimes longer than it may be silent."""


class Mischief(Protocol):
    """What is done to the runs of one job."""

    def jump(self) -> tuple[float, float] | None:
        """After how many seconds, and how far, the next run's clock is to jump; None: it won't."""

    def disturb(self, run: Run) -> Counter[str]:
        """Do something to a run; what it met, by kind."""

    def undo(self) -> None:
        """Put right, after a run, what would disturb all that follow."""


class DriverMischief:
    """Faults of a driver that renders by itself; ``disk`` is the small one that it writes to."""

    KINDS: Mapping[str, int] = {"driver_killed": 6, "driver_interrupted": 2, "driver_held_up": 1}

    def __init__(self, rng: random.Random, disk: Path | None) -> None:
        self._rng, self._disk = rng, disk
        self._kinds = {**self.KINDS, **({} if disk is None else {"disk_full": 4})}
        self._jump: tuple[float, float] | None = None

    def jump(self) -> tuple[float, float] | None:
        """Up to a day, either way."""
        sooner_or_later = self._rng.uniform(0.3, 1.0), self._rng.uniform(-DAY_S, DAY_S)
        self._jump = sooner_or_later if self._rng.random() < 0.3 else None
        return self._jump

    def disturb(self, run: Run) -> Counter[str]:
        """One thing, after a while."""
        met: Counter[str] = Counter()
        wait_s = self._rng.uniform(0.4, 1.6)
        time.sleep(wait_s)
        if run.over():
            return met
        met["clock_jumped"] += self._jump is not None and wait_s > self._jump[0]
        kind = self._rng.choices(list(self._kinds), list(self._kinds.values()))[0]
        met[kind] += 1
        match kind:
            case "driver_killed":
                run.signal(signal.SIGKILL)
            case "driver_interrupted":
                run.signal(signal.SIGINT)
            case "driver_held_up":
                hold_up(run, 0.5)
            case "disk_full":
                assert self._disk is not None
                fill(self._disk)
        return +met

    def undo(self) -> None:
        """Make room again on the disk."""
        if self._disk is not None:
            (self._disk / FILLER).unlink(missing_ok=True)


class WorkerMischief:
    """Faults of a run on a Ray of several nodes: of its workers, their nodes, its driver."""

    KINDS: Mapping[str, int] = {
        "worker_killed": 5,
        "worker_stopped": 3,
        "worker_held_up": 3,
        "worker_stopped_coming_up": 1,
        "node_removed": 1,
        "driver_held_up": 1,
        "driver_killed": 1,
    }
    ENOUGH = 25
    """Then the job is left in peace, so that it ends."""

    def __init__(self, rng: random.Random, nodes: Nodes) -> None:
        self._rng, self._nodes, self._done = rng, nodes, 0

    def jump(self) -> None:
        """Ray's own clocks can't be made to."""

    def disturb(self, run: Run) -> Counter[str]:
        """One thing after the other."""
        met: Counter[str] = Counter()
        while not run.over() and self._done < self.ENOUGH:
            time.sleep(self._rng.uniform(0.2, 2.0))
            kind = self._rng.choices(list(self.KINDS), list(self.KINDS.values()))[0]
            with contextlib.suppress(ProcessLookupError):  # it has gone by itself
                if not run.over() and self._do(kind, run):
                    met[kind] += 1
                    self._done += 1
        return met

    def undo(self) -> None: ...

    def _do(self, kind: str, run: Run) -> bool:
        """Whether there was somebody to do it to."""
        given, there = run.workers(), self._nodes.workers()
        coming_up = kind == "worker_stopped_coming_up"
        victims = [worker for worker in there if (worker not in given) == coming_up]
        if not victims:
            return False
        victim = self._rng.choice(victims)
        match kind:
            case "worker_killed":
                hit(victim, signal.SIGKILL)
            case "worker_stopped" | "worker_stopped_coming_up":
                hit(victim, signal.SIGSTOP)
            case "worker_held_up":  # it answers late
                hit(victim, signal.SIGSTOP)
                time.sleep(self._rng.uniform(*HELD_UP_S))
                hit(victim, signal.SIGCONT)
            case "node_removed":
                self._nodes.replace(victim)
            case "driver_held_up":
                hold_up(run, self._rng.uniform(*HELD_UP_S))
            case "driver_killed":
                run.signal(signal.SIGKILL)
        return True


def hit(worker: int, number: int) -> None:
    """Send a worker a signal. ProcessLookupError if it is none, or is there no more."""
    with contextlib.suppress(FileNotFoundError):
        if Path(f"/proc/{worker}/cmdline").read_bytes().startswith(SLOT):
            os.kill(worker, number)
            return
    raise ProcessLookupError


def hold_up(run: Run, seconds: float) -> None:
    """Stop a driver for a while."""
    run.signal(signal.SIGSTOP)
    time.sleep(seconds)
    run.signal(signal.SIGCONT)


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / FILLER).open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """A disk of its own that is soon full, in a new folder; None for who may not mount one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
