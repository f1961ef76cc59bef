"""Jobs that faults are done to: real drivers and workers, real signals, and a judge of the end.

A run of the launcher is a process of its own (forked where it can be: torch is imported once,
here), in a process group of its own, with its events in a file. Everything that a fault needs
(worker processes, checkpoints, the log) is read from the workspace, as an operator would.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml
from PIL import Image

import cluster.launch  # noqa: F401  (imported before the forks, once for all)
from cluster.cli import run as launch
from jobs.checkpoints import found
from jobs.storage import at
from renderer.checkpoints import unpack
from renderer.errors import CheckpointError

SETTLES_S = 180.0
"""Longest that a run may take: far more than any of these jobs does."""


PICTURES = ("a.png", "b.png", "c.png")


def job(
    optimizer: str,
    *,
    seed: int = 0,
    iterations: int = 60,
    every: int = 5,
    pictures: int = 1,
    shards: int = 1,
) -> dict[str, Any]:
    """A dream on a pyramid, of two layers in a chain, and a style transfer of each.

    Several shards wait for each other for long: with fewer the bytes would be others.
    """
    return {
        "inputs": list(PICTURES[:pictures]),
        "size": 48,
        "seed": seed,
        "steps": [
            {
                "dream": {
                    "network": "motifs",
                    "layers": ["conv2", "conv3"],
                    "chain": True,
                    "iterations": max(2, iterations // 4),
                    "repeats": 1,
                }
            },
            {
                "style": {
                    "network": "motifs",
                    "images": ["brush.png"],
                    "content_layers": ["conv2"],
                    "style_layers": ["conv1", "conv2"],
                    "optimizer": optimizer,
                    "step_size": 2.0,
                    "iterations": iterations,
                }
            },
        ],
        "resources": {"threads": 1, "gpus": 0, "shards": shards},
        "retries": {"worker_lost": 100},
        "checkpoint": {"every": every, "seconds": None, "keep": 2},
        "limits": {
            "silence_seconds": 2.0,
            "start_seconds": 20.0 if shards == 1 else 120.0,
            "block_after": 0,
        },
    }


def furnish(folder: Path, description: dict[str, Any], *, seed: int = 0) -> None:
    """Put a job file and its pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for name in (*PICTURES, "brush.png"):
        Image.frombytes("RGB", (48, 48), rng.randbytes(48 * 48 * 3)).save(folder / name)
    (folder / "job.yaml").write_text(yaml.safe_dump(description))


class Run:
    """One run of the launcher on ``folder/job.yaml``, into ``folder/out``.

    Spawned instead where this process has had a Ray: gRPC outlives no fork. ``jump`` is after how
    many seconds, and by how many, its wall clock jumps.
    """

    def __init__(
        self,
        folder: Path,
        *where: str,
        out: str = "out",
        number: int = 0,
        spawn: bool = False,
        jump: tuple[float, float] | None = None,
    ) -> None:
        self.out = folder / out
        self.told = folder / f"{out}-{number}.jsonl"
        self.before = resumable(self.out)
        arguments = ["render", str(folder / "job.yaml"), "--json", "--out", str(self.out), *where]
        spawn = spawn or "ray" in sys.modules
        self.process = _spawned(arguments, self.told, jump) if spawn else os.fork()
        if not self.process:
            _become(arguments, self.told, jump)
        self.code: int | None = None

    def over(self) -> bool:
        """Whether it has ended; ``code`` is then its exit code, negative for a signal."""
        if self.code is None and (ended := os.waitpid(self.process, os.WNOHANG))[0]:
            self.code = os.waitstatus_to_exitcode(ended[1])
        return self.code is not None

    def wait(self, within_s: float = SETTLES_S) -> int:
        """Its exit code, once it has ended."""
        deadline = time.monotonic() + within_s
        while not self.over():
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
                raise AssertionError(f"{self.out}: not done within {within_s} s")
            time.sleep(0.01)
        assert self.code is not None
        return self.code

    def signal(self, number: int) -> None:
        """Send the driver a signal, if it is still there."""
        if not self.over():
            os.kill(self.process, number)

    def events(self) -> list[dict[str, Any]]:
        """What it has told so far."""
        return lines(self.told)

    def workers(self) -> list[int]:
        """The processes that were given tasks by this run, the latest first."""
        mine: dict[int, None] = {}
        for record in reversed(lines(self.out / "log.jsonl")):
            if record["event"] == "opened":
                return list(mine) if record["process"] == self.process else []
            if record["event"] in ("started", "member") and record["process"] != self.process:
                mine[record["process"]] = None
        return []


def _spawned(arguments: list[str], told: Path, jump: tuple[float, float] | None) -> int:
    """The process of a launcher that imports all anew."""
    command = [sys.executable, "-m", "cluster.cli", *arguments]
    if jump is not None:  # the clock begins once all is imported, as in a fork
        code = f"import sys; from {__name__} import leap; sys.exit(leap({jump}, sys.argv[1:]))"
        command = [sys.executable, "-c", code, *arguments]
    with told.open("w") as out, told.with_suffix(".err").open("a") as errors:
        return subprocess.Popen(command, stdout=out, stderr=errors, start_new_session=True).pid


def _become(arguments: list[str], told: Path, jump: tuple[float, float] | None) -> None:
    """Be the launcher, until the end of this process."""
    code = 70
    try:
        os.setsid()
        out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        errors = os.open(told.with_suffix(".err"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(out, 1)
        os.dup2(errors, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")  # pytest had its own
        torch.set_num_threads(1)
        code = launch(arguments) if jump is None else leap(jump, arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def leap(jump: tuple[float, float], arguments: list[str]) -> int:
    """Be a launcher whose wall clock jumps, after seconds, by seconds; the monotonic one can't."""
    right, began_s, (after_s, by_s) = time.time, time.monotonic(), jump

    def wrong() -> float:
        return right() + (by_s if time.monotonic() - began_s > after_s else 0.0)

    time.time = wrong
    return launch(arguments)


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole JSON objects in a file of lines."""
    records = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "event" in record:
            records.append(record)
    return records


def resumable(out: Path) -> dict[str, int]:
    """The iteration of each task's newest sound checkpoint."""
    newest: dict[str, int] = {}
    for task, iteration, name in found(at(out)):
        try:
            unpack((out / name).read_bytes())
        except CheckpointError:
            continue
        newest[task] = max(iteration, newest.get(task, 0))
    return newest


DAMAGE = ("checkpoint_torn", "checkpoint_flipped", "log_torn", "log_flipped")


def damage(out: Path, kind: str, rng: random.Random) -> bool:
    """Do to a workspace at rest what a crash or a bad disk may do; whether there was what to."""
    kept = [out / name for _, _, name in found(at(out))]
    log = out / "log.jsonl"
    if kind.startswith("checkpoint"):
        if not kept:
            return False
        path = max(kept, key=lambda path: path.stat().st_mtime_ns)
        data = path.read_bytes()
        path.write_bytes(cut(data, rng) if kind == "checkpoint_torn" else flip(data, rng))
        return True
    if not log.exists():
        return False
    if kind == "log_flipped":
        return _flip_a_line(log, rng)
    torn = b'{"at":1.0,"event":"started","task":"0","attempt":1,"node":"desk"}'
    with log.open("ab") as file:
        file.write(cut(torn, rng))
    return True


def _flip_a_line(log: Path, rng: random.Random) -> bool:
    """Flip a bit in a record that isn't the only proof of a frame."""
    found = log.read_bytes().splitlines(keepends=True)
    spare = [i for i, line in enumerate(found) if b'"files"' not in line]
    if not spare:
        return False
    i = rng.choice(spare)
    found[i] = flip(found[i][:-1], rng) + b"\n"
    log.write_bytes(b"".join(found))
    return True


def cut(data: bytes, rng: random.Random) -> bytes:
    """The data up to some byte."""
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    """The data with one bit flipped."""
    flipped = bytearray(data)
    flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


@dataclass
class Judgement:
    """What was seen over all runs of a job."""

    iterations: int = 0
    redone: int = 0
    resumed: int = 0
    saved: int = 0
    faults: list[str] = field(default_factory=list)

    def hear(self, run: Run) -> None:
        """Follow a run's events: every attempt must begin where the task's last checkpoint ends."""
        at = dict(run.before)
        begun: dict[str, int] = {}
        for event in run.events():
            task = event.get("task", "")
            match event["event"]:
                case "task_started":
                    begun[task] = event["resumed"]
                    self.redone += max(0, at.get(task, 0) - event["resumed"])
                    self.resumed += bool(event["resumed"])
                    self.saved += event["resumed"]
                case "task_progress" if task in begun:
                    first, expected = event["iteration"], begun.pop(task) + 1
                    if first != expected:
                        self.faults.append(f"{task} began with {first}, not {expected}")
                case "task_checkpointed":
                    at[task] = event["iteration"]

    def end(self, out: Path, reference: Path) -> None:
        """Compare the end with that of an undisturbed run."""
        got, wanted = frames(out), frames(reference)
        if got.keys() != wanted.keys():
            self.faults.append(f"frames {sorted(got)} instead of {sorted(wanted)}")
        self.faults += [f"{n} differs" for n in got if n in wanted and got[n] != wanted[n]]
        finished = Counter(r["task"] for r in lines(out / "log.jsonl") if r["event"] == "finished")
        self.faults += [f"{task} finished {n} times" for task, n in finished.items() if n > 1]
        left = [str(path) for path in out.rglob(".writing-*")] + [
            name for _, _, name in found(at(out))
        ]
        self.faults += [f"left behind: {name}" for name in left]
        if self.redone:
            self.faults.append(f"{self.redone} iterations before a checkpoint were done again")


def frames(out: Path) -> dict[str, bytes]:
    """All frames of a workspace, by name."""
    paths = sorted((out / "frames").rglob("*.png"))
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}
