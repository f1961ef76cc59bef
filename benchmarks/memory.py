"""How much memory does a style transfer take, by the picture's size and the tile's?

Each measurement is a process of its own, which computes the targets and moves a picture of noise by
one iteration, and tells the most memory it ever held (VmHWM) beside what it had before: torch, the
network, the pictures' file. Beside it stands what the footprint foretold. Writes JSON.

    python -m benchmarks.memory --megapixels 1 4 16 --tiles 256 512 --json report.json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import reports
from renderer import heap, networks, style
from renderer.footprint import Layouts
from renderer.offload import Offload
from renderer.settings import StyleSettings
from renderer.targets import Layers


def measured(given: argparse.Namespace, megapixels: float, tile_px: int | None) -> dict[str, Any]:
    """What a process of its own tells of one picture."""
    options = ["--network", given.network, "--until", given.until, "--content", given.content]
    options += ["--optimizer", given.optimizer, "--iterations", str(given.iterations)]
    options += ["--room-gb", str(given.room_gb), "--tiles", *([str(tile_px)] if tile_px else [])]
    command = [sys.executable, "-m", "benchmarks.memory", *options, "--one", str(megapixels)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def one(given: argparse.Namespace, megapixels: float, tile_px: int | None) -> dict[str, Any]:
    """What this very process takes for one picture."""
    torch.manual_seed(0)
    network = networks.build(networks.entry(given.network), given.until)
    settings = StyleSettings(
        network=given.network,
        style_layers=tuple(network.layers),
        content_layers=(given.content,),
        optimizer=given.optimizer,
        iterations=given.iterations,
    )
    side = round(math.sqrt(megapixels * 2**20))
    foretold = Layouts.of(network, settings, (side, side)).at(tile_px)
    style.transfer(*_pictures(64), network, settings)  # whatever comes with the first time
    before, cpu = _status("VmRSS"), time.process_time()
    offload = Offload({"cpu": given.room_gb * 2**30})
    steps = style.steps(*_pictures(side), network, settings, tile_px=tile_px, offload=offload)
    with heap.kept():  # as a worker does
        for event in steps:
            del event
    return {
        "megapixels": megapixels,
        "side_px": side,
        "tile_px": tile_px,
        "peak_mb": round((_status("VmHWM") - before) / 2**20),
        "foretold_mb": round(foretold.bytes / 2**20),
        "process_mb": round(_status("VmHWM") / 2**20),
        "cpu_s": round(time.process_time() - cpu, 1),
        "style_layers": len(Layers.of(network, settings).style),
    }


def _pictures(side: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    painting = 255 * torch.rand(1, 3, 300, 300)
    return torch.rand(1, 3, side, side).mul_(255), [painting]


def _status(name: str) -> int:
    """A line of this process's status in bytes: VmRSS is held now, VmHWM was the most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Measure every size with every tile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="vgg16")
    parser.add_argument("--until", default="conv4_3", help="all layers up to here compare style")
    parser.add_argument("--content", default="conv3_1")
    parser.add_argument("--optimizer", default="gradient_descent")
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--tiles", type=int, nargs="*", default=[256, 512], help="0: whole")
    parser.add_argument("--room-gb", type=float, default=math.inf, help="for targets and history")
    parser.add_argument("--one", type=float, help="measure this size here, and print it")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.one is not None:
        sys.stdout.write(json.dumps(one(given, given.one, *(given.tiles or [None]))))
        return
    report: dict[str, Any] = {
        "network": given.network,
        "until": given.until,
        "content": given.content,
        "optimizer": given.optimizer,
        "machine": f"{os.cpu_count()} cores",
        "torch": torch.__version__,
        "rows": [],
    }
    for tile_px in given.tiles:
        for megapixels in given.megapixels:
            report["rows"].append(measured(given, megapixels, tile_px or None))
            reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
