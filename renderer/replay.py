"""How is a step's gradient begun on a GPU with no Python between its operations?

A step of a small picture is hundreds of operations, each of which Python takes longer to begin than
the GPU to do. All steps of a picture are the same operations on the same memory, so they are
recorded once they have run a few times, and each further step is begun as a whole (CUDA graphs;
PyTorch's notes on CUDA semantics). What is recorded reads its picture from a place of its own, and
what it finds is copied out. It is only used if it finds what the step found that was run as usual;
where a device can't record something, or has no room for it, all goes on as usual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakSet

import torch
from torch import Tensor

log = logging.getLogger(__name__)

Found = tuple[Tensor, dict[str, Tensor]]
"""A gradient, and scalars by name."""

Again = Callable[[], object]
Recorder = Callable[[Callable[[], Found], torch.device], tuple[Again, Found]]
"""Records some work on a device: what begins it again, and where what it finds comes to lie."""

USUAL = 3
"""Steps that are run as usual first, in which libraries make ready what can't be recorded."""

WORTH_WHILE = 50
"""Fewer steps to come aren't worth a recording."""

AGREES = 1e-2
"""How far a replayed gradient may be off, by its norm: rounding, in bfloat16 too."""


class Replayed:
    """A gradient of a picture, computed ``steps`` times: as usual, or as it was recorded.

    ``compute`` takes a picture, always of one shape, and depends on nothing else that changes.
    """

    def __init__(self, compute: Callable[[Tensor], Found], *, steps: int) -> None:
        self._compute, self._steps, self._run = compute, steps, 0
        self._recording: _Recording | None = None

    def __call__(self, image: Tensor) -> Found:
        if self._recording is not None:
            return self._recording.replay(image)
        found = self._compute(image)
        self._run += 1
        recorder = RECORDERS.get(image.device.type)
        if recorder is not None and self._run == USUAL and self._steps - USUAL >= WORTH_WHILE:
            self._recording = _recorded(recorder, self._compute, image, found)
        return found


@dataclass(frozen=True)
class _Recording:
    """Where it reads its picture, what begins it again, and where it puts what it finds."""

    place: Tensor
    again: Again
    found: Found

    def replay(self, image: Tensor) -> Found:
        self.place.copy_(image)
        self.again()
        slope, scalars = self.found
        return slope.clone(), {name: value.clone() for name, value in scalars.items()}


def _recorded(
    recorder: Recorder, compute: Callable[[Tensor], Found], image: Tensor, found: Found
) -> _Recording | None:
    """A recording that finds what was ``found`` of an image; None where there can be none."""
    place = image.detach().clone()
    try:
        recording = _Recording(place, *recorder(lambda: compute(place), image.device))
        slope, _ = recording.replay(image)
    except RuntimeError as error:  # of CUDA's, and for want of memory
        log.warning("steps go on without a recording: %s", str(error).splitlines()[0])
        return None
    off = torch.linalg.vector_norm(slope - found[0]) / torch.linalg.vector_norm(found[0])
    if not off <= AGREES:
        log.warning("steps go on without a recording, whose gradient is %.2g off", float(off))
        return None
    return recording


_graphs: dict[torch.device, WeakSet[torch.cuda.CUDAGraph]] = {}
"""Those that there are. They share their memory: no two are ever replayed at once, and what one has
found is copied out before another is."""


def _cuda_graph(work: Callable[[], Found], device: torch.device) -> tuple[Again, Found]:
    others, graph = _graphs.setdefault(device, WeakSet()), torch.cuda.CUDAGraph()
    recording = torch.cuda.graph(
        graph,
        pool=next((other.pool() for other in others), None),
        stream=torch.cuda.Stream(device),  # type: ignore[no-untyped-call]
        capture_error_mode="thread_local",  # other threads may go on: one that decodes, autograd's
    )
    with torch.cuda.device(device), recording:
        found = work()
    others.add(graph)
    return graph.replay, found


RECORDERS: dict[str, Recorder] = {"cuda": _cuda_graph}
"""By the kind of device; on others Python is not what a step waits for."""
