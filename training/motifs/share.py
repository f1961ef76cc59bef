"""How do several processes train one network? Each on its part of a batch, gradients averaged.

On a machine of two cores this is faster than one process with two threads, whose small kernels
wait for each other thousands of times an iteration. The mean is taken over rows of shared memory
in a fixed order, so a training with as many workers repeats exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import torch
from torch import Tensor, multiprocessing, nn

PATIENCE_S = 900  # a worker waits this long for the others before it gives up


@dataclass(frozen=True)
class Share:
    """One worker's part: its number, and where gradients meet. Alone, it changes nothing."""

    rank: int = 0
    gradients: Tensor | None = None  # (workers, parameters), in shared memory
    barrier: Barrier | None = None

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the workers."""
        if self.gradients is None or self.barrier is None:
            return
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            self.barrier.abort()
            raise SystemExit("train: the command was stopped")
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        torch.cat([gradient.reshape(-1) for gradient in own], out=self.gradients[self.rank])
        self.barrier.wait(PATIENCE_S)
        parts = torch.split(self.gradients.mean(0), [gradient.numel() for gradient in own])
        self.barrier.wait(PATIENCE_S)
        for parameter, gradient, part in zip(parameters, own, parts, strict=True):
            parameter.grad = gradient.copy_(part.view(gradient.shape))


def together(workers: int, parameters: int, work: Callable[..., None], *arguments: Any) -> None:
    """Run ``work(share, *arguments)`` in as many processes; raises if one of them fails."""
    if workers == 1:
        work(Share(), *arguments)
        return
    context = multiprocessing.get_context("spawn")
    gradients = torch.zeros(workers, parameters).share_memory_()  # type: ignore[no-untyped-call]
    barrier = context.Barrier(workers)
    processes = [
        context.Process(target=work, args=(Share(rank, gradients, barrier), *arguments))
        for rank in range(workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("train: a worker failed; run the command again to go on")
