"""Style transfer: agrees with the formulas written down directly, and moves as the report says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from renderer import networks, style, targets
from renderer.checkpoints import unpack
from renderer.errors import SettingError
from renderer.events import Checkpoint, Progress, finish
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.optimizers import OPTIMIZERS
from renderer.settings import StyleSettings
from tests.renderer import reference

SETTINGS = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
    iterations=4,
)


@pytest.fixture(scope="module")
def network() -> Network:
    """VGG-16's first two blocks with random weights, in float64."""
    torch.manual_seed(0)
    return networks.build(networks.entry("vgg16"), "conv2_2").double()


@pytest.fixture(scope="module")
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.manual_seed(1)
    content = 255 * torch.rand(1, 3, 30, 41, dtype=torch.float64, generator=generator)
    painting = 255 * torch.rand(1, 3, 25, 36, dtype=torch.float64, generator=generator) ** 2
    return content, painting


def grams_of(
    network: Network, styles: list[torch.Tensor], settings: StyleSettings
) -> dict[str, torch.Tensor]:
    """The Gram matrices that a picture is compared with."""
    return targets.blended_grams(Flow(network, settings.style_layers), styles, settings)


def test_agrees_with_the_formulas(
    network: Network, pictures: tuple[torch.Tensor, torch.Tensor]
) -> None:
    content, painting = pictures
    image = reference.array(style.start_image(content, SETTINGS, seed=3))
    losses = []
    for _ in range(SETTINGS.iterations):
        image, values = reference.style_step(
            image,
            reference.array(content),
            reference.array(painting),
            network,
            content_layers=["conv2_1"],
            style_layers=list(SETTINGS.style_layers),
            weights=(1.5, 10.0, 0.3),
            step_size=10.0,
        )
        losses.append(values)
    seen: list[tuple[float, ...]] = []
    result = style.transfer(
        content,
        [painting],
        network,
        SETTINGS,
        seed=3,
        on_progress=lambda p: seen.append(tuple(dict(p.losses).values())),
    )
    assert np.abs(reference.array(result) - image).max() < 1e-10 * 255
    np.testing.assert_allclose(seen, losses, rtol=1e-10)


def test_starts_from_grey_noise_or_from_the_content(
    pictures: tuple[torch.Tensor, torch.Tensor],
) -> None:
    content, _ = pictures
    noise = style.start_image(content, SETTINGS, seed=3)
    assert noise.shape == content.shape
    assert noise.min() >= 128
    assert noise.max() < 129
    assert torch.equal(noise, style.start_image(content, SETTINGS, seed=3))
    assert not torch.equal(noise, style.start_image(content, SETTINGS, seed=4))
    assert torch.equal(
        style.start_image(content, replace(SETTINGS, start="content"), seed=3), content
    )


def test_losses_fall(network: Network, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, painting = pictures
    settings = replace(SETTINGS, iterations=20, step_size=3.0, weight_denoise=0.0)
    seen: list[dict[str, float]] = []
    style.transfer(
        content, [painting], network, settings, on_progress=lambda p: seen.append(dict(p.losses))
    )
    assert seen[-1]["style"] < 0.3 * seen[0]["style"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_goes_on_bit_by_bit(
    network: Network, pictures: tuple[torch.Tensor, torch.Tensor], name: str
) -> None:
    content, painting = pictures
    settings = replace(SETTINGS, optimizer=name, iterations=6)
    whole = style.transfer(content, [painting], network, settings, seed=1)
    for cut in (1, 4):
        first = style.steps(content, [painting], network, settings, checkpoint=lambda: True, seed=1)
        state = next(e for e in first if isinstance(e, Checkpoint) and e.iteration == cut)
        rest = style.steps(content, [painting], network, settings, resume=unpack(state.data))
        assert torch.equal(finish(rest), whole)


@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_other_optimizers_lower_the_losses_too(
    network: Network, pictures: tuple[torch.Tensor, torch.Tensor], name: str
) -> None:
    content, painting = pictures
    settings = replace(SETTINGS, optimizer=name, iterations=20, weight_denoise=0.0)
    seen: list[dict[str, float]] = []
    style.transfer(
        content, [painting], network, settings, on_progress=lambda p: seen.append(dict(p.losses))
    )
    assert seen[-1]["style"] < 0.3 * seen[0]["style"]
    assert seen[-1]["content"] < seen[0]["content"]


def test_stays_a_picture(network: Network, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, painting = pictures
    result = style.transfer(content, [painting], network, replace(SETTINGS, step_size=200.0))
    assert result.min() >= 0
    assert result.max() <= 255


def test_blending_one_style_with_itself_changes_nothing(
    network: Network, pictures: tuple[torch.Tensor, torch.Tensor]
) -> None:
    once = grams_of(network, [pictures[1]], SETTINGS)
    twice = grams_of(network, [pictures[1], pictures[1]], SETTINGS)
    for name, gram in once.items():
        torch.testing.assert_close(twice[name], gram)


def test_shares_follow_the_weights() -> None:
    assert targets.shares(SETTINGS, 2) == (0.5, 0.5)
    assert targets.shares(replace(SETTINGS, style_weights=(1.0, 3.0)), 2) == (0.25, 0.75)
    for weights, count in (((1.0,), 2), ((0.0, 0.0), 2)):
        with pytest.raises(SettingError, match="style_weights"):
            targets.shares(replace(SETTINGS, style_weights=weights), count)


def test_a_large_style_picture_is_shrunk(
    network: Network, pictures: tuple[torch.Tensor, torch.Tensor]
) -> None:
    def loss(limit: int | None) -> float:
        settings = replace(SETTINGS, style_max_size=limit, start="content", iterations=1)
        first = next(style.steps(pictures[1], [pictures[1]], network, settings))
        assert isinstance(first, Progress)
        return dict(first.losses)["style"]

    assert loss(None) == loss(300) == 0  # the content is the style
    assert loss(18) > 1e3


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_steps_wait_for_the_device_only_where_losses_are_wanted(
    name: str,
    network: Network,
    pictures: tuple[torch.Tensor, torch.Tensor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content, painting = pictures
    wanted = iter([False, False, True])
    settings = replace(SETTINGS, optimizer=name)
    steps = style.steps(content, [painting], network, settings, fetch_losses=lambda: next(wanted))
    next(steps)  # targets are made, and kept under what is in them

    def fetched(tensor: torch.Tensor, *given: object) -> None:
        raise AssertionError("a value was fetched")

    for method in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, method, fetched)
    next(steps)
    with pytest.raises(AssertionError, match="a value was fetched"):
        next(steps)
