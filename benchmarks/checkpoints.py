"""What do checkpoints cost? As a share of a style transfer that takes one every 100 iterations.

In one run every other iteration is followed by a checkpoint. Taking it (copy, digest, bytes) is
what the worker pays; publishing it (temporary name, fsync, rename, log) is what the driver pays,
which on Ray goes on beside the rendering, and is counted all the same. Writes JSON to standard
output.

    python -m benchmarks.checkpoints --size 512 --iterations 20
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor

from jobs.workspace import Workspace
from renderer import checkpoints, networks, style, weights
from renderer.events import Checkpoint, Progress
from renderer.optimizers import OPTIMIZERS
from renderer.settings import StyleSettings

EVERY = 100


def measure(given: argparse.Namespace, optimizer: str) -> dict[str, float]:
    """What an iteration, a checkpoint taken and one published take, and their share."""
    torch.manual_seed(0)
    shape = (1, 3, given.size, given.size)
    content, painting = (torch.rand(shape, device=given.device) * 255 for _ in range(2))
    settings = StyleSettings(
        network=given.network,
        optimizer=optimizer,
        iterations=2 * given.iterations + 1,
        content_layers=(given.layers[-1],),
        style_layers=tuple(given.layers),
    )
    entry = networks.entry(given.network)
    until = networks.deepest(entry, given.layers)
    held = weights.resolve(given.network, until)
    loaded = networks.load(entry, until, held, device=given.device)
    with tempfile.TemporaryDirectory() as folder, Workspace.open(Path(folder)) as workspace:
        return _timed(content, painting, loaded, settings, workspace)


def _timed(
    content: Tensor,
    painting: Tensor,
    network: networks.Network,
    settings: StyleSettings,
    workspace: Workspace,
) -> dict[str, float]:
    asked = itertools.count()
    steps = style.steps(
        content,
        [painting],
        network,
        settings,
        fetch_losses=lambda: True,
        checkpoint=lambda: next(asked) % 2 == 1,
    )
    plain, taking, publishing, size = [], [], [], 0
    next(steps)
    while True:
        began = time.perf_counter()
        try:
            event = next(steps)
        except StopIteration:
            break
        if isinstance(event, Progress):
            plain.append(time.perf_counter() - began)
            continue
        assert isinstance(event, Checkpoint)
        torch.isfinite(checkpoints.image(event.data)).all()  # as the worker looks at it
        taking.append(time.perf_counter() - began)
        began, size = time.perf_counter(), len(event.data)
        workspace.checkpoint("0" * 32, event.data, attempt=1, iteration=event.iteration)
        publishing.append(time.perf_counter() - began)
    iteration_s = statistics.median(plain)
    return {
        "iteration_ms": round(iteration_s * 1e3, 1),
        "taking_ms": round(statistics.median(taking) * 1e3, 1),
        "publishing_ms": round(statistics.median(publishing) * 1e3, 1),
        "size_mb": round(size / 1e6, 1),
        "cost_percent": round(
            100
            * (statistics.median(taking) + statistics.median(publishing))
            / (EVERY * iteration_s),
            3,
        ),
    }


def main() -> None:
    """Measure all optimisers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="motifs")
    parser.add_argument("--layers", nargs="+", default=["conv1", "conv2", "conv3"])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    told = {name: measure(given, name) for name in OPTIMIZERS}
    report = {"network": given.network, "size_px": given.size, "every": EVERY, **told}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
