"""What would be rendered on a GPU: the same picture, with nothing fetched or sent in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from renderer import ascent, dream, networks, style
from renderer.events import finish
from renderer.networks import Network
from renderer.settings import AtlasSettings, DreamSettings, StyleSettings
from renderer.wishes import Granter
from tests.renderer import elsewhere
from tests.renderer.elsewhere import Watch
from tests.renderer.test_abreast import driven, noise

STYLE = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=("conv1_1", "conv1_2", "conv2_1"),
    iterations=4,
)
DREAM = DreamSettings(network="googlenet", layer="inception3a", iterations=3, repeats=1)
FETCH = "aten._local_scalar_dense.default"
Make = Callable[[Callable[[Tensor], Tensor], Network], Generator[Any, Any, Tensor]]


@pytest.fixture
def watch() -> Iterator[Watch]:
    with elsewhere.watched() as found:
        yield found


def built(name: str, until: str) -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry(name), until).double()


def check(make: Make, name: str, until: str, watch: Watch, *, first: int) -> Mapping[str, int]:
    """What goes to or fro in the steps after the ``first``, of a rendering that is done twice."""
    here = make(lambda tensor: tensor, built(name, until))
    there = make(lambda tensor: tensor.to(elsewhere.DEVICE), elsewhere.sent(built(name, until)))
    wanted = finish(here)
    for _ in range(first):
        next(there)
    watch.traffic.clear()
    found = finish(there)
    assert (elsewhere.back(found) - wanted).abs().max() < 1e-10 * 255
    return Counter(watch.traffic)


@pytest.mark.parametrize("tile_px", [None, 16])
@pytest.mark.parametrize(
    ("optimizer", "fetches"), [("gradient_descent", 0), ("adam", 0), ("lbfgs", 3)]
)
def test_a_style_is_moved_there(
    optimizer: str, fetches: int, tile_px: int | None, watch: Watch
) -> None:
    settings = replace(STYLE, optimizer=optimizer)

    def make(there: Callable[[Tensor], Tensor], network: Network) -> Generator[Any, Any, Tensor]:
        content, painting = there(noise(30, 41, seed=1)), there(noise(25, 36, seed=2))
        given = {"fetch_losses": lambda: False, "tile_px": tile_px}
        return style.steps(content, [painting], network, settings, **given)

    traffic = check(make, "vgg16", "conv2_1", watch, first=1)
    assert traffic == ({FETCH: fetches} if fetches else {})  # whether a pair is worth keeping


def test_a_style_is_moved_there_in_bfloat16(watch: Watch) -> None:
    exact, rounded = (replace(STYLE, precision=name) for name in ("float32", "bfloat16"))
    network = built("vgg16", "conv2_1").float()
    pictures = [noise(30, 41, seed=1).float(), noise(25, 36, seed=2).float()]
    wanted, here = (style.transfer(pictures[0], pictures[1:], network, s) for s in (exact, rounded))
    pictures = [picture.to(elsewhere.DEVICE) for picture in pictures]
    far = style.transfer(pictures[0], pictures[1:], elsewhere.sent(network), rounded)
    off, usual = ((one - wanted).abs().mean() for one in (elsewhere.back(far), here))
    assert 0 < off < 2 * usual


@pytest.mark.parametrize("channels", [(), (5, 17)])
@pytest.mark.parametrize("gradient", ["tiles", "whole"])
def test_a_dream_is_dreamed_there(gradient: str, channels: tuple[int, ...], watch: Watch) -> None:
    settings = replace(DREAM, gradient=gradient, tile_size=50, channels=channels)

    def make(there: Callable[[Tensor], Tensor], network: Network) -> Generator[Any, Any, Tensor]:
        picture = there(noise(70, 90, seed=1))
        return dream.steps(picture, network, settings, fetch_losses=lambda: False)

    check(make, "googlenet", "inception3a", watch, first=0)  # sends the kernels of each step
    assert check(make, "googlenet", "inception3a", watch, first=1) == {}


@pytest.mark.parametrize("kind", ["style", "tiles", "whole"])
def test_a_batch_is_rendered_there(kind: str, watch: Watch) -> None:
    name, until = ("vgg16", "conv2_1") if kind == "style" else ("googlenet", "inception3a")

    def rendered(there: Callable[[Tensor], Tensor], network: Network) -> list[Tensor]:
        given: dict[str, Any] = {"fetch_losses": lambda: False, "wishes": True}
        pictures = [there(noise(40, 50, seed=seed)) for seed in range(3)]
        if kind == "style":
            makes = [style.steps(p, [pictures[0]], network, STYLE, **given) for p in pictures]
        else:
            how = replace(DREAM, gradient=kind, tile_size=50)
            makes = [dream.steps(p, network, how, **given) for p in pictures]
        return [found for found, _ in driven(makes, Granter())]

    network = built(name, until)
    wanted = rendered(lambda tensor: tensor, network)
    found = rendered(lambda tensor: tensor.to(elsewhere.DEVICE), elsewhere.sent(network))
    for ours, alone in zip(found, wanted, strict=True):
        assert (elsewhere.back(ours) - alone).abs().max() < 1e-10 * 255


def test_an_atlas_is_climbed_there(watch: Watch) -> None:
    settings = AtlasSettings(network="googlenet", layer="conv2", channels=(0, 3), images=2, size=32)
    network = built("googlenet", "conv2")

    def gradient(network: Network) -> Tensor:
        slope = ascent.Slope.of(network, settings, seed=5)
        return slope.gradient(slope.start([0, 3]), [0, 3], step=0)[0]

    wanted, found = gradient(network), elsewhere.back(gradient(elsewhere.sent(network)))
    assert (found - wanted).abs().max() < 1e-10 * wanted.abs().max()
