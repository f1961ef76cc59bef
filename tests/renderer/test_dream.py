"""Deep Dream: agrees with the formulas written down directly, and behaves as the report says."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from renderer import dream, networks, objectives, weights
from renderer.checkpoints import unpack
from renderer.errors import ImageError, NetworkError
from renderer.events import Checkpoint, Event, finish
from renderer.gang import Gang
from renderer.images import decode, fit
from renderer.losses import layer_objective
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.networks.joints import Joints
from renderer.settings import DreamSettings
from renderer.slopes import Tiled
from tests.renderer import reference

LAYER = "conv3"
SETTINGS = DreamSettings(
    network="googlenet", layer=LAYER, iterations=3, repeats=2, tile_size=32, step_size=3.0
)


@pytest.fixture(scope="module")
def network() -> Network:
    """GoogLeNet's first three layers with random weights, in float64."""
    torch.manual_seed(0)
    return networks.build(networks.entry("googlenet"), LAYER).double()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return 255 * torch.rand(1, 3, 70, 83, dtype=torch.float64, generator=torch.manual_seed(1))


def objective(image: torch.Tensor, network: Network, layer: str = LAYER) -> float:
    with torch.no_grad():
        return layer_objective(network.features(image, [layer])[layer]).item()


def test_agrees_with_the_formulas(network: Network, picture: torch.Tensor) -> None:
    # With a seed that leaves no sliver of a tile: there the tutorial differs.
    result = dream.dream(picture, network, SETTINGS, seed=5)
    expected = reference.dream(
        reference.array(picture),
        reference.layer_gradient(network, LAYER),
        seed=5,
        iterations=3,
        step_size=3.0,
        tile_size=32,
        repeats=2,
        rescale_factor=0.7,
        blend=0.2,
    )
    error = np.abs(reference.array(result) - expected).max() / np.abs(expected).max()
    assert error < 1e-10


def test_gradient_agrees_with_the_formulas(network: Network, picture: torch.Tensor) -> None:
    for channels in ((), (0, 5, 17)):
        joints = Joints(Flow(network, [LAYER]))
        tiled = Tiled(joints, [objectives.layer(LAYER, channels)], 32, 1, Gang())
        (gradient,), _ = tiled(picture, random.Random(3))
        direct = reference.layer_gradient(network, LAYER, list(channels) or None)
        expected = reference.tiled_gradient(
            reference.array(picture), direct, random.Random(3), wanted=32
        )
        assert np.abs(reference.array(gradient) - expected).max() < 1e-10 * np.abs(expected).max()


def test_raises_the_objective(network: Network, picture: torch.Tensor) -> None:
    settings = replace(SETTINGS, repeats=0, iterations=3)
    values: list[float] = []
    result = dream.dream(
        picture, network, settings, on_progress=lambda p: values.append(dict(p.losses)["objective"])
    )
    assert values[0] < values[1] < values[2] < objective(result, network)


def test_same_seed_same_picture(network: Network, picture: torch.Tensor) -> None:
    once = dream.dream(picture, network, SETTINGS, seed=1)
    assert torch.equal(once, dream.dream(picture, network, SETTINGS, seed=1))
    assert not torch.equal(once, dream.dream(picture, network, SETTINGS, seed=2))


def test_progress_counts_over_all_levels(network: Network, picture: torch.Tensor) -> None:
    seen = []
    dream.dream(picture, network, SETTINGS, on_progress=seen.append)
    assert [p.iteration for p in seen] == list(range(1, 10))
    assert {p.iterations for p in seen} == {9}


def test_losses_are_fetched_only_when_asked(network: Network, picture: torch.Tensor) -> None:
    progress = next(dream.steps(picture, network, SETTINGS, fetch_losses=lambda: False))
    assert progress.losses == ()


def test_the_input_is_left_alone(network: Network, picture: torch.Tensor) -> None:
    before = picture.clone()
    dream.dream(picture, network, replace(SETTINGS, repeats=0, iterations=1))
    assert torch.equal(picture, before)


@pytest.mark.parametrize("cut", [1, 3, 4, 8])
def test_goes_on_bit_by_bit(network: Network, picture: torch.Tensor, cut: int) -> None:
    """In the middle of a level, and right between two."""
    whole = dream.dream(picture, network, SETTINGS, seed=1)
    first = dream.steps(picture, network, SETTINGS, seed=1, checkpoint=lambda: True)
    state = next(e for e in first if isinstance(e, Checkpoint) and e.iteration == cut)
    rest = dream.steps(picture, network, SETTINGS, seed=1, resume=unpack(state.data))
    seen: list[Event] = []
    assert torch.equal(finish(rest, seen.append), whole)
    assert [event.iteration for event in seen] == list(range(cut + 1, 10))


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_black_and_white_come_out_finite(network: Network, level: float) -> None:
    blank = torch.full((1, 3, 48, 48), level, dtype=torch.float64)
    result = dream.dream(blank, network, replace(SETTINGS, iterations=2))
    assert result.isfinite().all()
    assert result.std() > 1


def test_levels_too_small_for_the_layer_are_left_out(network: Network) -> None:
    small = torch.rand(1, 3, 20, 30, dtype=torch.float64)
    smallest = dream.smallest_side(network, LAYER)
    levels = dream.pyramid(small, replace(SETTINGS, repeats=30), layer=LAYER, smallest=smallest)
    assert 1 < len(levels) < 31
    assert min(levels[-1].shape[2:]) >= smallest
    assert [tuple(level.shape[2:]) for level in levels[:3]] == [(20, 30), (14, 21), (9, 14)]


def test_a_picture_too_small_says_what_it_needs(network: Network) -> None:
    tiny = torch.rand(1, 3, 2, 40, dtype=torch.float64)
    with pytest.raises(ImageError, match=r"40 x 2 px is too small for layer conv3: it needs"):
        dream.dream(tiny, network, SETTINGS)


def test_an_unknown_channel_names_the_known_ones(network: Network, picture: torch.Tensor) -> None:
    with pytest.raises(NetworkError, match=r"layer conv3 has no channel 192: its 192 channels"):
        dream.dream(picture, network, replace(SETTINGS, channels=(3, 192)))


@pytest.mark.weights
@pytest.mark.pictures
def test_googlenet_dreams_of_the_cat(weights_dir: Path, pictures_dir: Path) -> None:
    entry = networks.entry("googlenet")
    loaded = weights.resolve("googlenet", "inception3b", weights_dir=weights_dir)
    network = networks.load(entry, "inception3b", loaded)
    cat = fit(decode((pictures_dir / "chelsea.png").read_bytes()), 160).pixels
    settings = DreamSettings(layer="inception3b", iterations=4, repeats=1)
    result = dream.dream(cat, network, settings)
    before, after = (objective(x.clamp(0, 255), network, "inception3b") for x in (cat, result))
    expected = reference.dream(
        reference.array(cat.double()),
        reference.layer_gradient(network.double(), "inception3b"),
        seed=0,
        iterations=4,
        step_size=3.0,
        tile_size=400,
        repeats=1,
        rescale_factor=0.7,
        blend=0.2,
    )
    formulas = objective(reference.tensor(expected).clamp(0, 255), network, "inception3b")
    assert after > 2 * before
    assert abs(after / formulas - 1) < 0.01
