"""What will a job cost, roughly? Tasks, pixels, memory and time, before anything is rendered.

The arithmetic of a step is counted on the networks themselves, run on no pictures at all:
2 operations for each multiplication of a convolution, forward and once more for the
gradient of the image, and a flat charge for each activation, since all but the largest networks
spend half their time on moving them. What style transfers take of memory and time is known better
(jobs.styling), and given. Else time is that over a measured rate of convolutions, and a
moment for every call of a module, which is what small pictures cost. On a CPU, from 64 to 384 px,
it was right within a factor of two for motifs and GoogLeNet, and up to three times too long for
VGG-16, whose large convolutions run faster than the measured one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from jobs.plan import Plan
from jobs.styling import Styling
from jobs.tasks import Task
from jobs.work import stretches
from renderer import networks
from renderer.batches import canvas_px
from renderer.settings import AtlasSettings, DreamSettings, StyleSettings

PROBE_PX = 320
FLOPS_PER_MULTIPLICATION = 4  # multiply and add, forward and backward
FLOPS_PER_ACTIVATION = 800  # what moving one through a network costs, in operations
SECONDS_PER_CALL = 1.5e-4  # of a module, forward and backward, however small the picture
CALLS_PER_DREAM_STEP = 100  # smoothing and the update
CALLS_PER_ATLAS_STEP = 60  # the spectrum, the move, Adam
BYTES_PER_VALUE = 4
ACTIVATION_COPIES = 2  # activations, and their slopes
ATLAS_COPIES = 100  # of each pixel's value: three colours, the indexes that a move reads, Adam


@dataclass(frozen=True, slots=True)
class Load:
    """What a network asks for each pixel of one step, and what its weights take."""

    flops: float
    activation_bytes: float
    weights_bytes: int
    calls: int  # of modules in a step, whatever its size


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be expected of the tasks of a plan that are not finished yet."""

    tasks: int
    pixels: int  # of all their pictures
    flops: float
    memory_bytes: int  # at most, of one task
    seconds: float | None  # with so many slots; None if no rate is known


def estimate(
    plan: Plan,
    *,
    flops_per_second: float | None = None,
    slots: int = 1,
    finished: Collection[str] = (),
    stylings: Mapping[str, Styling] | None = None,
) -> Estimate:
    """The costs of a plan. ``flops_per_second`` is that of one slot (``convolution_rate``).

    ``stylings`` is what is known of style transfers, by task.
    """
    sizes, known = plan.sizes, stylings or {}
    tasks = [task for task in plan.tasks if task.id not in finished]
    memory = max((_memory(task, sizes[task.id], known.get(task.id)) for task in tasks), default=0)
    seconds = None
    if flops_per_second is not None:
        seconds = _seconds(tasks, sizes, flops_per_second, slots=slots, stylings=known)
    return Estimate(
        tasks=len(tasks),
        pixels=sum(sizes[task.id][0] * sizes[task.id][1] for task in tasks),
        flops=sum(_flops(task, sizes[task.id]) for task in tasks),
        memory_bytes=int(memory),
        seconds=seconds,
    )


def seconds_of(
    task: Task,
    size: tuple[int, int],
    *,
    flops_per_second: float,
    styling: Styling | None = None,
) -> float:
    """The time that a task of a picture of this (height, width) takes a slot."""
    if styling is not None and styling.seconds is not None:
        return styling.seconds
    return _flops(task, size) / flops_per_second + _calls(task, size) * SECONDS_PER_CALL


def convolution_rate(*, threads: int = 1, seconds: float = 0.3) -> float:
    """Operations a second of convolutions and their gradients on this machine's CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        layer = nn.Conv2d(128, 128, 3, padding=1).requires_grad_(False)
        image = torch.rand(1, 128, 64, 64, requires_grad=True)
        _step(layer, image)
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            _step(layer, image)
            done += 1
        spent = time.perf_counter() - begun
    finally:
        torch.set_num_threads(before)
    return FLOPS_PER_MULTIPLICATION * done * 128 * 128 * 9 * 64 * 64 / spent


@cache
def network_load(network: str, until: str) -> Load:
    """The load of a network that is run up to a layer."""
    with torch.device("meta"):
        built = networks.build(networks.entry(network), until)
    # Run on no pictures: on the meta device torch would load sympy, 150 MB, to do arithmetic.
    built = built.to_empty(device="cpu")
    multiplications = values = calls = 0

    def count(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal multiplications, values, calls
        each = math.prod(output.shape[1:])
        values += each
        calls += 1
        if isinstance(module, nn.Conv2d):
            multiplications += each * module.weight[0].numel()

    for module in built.modules():
        if not any(module.children()):
            module.register_forward_hook(count)
    with torch.no_grad():
        built.features(torch.empty(0, 3, PROBE_PX, PROBE_PX), [until])
    weights = sum(p.numel() for p in built.parameters()) * BYTES_PER_VALUE
    area = PROBE_PX**2
    flops = FLOPS_PER_MULTIPLICATION * multiplications + FLOPS_PER_ACTIVATION * values
    return Load(flops / area, BYTES_PER_VALUE * values / area, weights, calls)


def channel_bytes(settings: AtlasSettings, until: str) -> int:
    """What one channel of an atlas takes while it climbs, beside the network's weights."""
    each = ACTIVATION_COPIES * network_load(settings.network, until).activation_bytes
    return int((each + ATLAS_COPIES * BYTES_PER_VALUE) * settings.images * settings.size**2)


def _step(layer: nn.Module, image: torch.Tensor) -> None:
    torch.autograd.grad(layer(image).sum(), image)


def _flops(task: Task, size: tuple[int, int]) -> float:
    passed = stretches(task.settings, size)
    pixels = float(sum(one.pixels for one in passed))
    if isinstance(task.settings, DreamSettings):
        pixels *= _passes(task.settings)
    if isinstance(task.settings, StyleSettings):
        # Once more at each scale, for what the picture is compared with.
        pixels += sum(math.prod(one.size) for one in passed)
    return network_load(task.settings.network, task.until).flops * pixels


def _passes(settings: DreamSettings) -> float:
    """What a step costs beside that of one layer: one way forward, and one back for each aim."""
    aims = sum(len(region.aims) for region in settings.regions)
    return (1 + max(1, aims)) / 2


def _calls(task: Task, size: tuple[int, int]) -> int:
    calls = network_load(task.settings.network, task.until).calls
    passed = stretches(task.settings, size)
    steps = sum(one.iterations for one in passed)
    if isinstance(task.settings, StyleSettings):
        return calls * steps
    if isinstance(task.settings, AtlasSettings):
        return steps * (calls + CALLS_PER_ATLAS_STEP)
    runs = sum(one.iterations * _tiles(task.settings, one.size) for one in passed)
    return int(runs * _passes(task.settings) * calls + steps * CALLS_PER_DREAM_STEP)


def _tiles(settings: DreamSettings, size: tuple[int, int]) -> int:
    """How many pieces a step of a level runs.

    A tile starts at a random place, so an axis that n tiles would cover is cut into n + 1.
    """
    if settings.gradient == "whole":
        return 1
    height, width = (max(1, round(side / settings.tile_size)) + 1 for side in size)
    return height * width


def _memory(task: Task, size: tuple[int, int], styling: Styling | None) -> float:
    """Activations of what is run at once, a few copies of the picture, and the weights."""
    if styling is not None:
        weights = network_load(task.settings.network, task.until).weights_bytes
        return styling.memory_bytes + weights
    if isinstance(task.settings, AtlasSettings):
        weights = network_load(task.settings.network, task.until).weights_bytes
        return channel_bytes(task.settings, task.until) + weights
    run = size
    if isinstance(task.settings, DreamSettings) and task.settings.gradient == "tiles":
        run = (canvas_px(size, task.settings.tile_size), 1)
    needed = network_load(task.settings.network, task.until)
    picture = 8 * 3 * BYTES_PER_VALUE * size[0] * size[1]
    grams = _gram_bytes(task.settings) if isinstance(task.settings, StyleSettings) else 0
    return needed.activation_bytes * run[0] * run[1] + picture + needed.weights_bytes + grams


def _gram_bytes(settings: StyleSettings) -> int:
    """Gram matrices of the style and of the image, and the slopes of the latter."""
    entry = networks.entry(settings.network)
    sides = [networks.channels(entry, layer) for layer in settings.style_layers]
    return 3 * BYTES_PER_VALUE * sum(side * side for side in sides)


def _seconds(
    tasks: Sequence[Task],
    sizes: Mapping[str, tuple[int, int]],
    flops_per_second: float,
    *,
    slots: int,
    stylings: Mapping[str, Styling],
) -> float:
    """The time of some tasks: all their work, shared by the slots, or the longest chain of them."""
    needed = {need for task in tasks for need in task.needs}
    ends: dict[str, float] = {}  # of those that others wait for
    busy = longest = 0.0
    for task in tasks:
        styling = stylings.get(task.id)
        own = seconds_of(task, sizes[task.id], flops_per_second=flops_per_second, styling=styling)
        busy += own * (styling.means.shards if styling else 1)
        end = own + max((ends.get(need, 0.0) for need in task.needs), default=0.0)
        longest = max(longest, end)
        if task.id in needed:
            ends[task.id] = end
    return max(busy / max(1, slots), longest)
