"""torchvision's GoogLeNet (batch norm) and Inception v3, taken apart into named stages.

``googlenet_bn`` shares GoogLeNet's layer names but is another network: batch norm, no local
response normalisation, 3x3 kernels in the branch that is 5x5 in the paper. Inception v3: Szegedy et
al., "Rethinking the Inception Architecture" (CVPR 2016). The modules, and so the tensors' names,
are torchvision's. Its weights want (x/255 - 0.5) / 0.5, however torchvision gets there
(``transform_input`` after its usual normalisation).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import nn

from renderer.networks.entries import NetworkEntry, Preprocessing, Source, StageMaker
from renderer.networks.googlenet import ALIASES, LAYERS, MODULES, STYLE
from renderer.networks.labels import imagenet
from renderer.networks.stages import CLASSES, chain, class_map

HALF = Preprocessing(mean=(127.5, 127.5, 127.5), scale=(1 / 127.5, 1 / 127.5, 1 / 127.5))

# A layer of Inception v3: torchvision's class, its arguments, and whether a max pool comes first.
Recipe = tuple[str, tuple[Any, ...], dict[str, Any], bool]
V3: dict[str, Recipe] = {
    "Conv2d_1a_3x3": ("BasicConv2d", (3, 32), {"kernel_size": 3, "stride": 2}, False),
    "Conv2d_2a_3x3": ("BasicConv2d", (32, 32), {"kernel_size": 3}, False),
    "Conv2d_2b_3x3": ("BasicConv2d", (32, 64), {"kernel_size": 3, "padding": 1}, False),
    "Conv2d_3b_1x1": ("BasicConv2d", (64, 80), {"kernel_size": 1}, True),
    "Conv2d_4a_3x3": ("BasicConv2d", (80, 192), {"kernel_size": 3}, False),
    "Mixed_5b": ("InceptionA", (192, 32), {}, True),
    "Mixed_5c": ("InceptionA", (256, 64), {}, False),
    "Mixed_5d": ("InceptionA", (288, 64), {}, False),
    "Mixed_6a": ("InceptionB", (288,), {}, False),
    "Mixed_6b": ("InceptionC", (768, 128), {}, False),
    "Mixed_6c": ("InceptionC", (768, 160), {}, False),
    "Mixed_6d": ("InceptionC", (768, 160), {}, False),
    "Mixed_6e": ("InceptionC", (768, 192), {}, False),
    "Mixed_7a": ("InceptionD", (768,), {}, False),
    "Mixed_7b": ("InceptionE", (1280,), {}, False),
    "Mixed_7c": ("InceptionE", (2048,), {}, False),
}


def googlenet_stages() -> Iterator[tuple[str, StageMaker]]:
    """torchvision's GoogLeNet; a max pool belongs to the layer that reads it."""
    yield "conv1", partial(_googlenet_conv, "conv1", 3, 64, kernel_size=7, stride=2, padding=3)
    yield "conv2", partial(_googlenet_conv, "conv2", 64, 64, kernel_size=1, pool=3)
    yield "conv3", partial(_googlenet_conv, "conv3", 64, 192, kernel_size=3, padding=1)
    pools = {"inception3a": 3, "inception4a": 3, "inception5a": 2}
    for name in MODULES:
        yield name, partial(_googlenet_inception, name, pool=pools.get(name, 0))
    yield class_map(1024, 1000)


def _googlenet_conv(
    name: str, inputs: int, outputs: int, *, pool: int = 0, **how: Any
) -> nn.Module:
    from torchvision.models.googlenet import BasicConv2d

    return chain(*_pool(pool), (name, BasicConv2d(inputs, outputs, **how)))


def _googlenet_inception(name: str, *, pool: int) -> nn.Module:
    from torchvision.models.googlenet import Inception

    return chain(*_pool(pool), (name, Inception(*MODULES[name])))


def _pool(side: int) -> list[tuple[str, nn.Module]]:
    return [("pool", nn.MaxPool2d(side, stride=2, ceil_mode=True))] if side else []


def v3_stages() -> Iterator[tuple[str, StageMaker]]:
    """torchvision's Inception v3; a max pool belongs to the layer that reads it."""
    for name in V3:
        yield name, partial(_v3_stage, name)
    yield class_map(2048, 1000)


def _v3_stage(name: str) -> nn.Module:
    from torchvision.models import inception  # slow to import, and only needed here

    kind, arguments, how, pooled = V3[name]
    pool = [("pool", nn.MaxPool2d(3, stride=2))] if pooled else []
    return chain(*pool, (name, getattr(inception, kind)(*arguments, **how)))


GOOGLENET_BN = NetworkEntry(
    name="googlenet_bn",
    title="GoogLeNet with batch norm: ImageNet, torchvision's (BSD 3-clause)",
    layers=(*LAYERS, CLASSES),
    stages=googlenet_stages,
    preprocessing=HALF,
    aliases=ALIASES,
    labels=imagenet,
    style=STYLE,
    sources=(
        Source(
            "googlenet-1378be20.pth",
            HALF,
            url="https://download.pytorch.org/models/googlenet-1378be20.pth",
            sha256="1378be20",
        ),
    ),
)

INCEPTION_V3 = NetworkEntry(
    name="inception_v3",
    title="Inception v3: ImageNet, trained by Google, torchvision's port (Apache 2.0)",
    layers=(*V3, CLASSES),
    stages=v3_stages,
    preprocessing=HALF,
    aliases={name.lower(): name for name in V3},
    labels=imagenet,
    dream={"layer": "Mixed_6a"},
    style={
        **STYLE,
        "content_layers": ("Mixed_5c",),
        "style_layers": ("Conv2d_1a_3x3", "Mixed_5b"),
    },
    sources=(
        Source(
            "inception_v3_google-0cc3c7bd.pth",
            HALF,
            url="https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
            sha256="0cc3c7bd",
        ),
    ),
)
