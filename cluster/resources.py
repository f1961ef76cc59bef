"""How many workers a job gets, and how many threads and GPUs each: plain arithmetic, no Ray.

The number of threads of a task decides in which order numbers are summed, so it may depend on the
job and the machine, but never on the number of workers: frames are the same on one and on many.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from renderer.errors import ClusterError


@dataclass(frozen=True)
class Node:
    """What a machine has in all, whoever uses it now."""

    name: str
    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True)
class Wanted:
    """What the job asks of workers; None leaves it to ``allot``.

    ``width`` is how many tasks can run side by side all along (tasks over the longest path of
    dependencies), ``widest`` how many at most.
    """

    width: int
    widest: int
    workers: int | None = None
    threads: int | None = None
    gpus: float | None = None
    tasks_per_gpu: int = 1


@dataclass(frozen=True)
class Allotment:
    """So many workers, each with so many threads and such a share of GPUs."""

    workers: int
    threads: int
    gpus: float


def allot(nodes: tuple[Node, ...], wanted: Wanted, *, shared: bool) -> Allotment:
    """The workers for a job on these nodes.

    A cluster that is ``shared`` with others must have room for every worker's threads; on a
    machine of our own more workers than cores are the user's affair. Raises ClusterError that
    says what is missing, before a demand that no node can meet waits without a word.
    """
    gpus = wanted.gpus
    if gpus is None:
        gpus = 1 / wanted.tasks_per_gpu if any(node.gpus for node in nodes) else 0.0
    threads = wanted.threads or automatic_threads(nodes, wanted.width, gpus=gpus)
    each = Allotment(1, threads, gpus)
    fitting = sum(_room(node, each, cpus=True) for node in nodes)
    room = fitting if shared else sum(_room(node, each, cpus=False) for node in nodes)
    workers = wanted.workers or max(1, min(wanted.widest, fitting))
    if workers > room:
        raise ClusterError(_shortage(nodes, each, room=room, workers=workers))
    return Allotment(workers, threads, gpus)


def automatic_threads(nodes: tuple[Node, ...], width: int, *, gpus: float = 0.0) -> int:
    """Threads of a task that keep the smallest usable node's cores busy, and no more."""
    usable = [node.cpus for node in nodes if node.gpus >= gpus] or [1.0]
    cpus = max(1, int(min(usable)))
    return max(1, cpus // max(1, min(cpus, width)))


def local_cpus() -> int:
    """Cores this process may use: its affinity, cut by a container's quota."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cpus, math.floor(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or no quota: "max 100000"
        return cpus


def local_memory_bytes() -> int:
    """Memory this machine has, cut by a container's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return total


def _room(node: Node, each: Allotment, *, cpus: bool) -> int:
    by_cpus = int(node.cpus // each.threads) if cpus else 10**9
    if each.gpus == 0:
        return by_cpus
    # A share of a GPU never straddles two of them.
    by_gpus = node.gpus // each.gpus if each.gpus >= 1 else int(node.gpus) * (1 // each.gpus)
    return min(by_cpus, int(by_gpus))


def _shortage(nodes: tuple[Node, ...], each: Allotment, *, room: int, workers: int) -> str:
    demand = f"{each.threads} CPUs" if each.threads > 1 else "1 CPU"
    if each.gpus:
        demand += f" and {each.gpus:g} GPU"
    has = ", ".join(f"{node.name} {node.cpus:g} CPUs {node.gpus:g} GPUs" for node in nodes)
    return (
        f"{workers} workers with {demand} each don't fit: there is room for {room} ({has}); "
        f"ask for fewer (--workers, resources.threads, resources.gpus) or add nodes"
    )
