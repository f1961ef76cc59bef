"""What does a run leave behind, so that another can take it up? Its iteration and its tensors.

A checkpoint is a safetensors file. Beside the tensors it holds their SHA-256, over names, types,
shapes and bytes, so that a torn or flipped file is found out and never resumed from. It is put
together one tensor after the other: a run's history may be larger than memory bears twice.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from renderer.errors import CheckpointError

ITERATION, DIGEST = "iteration", "sha256"


IMAGE = "image"
"""The picture's name among the tensors."""

LENGTH_BYTES = 8
TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.int64: "I64",
    torch.uint8: "U8",
}


@dataclass(frozen=True)
class State:
    """Where a run stands: ``iteration`` steps are done, and ``tensors`` are all it knows."""

    iteration: int
    tensors: Mapping[str, Tensor]


class Later(Mapping[str, Tensor]):
    """Tensors by name that are made, or read from somewhere, each time they are asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Tensor]]) -> None:
        self._makers = dict(makers)

    def __getitem__(self, name: str) -> Tensor:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def pack(state: State) -> bytes:
    """The bytes of a checkpoint; tensors may be on any device.

    Each is asked for once, in the order of their names, and let go before the next.
    """
    sha, header = hashlib.sha256(), dict[str, Any]()
    buffer = io.BytesIO()
    room = LENGTH_BYTES * -(-(200 * (len(state.tensors) + 3)) // LENGTH_BYTES)
    buffer.write(bytes(LENGTH_BYTES + room))
    start = buffer.tell()

    def add(name: str, tensor: Tensor) -> None:
        plain = tensor.detach().cpu().contiguous()
        begin = buffer.tell() - start
        buffer.write(_digested(sha, name, plain))
        header[name] = {
            "dtype": TYPES[plain.dtype],
            "shape": list(plain.shape),
            "data_offsets": [begin, buffer.tell() - start],
        }

    for name in sorted({*state.tensors, ITERATION}):
        add(name, torch.tensor(state.iteration) if name == ITERATION else state.tensors[name])
    add(DIGEST, _tensor(sha))
    buffer.seek(0)
    buffer.write(room.to_bytes(LENGTH_BYTES, "little"))
    buffer.write(json.dumps(header, separators=(",", ":")).encode().ljust(room))
    return buffer.getvalue()


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
    """The picture in a sound checkpoint's bytes, (1, 3, H, W), on the CPU; nothing else is read."""
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    start = LENGTH_BYTES + length
    told = json.loads(data[LENGTH_BYTES:start])[IMAGE]
    begin, end = told["data_offsets"]
    dtype = next(dtype for dtype, name in TYPES.items() if name == told["dtype"])
    values = bytearray(memoryview(data)[start + begin : start + end])
    return torch.frombuffer(values, dtype=dtype).view(told["shape"])


def _digest(tensors: Mapping[str, Tensor]) -> Tensor:
    sha = hashlib.sha256()
    for name in sorted(tensors):
        _digested(sha, name, tensors[name].contiguous())
    return _tensor(sha)


def _digested(sha: Any, name: str, plain: Tensor) -> memoryview:
    """A tensor's bytes, which the digest has taken in."""
    sha.update(f"{name}|{plain.dtype}|{tuple(plain.shape)}|".encode())
    data = plain.view(-1).view(torch.uint8).numpy().data
    sha.update(data)
    return data


def _tensor(sha: Any) -> Tensor:
    return torch.frombuffer(bytearray(sha.digest()), dtype=torch.uint8)
