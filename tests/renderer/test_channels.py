"""Activations, shares, likeness and orders of channels, on maps a person can compute."""

from __future__ import annotations

import pytest
import torch

from renderer import channels, networks
from renderer.channels import WHOLE, Region, activations, likeness, ranking, shares
from renderer.errors import ImageError, SettingError
from renderer.networks import Network
from renderer.networks.entries import Preprocessing


@pytest.fixture(scope="module")
def network() -> Network:
    """VGG-16's first layer: channel 5 is red, 9 half of green, 20 what is above 200 of blue."""
    entry = networks.entry("vgg16")
    made = networks.build(entry, "conv1_1", preprocessing=Preprocessing((0.0, 0.0, 0.0))).double()
    state = {name: torch.zeros_like(tensor) for name, tensor in made.state_dict().items()}
    kernels, bias = (next(v for k, v in state.items() if k.endswith(e)) for e in ("weight", "bias"))
    for channel, colour, factor in ((5, 0, 1.0), (9, 1, 0.5), (20, 2, 1.0)):
        kernels[channel, colour, 1, 1] = factor
    bias[20] = -200.0
    made.load_state_dict(state)
    return made


@pytest.fixture
def picture() -> torch.Tensor:
    """Left half red 100, right half green 60 and blue 220: 4 px high, 10 px wide."""
    pixels = torch.zeros(1, 3, 4, 10)
    pixels[:, 0, :, :5] = 100
    pixels[:, 1, :, 5:] = 60
    pixels[:, 2, :, 5:] = 220
    return pixels


def test_an_activation_is_the_mean_of_the_map(network: Network, picture: torch.Tensor) -> None:
    values = activations(network, picture, ["conv1_1"])["conv1_1"]
    assert len(values) == 64
    assert {c: v for c, v in enumerate(values) if v} == {5: 50.0, 9: 15.0, 20: 10.0}


@pytest.mark.parametrize(
    ("region", "red", "green"),
    [
        (Region(0.0, 0.0, 0.5, 1.0), 100.0, 0.0),
        (Region(0.5, 0.0, 1.0, 1.0), 0.0, 30.0),
        (Region(0.4, 0.0, 0.6, 0.1), 50.0, 15.0),
        (Region(0.0, 0.99, 0.7, 1.0), 500 / 7, 60 / 7),  # 0.7 of 10 is 7 columns, not 8
        (Region(0.91, 0.1, 0.92, 0.2), 0.0, 30.0),  # between positions: the one it lies in
    ],
)
def test_a_region_is_cut_out_of_the_map(
    network: Network, picture: torch.Tensor, region: Region, red: float, green: float
) -> None:
    values = activations(network, picture, ["conv1_1"], region=region)["conv1_1"]
    assert (values[5], values[9]) == pytest.approx((red, green))


@pytest.mark.parametrize(
    "sides", [(0.5, 0, 0.5, 1), (0.6, 0, 0.4, 1), (0, 0, 1, 1.1), (-1, 0, 1, 1)]
)
def test_a_region_is_in_the_picture_and_in_order(sides: tuple[float, ...]) -> None:
    with pytest.raises(SettingError, match=r"left\s+below right"):
        Region(*sides)


def test_a_picture_too_small_for_a_layer_is_told() -> None:
    network = networks.build(networks.entry("googlenet"), "inception3a")
    with pytest.raises(ImageError, match="1 x 1 px is too small for layer inception3a"):
        activations(network, torch.zeros(1, 3, 1, 1), ["inception3a"])


def test_likeness_is_the_share_that_exceeds_the_usual_one() -> None:
    values, usual = (6.0, 3.0, 1.0, 0.0), (50.0, 10.0, 20.0, 20.0)
    assert shares(values) == pytest.approx((0.6, 0.3, 0.1, 0.0))
    assert likeness(values, usual) == pytest.approx((0.1, 0.2, -0.1, -0.2))
    assert ranking(values)[0] == 0  # always on
    assert ranking(likeness(values, usual))[0] == 1
    assert shares((0.0, 0.0)) == (0.0, 0.0)


def test_likeness_does_not_depend_on_contrast() -> None:
    values, usual = (6.0, 3.0, 1.0), (5.0, 1.0, 2.0)
    faint = tuple(value / 10 for value in values)
    assert likeness(faint, usual) == pytest.approx(likeness(values, usual))


def test_orders_leave_the_silent_to_the_end() -> None:
    values = (5.0, 0.0, 1.0, 9.0, 4.0, 1.0, 0.0)
    assert ranking(values) == (3, 0, 4, 2, 5, 1, 6)
    assert ranking(values, "weakest") == (2, 5, 4, 0, 3, 1, 6)
    assert ranking(values, "average") == (4, 0, 2, 5, 3, 1, 6)  # the median of 1 1 4 5 9 is 4
    assert ranking((0.0, 0.0), "average") == (0, 1)
    with pytest.raises(SettingError, match="no order 'best'"):
        ranking(values, "best")


def test_usual_activations_are_those_on_pictures_in_general(network: Network) -> None:
    values = channels.usual(network, ["conv1_1"])["conv1_1"]
    assert 100 < values[5] < 135  # red: their mean is 118
    assert values[9] == pytest.approx(values[5] / 2, rel=0.1)


def test_regions_of_the_whole_are_the_whole(network: Network, picture: torch.Tensor) -> None:
    maps = network.features(picture, ["conv1_1"])["conv1_1"]
    assert torch.equal(WHOLE.cut(maps), maps)
