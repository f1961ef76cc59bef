"""Motifs: the small embedded network, trained from scratch on pictures that the project draws.

An Inception network after Szegedy et al. 2015, of a sixth of the width, with convolutions, biases,
ReLUs and max pools only, and a total stride of 16. Its weights ship with the package
(``motifs.safetensors``, float16); ``motifs.md`` beside them is their card, ``motifs.json`` holds
the classes, the digest and the accuracy. ``training/motifs`` makes all three.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from torch import nn

from renderer.networks.entries import NetworkEntry, Preprocessing, Source, StageMaker
from renderer.networks.googlenet import Inception, Widths
from renderer.networks.stages import CLASSES, chain, class_map

MEAN = (123.0, 117.0, 104.0)
STEM = (32, 32, 96)  # outputs of conv1, conv2, conv3
MODULES: dict[str, Widths] = {
    "inception3a": (96, 32, 40, 56, 12, 24, 16),
    "inception3b": (128, 40, 48, 72, 16, 32, 16),
    "inception4a": (160, 48, 48, 88, 16, 32, 24),
    "inception4b": (192, 48, 48, 88, 16, 32, 24),
    "inception4c": (192, 48, 48, 88, 16, 32, 24),
    "inception4d": (192, 48, 48, 88, 16, 32, 24),
    "inception4e": (192, 56, 56, 96, 16, 40, 24),
    "inception5a": (216, 56, 56, 104, 16, 40, 24),
    "inception5b": (224, 72, 64, 128, 16, 48, 40),
}
LAYERS = ("conv1", "conv2", "conv3", *MODULES)
POOLED = frozenset({"conv2", "inception3a", "inception4a"})  # layers that begin with a max pool
TOP = 288  # channels of inception5b


def stages() -> Iterator[tuple[str, StageMaker]]:
    """The network's stages; a pool belongs to the layer that reads it."""
    for name in LAYERS:
        yield name, lambda name=name: _stage(name)  # type: ignore[misc]
    yield class_map(TOP, len(classes()))


def classes() -> tuple[str, ...]:
    """The motifs, in the classifier's order."""
    return tuple(record()["classes"])


@cache
def record() -> dict[str, Any]:
    """What ``motifs.json`` says of the shipped weights."""
    return json.loads(files(__package__).joinpath("motifs.json").read_text("utf-8"))  # type: ignore[no-any-return]


def convolution(layer: str) -> nn.Module:
    """The module of a layer, without pool and, for the stem, without ReLU."""
    first, second, third = STEM
    if layer == "conv1":
        return nn.Conv2d(3, first, 7, stride=2, padding=3)
    if layer == "conv2":
        return nn.Conv2d(first, second, 1)
    if layer == "conv3":
        return nn.Conv2d(second, third, 3, padding=1)
    return Inception(*MODULES[layer])


def _stage(layer: str) -> nn.Module:
    pool = [("pool", nn.MaxPool2d(3, 2, padding=1))] if layer in POOLED else []
    relu = [] if layer in MODULES else [("relu", nn.ReLU())]  # an Inception module has its own
    return chain(*pool, (layer, convolution(layer)), *relu)


PREPROCESSING = Preprocessing(mean=MEAN)

MOTIFS = NetworkEntry(
    name="motifs",
    title="Motifs, the embedded network: trained by this project on motifs that it draws itself; "
    "MIT licence",
    layers=(*LAYERS, CLASSES),
    stages=stages,
    preprocessing=PREPROCESSING,
    labels=classes,
    # Chosen by looking: steps as large as the picture bears, its colours moved freely; a style
    # transfer that starts from the content, since the small network holds it less firmly.
    dream={"layer": "inception4e", "step_size": 2.0, "iterations": 12, "smooth_colour": False},
    style={
        "content_layers": ("inception4a",),
        "style_layers": ("conv1..inception4b",),
        "iterations": 300,
        "step_size": 4.0,
        "weight_content": 3.0,
        "weight_denoise": 3.0,
        "gram": "mean",
        "start": "content",
    },
    sources=(Source("motifs.safetensors", PREPROCESSING),),
)
