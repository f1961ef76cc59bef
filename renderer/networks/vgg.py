"""VGG-16 and VGG-19: the networks that style transfer was found with.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (ICLR
2015). Two kinds of files are about: Oxford's own (Caffe, Keras), which want 0..255 minus a mean,
and torchvision's, which want 0..1 normalised; the weights decide (``Weights.preprocessing``). The
tensors have torchvision's names. The classifier is left out: its first layer wants exactly 7 x 7
positions, and no one styles with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from torch import nn

from renderer.networks.entries import (
    CAFFE,
    CAFFE_ROUNDED,
    TORCHVISION,
    NetworkEntry,
    Source,
    StageMaker,
)
from renderer.networks.stages import chain

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def layers(depths: Sequence[int]) -> tuple[str, ...]:
    """The names conv1_1, conv1_2, ..., of blocks with that many convolutions each."""
    return tuple(
        f"conv{block}_{place}"
        for block, depth in enumerate(depths, start=1)
        for place in range(1, depth + 1)
    )


def stages(depths: Sequence[int]) -> Iterator[tuple[str, StageMaker]]:
    """One stage a convolution with its ReLU; a block's first begins with the pool before it."""
    inputs, index = 3, 0
    for block, (width, depth) in enumerate(zip(WIDTHS, depths, strict=True), start=1):
        for place in range(1, depth + 1):
            pool = block > 1 and place == 1
            yield f"conv{block}_{place}", partial(_stage, inputs, width, index, pool=pool)
            inputs, index = width, index + (3 if pool else 2)


def _stage(inputs: int, width: int, index: int, *, pool: bool) -> nn.Module:
    modules: list[nn.Module] = [nn.MaxPool2d(2)] if pool else []
    modules += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
    return chain(*((f"features.{index + place}", m) for place, m in enumerate(modules)))


VGG16 = NetworkEntry(
    name="vgg16",
    title="VGG-16, the report's network for style transfer: ImageNet, trained by Oxford (CC BY "
    "4.0) or torchvision (BSD 3-clause)",
    layers=layers(DEPTHS["vgg16"]),
    stages=partial(stages, DEPTHS["vgg16"]),
    preprocessing=TORCHVISION,
    dream={"layer": "conv5_1"},
    sources=(
        Source(
            "vgg16-397923af.pth",
            TORCHVISION,
            url="https://download.pytorch.org/models/vgg16-397923af.pth",
            sha256="397923af",
        ),
        Source(
            "vgg16_features-amdegroot-88682ab5.pth",
            CAFFE_ROUNDED,
            url="https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth",
            sha256="88682ab5",
        ),
    ),
)

VGG19 = NetworkEntry(
    name="vgg19",
    title="VGG-19: ImageNet, trained by Oxford (CC BY 4.0) or torchvision (BSD 3-clause)",
    layers=layers(DEPTHS["vgg19"]),
    stages=partial(stages, DEPTHS["vgg19"]),
    preprocessing=TORCHVISION,
    dream={"layer": "conv5_1"},
    style={"style_layers": ("conv1_1..conv5_4",)},
    sources=(
        Source(
            "vgg19-dcbb9e9d.pth",
            TORCHVISION,
            url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
            sha256="dcbb9e9d",
        ),
        Source(
            "vgg19_conv1_to_conv3_caffe.safetensors",
            CAFFE,
            digests={"conv3_4": "2c2f79a0801b73514c2955fc7ac42f6d065dfe3eb36ad4de6d0f9d35c3157f05"},
            first="efbdb2919fd1c8ba",
        ),
    ),
)
