"""How fast is a Deep Dream, beside a plain program and beside what the machine can do?

The report's setting: GoogLeNet to inception4c, tiles of about 400 px, 10 iterations at each of five
levels. In turns, each in a process of its own, dream a plain program (benchmarks.plain_dream:
float32, PyTorch and scipy as they come, one tile at a time) and Reverie: in float32, in what
``precision: auto`` comes to here, and without tiles (``gradient: whole``). Told are seconds, how
many times as fast as the plain program that is (``ratios``), and the floor: the operations at the
best rate measured here (benchmarks.machine). ``psnr_db`` is how like the plain program's picture
ours are after the first level's steps; ``float64`` is the plain program's own in float64, for what
rounding alone does. With the weights at hand, or random ones. Writes JSON; needs no Ray.

    python -m benchmarks.dream --sizes 451x300 --json report.json
    python -m benchmarks.dream --sizes 451x300 512 1024 2048 --turns 1 --json report.json
    python -m benchmarks.dream --quick
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import apart, machine, reports
from benchmarks.machine import Rates, Work
from benchmarks.plain_dream import Dream
from renderer import dream, heap, images, networks, weights
from renderer.errors import WeightsError
from renderer.networks import Network
from renderer.precision import AUTO, FLOAT32, resolved
from renderer.settings import DreamSettings

SETTINGS = DreamSettings()
"""The report's."""

VARIANTS = {
    "float32": SETTINGS,
    "auto": replace(SETTINGS, precision=AUTO),
    "whole": replace(SETTINGS, gradient="whole"),
}


def network(device: torch.device) -> tuple[Network, bool]:
    """The network to the settings' layer, and whether its weights are real."""
    entry = networks.entry(SETTINGS.network)
    try:
        found = weights.resolve(entry.name, SETTINGS.layer)
    except WeightsError:
        torch.manual_seed(0)
        return networks.build(entry, SETTINGS.layer).to(device), False
    return networks.load(entry, SETTINGS.layer, found, device=device), True


def picture(size: tuple[int, int], file: Path | None, device: torch.device) -> Tensor:
    """A photograph at (height, width), or noise of a few scales, which any machine draws alike."""
    if file is not None:
        return images.resample(images.decode(file.read_bytes()), size).pixels.to(device)
    generator, drawn = torch.Generator().manual_seed(0), torch.zeros(1, 3, *size)
    for cells in (4, 16, 64):
        coarse = torch.rand(1, 3, cells, cells, generator=generator)
        drawn += 85 * torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    return drawn.to(device)


def measure(net: Network, image: Tensor, given: argparse.Namespace, rates: Rates) -> dict[str, Any]:
    """Everything about one picture."""
    device = image.device
    settings = {n: replace(s, iterations=given.iterations) for n, s in VARIANTS.items()}
    makers = {"plain": partial(_program, "plain", image, settings[FLOAT32])}
    makers |= {name: partial(_program, name, image, how) for name, how in settings.items()}
    times = apart.in_turns(makers, turns=given.turns, device=device, warm_up=given.warm_up)
    # One thread's own time doesn't depend on what else the machine does.
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    spent = {name: each.cpu_seconds if alone else each.seconds for name, each in times.items()}
    gflop = _gflop(Dream(net, settings[FLOAT32]), image)
    floors = {
        name: rates.floor_s(1e9 * gflop, 0, resolved(how.precision, device))
        for name, how in settings.items()
    }
    return {
        "gflop": round(gflop),
        "seconds": _rounded({name: each.seconds for name, each in times.items()}),
        "cpu_seconds": _rounded({name: each.cpu_seconds for name, each in times.items()}),
        "ratios": _rounded({name: spent["plain"] / spent[name] for name in settings}),
        "floor_s": _rounded(floors),
        "psnr_db": _likeness(net, image),
    }


def _program(name: str, image: Tensor, how: DreamSettings) -> Work:
    """What one of the programs does in its turn: the same picture, each time other tiles."""
    (net, _), seeds = network(image.device), count()
    if name == "plain":
        plain = Dream(net, how)
        return lambda: plain(image, seed=next(seeds))
    return lambda: _dreamed(image, net, how, next(seeds))


def _dreamed(image: Tensor, net: Network, how: DreamSettings, seed: int) -> Tensor:
    """As a worker does it: with freed memory kept meanwhile, which the plain program doesn't."""
    with heap.kept():
        return dream.dream(image, net, how, seed=seed)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


def _gflop(plain: Dream, image: Tensor) -> float:
    """Operations of a dream's convolutions; each has one other for its slope."""
    from torch.utils.flop_counter import FlopCounterMode  # brings a compiler along, slow to import

    total, size = 0, (image.shape[2], image.shape[3])
    for level in dream.pyramid(image, plain.settings, layer=SETTINGS.layer, smallest=1):
        size = (level.shape[2], level.shape[3])
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            plain.features(image.new_zeros(1, 3, *size))
        total += 2 * counter.get_total_flops() * plain.settings.iterations
    return total / 1e9


def _likeness(net: Network, image: Tensor) -> dict[str, float]:
    """How like the plain program's picture ours are after the first level, in dB."""
    level = replace(SETTINGS, repeats=0)
    wanted = Dream(net, level)(image, seed=7)
    found = {
        name: dream.dream(image, net, replace(level, precision=name), seed=7)
        for name in (FLOAT32, AUTO)
    }
    if image.shape[2] * image.shape[3] < 2**18:  # float64 takes long
        exact = Dream(net, level)
        exact.stages.double()
        exact.mean = exact.mean.double()
        found["float64"] = exact(image.double(), seed=7)
    return {name: round(_psnr_db(each, wanted), 1) for name, each in found.items()}


def _psnr_db(ours: Tensor, wanted: Tensor) -> float:
    error = float((ours.clamp(0, 255) - wanted.clamp(0, 255)).double().square().mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


def _size(text: str) -> tuple[int, int]:
    """(height, width) of "451x300" or "512"."""
    width, _, height = text.partition("x")
    return int(height or width), int(width)


def main() -> None:
    """Measure every size, and write the report anew after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["451x300"], help="WIDTHxHEIGHT or SIDE, px")
    parser.add_argument("--picture", type=Path, help="a photograph; else generated")
    parser.add_argument("--iterations", type=int, default=SETTINGS.iterations)
    parser.add_argument("--turns", type=int, default=2, help="timed dreams of each program")
    parser.add_argument("--warm-up", type=int, default=1, help="dreams of each before them")
    parser.add_argument("--quick", action="store_true", help="two iterations, one turn")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    if given.quick:
        given.iterations, given.turns, given.warm_up = 2, 1, 0
    torch.set_num_threads(given.threads)
    device = torch.device(given.device)
    rates, (net, real) = machine.rates(device), network(device)
    report: dict[str, Any] = {
        "benchmark": "dream",
        **machine.facts(device),
        "weights": "real" if real else "random",
        "iterations": given.iterations,
        "auto": resolved(AUTO, device),
        "rates": machine.told(rates),
        "sizes": {},
    }
    for size in given.sizes:
        image = picture(_size(size), given.picture, device)
        report["sizes"][size] = measure(net, image, given, rates)
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
