"""Weights are resolved once a depth, and held once a file."""

from __future__ import annotations

import numpy as np
import pytest

from cluster.shelf import Shelf
from renderer import networks
from renderer.errors import WeightsError
from renderer.weights import Weights

ENTRY = networks.entry("googlenet")


def weights(until: str, source: str = "all.safetensors") -> Weights:
    count = ENTRY.layers.index(until) + 1
    tensors = {f"layer{i}": np.zeros(1, np.float32) for i in range(count)}
    return Weights("googlenet", tensors, ENTRY.preprocessing, f"{source}:{until}", source)


def test_each_depth_is_resolved_once() -> None:
    asked = []
    shelf = Shelf(lambda network, until: asked.append(until) or weights(until))
    assert shelf.digest("googlenet", "conv1") == shelf.digest("googlenet", "conv1")
    shelf.digest("googlenet", "conv2")
    assert asked == ["conv1", "conv2"]


def test_depths_of_one_file_share_the_deepest() -> None:
    shelf = Shelf(lambda network, until: weights(until))
    digests = {until: shelf.digest("googlenet", until) for until in ("conv1", "conv3", "conv2")}
    held = {until: shelf.weights("googlenet", until, digests[until]) for until in digests}
    assert len({id(found) for found in held.values()}) == 1
    assert len(held["conv1"].tensors) == 3


def test_files_are_kept_apart() -> None:
    shelf = Shelf(lambda network, until: weights(until, source=f"{until}.safetensors"))
    found = [
        shelf.weights("googlenet", until, shelf.digest("googlenet", until))
        for until in ("conv1", "conv2")
    ]
    assert [len(item.tensors) for item in found] == [1, 2]


def test_other_weights_than_asked_for_are_refused() -> None:
    shelf = Shelf(lambda network, until: weights(until))
    with pytest.raises(WeightsError, match="googlenet up to conv1 aren't those asked for"):
        shelf.weights("googlenet", "conv1", "another digest")
