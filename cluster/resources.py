"""How many workers a job gets, and how many threads and GPUs each: plain arithmetic, no Ray.

The number of threads of a task decides in which order numbers are summed, so it may depend on the
job and the machine, but never on the number of workers: frames are the same on one and on many.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs.batching import Batching
from jobs.shards import Sharding
from renderer.errors import ClusterError


@dataclass(frozen=True)
class Node:
    """What a machine has in all, whoever uses it now.

    ``leaving``: it is being drained, and gets no more workers.
    """

    name: str
    cpus: float
    gpus: float = 0.0
    id: str = ""
    gpu_types: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    leaving: bool = False


def fits(node: Node, gpu_type: str, labels: Mapping[str, str]) -> bool:
    """Whether a node is one of those that a job asks for."""
    typed = not gpu_type or gpu_type in node.gpu_types
    return typed and all(node.labels.get(name) == value for name, value in labels.items())


@dataclass(frozen=True)
class Wanted:
    """What the job asks of workers; None leaves it to ``allot``.

    ``width`` is how many tasks can run side by side all along (tasks over the longest path of
    dependencies), ``widest`` how many at most.
    """

    width: int
    widest: int
    workers: int | None = None
    max_workers: int | None = None
    threads: int | None = None
    gpus: float | None = None
    tasks_per_gpu: int = 1
    sharding: Sharding = field(default_factory=Sharding)
    batching: Batching = field(default_factory=Batching)


@dataclass(frozen=True)
class Allotment:
    """So many workers, each with so many threads and such a share of GPUs.

    ``shards`` of them render a style transfer together, or each renders ``batch`` pictures at once.
    ``fixed``: so many were asked for, and no more are wanted where there is room for them.
    """

    workers: int
    threads: int
    gpus: float
    shards: int = 1
    fixed: bool = False
    gpu_type: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    batch: int = 1


def allot(
    nodes: tuple[Node, ...], wanted: Wanted, *, shared: bool, growing: bool = False
) -> Allotment:
    """The workers for a job on these nodes.

    A cluster that is ``shared`` with others must have room for every worker's threads; on a
    machine of our own more workers than cores are the user's affair. On one that is ``growing``
    it is enough if some can begin. Raises ClusterError that says what is missing, before a demand
    that no node can meet waits without a word.
    """
    gpus = wanted.gpus
    if gpus is None:
        gpus = 1 / wanted.tasks_per_gpu if any(node.gpus for node in nodes) else 0.0
    shards = _shards(nodes, wanted, gpus=gpus)
    width = wanted.width * _on_a_node(nodes, shards, gpus=gpus)
    threads = wanted.threads or automatic_threads(nodes, width, gpus=gpus)
    each = Allotment(1, threads, gpus)
    fitting = places(nodes, each, cpus=True)
    room = fitting if shared else places(nodes, each, cpus=False)
    workers = wanted.workers or max(shards, min(wanted.widest * shards, fitting))
    if wanted.max_workers is not None:
        workers = max(shards, min(workers, wanted.max_workers))
    if workers > room and not (growing and room >= shards):
        told = _shortage(nodes, each, room=room, workers=workers)
        advice = "ask for fewer (--workers, resources.threads, resources.gpus) or add nodes"
        raise ClusterError(told if growing else f"{told}; {advice}")
    if shards > workers:
        raise ClusterError(
            f"{shards} shards need {shards} workers, and there are {workers}; ask for more "
            "(--workers) or for fewer shards (--shards)"
        )
    batch = wanted.batching.of(wanted.widest, workers=workers, gpus=gpus, shards=shards)
    fixed = wanted.workers is not None
    return Allotment(workers, threads, gpus, shards, fixed=fixed, batch=batch)


def _shards(nodes: tuple[Node, ...], wanted: Wanted, *, gpus: float) -> int:
    """How many workers render a style transfer together; see ``jobs.shards``."""
    whole = gpus == 0 or gpus >= 1
    if wanted.sharding.count is None and not whole:
        return 1
    places = len(nodes)
    if gpus:
        places = sum(_room(node, Allotment(1, 1, gpus), cpus=False) for node in nodes)
    if wanted.workers is not None:
        places = min(places, wanted.workers) if gpus else wanted.workers
    shards = wanted.sharding.among(places)
    if shards > 1 and not whole:
        raise ClusterError(
            f"{shards} shards need a GPU each, and workers here have {gpus:g}; set "
            "resources.tasks_per_gpu (or gpus) to 1, or leave shards out"
        )
    return shards


def places(nodes: tuple[Node, ...], each: Allotment, *, cpus: bool) -> int:
    """How many workers the nodes have room for; ``cpus``: also for their threads."""
    return sum(_room(node, each, cpus=cpus) for node in nodes)


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


def _on_a_node(nodes: tuple[Node, ...], shards: int, *, gpus: float) -> int:
    """How many of the workers that render together a node must have room for."""
    if gpus == 0:
        return math.ceil(shards / len(nodes))
    return min(shards, max(_room(node, Allotment(1, 1, gpus), cpus=False) for node in nodes) or 1)


def _shortage(nodes: tuple[Node, ...], each: Allotment, *, room: int, workers: int) -> str:
    demand = f"{each.threads} CPUs" if each.threads > 1 else "1 CPU"
    if each.gpus:
        demand += f" and {each.gpus:g} GPU"
    has = ", ".join(f"{node.name} {node.cpus:g} CPUs {node.gpus:g} GPUs" for node in nodes)
    one, several = f"a worker with {demand} doesn't", f"{workers} workers with {demand} each don't"
    return f"{several if workers > 1 else one} fit: there is room for {room} ({has})"
