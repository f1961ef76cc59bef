"""How does a process keep the memory of freed tensors for those to come?

The C library asks the kernel for each large tensor's memory, and gives it back once it is freed:
page by page, cleared each time, which is a third of a step of style transfer on a CPU. Within
``kept()`` freed memory stays with the process, for the price of what lies between tensors of other
sizes (``renderer.footprint`` counts it); then it is given back, at once or when nothing more has
been rendered for a while. The pixels are the same.

Only the heap of a process's first thread grows as tensors need it; those of others take nothing
above 64 MB. So where another thread renders, the process is to have one heap for all, which can
only be said to it as it starts (``ENVIRONMENT``). That is glibc's way (its manual, "Malloc Tunable
Parameters"); other C libraries go on as they do.
"""

from __future__ import annotations

import ctypes
import mmap
import threading
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
def kept(*, linger_s: float = 0.0) -> Iterator[None]:
    """A context in which this process keeps what is freed; at its end the kernel has it back.

    Of several that overlap, at the last one's; ``linger_s`` after it, if none has begun until then.
    """
    own = object()
    _begin(own)
    try:
        yield
    finally:
        _end(own, linger_s)


def give_back() -> None:
    """Give back what is free, unless it is to be kept now."""
    with _changing:
        if not _inside:
            _trim()


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
_changing = threading.Lock()
_lingering: list[threading.Timer] = []  # one at most


def _begin(own: object) -> None:
    with _changing:
        while _lingering:
            _lingering.pop().cancel()
        _inside.append(own)
        _set(KEEPING)


def _end(own: object, linger_s: float) -> None:
    with _changing:
        _inside.remove(own)
        if not _inside and linger_s:
            timer = threading.Timer(linger_s, give_back)
            timer.daemon = True
            timer.start()
            _lingering.append(timer)
            return
    give_back()


def _trim() -> None:
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
