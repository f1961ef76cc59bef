"""How do a benchmark's processes render one picture together? By gloo, on this machine.

``together`` starts them, each with one thread, and gathers what they come to. As a worker while it
renders, they keep the memory of freed tensors (``renderer.heap``).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

import torch
import torch.distributed as dist

from renderer import heap
from renderer.gang import Gang

PATIENCE = timedelta(minutes=20)


def together(count: int, work: Callable[..., Any], *given: Any) -> list[Any]:
    """What ``work(gang, *given)`` returns in each of ``count`` processes, by rank.

    ``work`` is a module's function; what goes in and out is pickled.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(_member, rank, count, port, work, given) for rank in range(count)]
        return [task.result() for task in tasks]


def _member(
    rank: int, count: int, port: int, work: Callable[..., Any], given: tuple[Any, ...]
) -> Any:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=rank,
        world_size=count,
        timeout=PATIENCE,
    )
    try:
        with heap.kept():
            return work(Gang(dist.group.WORLD), *given)
    finally:
        dist.destroy_process_group()
