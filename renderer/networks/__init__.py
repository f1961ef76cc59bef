"""Networks by name: what they are (entries, registry), what is meant (layers), and running them.

entry("googlenet")                     what is known of a network
resolve_layers(entry, ["1..11"])       the layers a user means
load(entry, "inception4c", weights)    a network to run, built to that layer
network.features(image, layers)        its activations
"""

from renderer.networks.entries import NetworkEntry, Preprocessing, Source
from renderer.networks.layers import deepest, resolve_classes, resolve_layer, resolve_layers
from renderer.networks.network import Network, build, channels, load
from renderer.networks.registry import NETWORKS, entry

__all__ = [
    "NETWORKS",
    "Network",
    "NetworkEntry",
    "Preprocessing",
    "Source",
    "build",
    "channels",
    "deepest",
    "entry",
    "load",
    "resolve_classes",
    "resolve_layer",
    "resolve_layers",
]
