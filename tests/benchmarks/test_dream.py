"""The plain program dreams what Reverie dreams."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.dream import SETTINGS, picture
from benchmarks.plain_dream import Dream
from renderer import dream, networks


def test_the_plain_dream_is_ours() -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("googlenet"), "conv3").double()
    settings = replace(SETTINGS, layer="conv3", iterations=2, repeats=2, tile_size=40)
    image = picture((70, 83), None, torch.device("cpu")).double()
    wanted = Dream(network, settings)(image, seed=5)
    found = dream.dream(image, network, settings, seed=5)
    assert (found - wanted).abs().max() < 1e-9 * wanted.abs().max()
