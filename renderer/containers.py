"""What does a weight file hold, whatever its format? Tensors by the names they have there.

Reads safetensors and torch's own files (.pth, .pt, .bin). A pickle can run code when it is opened,
so torch's files are opened with ``weights_only=True`` and nothing else, always: what holds more
than tensors is refused.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from renderer.errors import WeightsError

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Container:
    """An open weight file: its tensors' shapes, what it says of itself, and a way to read one."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]
    read: Callable[[str], Array]


def open_container(path: Path) -> Container:
    """The file, open for reading single tensors (as float32); it closes with the last reference.

    Raises WeightsError for a file that can't be read, is damaged, or holds more than tensors.
    """
    try:
        if not path.is_file():
            raise WeightsError(f"there is no weight file {path}")
        return _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    except OSError as error:
        raise WeightsError(f"{path} can't be read: {error.strerror or error}") from error


def _safetensors(path: Path) -> Container:
    try:
        file: Any = safe_open(path, framework="pt")
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise _damaged(path, error) from error
    metadata = file.metadata() or {}
    return Container(path, shapes, metadata, lambda name: _float32(file.get_tensor(name)))


def _pickled(path: Path) -> Container:
    tensors = _state(path)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return Container(path, shapes, {}, lambda name: _float32(tensors[name]))


def _state(path: Path) -> dict[str, torch.Tensor]:
    try:
        with path.open("rb") as file:
            mapped = zipfile.is_zipfile(file)  # only the newer, zipped files can be memory-mapped
        state: Any = torch.load(
            os.fspath(path), map_location="cpu", weights_only=True, mmap=mapped or None
        )
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is refused: it holds something else than tensors, and opening that could run "
            "code; get these weights as .safetensors"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, UnicodeError) as error:
        raise _damaged(path, error) from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise WeightsError(f"{path} holds a {type(state).__name__}, not tensors by name")
    return {str(k): v for k, v in state.items() if isinstance(v, torch.Tensor)}


def _float32(tensor: torch.Tensor) -> Array:
    array: Array = tensor.detach().to(torch.float32).contiguous().numpy().copy()
    return array


def _damaged(path: Path, error: Exception) -> WeightsError:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return WeightsError(f"{path} is damaged or cut off ({reason}); delete it and get it again")
