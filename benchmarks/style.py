"""How fast is a step of style transfer, beside a plain program and beside what the machine can do?

The report's setting: VGG-16, all 13 layers for the style and conv3_1 for the content, gradient
descent from noise. In turns step a plain program (benchmarks.plain: float32, PyTorch as it comes)
and Reverie in float32 and in what ``precision: auto`` comes to here. Told are seconds, how many
times as fast as the plain program that is (``ratios``), how far the picture is from the plain one's
after so many steps (PSNR), where the time goes (``shares_percent``), and the floor: the operations
of a step at the best rate measured here (benchmarks.machine). A turn has three steps: Reverie keeps
freed memory within them, as its workers do while they render; the plain program doesn't. With the
weights at hand, or random ones. Writes JSON; needs no Ray.

    python -m benchmarks.style --sizes 304 512 --json report.json
    python -m benchmarks.style --sizes 304 512 1024 2048 --device cuda --json report.json
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import machine, reports
from benchmarks.machine import Rates
from benchmarks.plain import Style, Vgg, gram
from renderer import heap, networks, style, weights
from renderer.errors import WeightsError
from renderer.networks import Network, NetworkEntry
from renderer.networks.network import tensors
from renderer.precision import AUTO, FLOAT32, resolved
from renderer.settings import StyleSettings
from renderer.weights import Weights

SETTINGS = StyleSettings(
    network="vgg16", style_layers=("0..12",), content_layers=("conv3_1",), step_size=1.0
)
"""Those of the report's long runs."""

TURN = 3
"""Steps that each program makes before the next one's turn."""

PASSES = 5
"""Times an activation goes to or from memory: written, read, read for its slope; the slope, too."""


def network(device: torch.device) -> tuple[Network, bool]:
    """VGG-16, and whether its weights are real."""
    entry = networks.entry(SETTINGS.network)
    until = entry.layers[-1]
    try:
        return networks.load(entry, until, weights.resolve(entry.name, until), device=device), True
    except WeightsError:
        drawn = Weights(entry.name, random_tensors(entry, until), entry.preprocessing, "", "random")
        return networks.load(entry, until, drawn, device=device), False


def random_tensors(entry: NetworkEntry, until: str) -> dict[str, np.ndarray]:
    """Kernels as the authors of ResNet draw them (He et al. 2015), and no biases."""
    torch.manual_seed(0)
    found = {}
    for stage in networks.build(entry, until).stages.values():
        for name, tensor in tensors(stage).items():
            if tensor.ndim == 4:
                torch.nn.init.kaiming_normal_(tensor, mode="fan_out", nonlinearity="relu")
            else:
                torch.nn.init.zeros_(tensor)
            found[name] = tensor.numpy()
    return found


def plain_vgg(network: Network) -> Vgg:
    """The same weights for the plain program."""
    tensors = list(network.parameters())
    pairs = list(zip(tensors[::2], tensors[1::2], strict=True))
    first = [i for i, layer in enumerate(network.layers) if layer.endswith("_1") and i]
    return Vgg(pairs, [i in first for i in range(len(pairs))])


def pictures(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """A content and a style: smooth noise of two kinds, which any machine draws alike."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for cells in (8, 32):
        coarse = torch.rand(1, 3, cells, cells, generator=generator)
        smooth = torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear")
        found.append((200 * smooth + 55 * torch.rand(smooth.shape, generator=generator)).to(device))
    return found[0], found[1]


def measure(net: Network, size: int, given: argparse.Namespace, rates: Rates) -> dict[str, Any]:
    """Everything about one size of picture."""
    device = next(net.parameters()).device
    content, painting = pictures(size, device)
    names = {name: resolved(name, device) for name in (FLOAT32, AUTO)}
    plain = Style(
        plain_vgg(net), content, painting, content_layer=net.layers.index(*SETTINGS.content_layers)
    )
    first = style.start_image(content, SETTINGS, 0)
    works: dict[str, machine.Work] = {"plain": lambda: _turn(lambda: _plain_step(plain, first))}
    for name, precision in names.items():
        settings = replace(SETTINGS, precision=precision, style_max_size=None, iterations=10**6)
        steps = style.steps(content, [painting], net, settings, fetch_losses=lambda: False)
        works[name] = lambda steps=steps: _kept_turn(lambda: next(steps))  # type: ignore[misc]
    times = machine.in_turns(works, turns=given.turns, device=device, warm_up=1)
    gflop, values = _work(plain, first)
    floors = {name: rates.floor_s(1e9 * gflop, _moved(values, p), p) for name, p in names.items()}
    wanted = times["plain"].of(device)
    return {
        "gflop": round(gflop, 1),
        "seconds": _a_step({name: spent.seconds for name, spent in times.items()}),
        "cpu_seconds": _a_step({name: spent.cpu_seconds for name, spent in times.items()}),
        "ratios": {name: round(wanted / times[name].of(device), 2) for name in names},
        "floor_s": {name: round(floor, 4) for name, floor in floors.items()},
        "shares_percent": {name: machine.shares(work, device) for name, work in works.items()},
        "psnr_db": _likeness(net, plain, (content, painting), given.steps),
    }


def _turn(step: machine.Work) -> None:
    for _ in range(TURN):
        step()


def _kept_turn(step: machine.Work) -> None:
    with heap.kept():
        _turn(step)


def _a_step(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value / TURN, 4) for name, value in seconds.items()}


def _plain_step(plain: Style, image: Tensor) -> Tensor:
    how = SETTINGS
    weights = (how.weight_content, how.weight_style, how.weight_denoise)
    return plain.step(image, weights=weights, step_size=how.step_size)


def _work(plain: Style, image: Tensor) -> tuple[float, int]:
    """GFLOP of one step, in which each product has one other for its slope; and activations."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        active = plain.vgg.features(image)
        for one in active:
            gram(one)
    return 2 * counter.get_total_flops() / 1e9, sum(one.numel() for one in active)


def _moved(values: int, precision: str) -> float:
    """Bytes that so many activations move at the least."""
    return PASSES * values * machine.TYPES[precision].itemsize


def _likeness(
    net: Network, plain: Style, given: tuple[Tensor, Tensor], steps: int
) -> dict[str, float]:
    """How like the plain program's picture ours are after some steps, in dB."""
    content, painting = given
    wanted = style.start_image(content, SETTINGS, 0)
    for _ in range(steps):
        wanted = _plain_step(plain, wanted)
    found = {}
    for name in (FLOAT32, AUTO):
        settings = replace(SETTINGS, precision=name, style_max_size=None, iterations=steps)
        image = style.transfer(content, [painting], net, settings)
        error = float((image - wanted).double().square().mean())
        found[name] = round(10 * math.log10(255**2 / error), 1) if error else math.inf
    return found


def main() -> None:
    """Measure every size, and write the report anew after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[304, 512], help="sides, px")
    parser.add_argument("--turns", type=int, default=3, help="timed turns of each program")
    parser.add_argument("--steps", type=int, default=10, help="steps before pictures are compared")
    parser.add_argument("--quick", action="store_true", help="one turn, two steps compared")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    if given.quick:
        given.turns, given.steps = 1, 2
    torch.set_num_threads(given.threads)
    device = torch.device(given.device)
    rates = machine.rates(device)
    net, real = network(device)
    report: dict[str, Any] = {
        "benchmark": "style",
        **machine.facts(device),
        "weights": "real" if real else "random",
        "auto": resolved(AUTO, device),
        "rates": machine.told(rates),
        "sizes": {},
    }
    for size in given.sizes:
        report["sizes"][str(size)] = measure(net, size, given, rates)
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
