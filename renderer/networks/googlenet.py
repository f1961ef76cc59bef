"""GoogLeNet as Berkeley trained it: the original Deep Dream's network, with its Inception block.

Szegedy et al., "Going Deeper with Convolutions" (CVPR 2015), in the Caffe model zoo's version:
local response normalisation, 5x5 kernels in the third branch, max pools that round up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from renderer.networks.entries import CAFFE_ROUNDED, NetworkEntry, Source, StageMaker
from renderer.networks.labels import imagenet
from renderer.networks.response import ResponseNorm
from renderer.networks.stages import CLASSES, chain, class_map

LAYERS = (
    *("conv1", "conv2", "conv3", "inception3a", "inception3b", "inception4a", "inception4b"),
    *("inception4c", "inception4d", "inception4e", "inception5a", "inception5b"),
)

# Inputs, then outputs of: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
Widths = tuple[int, int, int, int, int, int, int]
MODULES: dict[str, Widths] = {
    "inception3a": (192, 64, 96, 128, 16, 32, 32),
    "inception3b": (256, 128, 128, 192, 32, 96, 64),
    "inception4a": (480, 192, 96, 208, 16, 48, 64),
    "inception4b": (512, 160, 112, 224, 24, 64, 64),
    "inception4c": (512, 128, 128, 256, 24, 64, 64),
    "inception4d": (512, 112, 144, 288, 32, 64, 64),
    "inception4e": (528, 256, 160, 320, 32, 128, 128),
    "inception5a": (832, 256, 160, 320, 32, 128, 128),
    "inception5b": (832, 384, 192, 384, 48, 128, 128),
}
POOLED = ("inception4a", "inception5a")  # modules that begin with a max pool

# The report's names (TensorFlow's) and those of the first Deep Dream notebook (Caffe's).
ALIASES = {
    "conv2d0": "conv1",
    "conv2d1": "conv2",
    "conv2d2": "conv3",
    "conv1/7x7_s2": "conv1",
    "conv2/3x3_reduce": "conv2",
    "conv2/3x3": "conv3",
    **{name.replace("inception", "mixed"): name for name in MODULES},
    **{name.replace("inception", "inception_") + "/output": name for name in MODULES},
}


class Inception(nn.Module):
    """Four branches side by side, concatenated and rectified: 1x1, 3x3, 5x5 and a pooled one.

    The numbers are a row of the paper's table 1: inputs, 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5,
    pool projection. Convolutions have biases.
    """

    def __init__(
        self, inputs: int, b1: int, b2_reduce: int, b2: int, b3_reduce: int, b3: int, pool: int
    ) -> None:
        super().__init__()
        self.branch1 = nn.Conv2d(inputs, b1, 1)
        self.branch2 = nn.Sequential(
            nn.Conv2d(inputs, b2_reduce, 1), nn.ReLU(), nn.Conv2d(b2_reduce, b2, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            nn.Conv2d(inputs, b3_reduce, 1), nn.ReLU(), nn.Conv2d(b3_reduce, b3, 5, padding=2)
        )
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.Conv2d(inputs, pool, 1))
        self.relu = nn.ReLU()

    def forward(self, input: Tensor) -> Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        joined: Tensor = self.relu(torch.cat([branch(input) for branch in branches], dim=1))
        return joined


def stages() -> Iterator[tuple[str, StageMaker]]:
    """BVLC GoogLeNet's stages; a pool or a normalisation belongs to the layer that reads it."""
    yield (
        "conv1",
        lambda: chain(("conv1", nn.Conv2d(3, 64, 7, stride=2, padding=3)), ("relu", nn.ReLU())),
    )
    yield (
        "conv2",
        lambda: chain(
            ("pool", _pool()),
            ("norm", _norm()),
            ("conv2", nn.Conv2d(64, 64, 1)),
            ("relu", nn.ReLU()),
        ),
    )
    yield "conv3", lambda: chain(("conv3", nn.Conv2d(64, 192, 3, padding=1)), ("relu", nn.ReLU()))
    yield (
        "inception3a",
        lambda: chain(
            ("norm", _norm()),
            ("pool", _pool()),
            ("inception3a", Inception(*MODULES["inception3a"])),
        ),
    )
    for name in LAYERS[4:]:
        yield name, partial(_inception_stage, name)
    yield class_map(1024, 1000)


def _inception_stage(name: str) -> nn.Module:
    pool = [("pool", _pool())] if name in POOLED else []
    return chain(*pool, (name, Inception(*MODULES[name])))


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def _norm() -> nn.Module:
    return ResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)


def caffe_names() -> dict[str, str]:
    """The Caffe model's names of its convolutions, underscored as converted files have them."""
    names = {
        "conv1_7x7_s2": "conv1",
        "conv2_3x3_reduce": "conv2",
        "conv2_3x3": "conv3",
        "loss3_classifier_1": "fc",
        "loss3_classifier": "fc",
    }
    parts = {
        "1x1": "branch1",
        "3x3_reduce": "branch2.0",
        "3x3": "branch2.2",
        "5x5_reduce": "branch3.0",
        "5x5": "branch3.2",
        "pool_proj": "branch4.1",
    }
    for module in MODULES:
        prefix = module.replace("inception", "inception_")
        names.update({f"{prefix}_{part}": f"{module}.{ours}" for part, ours in parts.items()})
    return names


# Identity of the model zoo's weights, in whatever container (weights.digest; RGB order).
FIRST = "36739eefe42b4790"
DIGESTS = {
    "inception5b": "7781578a6d0ae3ae323336db55a7e47d767bad7d09f7b6614f8e090dbae7727f",
    CLASSES: "50d7f767b191a4b58ea80c06983f293062a179be917db23ecd57f02114062953",
}

# Chosen by eye. Unnormalised Gram matrices let the widest early layers drown the others, so the
# style is left to two; at the report's step of 10 the stride of 2 shows as a checkerboard.
STYLE = {
    "content_layers": ("inception3b",),
    "style_layers": ("conv1", "inception3a"),
    "step_size": 4.0,
    "weight_content": 5.0,
    "weight_denoise": 1.0,
}

GOOGLENET = NetworkEntry(
    name="googlenet",
    title="GoogLeNet, the original Deep Dream's network: ImageNet, trained by BVLC (Berkeley); "
    "free for any use",
    layers=(*LAYERS, CLASSES),
    stages=stages,
    preprocessing=CAFFE_ROUNDED,
    aliases=ALIASES,
    labels=imagenet,
    style=STYLE,
    sources=(
        Source("bvlc_googlenet.safetensors", CAFFE_ROUNDED, digests=DIGESTS, first=FIRST),
        Source(
            "bvlc_googlenet.pth",
            replace(CAFFE_ROUNDED, order="bgr"),
            url="https://github.com/ProGamerGov/pytorch-old-caffemodels/raw/master/bvlc_googlenet.pth",
            digests=DIGESTS,
        ),
    ),
    tensor_names=caffe_names(),
)
