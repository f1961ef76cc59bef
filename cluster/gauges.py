"""What do workers tell of themselves in Prometheus? The memory that they have, by node and process.

What is told so is exported by the metrics agent of the worker's own Ray node (cluster.meters).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import time
from collections.abc import Generator, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Described = Mapping[str, tuple[str, tuple[str, ...]]]
"""Metrics by name: what they are, and their tags."""

MEMORY = {
    "worker_memory_bytes": ("memory of a worker's process", ("job", "node", "process")),
    "gpu_memory_bytes": ("GPU memory that a worker's torch holds", ("job", "node", "process")),
}
"""What workers tell of themselves."""

PREFIX = "reverie_"
EVERY_S = 2.0
"""How often what is as it is now is told; agents pass it on every ten seconds by default."""


class MemoryMeter:
    """Tells now and then how much memory this worker's process has, on ``node``."""

    def __init__(self, node: str, *, library: Any = None) -> None:
        self._node, self._library = node, library
        self._metrics: dict[str, Any] | None = None  # empty: they don't work here
        self._told_at = -EVERY_S

    def metered(self, items: Iterable[T], job: str) -> Generator[T, None, None]:
        """The items as they come, with a look at the memory now and then."""
        for item in items:
            self.tell(job)
            yield item
        self._told_at = -EVERY_S

    def tell(self, job: str) -> None:
        """Tell it, if it is time."""
        now = time.monotonic()
        if self._metrics == {} or now - self._told_at < EVERY_S:
            return
        self._told_at = now
        try:
            if self._metrics is None:
                self._metrics = made(self._library, gauged=MEMORY)
            tags = {"job": job, "node": self._node, "process": str(os.getpid())}
            for name, value in memory().items():
                self._metrics[name].set(value, tags=tags)
        except Exception as error:  # whatever it is, a frame is worth more
            self._metrics = {}
            logging.getLogger("reverie.meters").info("no more metrics: %s", error)


def memory() -> dict[str, float]:
    """The memory that this process has, in bytes, by the names of ``MEMORY``."""
    import torch

    found = {}
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        found["worker_memory_bytes"] = float(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if torch.cuda.is_available():
        found["gpu_memory_bytes"] = float(torch.cuda.memory_reserved())
    return found


def made(
    library: Any, *, counted: Described | None = None, gauged: Described | None = None
) -> dict[str, Any]:
    """Metrics by name."""
    library = library or importlib.import_module("ray.util.metrics")
    found = {}
    for kind, named in ((library.Counter, counted), (library.Gauge, gauged)):
        for name, (description, tags) in (named or {}).items():
            found[name] = kind(PREFIX + name, description=description, tag_keys=tags)
    return found
