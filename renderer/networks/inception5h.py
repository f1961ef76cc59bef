"""GoogLeNet as Google trained it ("inception5h"): the network of the report's dreams.

It differs from the BVLC one (googlenet.py) in two widths, in TensorFlow's "SAME" padding and in its
normalisation. Input is 0..255 minus 117. TensorFlow's graph says of the normalisation: radius 5 (so
11 channels), alpha 1e-4 for each element (torch divides by the size, hence 0.0011), beta 0.5, bias
2; the converted files' own code has other values there, which don't follow the graph.

The original file couldn't be had while this was written: layers, shapes and formulas are tested,
but no picture was classified with it, and RGB order is taken from Captum's port of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import nn

from renderer.networks.entries import NetworkEntry, Preprocessing, Source, StageMaker
from renderer.networks.googlenet import ALIASES, LAYERS, MODULES, POOLED, STYLE, Inception, Widths
from renderer.networks.labels import imagenet_as_numbered
from renderer.networks.response import ResponseNorm
from renderer.networks.stages import CLASSES, SamePadding, chain, class_map

OWN_MODULES: dict[str, Widths] = {
    **MODULES,
    "inception4a": (480, 192, 96, 204, 16, 48, 64),
    "inception4b": (508, 160, 112, 224, 24, 64, 64),
    "inception5a": (832, 256, 160, 320, 48, 128, 128),
}
# The classifier has 1008 outputs: one unused, ImageNet's classes as ILSVRC numbers them, 7 unused.
CLASS_COUNT = 1008


def stages() -> Iterator[tuple[str, StageMaker]]:
    """The stages, each pool and normalisation with the layer that reads it."""
    yield (
        "conv1",
        lambda: chain(
            ("pad", SamePadding(7, 2)),
            ("conv1", nn.Conv2d(3, 64, 7, stride=2)),
            ("relu", nn.ReLU()),
        ),
    )
    yield (
        "conv2",
        lambda: chain(
            *_pool(), ("norm", _norm()), ("conv2", nn.Conv2d(64, 64, 1)), ("relu", nn.ReLU())
        ),
    )
    yield "conv3", lambda: chain(("conv3", nn.Conv2d(64, 192, 3, padding=1)), ("relu", nn.ReLU()))
    yield (
        "inception3a",
        lambda: chain(
            ("norm", _norm()), *_pool(), ("inception3a", Inception(*OWN_MODULES["inception3a"]))
        ),
    )
    for name in LAYERS[4:]:
        yield name, partial(_inception_stage, name)
    yield class_map(1024, CLASS_COUNT)


def _inception_stage(name: str) -> nn.Module:
    pool = _pool() if name in POOLED else []
    return chain(*pool, (name, Inception(*OWN_MODULES[name])))


def _pool() -> list[tuple[str, nn.Module]]:
    return [("pad", SamePadding(3, 2, value=float("-inf"))), ("pool", nn.MaxPool2d(3, stride=2))]


def _norm() -> nn.Module:
    return ResponseNorm(11, alpha=11e-4, beta=0.5, k=2.0)


def labels() -> tuple[str, ...]:
    """The classifier's 1008 labels."""
    named = ("unused 0", *imagenet_as_numbered())
    return (*named, *(f"unused {index}" for index in range(len(named), CLASS_COUNT)))


def converted_names() -> dict[str, str]:
    """The names of the convolutions in the converted files: ProGamerGov's and Captum's."""
    names = {
        "conv2d0_pre_relu_conv": "conv1",
        "conv2d1_pre_relu_conv": "conv2",
        "conv2d2_pre_relu_conv": "conv3",
        "softmax2_pre_activation_matmul": "fc",
    }
    parts = {
        "branch1": ("1x1", "conv_1x1"),
        "branch2.0": ("3x3_bottleneck", "conv_3x3_reduce"),
        "branch2.2": ("3x3", "conv_3x3"),
        "branch3.0": ("5x5_bottleneck", "conv_5x5_reduce"),
        "branch3.2": ("5x5", "conv_5x5"),
        "branch4.1": ("pool_reduce", "pool_proj"),
    }
    for module in OWN_MODULES:
        mixed = module.replace("inception", "mixed")
        for ours, (graph, captum) in parts.items():
            names[f"{mixed}_{graph}_pre_relu_conv"] = f"{module}.{ours}"
            names[f"{mixed}.{captum}"] = f"{module}.{ours}"
    return names


RGB = Preprocessing(mean=(117.0, 117.0, 117.0))

INCEPTION5H = NetworkEntry(
    name="inception5h",
    title="GoogLeNet of the report (inception5h): ImageNet, trained by Google (Apache 2.0)",
    layers=(*LAYERS, CLASSES),
    stages=stages,
    preprocessing=RGB,
    aliases=ALIASES,
    labels=labels,
    style=STYLE,
    sources=(
        Source(
            "inception5h.pth",
            RGB,
            url="https://github.com/ProGamerGov/pytorch-old-tensorflow-models/raw/master/inception5h.pth",
        ),
    ),
    tensor_names=converted_names(),
)
