"""Which networks are there? Each by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from renderer.errors import NetworkError
from renderer.networks.entries import NetworkEntry
from renderer.networks.googlenet import GOOGLENET
from renderer.networks.inception5h import INCEPTION5H
from renderer.networks.motifs import MOTIFS
from renderer.networks.squeezenet import SQUEEZENET
from renderer.networks.torchvision_inception import GOOGLENET_BN, INCEPTION_V3
from renderer.networks.vgg import VGG16, VGG19
from renderer.settings import nearest

NETWORKS: Mapping[str, NetworkEntry] = MappingProxyType(
    {
        known.name: known
        for known in (
            *(GOOGLENET, INCEPTION5H, GOOGLENET_BN, INCEPTION_V3),
            *(VGG16, VGG19, SQUEEZENET, MOTIFS),
        )
    }
)


def entry(name: str) -> NetworkEntry:
    """The network of that name. Raises NetworkError with the nearest known one."""
    if name not in NETWORKS:
        raise NetworkError(
            f"there is no network {name!r}{nearest(name, NETWORKS)} "
            f"(networks: {', '.join(NETWORKS)})"
        )
    return NETWORKS[name]
