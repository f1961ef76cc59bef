"""How do tensors travel together? One after the other in one, and of Gram matrices only one half.

A sum over workers costs as much for its start as for its length, so all that is summed at a time
goes as one tensor. Square matrices are taken for Gram matrices, which are the same mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import torch
from torch import Tensor


def packed(tensors: Mapping[str, Tensor]) -> Tensor:
    """The tensors, of one dtype, in one of one axis."""
    return torch.cat([_packed(tensor) for tensor in tensors.values()])


def unpacked(flat: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that ``packed`` has made one of, by name; ``like`` has their shapes."""
    parts = torch.split(flat, [packed_length(tensor.shape) for tensor in like.values()])
    named = zip(like.items(), parts, strict=True)
    return {name: _unpacked(part, tensor.shape) for (name, tensor), part in named}


def packed_length(shape: Sequence[int]) -> int:
    """How many numbers of a tensor travel."""
    return shape[0] * (shape[0] + 1) // 2 if _mirrored(shape) else math.prod(shape)


def _mirrored(shape: Sequence[int]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


def _packed(tensor: Tensor) -> Tensor:
    if not _mirrored(tensor.shape):
        return tensor.reshape(-1)
    return tensor.reshape(-1)[_upper(len(tensor), tensor.device)]


def _unpacked(flat: Tensor, shape: Sequence[int]) -> Tensor:
    if not _mirrored(shape):
        return flat.view(tuple(shape))
    full = flat.new_zeros(tuple(shape))
    full.view(-1)[_upper(shape[0], flat.device)] = flat
    return full + full.triu(1).T


@cache
def _upper(side: int, device: torch.device) -> Tensor:
    """The places of a square matrix's upper half and its diagonal, in its rows put together."""
    return torch.ones(side, side, device=device).triu().flatten().nonzero().squeeze(1)
