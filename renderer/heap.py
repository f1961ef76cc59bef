"""How does a process keep the memory of freed tensors for those to come?

The C library asks the kernel for each large tensor's memory, and gives it back once it is freed:
page by page, cleared each time, which is a third of a step of style transfer on a CPU. Within
``kept()`` freed memory stays with the process, for the price of what lies between tensors of other
sizes (``renderer.footprint`` counts it); then it is given back. The pixels are the same.

Only the heap of a process's first thread grows as tensors need it; those of others take nothing
above 64 MB. So where another thread renders, the process is to have one heap for all, which can
only be said to it as it starts (``ENVIRONMENT``). That is glibc's way (its manual, "Malloc Tunable
Parameters"); other C libraries go on as they do.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
"""What has a process have one heap for all its threads; read when it starts."""

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""glibc's names of what can be set: how much free memory at the heap's end is given back, and how
many tensors may have memory beside the heap."""

USUAL = {TRIM_THRESHOLD: 2**17, MMAP_MAX: 2**16}
"""What glibc begins with."""

KEEPING = {TRIM_THRESHOLD: -1, MMAP_MAX: 0}
"""None of it, and none."""


@contextmanager
def kept() -> Iterator[None]:
    """A context in which this process keeps what is freed; at its end the kernel has it back.

    Of several that overlap, at the last one's.
    """
    own = object()
    _inside.append(own)
    _set(KEEPING)
    try:
        yield
    finally:
        _inside.remove(own)
        if not _inside:
            _give_back()


def apart(tensor: Tensor) -> Tensor:
    """A copy of a tensor on the CPU in memory of its own, for what outlasts the values beside it.

    In the heap it would come to lie where one of them was, and leave less room there for the next.
    """
    import torch  # only here: whoever looks at a job's folder knows of heaps, too

    held = torch.empty_like(tensor, device="meta")
    if not held.nbytes:
        return torch.empty_like(tensor)
    memory = mmap.mmap(-1, held.nbytes)
    own = torch.frombuffer(memory, dtype=held.dtype).as_strided(held.shape, held.stride())
    return own.copy_(tensor)


_inside: list[object] = []


def _give_back() -> None:
    _set(USUAL)
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def _set(values: dict[int, int]) -> None:
    if (library := _glibc()) is not None:
        for name, value in values.items():
            library.mallopt(name, value)


@cache
def _glibc() -> Any:
    """The C library, if it is one that can be told; None elsewhere."""
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - no other library has it
    except (OSError, TypeError, AttributeError):
        return None
    return library
