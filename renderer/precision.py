"""In which numbers does a network multiply? In float32, or in bfloat16 where that is faster.

bfloat16 has the range of float32 and 8 bits of precision, and processors that have it multiply two
to sixteen times as many of them in the same time. Only what is inside the network is computed in
it: weights, and activations between its layers. Pictures, sums over positions (Gram matrices),
losses and what an optimiser keeps stay in float32 or float64, and every convolution adds up in
float32. After Kalamkar et al., "A Study of BFLOAT16 for Deep Learning Training" (arXiv:1905.12322).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from renderer.settings import PRECISION

AUTO, FLOAT32, BFLOAT16 = PRECISION.choices
"""What ``precision`` may be; ``auto`` is bfloat16 on devices that have it."""

N = TypeVar("N", bound=nn.Module)

BFLOAT16_CAPABILITY = 8
"""The first of NVIDIA's generations (Ampere) that multiplies in bfloat16."""


def resolved(precision: str, device: torch.device | str) -> str:
    """``float32`` or ``bfloat16``: what ``precision`` comes to on a device."""
    if precision != AUTO:
        return precision
    return BFLOAT16 if multiplies_bfloat16(torch.device(device)) else FLOAT32


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies in bfloat16 by itself, and therefore faster than in float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= BFLOAT16_CAPABILITY
    if device.type != "cpu" or not torch._C._has_mkldnn:
        return False
    asked: list[Callable[[], bool] | None] = [
        getattr(torch.cpu, name, None)
        for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    ]
    return any(ask() for ask in asked if ask is not None)


def dtype_of(precision: str) -> torch.dtype:
    """The type of a network's weights in a resolved precision."""
    return {FLOAT32: torch.float32, BFLOAT16: torch.bfloat16}[precision]


def converted(network: N, precision: str) -> N:
    """The network, or a copy of it that multiplies in bfloat16 where that is what is meant.

    In float32 a network keeps the type it has: one in float64 stays more exact.
    """
    like = next(network.parameters())
    if resolved(precision, like.device) == FLOAT32 or like.dtype == torch.bfloat16:
        return network
    rounded = copy.deepcopy(network).to(torch.bfloat16)
    return rounded.to(memory_format=torch.channels_last)


def widened(tensor: Tensor) -> Tensor:
    """The tensor in float32 if it is in something narrower."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def allow_tf32(allowed: bool) -> None:
    """Whether NVIDIA's GPUs may round what they multiply in float32 to 10 bits, which is faster."""
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
