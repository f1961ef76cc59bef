"""What was computed before, for another rendering, and is the same again?

The variants of a sweep compare with the same content and the same styles, and begin their dreams
alike. What they have in common is kept under a key of all that determines it, so that it has the
same bits whether it is recalled or computed anew.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor

LIMIT_BYTES = 128 * 2**20
"""What is kept of tensors; the least recently used go first, and larger ones aren't kept."""


class Memory:
    """Values by key, up to a number of bytes. With a limit of 0 it remembers nothing."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._scope: tuple[Hashable, ...] = ()

    def within(self, *scope: Hashable) -> Memory:
        """The same memory for what is computed under some circumstances: weights, threads."""
        view = Memory(self._limit_bytes)
        view._held, view._scope = self._held, (*self._scope, *scope)
        return view

    def recall(self, *key: Hashable) -> Any:
        """What was kept under a key, or None."""
        found = self._held.get((self._scope, key))
        if found is None:
            return None
        self._held.move_to_end((self._scope, key))
        return found[0]

    def keep(self, value: Any, size_bytes: int, *key: Hashable) -> None:
        """Keep a value, which no one may change any more, and forget others if there are many."""
        if size_bytes > self._limit_bytes or not size_bytes:
            return
        self._held[self._scope, key] = (value, size_bytes)
        while sum(size for _, size in self._held.values()) > self._limit_bytes:
            self._held.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()


def fingerprint(tensor: Tensor) -> str:
    """A digest of a tensor's shape, type and values."""
    plain = tensor.detach().cpu().contiguous()
    sha = hashlib.sha256(f"{plain.dtype}|{tuple(plain.shape)}|".encode())
    sha.update(plain.view(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()


def size_bytes(*tensors: Tensor) -> int:
    """What tensors take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
