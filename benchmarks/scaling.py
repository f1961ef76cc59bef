"""How much faster do two processes render one picture than one, and how would many GPUs?

Style transfer with VGG-16 (random weights: a step's time doesn't depend on them), one thread a
process: by one process alone and by two together, over gloo, a step of the one and then of the
other, so that whatever else the machine does slows both alike; and in tiles, in turn, by one. The
speed-up is set beside what the halos allow: the picture's pixels over those that a process holds.
CPU seconds are told beside the clock's: where other processes keep the cores busy, only they tell
(``share_of_allowed_by_cpu``; what members wait for each other isn't in them). All processes keep
the memory of freed tensors, as workers do while they render.

``--model`` measures nothing: it tells what each step of a gang computes and sends, from its
layout, and what that comes to with the rates of GPUs given (``renderer.scaling``). Writes JSON.

    python -m benchmarks.scaling --sizes 512 --json report.json
    python -m benchmarks.scaling --model
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from benchmarks import reports
from benchmarks.members import together
from renderer import heap, networks, style
from renderer.events import Event
from renderer.gang import Gang, layouts
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.scaling import Machine, allowed, speedup, step_s, volume
from renderer.settings import StyleSettings
from renderer.targets import Layers

MEMBERS = 2
DEPTHS = ("conv5_3", "conv4_3")
MODEL_SIZES = (1024, 4096, 8192)
MODEL_MEMBERS = (1, 2, 4, 8, 64)


def setting(until: str) -> tuple[StyleSettings, Network]:
    """All layers up to one, compared as the report does."""
    torch.manual_seed(0)
    entry = networks.entry("vgg16")
    last = entry.layers.index(until)
    return StyleSettings(style_layers=(f"0..{last}",)), networks.build(entry, until)


def making(
    side: int, until: str, gang: Gang | None, tile_px: int | None = None
) -> Generator[Event, None, Tensor]:
    """The steps of a transfer at side x side pixels."""
    generator = torch.Generator().manual_seed(1)
    content = 255 * torch.rand(1, 3, side, side, generator=generator)
    painting = 255 * torch.rand(1, 3, 225, 300, generator=generator)
    settings, network = setting(until)
    return style.steps(content, [painting], network, settings, gang=gang, tile_px=tile_px)


def timed(steps: Generator[Event, None, Tensor]) -> tuple[float, float]:
    """Seconds of a step, by the clock and of this process's CPU."""
    began, cpu = time.perf_counter(), time.process_time()
    next(steps)
    return time.perf_counter() - began, time.process_time() - cpu


def raced(gang: Gang, side: int, until: str, rounds: int) -> dict[str, Any]:
    """What one of the processes measures; the first renders alone besides."""
    shared = making(side, until, gang)
    whole = making(side, until, None)
    next(shared)  # the targets, and the first allocations
    if gang.rank == 0:
        next(whole)
    before = gang.traffic
    times: dict[str, list[tuple[float, float]]] = {"alone": [], "shared": []}
    for _ in range(rounds):
        if gang.rank == 0:
            times["alone"].append(timed(whole))
        dist.barrier()
        times["shared"].append(timed(shared))
    told = {name: (n - getattr(before, name)) / rounds for name, n in asdict(gang.traffic).items()}
    return {"times": times, "traffic": told}


def scaled(side: int, until: str, rounds: int) -> dict[str, Any]:
    """Two processes against one."""
    found = together(MEMBERS, raced, side, until, rounds)
    alone = _medians(found[0]["times"]["alone"])
    shared = [_medians(member["times"]["shared"]) for member in found]
    slowest = [max(member[i] for member in shared) for i in (0, 1)]
    settings, network = setting(until)
    layers = Layers.of(network, settings)
    most = allowed(layouts(Flow(network, [*layers.content, *layers.style]), (side, side), MEMBERS))
    ratios = [a / b for a, b in zip(alone, slowest, strict=True)]
    return {
        "size": side,
        "until": until,
        "alone_s": round(alone[0], 2),
        "shared_s": round(slowest[0], 2),
        "alone_cpu_s": round(alone[1], 2),
        "shared_cpu_s": [round(member[1], 2) for member in shared],
        "allowed": round(most, 3),
        "speedup": round(ratios[0], 3),
        "speedup_by_cpu": round(ratios[1], 3),
        "share_of_allowed": round(ratios[0] / most, 3),
        "share_of_allowed_by_cpu": round(ratios[1] / most, 3),
        "per_step_and_member": found[0]["traffic"],
    }


def tiled(side: int, until: str, tile_px: int, rounds: int) -> dict[str, Any]:
    """In tiles, in turn, against whole; by one process of one thread."""
    torch.set_num_threads(1)
    runs = {"whole": making(side, until, None), "tiles": making(side, until, None, tile_px)}
    times: dict[str, list[tuple[float, float]]] = {"whole": [], "tiles": []}
    with heap.kept():
        for turn in range(rounds + 1):
            for name, run in runs.items():
                taken = timed(run)
                if turn:  # the first has the targets to compute
                    times[name].append(taken)
    whole, tiles = _medians(times["whole"]), _medians(times["tiles"])
    return {
        "size": side,
        "until": until,
        "tile": tile_px,
        "whole_s": round(whole[0], 2),
        "tiles_s": round(tiles[0], 2),
        "ratio": round(tiles[0] / whole[0], 3),
        "ratio_by_cpu": round(tiles[1] / whole[1], 3),
    }


def modelled(machine: Machine) -> list[dict[str, Any]]:
    """What the steps of gangs of all sizes compute and tell, and how fast GPUs would be."""
    rows = []
    for until in DEPTHS:
        settings, network = setting(until)
        layers = Layers.of(network, settings)
        flow = Flow(network, [*layers.content, *layers.style])
        for side in MODEL_SIZES:
            for members in MODEL_MEMBERS:
                parts = layouts(flow, (side, side), members)
                work = volume(flow, layers, parts)
                rows.append(
                    {
                        "until": until,
                        "size": side,
                        "members": members,
                        "tera_operations": round(work.flops / 1e12, 2),
                        "reduced_mb": round(work.reduced_bytes / 1e6, 2),
                        "exchanged_mb": round(work.exchanged_bytes / 1e6, 2),
                        "allowed": round(allowed(parts), 2),
                        "step_ms": round(1e3 * step_s(work, machine), 1),
                        "speedup": round(speedup(work, machine), 2),
                    }
                )
    return rows


def _medians(times: list[tuple[float, float]]) -> tuple[float, float]:
    clock, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    return clock, cpu


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1024])
    parser.add_argument("--depths", nargs="+", choices=DEPTHS, default=list(DEPTHS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--model", action="store_true", help="tell, don't measure")
    parser.add_argument("--tflops", type=float, default=30.0, help="what a GPU sustains")
    parser.add_argument("--nvlink", type=float, default=300.0, help="GB/s of a GPU in a node of 8")
    parser.add_argument("--infiniband", type=float, default=25.0, help="GB/s of a GPU between them")
    parser.add_argument("--latency", type=float, default=20.0, help="μs of a message")
    parser.add_argument("--json", type=Path, help="where to write the report")
    return parser.parse_args()


def main() -> None:
    """Measure or model, and write what came of it."""
    given = parsed()
    if given.model:
        machine = Machine(
            flops_per_second=given.tflops * 1e12,
            near_bytes_per_second=given.nvlink * 1e9,
            far_bytes_per_second=given.infiniband * 1e9,
            node_members=8,
            latency_s=given.latency * 1e-6,
        )
        report = {"machine": asdict(machine), "steps": modelled(machine)}
    else:
        cases = [(side, until) for side in given.sizes for until in given.depths]
        report = {
            "load_before": round(os.getloadavg()[0], 1),
            "shards": [scaled(side, until, given.rounds) for side, until in cases],
            "tiles": [
                tiled(side, given.depths[-1], given.tile, given.rounds) for side in given.sizes
            ],
            "machine": f"{os.cpu_count()} cores",
            "torch": torch.__version__,
        }
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
