"""Regions: agree with the formulas, keep what is outside them, and survive a restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from renderer import dream, networks, regions
from renderer.aims import Aim, Region
from renderer.checkpoints import unpack
from renderer.errors import ImageError, SettingError
from renderer.events import Checkpoint, finish
from renderer.images import Picture
from renderer.networks import Network
from renderer.settings import DreamSettings
from tests.renderer import reference

LOW, HIGH = Aim(layer="conv1"), Aim(layer="conv2")
SETTINGS = DreamSettings(
    network="googlenet", layer="conv2", iterations=2, repeats=1, tile_size=32, step_size=3.0
)


@pytest.fixture(scope="module")
def network() -> Network:
    """GoogLeNet's first two layers with random weights, in float64."""
    torch.manual_seed(0)
    return networks.build(networks.entry("googlenet"), "conv2").double()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return 255 * torch.rand(1, 3, 48, 56, dtype=torch.float64, generator=torch.manual_seed(1))


def mask(grey: torch.Tensor, alpha: torch.Tensor | None = None) -> Picture:
    """A mask of (H, W) greys of 0..255."""
    pixels = grey.double().expand(1, 3, *grey.shape)
    return Picture(pixels, None if alpha is None else alpha.double().expand(1, 1, *grey.shape))


def ramp() -> torch.Tensor:
    """Black in the left third, white in the right one, and soft between."""
    return (torch.linspace(-1, 2, 56, dtype=torch.float64) * 255).clamp(0, 255).expand(48, 56)


def with_regions(*found: Region) -> DreamSettings:
    return replace(SETTINGS, regions=found)


def test_regions_agree_with_the_formulas(network: Network, picture: torch.Tensor) -> None:
    other = ramp().flip(0, 1) * 0.5
    result = dream.dream(
        picture,
        network,
        with_regions(Region(aims=(HIGH,), mask=1), Region(aims=(LOW,), mask=0)),
        pictures=[mask(ramp()), mask(other)],
        seed=5,
    )
    expected = reference.regional_dream(
        reference.array(picture),
        [
            (reference.layer_gradient(network, "conv2"), other.numpy() / 255),
            (reference.layer_gradient(network, "conv1"), ramp().numpy() / 255),
        ],
        seed=5,
        iterations=2,
        step_size=3.0,
        tile_size=32,
        repeats=1,
    )
    # Pillow resizes the masks in float32.
    assert np.abs(reference.array(result) - expected).max() < 1e-5


def test_what_is_black_stays_as_it_was(network: Network, picture: torch.Tensor) -> None:
    settings = with_regions(Region(aims=(HIGH,), mask=0))
    result = dream.dream(picture, network, settings, pictures=[mask(ramp())])
    outside = ramp().expand(1, 3, 48, 56) == 0
    assert torch.equal(result[outside], picture[outside])
    assert (result[~outside] - picture[~outside]).std() > 3


def test_a_white_mask_is_a_dream_without_one(network: Network, picture: torch.Tensor) -> None:
    settings = with_regions(Region(aims=(Aim(layer="conv2"),), mask=0))
    white = mask(torch.full((48, 56), 255.0))
    result = dream.dream(picture, network, settings, pictures=[white], seed=3)
    plain = dream.dream(picture, network, SETTINGS, seed=3)
    assert (result - plain).abs().max() < 1e-9


def test_a_region_without_a_mask_is_the_rest(network: Network, picture: torch.Tensor) -> None:
    """The same as with the opposite mask; of one objective, the same as without any."""
    opposite = mask(255 - ramp())
    for rest in (LOW, HIGH):
        halves = with_regions(Region(aims=(HIGH,), mask=0), Region(aims=(rest,)))
        told = replace(halves, regions=(halves.regions[0], Region(aims=(rest,), mask=1)))
        pictures = [mask(ramp()), opposite]
        result = dream.dream(picture, network, halves, pictures=pictures, seed=3)
        other = dream.dream(picture, network, told, pictures=pictures, seed=3)
        assert (result - other).abs().max() < 1e-9
    plain = dream.dream(picture, network, replace(SETTINGS, layer="conv2"), seed=3)
    assert (result - plain).abs().max() < 1e-9


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_goes_on_bit_by_bit(network: Network, picture: torch.Tensor, cut: int) -> None:
    guided = Aim(layer="conv2", guide=1)
    settings = with_regions(Region(aims=(guided, LOW), mask=0), Region(aims=(HIGH,)))
    aids = [mask(ramp()), Picture(picture.flip(3))]
    whole = dream.dream(picture, network, settings, pictures=aids, seed=1)
    first = dream.steps(picture, network, settings, pictures=aids, seed=1, checkpoint=lambda: True)
    state = next(e for e in first if isinstance(e, Checkpoint) and e.iteration == cut)
    rest = dream.steps(picture, network, settings, pictures=aids, seed=1, resume=unpack(state.data))
    assert torch.equal(finish(rest), whole)


def test_masks_are_stretched_and_stay_black(network: Network, picture: torch.Tensor) -> None:
    small = torch.zeros(24, 28)
    small[:, 14:] = 255
    settings = with_regions(Region(aims=(HIGH,), mask=0))
    result = dream.dream(picture, network, settings, pictures=[mask(small)])
    assert torch.equal(result[..., :27], picture[..., :27])
    assert not torch.equal(result[..., 29:], picture[..., 29:])


def test_what_is_transparent_counts_as_black(network: Network, picture: torch.Tensor) -> None:
    settings = with_regions(Region(aims=(HIGH,), mask=0))
    white, alpha = torch.full((48, 56), 255.0), ramp()
    through_alpha = dream.dream(picture, network, settings, pictures=[mask(white, alpha)])
    through_grey = dream.dream(picture, network, settings, pictures=[mask(ramp())])
    assert (through_alpha - through_grey).abs().max() < 1e-9


def test_a_mask_has_the_ratio_of_its_picture(network: Network, picture: torch.Tensor) -> None:
    settings = with_regions(Region(aims=(HIGH,), mask=0))
    square = mask(torch.zeros(48, 48))
    with pytest.raises(ImageError, match="mask of 48 x 48 px can't be laid on a picture of 56 x 4"):
        dream.dream(picture, network, settings, pictures=[square])


@pytest.mark.parametrize(
    ("mask", "picture", "same"),
    [
        ((100, 200), (100, 200), True),
        ((331, 480), (276, 400), True),  # rounded to whole pixels
        ((3, 100), (2, 50), True),
        ((100, 200), (104, 200), False),
        ((100, 200), (200, 100), False),
    ],
)
def test_a_ratio_may_be_off_by_rounding(
    mask: tuple[int, int], picture: tuple[int, int], same: bool
) -> None:
    assert regions.same_ratio(mask, picture) is same


def test_only_one_region_is_the_rest() -> None:
    with pytest.raises(SettingError, match="only one region may be without a mask"):
        with_regions(Region(aims=(HIGH,)), Region(aims=(LOW,)))
    with pytest.raises(SettingError, match="needs something to amplify"):
        with_regions(Region(aims=()))
