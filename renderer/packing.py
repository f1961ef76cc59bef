"""How do tensors travel together? One after the other in one, and of symmetric ones only one half.

A sum over workers costs as much for its start as for its length, so all that is summed at a time
goes as one tensor. Gram matrices are the same mirrored: of them the upper half goes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

import torch
from torch import Tensor


def packed(tensors: Mapping[str, Tensor], *, symmetric: Collection[str] = ()) -> Tensor:
    """The tensors, of one dtype, in one of one axis; of those named ``symmetric`` the half."""
    return torch.cat(
        [
            _half(tensor) if name in symmetric else tensor.reshape(-1)
            for name, tensor in tensors.items()
        ]
    )


def unpacked(
    flat: Tensor, like: Mapping[str, Tensor], *, symmetric: Collection[str] = ()
) -> dict[str, Tensor]:
    """The tensors that ``packed`` has made one of, by name; ``like`` has their shapes."""
    lengths = [half_length(len(t)) if n in symmetric else t.numel() for n, t in like.items()]
    named = zip(like.items(), torch.split(flat, lengths), strict=True)
    return {
        name: _mirrored(part, len(tensor)) if name in symmetric else part.view(tensor.shape)
        for (name, tensor), part in named
    }


def half_length(side: int) -> int:
    """How many numbers the upper half of a square matrix has, with its diagonal."""
    return side * (side + 1) // 2


def _half(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1)[_upper(len(tensor), tensor.device)]


def _mirrored(flat: Tensor, side: int) -> Tensor:
    full = flat.new_zeros(side, side)
    full.view(-1)[_upper(side, flat.device)] = flat
    return full + full.triu(1).T


@cache
def _upper(side: int, device: torch.device) -> Tensor:
    """The places of a square matrix's upper half and its diagonal, in its rows put together."""
    return torch.ones(side, side, device=device).triu().flatten().nonzero().squeeze(1)
