"""How long from the command to the first iteration, and to its end: with Ray and without?

``reverie dream`` of one small generated picture with the network that comes along, in processes
of their own: each way in turn, told by what the command prints (``--json``). ``opened_s`` is when
the job is planned and its folder open, ``started_s`` when a worker has the picture,
``first_iteration_s`` when it has told an iteration, ``all_s`` when the process has ended. And what
importing the command takes, as ``--help`` needs it and as a rendering does. Medians; ``ratios`` are
what importing torch, which nothing can do without, is of the time to the first iteration. Writes
JSON.

    python -m benchmarks.startup --json report.json
    python -m benchmarks.startup --quick
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import machine, reports
from renderer import images
from renderer.images import Picture

MOMENTS = {
    "opened": "opened_s",
    "task_started": "started_s",
    "task_progress": "first_iteration_s",
}
"""Events of the command, and what the time to the first of each is called."""

WAYS = {"inline": ["--inline"], "ray": ["--workers", "1"]}
IMPORTS = {
    "help": [sys.executable, "-m", "cluster.cli", "--help"],
    "torch": [sys.executable, "-c", "import torch"],
    "command": [sys.executable, "-c", "import cluster.launch"],
    "ray": [sys.executable, "-c", "import ray"],
}


def rendering(folder: Path, way: Sequence[str], number: int) -> dict[str, float]:
    """Seconds to each of the moments of one run."""
    command = [sys.executable, "-m", "cluster.cli", "dream", str(folder / "picture.png")]
    command += ["--network", "motifs", "--layers", "conv2", "--iterations", "2", "--json"]
    command += ["--out", str(folder / f"out-{number}"), "--set", "resources.gpus=0", *way]
    found: dict[str, float] = {}
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        for line in run.stdout:
            moment = MOMENTS.get(json.loads(line).get("event", ""))
            if moment:
                found.setdefault(moment, time.perf_counter() - began)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return {**found, "all_s": time.perf_counter() - began}


def importing(command: Sequence[str]) -> float:
    """Seconds of a process that does no more."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(turns: int) -> dict[str, Any]:
    """All of it, in turns."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    imports: dict[str, list[float]] = {name: [] for name in IMPORTS}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "picture.png").write_bytes(
            images.encode(Picture(torch.full((1, 3, 64, 64), 99.0)))
        )
        for turn in range(turns):
            for name, command in IMPORTS.items():
                imports[name].append(importing(command))
            for place_in_turn, (way, options) in enumerate(WAYS.items()):
                number = turn * len(WAYS) + place_in_turn
                runs[way].append(rendering(folder, options, number))
    ways = {way: medians(each) for way, each in runs.items()}
    imports_s = {name: round(statistics.median(each), 2) for name, each in imports.items()}
    shares = {way: imports_s["torch"] / each["first_iteration_s"] for way, each in ways.items()}
    ratios = {way: round(share, 3) for way, share in shares.items()}
    return {"ways": ways, "imports_s": imports_s, "ratios": ratios}


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each moment."""
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one turn")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    facts = machine.facts(torch.device("cpu"))
    report = {"benchmark": "startup", **facts, **measure(1 if given.quick else given.turns)}
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
