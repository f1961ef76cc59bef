"""What has every node of a cluster, and does what a job needs reach it? Each is asked, at once.

An actor on every node tells what the node has, and tries what a job would do there: fetch the
weights, reach the storage. Nodes have a bounded time in all; one that doesn't answer is named.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cluster.ray_actor import node_label
from cluster.ray_errors import reason
from cluster.resources import local_memory_bytes
from cluster.versions import Versions, own

PROBE = ".reverie-doctor-"
"""How the names of files begin that are written to see whether one can."""

SMI = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
SMI_S = 15.0

PINGS = 3
"""How often a node's clock is asked for: the quickest answer tells it best."""


@dataclass(frozen=True)
class Needed:
    """Weights that a job needs: of which network, up to which layer, by which digest."""

    network: str
    until: str
    digest: str


@dataclass(frozen=True)
class Seen:
    """What a node has. ``gpus`` are in words; ``cuda`` is what its torch was built for."""

    versions: Versions
    gpus: tuple[str, ...]
    cuda: str
    memory_bytes: int
    free_memory_bytes: int
    free_disk_bytes: int
    disk: str


@dataclass(frozen=True)
class Answer:
    """What came of asking a node; ``fault`` says why there is nothing else.

    ``clock_s`` is by how much its clock is ahead of this machine's. ``weights`` and ``storage`` are
    what went wrong with them there: nothing if all is well, None if they weren't tried.
    """

    node: str
    cpus: float
    gpus: float
    seen: Seen | None = None
    fault: str = ""
    clock_s: float | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    storage: str | None = None


class Inspector:
    """What runs on a node to look at it."""

    def look(self) -> Seen:
        """What the node has."""
        import torch

        disk = tempfile.gettempdir()
        return Seen(
            versions=own(),
            gpus=gpus(),
            cuda=str(torch.version.cuda or ""),
            memory_bytes=local_memory_bytes(),
            free_memory_bytes=free_memory_bytes(),
            free_disk_bytes=shutil.disk_usage(disk).free,
            disk=disk,
        )

    def clock(self) -> float:
        """The node's wall clock, seconds since 1970."""
        return time.time()

    def weights(self, needed: Needed, held: Any) -> str:
        """What is wrong with weights as they come here; nothing if they are those needed."""
        from cluster.shelf import verified

        try:
            verified(held, needed.until, needed.digest)
        except Exception as error:
            return str(error)
        return ""

    def storage(self, place: str, name: str) -> str:
        """What is wrong with a storage from here; nothing if this node can write to it too.

        ``name`` is a file that the driver has just put there.
        """
        return tried(place, name)


def inspect(
    nodes: Sequence[Mapping[str, Any]],
    *,
    weights: Mapping[Needed, Any],
    out: str | None,
    within_s: float,
) -> list[Answer]:
    """What those of Ray's nodes that are alive tell, in their order.

    ``weights`` are handles on those that a job needs, ``out`` is where its workspace is to be.
    """
    deadline = time.monotonic() + within_s
    alive = [node for node in nodes if node["Alive"]]
    actors = [_actor(str(node["NodeID"])) for node in alive]
    try:
        looks = [actor.look.remote() for actor in actors]
        ray.wait(looks, num_returns=len(looks), timeout=within_s / 2)
        asked = [(actor, *_got(look, 0)) for actor, look in zip(actors, looks, strict=True)]
        with placed(out) as probe:
            begun = [{} if fault else _tries(a, weights, probe) for a, _, fault in asked]
            told = zip(alive, asked, begun, strict=True)
            return [_answer(*one, deadline=deadline) for one in told]
    finally:
        for actor in actors:
            ray.kill(actor)


def _actor(node_id: str) -> Any:
    strategy = NodeAffinitySchedulingStrategy(node_id, soft=False)
    return ray.remote(num_cpus=0)(Inspector).options(scheduling_strategy=strategy).remote()


_Tries = dict[Needed | None, Any]
"""What is awaited of a node: of weights, and of the storage."""


def _tries(actor: Any, weights: Mapping[Needed, Any], probe: tuple[str, str] | None) -> _Tries:
    refs: _Tries = {needed: actor.weights.remote(needed, held) for needed, held in weights.items()}
    if probe is not None:
        refs[None] = actor.storage.remote(*probe)
    return refs


def _answer(
    node: Mapping[str, Any], asked: tuple[Any, Any, str], tries: _Tries, *, deadline: float
) -> Answer:
    has = node["Resources"]
    name, cpus, gpus = node_label(dict(node)), has.get("CPU", 0.0), has.get("GPU", 0.0)
    actor, seen, fault = asked
    if fault:
        return Answer(name, cpus, gpus, fault=fault)
    results: dict[Needed | None, str] = {}
    for key, ref in tries.items():
        value, wrong = _got(ref, deadline - time.monotonic())
        results[key] = wrong or str(value)
    storage = results.pop(None, None)
    faults = {f"{one.network} up to {one.until}": text for one, text in results.items() if one}
    clock_s = _clock_s(actor, deadline)
    return Answer(name, cpus, gpus, seen, clock_s=clock_s, weights=faults, storage=storage)


def _clock_s(actor: Any, deadline: float) -> float | None:
    """By how much a node's clock is ahead; None if it doesn't tell in time."""
    best: tuple[float, float] | None = None
    for _ in range(PINGS):
        asked = time.time()
        value, wrong = _got(actor.clock.remote(), deadline - time.monotonic())
        answered = time.time()
        if wrong:
            return None
        ahead = (answered - asked, float(value) - (asked + answered) / 2)
        best = ahead if best is None else min(best, ahead)
    return None if best is None else best[1]


def _got(ref: Any, timeout_s: float) -> tuple[Any, str]:
    """An answer, or else why there is none."""
    try:
        return ray.get(ref, timeout=max(0.0, timeout_s)), ""
    except GetTimeoutError:
        return None, "doesn't answer in time"
    except RayError as error:
        return None, reason(error)


@contextlib.contextmanager
def placed(out: str | None) -> Iterator[tuple[str, str] | None]:
    """A file in a storage while it is tried: (place, name). WorkspaceError if it can't be written.

    Where the folder isn't there yet, the nearest above it stands for it.
    """
    if out is None:
        yield None
        return
    from jobs.storage import absolute, at, is_url

    place = absolute(out)
    while not is_url(place) and not Path(place).exists():
        place = str(Path(place).parent)
    storage, name = at(place), f"{PROBE}{secrets.token_hex(8)}"
    with storage.told():
        storage.write({name: name.encode()})
    try:
        yield place, name
    finally:
        with storage.told():
            storage.remove([name])


def tried(place: str, name: str) -> str:
    """What is wrong with a storage from here, where another has just put a file of that name."""
    from jobs.storage import at, is_url

    own_name = f"{PROBE}{secrets.token_hex(8)}"
    try:
        if not is_url(place) and not Path(place).is_dir():
            return f"there is no {place}"
        storage = at(place)
        with storage.told():
            if not storage.exists(name):
                return f"{place} is another folder there"
            storage.write({own_name: b"written"})
            storage.remove([own_name])
    except Exception as error:
        return str(error)
    return ""


def gpus(run: Callable[..., Any] = subprocess.run) -> tuple[str, ...]:
    """This machine's GPUs in words: name, memory, driver; whatever Ray lets this process see."""
    try:
        found = run(SMI, capture_output=True, text=True, timeout=SMI_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [line.split(", ") for line in found.stdout.splitlines()]
    return tuple(f"{name}, {memory}, driver {driver}" for name, memory, driver in rows)


def free_memory_bytes() -> int:
    """Memory of this machine that can be had."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
