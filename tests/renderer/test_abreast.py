"""Pictures whose slopes are computed at once are what they are alone, but for rounding."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from renderer import networks, style
from renderer.dream import steps as dream_steps
from renderer.events import Event, Progress
from renderer.settings import DreamSettings, StyleSettings
from renderer.wishes import Granter, Wish

COUNT = 3

SETTINGS = StyleSettings(
    network="vgg16",
    content_layers=("conv1_2",),
    style_layers=("conv1_1", "conv2_1"),
    iterations=3,
)


class Counted(Granter):
    """A granter that tells the sizes of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def _together(self, some: Sequence[Wish]) -> None:
        super()._together(some)
        assert all(wish._found for wish in some) or len(some) == 1
        self.batches.append(len(some))


def driven(
    renderings: Sequence[Generator[Event, Any, Tensor]], granter: Granter
) -> list[tuple[Tensor, list[Progress]]]:
    """What comes of renderings that go on in lockstep, and what each tells on the way."""
    results: dict[int, Tensor] = {}
    told: list[list[Progress]] = [[] for _ in renderings]
    while len(results) < len(renderings):
        wishes = []
        for number, rendering in enumerate(renderings):
            try:
                while number not in results:
                    event = next(rendering)
                    if isinstance(event, Wish):
                        wishes.append(event)
                        break
                    assert isinstance(event, Progress)
                    told[number].append(event)
            except StopIteration as end:
                results[number] = end.value
        granter.grant(wishes)
    return [(results[number], told[number]) for number in range(len(renderings))]


def noise(*size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, 3, *size, dtype=torch.float64, generator=generator)


def check(make: Callable[..., Generator[Event, Any, Tensor]]) -> list[int]:
    """All of it in float64; the sizes of the batches."""
    granter = Counted()
    together = driven([make(number, wishes=True) for number in range(COUNT)], granter)
    alone = [driven([make(number)], Granter())[0] for number in range(COUNT)]
    for (ours, seen), (wanted, expected) in zip(together, alone, strict=True):
        assert (ours - wanted).abs().max() < 1e-10 * 255
        for one, other in zip(seen, expected, strict=True):
            assert dict(one.losses) == pytest.approx(dict(other.losses), rel=1e-10)
    return granter.batches


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam", "lbfgs"])
def test_styles_are_as_they_are_alone(optimizer: str) -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv2_1").double()
    settings = replace(SETTINGS, optimizer=optimizer, min_scale=20, gram="mean")

    def make(number: int, **more: Any) -> Generator[Event, Any, Tensor]:
        painting = noise(20 + number, 17, seed=10 + number)  # each has a style of its own
        content = noise(30, 41, seed=number)
        return style.steps(content, [painting], network, settings, seed=number, **more)

    assert check(make) == [COUNT] * 6  # at two scales


@pytest.mark.parametrize(
    ("name", "layer", "gradient"),
    [
        ("googlenet", "conv3", "tiles"),  # on canvases
        ("googlenet", "conv3", "whole"),
        ("inception5h", "conv2", "tiles"),  # tiles of equal shape side by side
    ],
)
def test_dreams_are_as_they_are_alone(name: str, layer: str, gradient: str) -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry(name), layer).double()
    settings = DreamSettings(
        network=name, layer=layer, iterations=2, repeats=1, tile_size=34, gradient=gradient
    )

    def make(number: int, **more: Any) -> Generator[Event, Any, Tensor]:
        return dream_steps(noise(70, 83, seed=number), network, settings, seed=number, **more)

    assert check(make) == [COUNT] * 4


def test_float32_is_the_same_within_rounding() -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv2_1")
    contents = [noise(30, 41, seed=number).float() for number in range(COUNT)]
    painting = noise(20, 17, seed=9).float()

    def make(number: int, **more: Any) -> Generator[Event, Any, Tensor]:
        return style.steps(contents[number], [painting], network, SETTINGS, seed=number, **more)

    together = driven([make(number, wishes=True) for number in range(COUNT)], Counted())
    for number, (ours, _) in enumerate(together):
        wanted, _ = driven([make(number)], Granter())[0]
        assert (ours - wanted).abs().mean() < 1e-2  # of steps of 10 levels


def test_only_what_is_alike_goes_together() -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv2_1").double()
    sizes = [(30, 41), (30, 41), (41, 30)]
    painting = noise(20, 17, seed=9)
    granter = Counted()
    driven(
        [
            style.steps(noise(*size, seed=1), [painting], network, SETTINGS, wishes=True)
            for size in sizes
        ],
        granter,
    )
    assert granter.batches == [2] * 3


def test_a_picture_in_pieces_goes_alone() -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv2_1").double()
    painting = noise(20, 17, seed=9)
    renderings = [
        style.steps(noise(30, 41, seed=n), [painting], network, SETTINGS, tile_px=20, wishes=True)
        for n in range(2)
    ]
    granter = Counted()
    driven(renderings, granter)
    assert granter.batches == []


def test_what_one_of_a_batch_takes_is_estimated() -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv2_1")
    wishes = []
    for side in (64, 128):
        content = noise(side, side, seed=1).float()
        rendering = style.steps(content, [content], network, SETTINGS, wishes=True)
        wish = next(rendering)
        assert isinstance(wish, Wish)
        wishes.append(wish.each_bytes())
    assert wishes[1] == pytest.approx(4 * wishes[0], rel=0.01)
    assert wishes[0] > 64 * 64 * 4 * (3 + 64 + 64)  # the picture and two layers at least
