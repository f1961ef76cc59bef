"""Where is kept what grows with the picture and is needed in parts? In memory, or in a file.

Content targets and an optimiser's history take many times a picture's bytes, and are read piece by
piece, or pair by pair. What there is no room for in memory is written into an unnamed temporary
file, and read from it whenever it is asked for: the same bits, wherever they lie. The file goes
with the process, however that ends. It is read and written, not mapped, so that no page of it
counts as the process's memory.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

import torch
from torch import Tensor

from renderer.errors import OffloadError

HOST = "cpu"


@dataclass(frozen=True, eq=False)
class Kept:
    """A tensor that is kept somewhere; ``get`` is it, which no one may change."""

    owner: Offload
    shape: torch.Size
    dtype: torch.dtype
    device: torch.device
    held: Tensor | None  # None: it lies in the file
    place: int = 0

    @property
    def size_bytes(self) -> int:
        return self.shape.numel() * self.dtype.itemsize

    def get(self) -> Tensor:
        """The tensor, where it was before it was kept."""
        held = self.owner.read(self) if self.held is None else self.held
        return held.to(self.device)


class Offload:
    """Keeps tensors, up to ``room_bytes`` in memory, all others in a temporary file.

    ``room_bytes`` is by the kind of device; what is not in it has no end. A tensor stays on its
    device while there is room, then goes to the host's memory, then to the file, which lies where
    the system has its temporary files (TMPDIR). OffloadError where that is full.
    """

    def __init__(self, room_bytes: Mapping[str, float] | None = None) -> None:
        self._room = dict(room_bytes or {})
        self._file: BinaryIO | None = None
        self._end = 0
        self._free: dict[int, list[int]] = {}  # size -> places that were given back

    def keep(self, tensor: Tensor) -> Kept:
        """Keep a tensor, which no one may change any more."""
        tensor, size = tensor.detach(), tensor.numel() * tensor.element_size()
        for kind in dict.fromkeys((tensor.device.type, HOST)):
            if size <= self._room.get(kind, math.inf):
                self._take(kind, size)
                held = tensor if tensor.device.type == kind else tensor.to(kind)
                return Kept(self, tensor.shape, tensor.dtype, tensor.device, held)
        place = self._write(tensor, size)
        return Kept(self, tensor.shape, tensor.dtype, tensor.device, None, place)

    def forget(self, kept: Kept) -> None:
        """Give back the room of what is no longer needed."""
        if kept.held is None:
            self._free.setdefault(kept.size_bytes, []).append(kept.place)
        else:
            self._take(kept.held.device.type, -kept.size_bytes)

    @property
    def file_bytes(self) -> int:
        """How large the temporary file has become."""
        return self._end

    def read(self, kept: Kept) -> Tensor:
        """What lies in the file, on the host."""
        assert self._file is not None
        found = torch.empty(kept.shape, dtype=kept.dtype)
        left = _bytes_of(found)
        self._file.seek(kept.place)
        while left:
            done = self._file.readinto(left)  # type: ignore[attr-defined]
            left = left[done:]
        return found

    def _opened(self) -> BinaryIO:
        if self._file is None:
            made = tempfile.TemporaryFile(prefix="reverie-", buffering=0)  # noqa: SIM115
            self._file = cast(BinaryIO, made)
        return self._file

    def _take(self, kind: str, size: int) -> None:
        if kind in self._room:
            self._room[kind] -= size

    def _write(self, tensor: Tensor, size: int) -> int:
        try:
            file = self._opened()
            free = self._free.get(size)
            place = free.pop() if free else self._end
            file.seek(place)
            left = _bytes_of(tensor.to(HOST).contiguous())
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            raise OffloadError(
                f"{tempfile.gettempdir()}: {size / 2**20:,.0f} MB of a style transfer's targets or "
                f"history don't fit ({error.strerror or error}); set TMPDIR to a folder with more "
                "room, or lower size"
            ) from error
        self._end = max(self._end, place + size)
        return place


def _bytes_of(tensor: Tensor) -> memoryview:
    return tensor.view(-1).view(torch.uint8).numpy().data
