"""How far apart are renderings of a picture whole, in tiles, and by several processes?

Renders the same style transfer whole with one thread, and again with two threads, in tiles, and by
gloo processes: for each optimiser, from noise and from the content. What two threads differ from
one is the floor: what any change of the order of summation makes of a run. Differences are told in
dB (PSNR against the whole with one thread) after some of the steps, and with whether the borders
of tiles and shards show in them (``renderer.agreement``). Writes JSON.

    python -m benchmarks.agreement --network motifs --size 320 --iterations 100 --json report.json
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import reports
from benchmarks.members import together
from renderer import images, networks, style, weights
from renderer.agreement import borders, psnr, seams
from renderer.checkpoints import unpack
from renderer.events import Checkpoint, Progress
from renderer.gang import Gang, grid
from renderer.images import Picture
from renderer.networks import Network
from renderer.optimizers import OPTIMIZERS
from renderer.pieces import cores
from renderer.settings import StyleSettings
from renderer.spans import Region

TOLD = (1, 5, 10, 20, 40, 60, 80, 100)
STYLES = {
    "motifs": StyleSettings(
        network="motifs",
        content_layers=("inception3a",),
        style_layers=("conv1", "conv2", "conv3", "inception3a", "inception3b", "inception4a"),
        gram="mean",
    ),
    "vgg19": StyleSettings(
        network="vgg19", content_layers=("conv3_1",), style_layers=("conv1_1..conv3_3",)
    ),
}
"""What is compared: as deep as there are weights to test with."""


@dataclass(frozen=True)
class Case:
    """A style transfer, and what it is rendered from."""

    settings: StyleSettings
    content: Path
    painting: Path
    size: int
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        found = getattr(torch, self.precision)
        assert isinstance(found, torch.dtype)
        return found

    def pixels(self) -> tuple[Tensor, Tensor]:
        """The content and the style picture."""
        pictures = [images.decode(path.read_bytes()) for path in (self.content, self.painting)]
        content, painting = (images.shrink(p, self.size).pixels.to(self.dtype) for p in pictures)
        return content, painting

    def network(self) -> Network:
        """With its weights."""
        entry = networks.entry(self.settings.network)
        layers = (*self.settings.content_layers, *self.settings.style_layers)
        until = networks.deepest(entry, networks.resolve_layers(entry, layers))
        return networks.load(entry, until, weights.resolve(entry.name, until), dtype=self.dtype)


def rendered(
    gang: Gang | None, case: Case, *, threads: int = 1, tile_px: int | None = None
) -> dict[int, Tensor]:
    """The pictures after some of the steps, those in ``TOLD`` and the last, by number."""
    torch.set_num_threads(threads)
    content, painting = case.pixels()
    told = {n for n in TOLD if n < case.settings.iterations} | {case.settings.iterations}
    done, kept = 0, {}
    making = style.steps(
        content,
        [painting],
        case.network(),
        case.settings,
        seed=7,
        gang=gang,
        tile_px=tile_px,
        fetch_losses=lambda: False,
        checkpoint=lambda: done in told,
    )
    for event in making:
        if isinstance(event, Progress):
            done = event.iteration
        elif isinstance(event, Checkpoint):
            kept[event.iteration] = unpack(event.data).tensors["image"].cpu()
    return kept


def shard(gang: Gang, case: Case) -> dict[int, Any]:
    """What one of several processes renders, as arrays."""
    found = rendered(gang, case)
    return {n: image.numpy() for n, image in found.items()} if gang.rank == 0 else {}


def compared(case: Case, *, tile_px: int, shards: int, folder: Path | None) -> dict[str, Any]:
    """How each way to render differs from the whole with one thread, and the pictures' files."""
    whole = rendered(None, case)
    size = whole[case.settings.iterations].shape[-2:]
    region = Region.whole((size[0], size[1]))
    found: dict[str, dict[int, Tensor]] = {
        "threads": rendered(None, case, threads=2),
        "tiles": rendered(None, case, tile_px=tile_px),
    }
    arrays = together(shards, shard, case)[0]
    found["shards"] = {n: torch.from_numpy(array) for n, array in arrays.items()}
    lines = {
        "tiles": borders(cores(region, tile_px)),
        "threads": borders(cores(region, tile_px)),  # which it knows nothing of: what chance does
        "shards": borders(grid(region.size, shards)),
    }
    for way, pictures in {"whole": whole, **found}.items():
        if folder is not None:
            name = f"{case.settings.network}-{case.settings.optimizer}-{case.settings.start}-{way}"
            pixels = pictures[case.settings.iterations].float()
            (folder / f"{name}.png").write_bytes(images.encode(Picture(pixels)))
    return {way: told(whole, pictures, *lines[way]) for way, pictures in found.items()}


def told(
    whole: dict[int, Tensor],
    other: dict[int, Tensor],
    rows: Sequence[int],
    columns: Sequence[int],
) -> dict[str, Any]:
    """The PSNR by step (None: equal to the bit); what shows of borders after the first and last."""
    decibels = {n: psnr(whole[n], other[n]) for n in whole}
    shown = {n: seams(other[n] - whole[n], rows, columns) for n in (1, max(whole))}
    return {
        "psnr_db": {n: None if math.isinf(db) else round(db, 1) for n, db in decibels.items()},
        "seams": {n: {k: round(v, 3) for k, v in asdict(s).items()} for n, s in shown.items()},
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    pictures = Path(os.environ.get("REVERIE_PICTURES", "."))
    parser.add_argument("--network", choices=sorted(STYLES), default="motifs")
    parser.add_argument("--content", type=Path, default=pictures / "chelsea.png")
    parser.add_argument("--style", type=Path, default=pictures / "starry_night.jpg")
    parser.add_argument("--size", type=int, default=256, help="longest side, px")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--step-size", type=float, default=10.0)
    parser.add_argument("--optimizers", nargs="+", default=sorted(OPTIMIZERS))
    parser.add_argument("--starts", nargs="+", default=["noise", "content"])
    parser.add_argument("--precision", choices=("float32", "float64"), default="float32")
    parser.add_argument("--tile", type=int, default=100, help="sides of the tiles, px")
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--pictures", type=Path, help="folder for the last pictures")
    parser.add_argument("--json", type=Path, help="where to write the report")
    return parser.parse_args()


def main() -> None:
    """Compare, and write what came of it."""
    given = parsed()
    report: dict[str, Any] = {
        name: getattr(given, name)
        for name in ("network", "size", "precision", "step_size", "tile", "shards", "iterations")
    }
    report["cases"] = []
    for optimizer, start in itertools.product(given.optimizers, given.starts):
        settings = replace(
            STYLES[given.network],
            optimizer=optimizer,
            start=start,
            iterations=given.iterations,
            step_size=given.step_size,
        )
        case = Case(settings, given.content, given.style, given.size, given.precision)
        found = compared(case, tile_px=given.tile, shards=given.shards, folder=given.pictures)
        report["cases"].append({"optimizer": optimizer, "start": start, **found})
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
