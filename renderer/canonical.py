"""What do the tensors of a weight file mean to a network?

The same network comes in many containers: other names, other formats, the first convolution for
RGB or for BGR. Here all of them become one form: our names, float32, RGB; so that a digest over the
tensors tells the same network anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renderer.containers import Array, Container
from renderer.errors import WeightsError
from renderer.networks.entries import NetworkEntry, Preprocessing
from renderer.networks.network import check_tensor, needed, shapes

PREPROCESSING_KEY = "reverie.preprocessing"


def digest(tensors: Mapping[str, NDArray[Any]]) -> str:
    """The identity of some tensors: SHA-256 over names, shapes and little-endian float32 values."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name], dtype="<f4")
        total.update(f"{name} {list(array.shape)}\n".encode())
        total.update(array.data)
    return total.hexdigest()


def read(
    entry: NetworkEntry, until: str, container: Container
) -> tuple[dict[str, Array], Preprocessing]:
    """The tensors that the network needs up to a layer, and what picture they want.

    A first convolution for BGR is turned to RGB, so the preprocessing's order is always "rgb".
    Raises WeightsError that names the first tensor missing or of another shape.
    """
    names = _names(entry, container)
    tensors = {}
    for name, shape in needed(entry, until).items():
        found = container.shapes[names[name]] if name in names else None
        check_tensor(name, shape, found, str(container.path))
        tensors[name] = container.read(names[name])
    first = first_weight(entry)
    preprocessing = _preprocessing(entry, container, tensors[first])
    if preprocessing.order == "bgr":
        tensors[first] = _reversed(tensors[first])
    return tensors, replace(preprocessing, order="rgb")


def covered(entry: NetworkEntry, container: Container) -> tuple[str, ...]:
    """The layers, from the first on, that the file has all tensors for."""
    names = _names(entry, container)
    layers: list[str] = []
    for layer in entry.layers:
        for name, shape in shapes(entry, layer).items():
            if name not in names or container.shapes[names[name]] != shape:
                return tuple(layers)
        layers.append(layer)
    return tuple(layers)


def first_weight(entry: NetworkEntry) -> str:
    """The name of the first convolution's kernels, which meet the picture."""
    return next(iter(shapes(entry, entry.layers[0])))


def preprocessing_metadata(preprocessing: Preprocessing) -> str:
    """A preprocessing as the text that a safetensors file keeps under ``PREPROCESSING_KEY``."""
    return json.dumps(asdict(preprocessing))


def _names(entry: NetworkEntry, container: Container) -> dict[str, str]:
    """Canonical name -> name in the file."""
    return {_canonical(entry, name): name for name in container.shapes}


def _canonical(entry: NetworkEntry, name: str) -> str:
    stem, dot, kind = name.rpartition(".")
    return f"{entry.tensor_names.get(stem, stem)}{dot}{kind}"


def _preprocessing(entry: NetworkEntry, container: Container, first: Array) -> Preprocessing:
    """What the file says, else what its first convolution or its name is known for."""
    if PREPROCESSING_KEY in container.metadata:
        return _parsed(container)
    known = _recognised(entry, first)
    if known is not None:
        return known
    for source in entry.sources:
        if source.file == container.path.name:
            return source.preprocessing
    return entry.preprocessing


def _recognised(entry: NetworkEntry, first: Array) -> Preprocessing | None:
    for order, array in (("rgb", first), ("bgr", _reversed(first))):
        found = digest({first_weight(entry): array})
        for source in entry.sources:
            if source.first and found.startswith(source.first):
                return replace(source.preprocessing, order=order)
    return None


def _parsed(container: Container) -> Preprocessing:
    try:
        fields = json.loads(container.metadata[PREPROCESSING_KEY])
        mean, scale = (tuple(float(v) for v in fields[key]) for key in ("mean", "scale"))
        order = fields["order"]
        if len(mean) != 3 or len(scale) != 3 or order not in ("rgb", "bgr"):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{container.path}: its metadata {PREPROCESSING_KEY!r} is not understood; convert the "
            "file anew from where it came from"
        ) from error
    return Preprocessing(mean, scale, order)


def _reversed(first: Array) -> Array:
    return np.ascontiguousarray(first[:, ::-1])
