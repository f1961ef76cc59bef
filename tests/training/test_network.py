"""Folding and equalising keep the network's function; the shipped layers are the trained ones."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from renderer.networks import build, entry
from renderer.networks.motifs import LAYERS, MODULES
from training.motifs import card, equalise
from training.motifs.network import SCALE, STRIDE_PX, Plain, Twin, fold, outputs

CLASSES = 5


@pytest.fixture
def twin() -> Twin:
    """A twin whose batch norms have seen something."""
    torch.manual_seed(0)
    made = Twin(CLASSES)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return made.eval()


def pictures(side_px: int = 64) -> torch.Tensor:
    return (
        torch.rand(2, 3, side_px, side_px, generator=torch.Generator().manual_seed(1)) * 255 - 115
    )


@torch.no_grad()
def test_folding_keeps_the_function(twin: Twin) -> None:
    scores, _ = twin(pictures() * SCALE)
    folded = fold(twin)(pictures())
    assert folded.shape == (2, CLASSES, 64 // STRIDE_PX, 64 // STRIDE_PX)
    torch.testing.assert_close(folded, scores[:, :CLASSES], rtol=1e-4, atol=1e-4)
    assert (scores[:, CLASSES] == 0).all()


@torch.no_grad()
def test_folding_leaves_only_convolutions(twin: Twin) -> None:
    plain = fold(twin)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules())
    assert all(m.bias is not None for m in plain.modules() if isinstance(m, nn.Conv2d))


@torch.no_grad()
def test_rescaling_a_layer_scales_it_and_nothing_after_it(twin: Twin) -> None:
    plain = fold(twin)
    before, scores = plain.trunk(pictures()), plain(pictures())
    for layer in LAYERS:
        width = before[layer].shape[1]
        factors = torch.linspace(0.5, 2.0, width)
        equalise.rescale(plain, layer, factors)
        after = plain.trunk(pictures())[layer]
        wanted = before[layer] * factors.view(1, -1, 1, 1)
        torch.testing.assert_close(after, wanted, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(plain(pictures()), scores, rtol=1e-4, atol=1e-4)


def test_equalising_keeps_the_scores_and_levels_the_layers(twin: Twin) -> None:
    plain, lines = fold(twin), []
    scores = plain(pictures(32)).detach()
    equalise.equalise(plain, pictures(32), say=lines.append)
    torch.testing.assert_close(plain(pictures(32)).detach(), scores, rtol=1e-3, atol=1e-3)
    assert len(lines) == len(LAYERS)
    assert all(torch.isfinite(value).all() for value in plain.state_dict().values())


@torch.no_grad()
def test_the_registry_builds_the_trained_layers(twin: Twin) -> None:
    plain = fold(twin)
    network = build(entry("motifs"), "inception5b")
    for layer, stage in network.stages.items():
        own = {k: plain.trunk.state_dict()[k] for k in stage.state_dict()}
        assert own, layer
        stage.load_state_dict(own)
    mean = torch.tensor((123.0, 117.0, 104.0)).view(1, 3, 1, 1)
    found, wanted = network.features(pictures() + mean, LAYERS), plain.trunk(pictures())
    for layer in LAYERS:
        torch.testing.assert_close(found[layer], wanted[layer], rtol=1e-4, atol=1e-3)


def test_widths_follow_from_module_to_module() -> None:
    names = list(MODULES)
    for first, second in pairwise(names):
        assert outputs(first) == MODULES[second][0]


def test_the_card_reads_what_it_wrote(twin: Twin, tmp_path) -> None:
    from safetensors.numpy import save_file

    plain, again = fold(twin), Plain(CLASSES)
    save_file(card.tensors(plain), tmp_path / "motifs.safetensors")
    again.load_state_dict(card.read(tmp_path))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=1e-3, atol=1e-4)
