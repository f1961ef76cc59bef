"""What does a run leave behind, so that another can take it up? Its iteration and its tensors.

A checkpoint is a safetensors file. Beside the tensors it holds their SHA-256, over names, types,
shapes and bytes, so that a torn or flipped file is found out and never resumed from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from renderer.errors import CheckpointError

ITERATION, DIGEST = "iteration", "sha256"


@dataclass(frozen=True)
class State:
    """Where a run stands: ``iteration`` steps are done, and ``tensors`` (CPU) are all it knows."""

    iteration: int
    tensors: Mapping[str, Tensor]


def pack(state: State) -> bytes:
    """The bytes of a checkpoint; tensors may be on any device."""
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    held[ITERATION] = torch.tensor(state.iteration)
    return save({**held, DIGEST: _digest(held)})


def unpack(data: bytes) -> State:
    """The state in a checkpoint's bytes. Raises CheckpointError where they are damaged."""
    try:
        held = load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"the checkpoint is damaged ({error})") from error
    digest = held.pop(DIGEST, torch.empty(0))
    if ITERATION not in held or not torch.equal(digest, _digest(held)):
        raise CheckpointError("the checkpoint is damaged (its digest is another)")
    iteration = int(held.pop(ITERATION))
    return State(iteration, held)


def image(data: bytes) -> Tensor:
    """The picture in a sound checkpoint's bytes, (1, 3, H, W), on the CPU."""
    return load(data)["image"]


def _digest(tensors: Mapping[str, Tensor]) -> Tensor:
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        sha.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        sha.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return torch.frombuffer(bytearray(sha.digest()), dtype=torch.uint8)
