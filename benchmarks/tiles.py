"""What do tiles cost, and is it what was foretold? Steps in tiles against whole ones, by CPU time.

Every step is a style transfer's: all layers up to ``--until`` compare style, and one content. For
each size whole and tiled steps take turns, so that whatever else the machine does slows all alike.
The rates that estimates are made of are measured before, by the same clock. Freed memory is kept,
as workers do. Writes JSON.

    python -m benchmarks.tiles --sizes 512 1024 --tiles 256 384 --json report.json
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import reports
from renderer import calibration, heap, networks
from renderer.calibration import Rates
from renderer.checkpoints import IMAGE, State
from renderer.descent import Descent, Goal
from renderer.footprint import Layouts
from renderer.gang import Gang
from renderer.memory import Memory
from renderer.networks import Network
from renderer.offload import Offload
from renderer.scales import Scale
from renderer.settings import StyleSettings


def row(
    network: Network, settings: StyleSettings, side: int, tiles: list[int | None], given: Any
) -> list[dict[str, Any]]:
    """The steps of one size, in turns; with the time of each beside what was foretold."""
    size = (side, side)
    image = 255 * torch.rand(1, 3, *size)
    descents = {tile_px: _descent(network, settings, image, tile_px) for tile_px in tiles}
    times: dict[int | None, list[float]] = {tile_px: [] for tile_px in tiles}
    for _ in range(given.steps):
        for tile_px, descent in descents.items():
            began = time.process_time()
            descent.step()
            times[tile_px].append(time.process_time() - began)
    layouts = Layouts.of(network, settings, size)
    whole = statistics.median(times[None])
    found = []
    for tile_px in tiles:
        spent = statistics.median(times[tile_px])
        foretold = _foretold(given.rates, layouts, tile_px)
        arrangement = layouts.at(tile_px)
        found.append(
            {
                "side_px": side,
                "tile_px": tile_px,
                "pieces": arrangement.pieces,
                "runs": round(arrangement.runs, 2),
                "cpu_s": round(spent, 2),
                "times_whole": round(spent / whole, 2),
                "foretold_s": round(foretold, 2),
                "off_percent": round(100 * (foretold / spent - 1)),
            }
        )
    return found


def _descent(
    network: Network, settings: StyleSettings, image: torch.Tensor, tile_px: int | None
) -> Descent:
    size = (image.shape[2], image.shape[3])
    goal = Goal(
        image.flip(3),
        [image[..., :300, :300]],
        network,
        settings,
        gang=Gang(),
        memory=Memory(0),
        offload=Offload(),
        tile_px=tile_px,
        graphs=1,
    )
    return Descent(goal, Scale(size, size, 0, 1), State(0, {IMAGE: image}))


def _foretold(rates: Rates, layouts: Layouts, tile_px: int | None) -> float:
    (areas,) = layouts.areas(tile_px)
    return rates.step_s(areas)


def main() -> None:
    """Measure every size, whole and in every tile that is smaller."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="vgg16")
    parser.add_argument("--until", default="conv4_3", help="all layers up to here compare style")
    parser.add_argument("--content", default="conv3_1")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512, 768, 1024])
    parser.add_argument("--tiles", type=int, nargs="+", default=[256, 384])
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = networks.build(networks.entry(given.network), given.until)
    settings = StyleSettings(
        network=given.network,
        style_layers=tuple(network.layers),
        content_layers=(given.content,),
    )
    with heap.kept():
        given.rates = calibration.measured(network, settings, clock=time.process_time)
    report: dict[str, Any] = {
        "network": given.network,
        "until": given.until,
        "machine": f"{os.cpu_count()} cores",
        "torch": torch.__version__,
        "rates": [given.rates.sums, given.rates.once, given.rates.twice],
        "rows": [],
    }
    for side in given.sizes:
        tiles = [None, *(tile_px for tile_px in given.tiles if tile_px < side)]
        with heap.kept():
            report["rows"] += row(network, settings, side, tiles, given)
        report["load"] = round(os.getloadavg()[0], 1)
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
