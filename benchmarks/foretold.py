"""Does ``reverie plan`` tell the time and memory that a style transfer then takes?

A picture of noise is styled by the commands that a user types: ``reverie plan`` before, ``reverie
render``, and ``reverie plan`` after, which compares by itself. The rates are measured anew, into a
cache of the benchmark's own. Memory is the most that the rendering process (``--inline``) held;
what it took and what was foretold are told beside the same of a very small picture. Writes JSON.

    python -m benchmarks.foretold --networks motifs vgg19 --sizes 256 512 1024 --json report.json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks import machine, reports
from renderer import images
from renderer.images import Picture

SMALLEST_PX = 64
LAYERS = {"vgg19": {"style_layers": ["conv1_1", "conv2_1", "conv3_1"], "content_layers": "conv3_1"}}
"""Of a network whose weights aren't whole where the benchmark is to run."""


class Case(NamedTuple):
    """One rendering; no tile: whole."""

    network: str
    side: int
    tile: int | None = None
    shards: int = 1


def cases(network: str, given: argparse.Namespace) -> Iterator[Case]:
    """A network at every size, whole; the largest in tiles and, on Ray, in shards too."""
    for side in given.sizes:
        yield Case(network, side)
    yield from (Case(network, given.sizes[-1], tile) for tile in given.tiles)
    yield from (Case(network, given.sizes[-1], shards=count) for count in given.shards)


def job(folder: Path, case: Case, given: argparse.Namespace) -> Path:
    """The job file of a case."""
    how = {"network": case.network, "images": "painting.png", "gram": "mean"}
    style = {**how, **LAYERS.get(case.network, {}), "iterations": given.iterations}
    resources = {"gpus": 0, "threads": given.threads, "shards": case.shards}
    resources |= {"workers": case.shards} | ({"tile": case.tile} if case.tile else {})
    data = {"inputs": ["picture.png"], "size": case.side, "steps": [{"style": style}]}
    file = folder / "job.yaml"  # JSON is YAML
    file.write_text(json.dumps({**data, "resources": resources}))
    return file


def plan(file: Path, out: Path) -> dict[str, Any]:
    """What ``reverie plan`` tells."""
    done = subprocess.run(
        [*_reverie("plan", file, out), "--json"], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def render(file: Path, out: Path, case: Case) -> int:
    """``reverie render``; the most bytes of memory that its process held."""
    inline = ["--inline"] if case.shards == 1 else []
    command = [*_reverie("render", file, out), *inline, "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return usage.ru_maxrss * 1024


class Told(NamedTuple):
    """Seconds and bytes of a rendering, foretold and real."""

    foretold_s: float
    took_s: float
    foretold_bytes: float
    took_bytes: float


def told(folder: Path, case: Case, given: argparse.Namespace) -> Told:
    """What is told of a case by the commands."""
    file, out = job(folder, case, given), folder / "-".join(map(str, case))
    (before,) = plan(file, out)["styles"].values()
    held = render(file, out, case)
    after = plan(file, out)["hindsight"]
    seconds = after["foretold_seconds"], after["took_seconds"]
    return Told(*seconds, before["memory_bytes"], held)


def row(case: Case, found: Told, small: Told) -> dict[str, Any]:
    """A case's time and memory beside what was foretold of them."""
    seconds = {"foretold_s": round(found.foretold_s, 1), "took_s": round(found.took_s, 1)}
    off = {"off": round(found.foretold_s / found.took_s - 1, 2)}
    if case.shards > 1:  # in other processes
        return {**case._asdict(), **seconds, **off}
    foretold = found.foretold_bytes - small.foretold_bytes
    took = found.took_bytes - small.took_bytes
    megabytes = {"foretold_mb": round(foretold / 2**20), "took_mb": round(took / 2**20)}
    off["memory_off"] = round(foretold / took - 1, 2) if took > 0 else math.inf
    return {**case._asdict(), **seconds, **megabytes, **off}


def _reverie(verb: str, file: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "cluster.cli", verb, str(file), "--out", str(out)]


def _noise(side: int) -> bytes:
    coarse = torch.rand(1, 3, side // 4, side // 4, generator=torch.Generator().manual_seed(side))
    return images.encode(Picture(255 * torch.nn.functional.interpolate(coarse, scale_factor=4)))


def main() -> None:
    """Render every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["motifs"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 768, 1024])
    parser.add_argument("--tiles", type=int, nargs="*", default=[256, 512], help="of the largest")
    parser.add_argument("--shards", type=int, nargs="*", default=[2], help="of the largest")
    parser.add_argument("--threads", type=int, default=1, help="of a worker")
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    report: dict[str, Any] = {
        "benchmark": "foretold",
        **machine.facts(torch.device("cpu")),
        "threads": given.threads,
        "iterations": given.iterations,
        "rows": [],
    }
    with tempfile.TemporaryDirectory() as place:
        os.environ["REVERIE_CACHE"] = str(Path(place) / "cache")
        for name, side in (("picture", 1024), ("painting", 512)):
            (Path(place) / f"{name}.png").write_bytes(_noise(side))
        for network in given.networks:
            small = told(Path(place), Case(network, SMALLEST_PX), given)
            for case in cases(network, given):
                report["rows"].append(row(case, told(Path(place), case, given), small))
                reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
