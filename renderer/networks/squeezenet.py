"""SqueezeNet 1.1: a classifier in 5 MB, made of fire modules.

Iandola et al., "SqueezeNet" (2016). Tensors have torchvision's names. Files of the original Caffe
model (0..255 minus a mean) and of torchvision (0..1 normalised) both exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn

from renderer.networks.entries import (
    CAFFE_ROUNDED,
    TORCHVISION,
    NetworkEntry,
    Source,
    StageMaker,
)
from renderer.networks.labels import imagenet
from renderer.networks.stages import CLASSES, chain

# Place among torchvision's features, inputs, squeeze, expand (of each kernel), pooled before.
FIRES = (
    (3, 64, 16, 64, True),
    (4, 128, 16, 64, False),
    (6, 128, 32, 128, True),
    (7, 256, 32, 128, False),
    (9, 256, 48, 192, True),
    (10, 384, 48, 192, False),
    (11, 384, 64, 256, False),
    (12, 512, 64, 256, False),
)


class Fire(nn.Module):
    """A 1x1 squeeze, then 1x1 and 3x3 kernels side by side, concatenated and rectified."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, input: Tensor) -> Tensor:
        squeezed = self.relu(self.squeeze(input))
        branches = [self.expand1x1(squeezed), self.expand3x3(squeezed)]
        joined: Tensor = self.relu(torch.cat(branches, dim=1))
        return joined


def stages() -> Iterator[tuple[str, StageMaker]]:
    """conv1, fire2 to fire9, and the last convolution's class map.

    The class map is taken before its ReLU (the network averages it after): a class that scores
    below zero keeps its gradient, and can be dreamed towards.
    """
    yield (
        "conv1",
        lambda: chain(("features.0", nn.Conv2d(3, 64, 3, stride=2)), ("features.1", nn.ReLU())),
    )
    for number, fire in enumerate(FIRES, start=2):
        yield f"fire{number}", partial(_fire_stage, *fire)
    yield CLASSES, lambda: chain(("classifier.1", nn.Conv2d(512, 1000, 1)))


def _fire_stage(place: int, inputs: int, squeeze: int, expand: int, pooled: bool) -> nn.Module:
    pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    before = [(f"features.{place - 1}", pool)] if pooled else []
    return chain(*before, (f"features.{place}", Fire(inputs, squeeze, expand)))


SQUEEZENET = NetworkEntry(
    name="squeezenet1_1",
    title="SqueezeNet 1.1, small and quick: ImageNet, trained by F. Iandola et al. (BSD 2-clause) "
    "or torchvision (BSD 3-clause)",
    layers=("conv1", *(f"fire{n}" for n in range(2, 10)), CLASSES),
    stages=stages,
    preprocessing=TORCHVISION,
    labels=imagenet,
    dream={"layer": "fire7"},
    style={  # chosen by eye; the steps are cheap, so there are twice as many, and smaller
        "content_layers": ("fire5",),
        "style_layers": ("conv1", "fire3", "fire5", "fire7", "fire9"),
        "iterations": 240,
        "step_size": 3.0,
        "weight_content": 3.0,
        "weight_denoise": 1.0,
    },
    sources=(
        Source(
            "squeezenet1_1_caffe.safetensors",
            CAFFE_ROUNDED,
            digests={
                "fire9": "9b99ba03335dc03d873a77fd761fab7f41aa9e9b10b11b5270d9c8c57091d012",
                CLASSES: "af3db693f9c7bc44d63d80056c445142a0c8bd03270c440000f3111ee340ee4b",
            },
            first="51a082b49dce59a8",
        ),
        Source(
            "squeezenet1_1-b8a52dc0.pth",
            TORCHVISION,
            url="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
            sha256="b8a52dc0",
        ),
    ),
)
