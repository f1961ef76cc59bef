"""How does each program of a benchmark run in a process of its own, in turns with the others?

A CPU's library remembers what it made ready, up to a number, and an allocator what was freed: side
by side in one process programs would drive out each other's. Here each has its own, as whoever runs
it alone does; only one of them works at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

import torch

from benchmarks import machine
from benchmarks.machine import Spent, Times, Work

Make = Callable[[], Work]
"""Makes a program's work in its process; a module's function, or a partial of one."""


def in_turns(
    makers: Mapping[str, Make], *, turns: int, device: torch.device, warm_up: int
) -> dict[str, Times]:
    """``machine.in_turns`` of programs that are each made, and run, in a process of their own."""
    with ExitStack() as stack:
        pools = {
            name: stack.enter_context(
                ProcessPoolExecutor(
                    1,
                    mp_context=get_context("spawn"),
                    initializer=_begin,
                    initargs=(make, torch.get_num_threads()),
                )
            )
            for name, make in makers.items()
        }
        rounds = {name: lambda pool=pool: _turn(pool, device) for name, pool in pools.items()}
        return machine.medians(rounds, turns=turns, warm_up=warm_up)


def _turn(pool: ProcessPoolExecutor, device: torch.device) -> Spent:
    return pool.submit(_spent, device).result()


_work: list[Work] = []


def _begin(make: Make, threads: int) -> None:
    torch.set_num_threads(threads)
    _work.append(make())
    gc.collect()
    gc.freeze()


def _spent(device: torch.device) -> Spent:
    return machine.timed(_work[0], device)
