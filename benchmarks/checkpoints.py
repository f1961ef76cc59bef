"""What do checkpoints cost? A run that takes one every 100 iterations, against one that takes none.

Both runs go on side by side, an iteration of the one and then of the other, in turns first, so
that whatever else the machine does slows both alike. All that a checkpoint costs is counted: taking
it (copy, digest, bytes, a look at the picture), which is the worker's part, and publishing it
(temporary name, fsync, rename, log), which is the driver's, and on Ray goes on beside the
rendering. A block is 100 iterations and their checkpoint; the cost is a block's time with over its
time without, by the clock and by the CPU. Writes JSON.

    python -m benchmarks.checkpoints --size 512 --blocks 3 --json report.json
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import reports
from cluster.pacing import Pacer
from cluster.records import Pace
from jobs.workspace import Workspace
from renderer import checkpoints, dream, networks, style, weights
from renderer.events import Checkpoint, Event
from renderer.networks import Network
from renderer.optimizers import OPTIMIZERS
from renderer.settings import DreamSettings, StyleSettings

EVERY = 100
DREAM = "dream"


@dataclass
class Side:
    """One of the two runs, and what each of its iterations took: (seconds, CPU seconds)."""

    steps: Generator[Event, None, Tensor]
    workspace: Workspace
    times: list[tuple[float, float]] = field(default_factory=list)
    taking: list[float] = field(default_factory=list)
    publishing: list[float] = field(default_factory=list)
    size: int = 0

    def step(self) -> None:
        """One iteration, and before it the checkpoint that is due."""
        began, cpu = time.perf_counter(), time.process_time()
        event = next(self.steps)
        if isinstance(event, Checkpoint):
            self._keep(event, began)
            next(self.steps)
        self.times.append((time.perf_counter() - began, time.process_time() - cpu))

    def _keep(self, event: Checkpoint, began: float) -> None:
        torch.isfinite(checkpoints.image(event.data)).all()  # as the worker looks at it
        self.taking.append(time.perf_counter() - began)
        began, self.size = time.perf_counter(), len(event.data)
        self.workspace.checkpoint("0" * 32, event.data, attempt=1, iteration=event.iteration)
        self.publishing.append(time.perf_counter() - began)


def measure(given: argparse.Namespace, what: str) -> dict[str, Any]:
    """What checkpoints cost a dream, or a style transfer with an optimiser."""
    entry = networks.entry(given.network)
    until = networks.deepest(entry, given.layers)
    held = weights.resolve(given.network, until)
    network = networks.load(entry, until, held, device=given.device)
    with tempfile.TemporaryDirectory() as folder, Workspace.open(Path(folder)) as workspace:
        sides = [
            Side(_steps(given, what, network, Pacer(Pace(every=every))), workspace)
            for every in (None, EVERY)
        ]
        for number in range(1 + given.blocks * EVERY):
            for side in sides if number % 2 else sides[::-1]:
                side.step()
    return _told(*sides)


def _steps(
    given: argparse.Namespace, what: str, network: Network, pacer: Pacer
) -> Generator[Event, None, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (1, 3, given.size, given.size)
    content, painting = (
        (torch.rand(shape, generator=generator) * 255).to(given.device) for _ in range(2)
    )
    iterations = 2 + given.blocks * EVERY
    if what == DREAM:
        dreamed = DreamSettings(
            network=given.network, layer=given.layers[-1], iterations=iterations, repeats=0
        )
        return dream.steps(content, network, dreamed, checkpoint=pacer.wanted)
    styled = StyleSettings(
        network=given.network,
        optimizer=what,
        iterations=iterations,
        content_layers=(given.layers[-1],),
        style_layers=tuple(given.layers),
    )
    return style.steps(content, [painting], network, styled, checkpoint=pacer.wanted)


def _told(without: Side, with_: Side) -> dict[str, Any]:
    return {
        "iteration_ms": _ms([wall for wall, _ in without.times]),
        "taking_ms": _ms(with_.taking),
        "publishing_ms": _ms(with_.publishing),
        "size_mb": round(with_.size / 1e6, 1),
        "cost_percent": _cost(without.times, with_.times, 0),
        "cost_percent_of_cpu": _cost(without.times, with_.times, 1),
    }


def _ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 1)


def _cost(
    without: Sequence[tuple[float, float]], with_: Sequence[tuple[float, float]], clock: int
) -> dict[str, Any]:
    """What checkpoints add, in per cent: each block, and all of them together.

    The first iteration warms up. A block's checkpoint comes with the iteration after it.
    """
    first, second = ([times[clock] for times in side[1:]] for side in (without, with_))
    blocks = [
        100 * (sum(second[i : i + EVERY]) / sum(first[i : i + EVERY]) - 1)
        for i in range(0, len(first), EVERY)
    ]
    return {
        "together": round(100 * (sum(second) / sum(first) - 1), 2),
        "blocks": [round(block, 2) for block in blocks],
    }


def main() -> None:
    """Measure a dream and a style transfer with every optimiser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="motifs")
    parser.add_argument("--layers", nargs="+", default=["conv1", "conv2", "conv3"])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--of", nargs="+", default=[DREAM, *OPTIMIZERS], help="what is measured")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {
        "network": given.network,
        "size_px": given.size,
        "every": EVERY,
        "device": given.device,
        "machine": f"{os.cpu_count()} cores",
        "torch": torch.__version__,
    }
    for what in given.of:
        report[what] = {**measure(given, what), "load": round(os.getloadavg()[0], 1)}
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
