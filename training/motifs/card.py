"""What is shipped, and what is said of it? The weights, their record and their card.

``motifs.safetensors`` holds the plain network in float16 by canonical tensor names;
``motifs.json`` what programs ask (classes, digest, accuracy); ``motifs.md`` what people ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor

from renderer.networks.motifs import LAYERS, MEAN
from training.motifs.evaluate import Accuracy
from training.motifs.network import Plain
from training.motifs.recipe import Recipe

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Shipment:
    """All that the card tells."""

    classes: tuple[str, ...]
    recipe: Recipe
    accuracy: Accuracy


def tensors(plain: Plain) -> dict[str, np.ndarray]:
    """The plain network's tensors by canonical name, float16; the classifier's kernel is (K, C)."""
    arrays = {}
    for name, tensor in plain.state_dict().items():
        values = tensor.detach().numpy().astype(np.float16)
        if name == "fc.weight":
            values = values[:, :, 0, 0]
        arrays[name.removeprefix("trunk.")] = np.ascontiguousarray(values)
    return arrays


def digest(arrays: Tensors) -> str:
    """sha256 over sorted names, shapes and float32 little-endian values (as ``weights.digest``)."""
    from renderer import weights

    return weights.digest({name: a.astype(np.float32) for name, a in arrays.items()})


def write(folder: Path, plain: Plain, shipment: Shipment) -> None:
    """Write the three files into ``folder``; what float16 can't hold is an error."""
    arrays = tensors(plain)
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise SystemExit(f"{name} has values that float16 can't hold; the weights diverged")
    preprocessing = {"mean": MEAN, "scale": (1.0, 1.0, 1.0), "order": "rgb"}
    metadata = {"reverie.network": "motifs", "reverie.preprocessing": json.dumps(preprocessing)}
    save_file(arrays, folder / "motifs.safetensors", metadata=metadata)
    (folder / "motifs.safetensors").chmod(0o644)  # else it is private to whoever trained
    record = {
        "classes": shipment.classes,
        "layers": (*LAYERS, "classes"),
        "parameters": sum(values.size for values in arrays.values()),
        "digest": digest(arrays),
        "accuracy": asdict(shipment.accuracy),
        "recipe": asdict(shipment.recipe),
    }
    (folder / "motifs.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "motifs.md").write_text(_card(record))


def read(folder: Path) -> dict[str, Tensor]:
    """The shipped tensors as the plain network's state, float32."""
    state = {}
    for name, values in load_file(folder / "motifs.safetensors").items():
        tensor = torch.from_numpy(values.astype(np.float32))
        if name == "fc.weight":
            tensor = tensor[:, :, None, None]
        state[name if name.startswith("fc.") else f"trunk.{name}"] = tensor
    return state


def _card(record: Mapping[str, object]) -> str:
    accuracy, recipe = record["accuracy"], record["recipe"]
    assert isinstance(accuracy, dict)
    assert isinstance(recipe, dict)
    classes = record["classes"]
    assert isinstance(classes, tuple)
    return f"""# motifs: the embedded network

A small Inception network ({record["parameters"]:,} parameters, float16) for Deep Dream and style
transfer where no pretrained weights are at hand. It knows nothing of the world but what this
project drew for it; it is no classifier of photographs.

| | |
|---|---|
| Input | RGB 0..255 minus (123, 117, 104), any size |
| Layers | {", ".join(LAYERS)}, classes |
| Operations | convolution + bias, ReLU, max pooling; total stride 16 |
| Trained on | {recipe["scenes"]:,} scenes of {len(classes)} motifs, drawn by `training/motifs` \
({recipe["variants"]} variants of each motif); no photograph, no other network |
| How | from scratch, {recipe["iterations"]:,} iterations of {recipe["batch"]} scenes; after the \
first {recipe["standard"]:,} each is learnt from twice: as it is, and adversarially perturbed (one \
L2 step of up to {recipe["perturbation"]:g} levels rms); then batch norm folded in and channels \
equalised on its own dreams |
| Reproduce | `python -m training.motifs` (seed {recipe["seed"]}) |
| Accuracy, held-out drawings | single motif: {accuracy["top1"]:.1%} top-1, \
{accuracy["top5"]:.1%} top-5 of {len(classes)} classes; cells: {accuracy["cells"]:.1%} |
| Digest | `{record["digest"]}` |
| Licence | MIT, as the project; drawings, training code and weights are the project's own |

The classes: {", ".join(classes)}.
"""
