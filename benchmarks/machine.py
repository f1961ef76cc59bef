"""What is the machine at hand able to do, and how are several programs timed on it fairly?

Rates are measured, not looked up: products of matrices, the 3x3 convolutions of 256 channels that
the middle of a VGG consists of, and copying memory. From them comes a floor: what so many
operations on so many bytes take at the least. Programs are timed in turns, so that whatever else
the machine does slows all alike; on a CPU by the process's own CPU time, beside the clock. Needs
nothing but torch.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

Work = Callable[[], object]

Spent = tuple[float, float]
"""Seconds by the clock, and of the CPU."""

KINDS = {
    "convolutions": ("convolution", "conv2d", "fprop", "dgrad", "cudnn"),
    "products": ("aten::mm", "aten::addmm", "linear_pointwise", "gemm", "aten::bmm"),
    "pools": ("pool",),
    "rectifiers": ("threshold", "clamp_min", "relu"),
    "sums": ("aten::add",),
    "copies": ("copy_", "fill_", "Memcpy", "Memset"),
}
"""Kinds of operations, by words in their names (torch's on a CPU, kernels' on a GPU)."""

OTHER = "other"

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MOMENT_S = 0.15
"""Each rate is the best of several runs within this time."""


@dataclass(frozen=True)
class Times:
    """What a piece of work took, in the middle of its turns: by the clock, and of the CPU."""

    seconds: float
    cpu_seconds: float
    turns: int

    def of(self, device: torch.device) -> float:
        """The time to compare by: the CPU's own where it does the work, else the clock's."""
        return self.cpu_seconds if device.type == "cpu" else self.seconds


@dataclass(frozen=True)
class Rates:
    """Operations a second, by type: of matrix products and of convolutions; and bytes a second."""

    matrices: Mapping[str, float]
    convolutions: Mapping[str, float]
    bytes_per_second: float

    def floor_s(self, flops: float, moved_bytes: float, type: str) -> float:
        """The least that so many operations take, on so many bytes that go to and from memory."""
        rate = max(self.matrices[type], self.convolutions[type])
        return max(flops / rate, moved_bytes / self.bytes_per_second)


def facts(device: torch.device) -> dict[str, Any]:
    """What a report says of where it was measured; ``machine`` names it for comparisons."""
    model = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "machine": f"{model}, {os.cpu_count()} cores",
        "device": device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "load": round(os.getloadavg()[0], 1),
    }


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def wait(device: torch.device) -> None:
    """Let the device finish what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def in_turns(
    works: Mapping[str, Work], *, turns: int, device: torch.device, warm_up: int = 2
) -> dict[str, Times]:
    """What each piece of work takes: the median of ``turns`` rounds in which each has its turn.

    Python's collector leaves alone what was there before: it takes 0.15 s to look through what
    importing torch leaves, in whosever turn that comes.
    """
    gc.collect()
    gc.freeze()
    rounds = {name: lambda work=work: timed(work, device) for name, work in works.items()}
    found = medians(rounds, turns=turns, warm_up=warm_up)
    gc.unfreeze()
    return found


def medians(
    rounds: Mapping[str, Callable[[], Spent]], *, turns: int, warm_up: int
) -> dict[str, Times]:
    """What each takes: the median of ``turns`` rounds in which each has its turn."""
    seen: dict[str, list[Spent]] = {name: [] for name in rounds}
    for turn in range(warm_up + turns):
        for name in rounds if turn % 2 else reversed(rounds):
            spent = rounds[name]()
            if turn >= warm_up:
                seen[name].append(spent)
    return {
        name: Times(*(statistics.median(column) for column in zip(*rows, strict=True)), turns)
        for name, rows in seen.items()
    }


def timed(work: Work, device: torch.device) -> Spent:
    """What a piece of work takes once."""
    wait(device)
    began, cpu = time.perf_counter(), time.process_time()
    work()
    wait(device)
    return time.perf_counter() - began, time.process_time() - cpu


def shares(work: Work, device: torch.device) -> dict[str, float]:
    """Where a piece of work spends the device's time, in per cent, by kind of operation."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]
    with profile(activities=activities) as seen:
        work()
        wait(device)
    spent = dict.fromkeys((*KINDS, OTHER), 0.0)
    for event in seen.key_averages():
        kind = next((k for k, words in KINDS.items() if any(w in event.key for w in words)), OTHER)
        spent[kind] += event.self_device_time_total if on_gpu else event.self_cpu_time_total
    whole = sum(spent.values()) or 1.0
    return {kind: round(100 * time / whole, 1) for kind, time in spent.items()}


def rates(device: torch.device) -> Rates:
    """What the device does at its best, with the present number of threads."""
    large = device.type == "cuda"
    matrices, convolutions = {}, {}
    for name, dtype in TYPES.items():
        side = 8192 if large else 2048
        a = torch.rand(side, side, device=device).to(dtype)
        matrices[name] = 2 * side**3 / _least_s(lambda a=a: a @ a, device)
        size, batch = (128, 16) if large else (76, 1)
        image = torch.rand(batch, 256, size, size, device=device).to(dtype)
        image = image.contiguous(memory_format=torch.channels_last)
        kernel = torch.rand(256, 256, 3, 3, device=device).to(dtype)
        kernel = kernel.contiguous(memory_format=torch.channels_last)

        def convolve(image: torch.Tensor = image, kernel: torch.Tensor = kernel) -> object:
            return F.conv2d(image, kernel, padding=1)

        with torch.no_grad():
            spent = _least_s(convolve, device)
        convolutions[name] = 2 * batch * size**2 * 256 * 256 * 9 / spent
    flat = torch.rand(2**30 if large else 2**26, device=device)
    moved = 2 * flat.numel() * flat.element_size()
    other = torch.empty_like(flat)
    return Rates(matrices, convolutions, moved / _least_s(lambda: other.copy_(flat), device))


def told(rates: Rates) -> dict[str, Any]:
    """The rates as a report has them: in GFLOP/s and GB/s."""
    plain = asdict(rates)
    return {
        "matrices_gflops": {k: round(v / 1e9) for k, v in plain["matrices"].items()},
        "convolutions_gflops": {k: round(v / 1e9) for k, v in plain["convolutions"].items()},
        "memory_gb_per_s": round(rates.bytes_per_second / 1e9, 1),
    }


def _least_s(work: Work, device: torch.device) -> float:
    """The shortest run of several, after the first: by the time to compare by."""
    single = torch.get_num_threads() == 1
    clock = time.process_time if device.type == "cpu" and single else time.perf_counter
    spent, until = [], time.perf_counter() + MOMENT_S
    work()
    while len(spent) < 3 or time.perf_counter() < until:
        wait(device)
        began = clock()
        work()
        wait(device)
        spent.append(clock() - began)
    return min(spent)
