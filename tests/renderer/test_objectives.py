"""Objectives add up, and their gradients are the weighted sum of standardised gradients."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from renderer import dream, networks, objectives
from renderer.aims import Aim, Region
from renderer.errors import ImageError, NetworkError, SettingError
from renderer.gang import Gang
from renderer.images import Picture
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.settings import DreamSettings
from renderer.slopes import Whole
from tests.renderer import reference

SETTINGS = DreamSettings(
    network="googlenet", layer="conv2", iterations=2, repeats=1, tile_size=32, step_size=3.0
)
FORMULAS = {
    "seed": 5,
    "iterations": 2,
    "step_size": 3.0,
    "tile_size": 32,
    "repeats": 1,
    "rescale_factor": 0.7,
    "blend": 0.2,
}


@pytest.fixture(scope="module")
def network() -> Network:
    """GoogLeNet's first two layers with random weights, in float64."""
    torch.manual_seed(0)
    return networks.build(networks.entry("googlenet"), "conv2").double()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return 255 * torch.rand(1, 3, 48, 56, dtype=torch.float64, generator=torch.manual_seed(1))


@pytest.fixture(scope="module")
def guide() -> torch.Tensor:
    return 255 * torch.rand(1, 3, 30, 36, dtype=torch.float64, generator=torch.manual_seed(2))


def aiming(*aims: Aim) -> DreamSettings:
    return replace(SETTINGS, regions=(Region(aims=aims),))


def assert_close(result: torch.Tensor, expected: np.ndarray) -> None:
    assert np.abs(reference.array(result) - expected).max() < 1e-10 * np.abs(expected).max()


def test_objectives_have_an_arithmetic() -> None:
    a, b = objectives.layer("conv1"), objectives.layer("conv2", channels=(1,))
    mixed = a + 0.5 * (b - 2 * a)
    assert mixed.layers == ("conv1", "conv2", "conv1")
    assert [weight for weight, _ in mixed.terms] == [1, 0.5, -1]


def test_a_mix_adds_standardised_gradients(network: Network, picture: torch.Tensor) -> None:
    mixed = objectives.layer("conv2", channels=(3, 9)) - 0.4 * objectives.layer("conv1")
    whole = Whole(Flow(network, mixed.layers), [mixed], None, Gang())
    (slope,), values = whole(picture, random.Random())
    direct = reference.mixed_gradient(
        (1.0, reference.layer_gradient(network, "conv2", [3, 9])),
        (-0.4, reference.layer_gradient(network, "conv1")),
    )
    assert_close(slope, direct(reference.array(picture)))
    features = network.features(picture, ["conv1", "conv2"])
    means = [features["conv2"][:, [3, 9]].square().mean(), features["conv1"].square().mean()]
    assert values.tolist() == pytest.approx([mean.item() for mean in means], rel=1e-12)


def test_a_mixed_dream_agrees_with_the_formulas(network: Network, picture: torch.Tensor) -> None:
    settings = aiming(Aim(layer="conv2"), Aim(layer="conv1", weight=0.3))
    result = dream.dream(picture, network, settings, seed=5)
    direct = reference.mixed_gradient(
        (1.0, reference.layer_gradient(network, "conv2")),
        (0.3, reference.layer_gradient(network, "conv1")),
    )
    assert_close(result, reference.dream(reference.array(picture), direct, **FORMULAS))


def test_a_guided_dream_agrees_with_the_formulas(
    network: Network, picture: torch.Tensor, guide: torch.Tensor
) -> None:
    result = dream.dream(
        picture,
        network,
        aiming(Aim(layer="conv2", guide=0)),
        pictures=[Picture(guide)],
        seed=5,
    )
    direct = reference.guided_gradient(network, "conv2", reference.array(guide))
    assert_close(result, reference.dream(reference.array(picture), direct, **FORMULAS))


def test_one_aim_is_the_plain_dream(network: Network, picture: torch.Tensor) -> None:
    plain = dream.dream(picture, network, SETTINGS, seed=5)
    assert torch.equal(dream.dream(picture, network, aiming(Aim(layer="conv2")), seed=5), plain)


def test_what_has_a_negative_weight_is_suppressed(network: Network, picture: torch.Tensor) -> None:
    settings = replace(aiming(Aim(layer="conv2", weight=-1.0)), repeats=0, iterations=3)
    values: list[float] = []
    dream.dream(
        picture, network, settings, on_progress=lambda p: values.append(dict(p.losses)["objective"])
    )
    assert values[0] > values[1] > values[2]


def test_each_thing_that_is_raised_has_a_value(network: Network, picture: torch.Tensor) -> None:
    settings = aiming(Aim(layer="conv2"), Aim(layer="conv1"), Aim(layer="conv2", channels=(1,)))
    progress = next(dream.steps(picture, network, settings))
    assert [name for name, _ in progress.losses] == ["conv2", "conv1", "conv2_2"]


def test_a_guide_is_shrunk(network: Network, picture: torch.Tensor, guide: torch.Tensor) -> None:
    def dreamed(longest: int | None) -> torch.Tensor:
        settings = replace(aiming(Aim(layer="conv2", guide=0)), guide_max_size=longest)
        return dream.dream(picture, network, settings, pictures=[Picture(guide)])

    assert torch.equal(dreamed(36), dreamed(None))
    assert not torch.equal(dreamed(20), dreamed(None))


def test_what_cannot_be_aimed_at_says_so(network: Network, picture: torch.Tensor) -> None:
    with pytest.raises(NetworkError, match="layer conv2 has no channel 64"):
        dream.dream(picture, network, aiming(Aim(layer="conv2", channels=(64,))))
    with pytest.raises(NetworkError, match="no layer 'konv2'; did you mean 'conv2'"):
        dream.dream(picture, network, aiming(Aim(layer="konv2")))
    with pytest.raises(SettingError, match="speaks of picture 0, counted from 0, and is given 0"):
        dream.dream(picture, network, aiming(Aim(layer="conv2", guide=0)))
    tiny = Picture(torch.zeros(1, 3, 2, 2, dtype=torch.float64))
    with pytest.raises(ImageError, match="guide of 2 x 2 px is too small for the layers conv2"):
        dream.dream(picture, network, aiming(Aim(layer="conv2", guide=0)), pictures=[tiny])
    with pytest.raises(SettingError, match="the weight of conv2 must be a number other than 0"):
        Aim(layer="conv2", weight=0.0)
    with pytest.raises(SettingError, match="can't be used with classes"):
        Aim(layer="classes", classes=("lion",), guide=0)
