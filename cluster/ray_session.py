"""How Ray is started on this machine, or joined where it runs already, without its chatter."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cluster.resources import Node, local_cpus
from renderer.errors import ClusterError

OBJECT_STORE_BYTES = 2**30
"""Most shared memory for a Ray of our own: some weights, and a frame or two of every worker."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}
"""What Ray reads when it is imported: no reports to its makers, no tips."""


@dataclass(frozen=True)
class Session:
    """A Ray that is up. ``ours``: started here for this job alone, and shut down after it."""

    nodes: tuple[Node, ...]
    ours: bool


class RaySession:
    """Starts or joins Ray in the background, while the caller plans; ``wait`` returns it.

    Ray's processes die with the thread that started them (a Linux parent-death signal), so one
    thread does it and lives until ``close``.
    """

    def __init__(self, address: str | None = None, *, gpus: int | None = None) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ray-session")
        self._up: Future[tuple[Session, bool]] = self._thread.submit(_connect, address, gpus)

    def wait(self) -> Session:
        """The session, once it is up. Raises ClusterError if it can't be had."""
        return self._up.result()[0]

    def close(self) -> None:
        """Leave Ray; a Ray of our own stops."""
        if self._up.exception() is None and self._up.result()[1]:
            self._thread.submit(_disconnect).result()
        self._thread.shutdown()


def _connect(address: str | None, gpus: int | None) -> tuple[Session, bool]:
    """The session, and whether this process connected to it (and has to disconnect)."""
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    import ray

    fresh = not ray.is_initialized()
    if fresh:
        options = {"address": address} if address else _starting(gpus)
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", namespace="reverie", **options)
        except Exception as error:  # Ray raises many kinds; each means that there is no Ray
            raise ClusterError(_no_ray(address, error)) from error
    return Session(_nodes(ray.nodes()), ours=address is None), fresh


def _starting(gpus: int | None) -> dict[str, Any]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "address": "local",
        "num_cpus": local_cpus(),
        "num_gpus": gpus,
        "include_dashboard": False,
        "object_store_memory": min(OBJECT_STORE_BYTES, memory // 10),
    }


def _disconnect() -> None:
    import ray

    ray.shutdown()


def _no_ray(address: str | None, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if address is None:
        return f"Ray could not be started on this machine: {lines[0]}; --inline works without it"
    return f"no Ray answers at {address}: {lines[0]}"


def _nodes(listed: list[dict[str, Any]]) -> tuple[Node, ...]:
    from cluster.ray_actor import node_label

    return tuple(
        Node(node_label(n), n["Resources"].get("CPU", 0.0), n["Resources"].get("GPU", 0.0))
        for n in listed
        if n["Alive"]
    )
