"""Pictures of the making: which are kept, of which size, and that resuming changes none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from renderer import checkpoints, dream, images, networks, style
from renderer.errors import ImageError, SettingError
from renderer.events import Artefact, Checkpoint, Event, finish
from renderer.images import Picture
from renderer.making import Making, narrowed
from renderer.networks import Network
from renderer.settings import DreamSettings, FrameSettings, StyleSettings


def kept(making: Making, total: int) -> list[str]:
    image = torch.zeros(1, 3, 4, 6)
    return [a.name for i in range(total + 1) for a in making.at(i, total, image)]


@pytest.mark.parametrize(
    ("every", "total", "expected"),
    [(10, 25, [0, 10, 20, 25]), (1, 3, [0, 1, 2, 3]), (9, 3, [0, 3]), (5, 10, [0, 5, 10])],
)
def test_the_first_the_last_and_every_so_manieth_is_kept(
    every: int, total: int, expected: list[int]
) -> None:
    settings = FrameSettings(every=every)
    names = kept(Making(settings, (4, 6)), total)
    assert names == [f"iteration-{i:05d}.png" for i in expected] == settings.names(total, total)
    assert settings.among([f"a/{name}" for name in reversed(names)]) == [f"a/{n}" for n in names]


def test_names_until_a_checkpoint_are_those_that_came_before_it() -> None:
    assert FrameSettings(every=10).names(19, 25) == ["iteration-00000.png", "iteration-00010.png"]


def test_of_more_pictures_than_are_wanted_those_wanted_are_taken() -> None:
    files = [FrameSettings.name(i) for i in (0, 5, 10, 15, 20, 23)]
    taken = FrameSettings(every=10).among([*files, "losses.csv", "iteration-1.png", "x.png"])
    assert taken == [FrameSettings.name(i) for i in (0, 10, 20, 23)]
    assert FrameSettings().among(["losses.csv"]) == []


def test_pictures_are_of_the_results_size_and_no_wider_than_asked() -> None:
    def size(making: Making, height: int, width: int) -> tuple[int, int]:
        (artefact,) = making.at(0, 1, torch.zeros(1, 3, height, width))
        return images.decode(artefact.data).size

    whole = Making(FrameSettings(), (40, 60))
    assert {size(whole, 40, 60), size(whole, 20, 30)} == {(40, 60)}  # a dream's smaller sizes
    assert size(Making(FrameSettings(width=30), (40, 60)), 40, 60) == (20, 30)
    assert size(Making(FrameSettings(width=90), (40, 60)), 40, 60) == (40, 60)
    assert narrowed((7, 1000), 10) == (1, 10)


def test_the_alpha_is_that_of_the_result() -> None:
    alpha = torch.zeros(1, 1, 4, 8)
    alpha[..., 4:] = 255
    (artefact,) = Making(FrameSettings(), (4, 8), alpha).at(0, 1, torch.zeros(1, 3, 2, 4))
    found = images.decode(artefact.data).alpha
    assert found is not None
    assert torch.equal(found, alpha)
    (artefact,) = Making(FrameSettings(width=4), (4, 8), alpha).at(0, 1, torch.zeros(1, 3, 4, 8))
    assert images.decode(artefact.data).alpha is not None


def test_what_is_no_number_is_an_error() -> None:
    with pytest.raises(ImageError, match="not numbers"):
        list(Making(FrameSettings(), (4, 4)).at(0, 1, torch.full((1, 3, 4, 4), torch.nan)))


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="every"):
        FrameSettings(every=0)


@pytest.fixture(scope="module")
def network() -> Network:
    """Two layers of GoogLeNet, drawn at random."""
    torch.manual_seed(1)
    return networks.build(networks.entry("googlenet"), "conv2").eval().requires_grad_(False)


def dreamed(network: Network, **more: object) -> list[Event]:
    settings = DreamSettings(layer="conv2", iterations=4, repeats=1)
    image = torch.linspace(0, 255, 3 * 40 * 40).reshape(1, 3, 40, 40)
    return list(dream.steps(image, network, settings, seed=3, **more))  # type: ignore[arg-type]


def styled(network: Network, **more: object) -> list[Event]:
    settings = StyleSettings(content_layers=("conv2",), style_layers=("conv1",), iterations=8)
    image = torch.linspace(0, 255, 3 * 40 * 40).reshape(1, 3, 40, 40)
    steps = style.steps(image, [image.flip(3)], network, settings, seed=3, **more)  # type: ignore[arg-type]
    return list(steps)


@pytest.mark.parametrize("run", [dreamed, styled])
def test_a_resumed_run_lacks_no_picture_and_changes_none(
    network: Network, run: Callable[..., list[Event]]
) -> None:
    def making() -> Making:
        return Making(FrameSettings(every=3), (40, 40))

    due = iter([False] * 4 + [True] + [False] * 9)
    whole = run(network, frames=making(), checkpoint=lambda: next(due))
    pictures = {a.name: a.data for a in whole if isinstance(a, Artefact)}
    assert list(pictures) == FrameSettings(every=3).names(8, 8)
    assert all(images.decode(data).size == (40, 40) for data in pictures.values())
    (cut,) = (event for event in whole if isinstance(event, Checkpoint))
    before = [event.name for event in whole[: whole.index(cut)] if isinstance(event, Artefact)]
    assert before == FrameSettings(every=3).names(cut.iteration)
    rest = run(network, frames=making(), resume=checkpoints.unpack(cut.data))
    after = {a.name: a.data for a in rest if isinstance(a, Artefact)}
    assert before + list(after) == list(pictures)
    assert all(pictures[name] == data for name, data in after.items())


def test_the_last_picture_is_the_result(network: Network) -> None:
    settings = DreamSettings(layer="conv2", iterations=2, repeats=0)
    image = torch.full((1, 3, 40, 40), 90.0)
    told: list[Event] = []
    steps = dream.steps(image, network, settings, frames=Making(FrameSettings(), (40, 40)))
    result = finish(steps, told.append)
    assert told[-1] == Artefact("iteration-00002.png", images.encode(Picture(result)))
