"""What is known of a network before any weights are read: the records the registry is made of.

An entry holds names, recipes and defaults; it builds nothing by itself. Pixel values everywhere are
RGB in 0..255; what a network was trained on instead is its weights' ``Preprocessing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from torch import nn

StageMaker = Callable[[], nn.Module]
Stages = Callable[[], Iterable[tuple[str, StageMaker]]]


@dataclass(frozen=True)
class Preprocessing:
    """How a 0..255 RGB picture becomes what weights were trained on: (picture - mean) * scale.

    ``mean`` and ``scale`` are in RGB order whatever ``order`` is; ``order`` is the channel order
    that the first convolution expects ("rgb" or "bgr").
    """

    mean: tuple[float, float, float]
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    order: str = "rgb"


CAFFE = Preprocessing(mean=(123.68, 116.779, 103.939))
CAFFE_ROUNDED = Preprocessing(mean=(123.0, 117.0, 104.0))  # as some were trained
TORCHVISION = Preprocessing(
    mean=(255 * 0.485, 255 * 0.456, 255 * 0.406),
    scale=(1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
)
PREPROCESSINGS: Mapping[str, Preprocessing] = MappingProxyType(
    {"torchvision": TORCHVISION, "caffe": CAFFE, "caffe-bgr": replace(CAFFE, order="bgr")}
)
"""What a file that isn't known may want, by the names that users give."""


@dataclass(frozen=True)
class Source:
    """A file that weights of a network are known to come in, and where it can be had.

    ``sha256`` is the file's hash or the beginning of it. ``digests`` are those of its canonical
    tensors (``weights.digest``) up to some layers. ``first`` is the beginning of the digest of the
    first convolution's kernels alone, by which renamed, cut or converted files are recognised. Each
    is empty where it isn't known. A source without ``url`` is a file that can't be fetched.
    """

    file: str
    preprocessing: Preprocessing
    url: str = ""
    sha256: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    first: str = ""


@dataclass(frozen=True, eq=False)
class NetworkEntry:
    """One network of the registry.

    ``layers`` are in the report's order, so a layer's index is its place there; ``classes`` comes
    last where there is a classifier. ``stages`` yields (layer, maker) in the same order: the stage
    made for a layer turns the activations of the layer before it into its own, so that a network
    is built only as deep as it is used. ``tensor_names`` maps other names of the same weights,
    without ``.weight`` and ``.bias``, to ours. ``dream`` and ``style`` are settings that look
    better with this network than the report's.
    """

    name: str
    title: str
    layers: tuple[str, ...]
    stages: Stages
    preprocessing: Preprocessing
    aliases: Mapping[str, str] = field(default_factory=dict)
    labels: Callable[[], tuple[str, ...]] = tuple
    dream: Mapping[str, Any] = field(default_factory=dict)
    style: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    tensor_names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classifier's labels, each unique; empty where there is no classifier."""
        return self.labels()
