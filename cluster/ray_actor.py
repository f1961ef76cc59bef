"""The Ray actor: one slot, which wraps the worker as thinly as can be."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

import ray

from cluster.records import Order, Record, Seat
from cluster.versions import Versions, own

CONTROL = "control"
"""The concurrency group of what is answered while the slot renders."""


@dataclass(frozen=True)
class Ready:
    """What a slot tells when it is up: where, on which node of Ray's, its device, its versions."""

    node: str
    device: str
    gpus: tuple[str, ...]
    process: int
    node_id: str
    versions: Versions | None = None


class Slot:
    """Renders orders on the GPU that Ray gave this actor, or on the CPU; ``batch`` at a time.

    The device is chosen explicitly: Ray masks GPUs, but leaves the mask untouched for an actor
    that asked for none.
    """

    def __init__(self, *, gpus: float, threads: int, batch: int = 1) -> None:
        # Before torch is imported: its thread pools are sized by what stands here.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        from cluster.gauges import MemoryMeter
        from cluster.lockstep import Ensemble
        from cluster.worker import Renderer

        torch.set_num_interop_threads(1)
        self._gpus = tuple(str(gpu) for gpu in ray.get_gpu_ids())
        device = "cuda" if gpus > 0 and torch.cuda.is_available() else "cpu"
        self._renderer = Renderer(
            device=device, node=node_name(), fetch=fetch, share=min(1.0, gpus) or 1.0
        )
        self._ensemble = Ensemble(self._renderer.granter) if batch > 1 else None
        self._numbers = itertools.count()

        self._meter = MemoryMeter(self._renderer.node)

    def ready(self) -> Ready:
        """Answers as soon as the slot is up."""
        renderer = self._renderer
        node_id = ray.get_runtime_context().get_node_id()
        device = str(renderer.device)
        return Ready(renderer.node, device, self._gpus, os.getpid(), node_id, own())

    def render(
        self, order: Order, seat: Seat | None = None, address: tuple[str, int] | None = None
    ) -> Generator[Record, None, None]:
        """The records of one attempt, streamed; several at a time in a batch."""
        if self._ensemble is None:
            records: Iterable[Record] = self._renderer.render(order, seat, address)
        else:
            name = f"{order.task} {next(self._numbers)}"
            records = self._ensemble.records(name, self._renderer.wishing(order))
        yield from self._meter.metered(records, str((order.metadata or {}).get("job", "")))

    def host(self, alone: bool) -> tuple[str, int]:
        """Where those meet that render the next order with this one."""
        from cluster.gangs import LOOPBACK, Meeting

        self._meeting = Meeting(LOOPBACK if alone else ray.util.get_node_ip_address())
        return self._meeting.address

    @ray.method(concurrency_group=CONTROL)  # type: ignore[untyped-decorator, unused-ignore]
    def there(self) -> None:
        """Answers at any time, unless its process is stopped."""

    @ray.method(concurrency_group=CONTROL)  # type: ignore[untyped-decorator, unused-ignore]
    def stop(self, task: str) -> None:
        """End a task's rendering with a checkpoint; heard in the middle of an iteration."""
        self._renderer.stop(task)


def kill(process: int) -> None:
    """End a process of this node, stopped or not, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def fetch(handle: ray.ObjectRef) -> Any:
    """The value behind a handle; arrays come as views of shared memory, and are read-only."""
    return ray.get(handle)


def node_name() -> str:
    """The node's name as operators know it, with its address where they differ."""
    context = ray.get_runtime_context()
    ids = {node["NodeID"]: node for node in ray.nodes()}
    node = ids.get(context.get_node_id())
    return node_label(node) if node else os.uname().nodename


def node_label(node: dict[str, Any]) -> str:
    """A node of ``ray.nodes()`` in words: its host name, or the name it was started with."""
    name, host = str(node["NodeName"]), str(node["NodeManagerHostname"])
    return host if name == node["NodeManagerAddress"] else name
