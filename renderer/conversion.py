"""How does a weight file of any kind become one of ours?

Ours is a safetensors file under canonical names, float32, with the first convolution in RGB order;
its metadata says which network it is, what picture it wants and which digest its tensors have.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from safetensors.numpy import save_file

from renderer import canonical, identity
from renderer.containers import Array, open_container
from renderer.errors import WeightsError
from renderer.networks.entries import NetworkEntry, Preprocessing
from renderer.networks.registry import entry


def convert(
    source: Path, target: Path, network: str, *, preprocessing: Preprocessing | None = None
) -> identity.Identity:
    """What ``target`` is, once the network's tensors in ``source`` were written there.

    All layers go over that the source has whole. ``preprocessing`` says what picture the source's
    weights want where the source itself isn't known. Raises WeightsError.
    """
    if target.suffix != ".safetensors":
        raise WeightsError(f"{target}: name it .safetensors")
    known = entry(network)
    container = open_container(source)
    if preprocessing is not None:
        text = canonical.preprocessing_metadata(preprocessing)
        metadata = {**container.metadata, canonical.PREPROCESSING_KEY: text}
        container = replace(container, metadata=metadata)
    layers = canonical.covered(known, container)
    if not layers:
        raise WeightsError(f"{source} doesn't hold the weights of network {network}")
    tensors, wanted = canonical.read(known, layers[-1], container)
    _write(target, tensors, _metadata(known, tensors, wanted))
    return identity.identify(target, known)


def _metadata(
    known: NetworkEntry, tensors: dict[str, Array], preprocessing: Preprocessing
) -> dict[str, str]:
    return {
        "format": "pt",
        "reverie.network": known.name,
        "reverie.digest": canonical.digest(tensors),
        canonical.PREPROCESSING_KEY: canonical.preprocessing_metadata(preprocessing),
    }


def _write(target: Path, tensors: dict[str, Array], metadata: dict[str, str]) -> None:
    """Write under a temporary name, sync, rename: a file of that name is a whole one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".safetensors", f"{target.name}.part-", target.parent)
        os.close(handle)
        part = Path(name)
        try:
            save_file(tensors, part, metadata)
            part.chmod(0o644)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise WeightsError(f"{target} can't be written: {error.strerror or error}") from error
