"""Coarse to fine: which sizes, how long, what is carried from one to the next, and resuming."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from renderer import networks, style
from renderer.checkpoints import unpack
from renderer.events import Artefact, Checkpoint, Event, Progress, finish
from renderer.making import Making
from renderer.networks import Network
from renderer.optimizers import OPTIMIZERS, Adam
from renderer.scales import SHORTEST_PX, scales
from renderer.settings import FrameSettings, StyleSettings

SETTINGS = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=("conv1_1", "conv2_1"),
    iterations=2,
    initial_iterations=3,
    min_scale=20,
)
TOTAL = 7  # 3 at 22 x 16 px, and 2 at 31 x 23 and 44 x 32 each


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry("vgg16"), "conv2_1").double()


def picture(height: int, width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, 3, height, width, dtype=torch.float64, generator=generator)


def rendering(
    network: Network, settings: StyleSettings, **more: Any
) -> Generator[Event, None, Tensor]:
    more = {"seed": 3, **more}
    return style.steps(picture(32, 44, 1), [picture(30, 40, 2)], network, settings, **more)


def test_scales_go_up_to_the_picture_by_the_square_root_of_two() -> None:
    settings = StyleSettings(min_scale=128, iterations=100, initial_iterations=300)
    found = scales(settings, (384, 512))
    assert [scale.size for scale in found] == [
        (96, 128),
        (136, 181),
        (192, 256),
        (272, 362),
        (384, 512),
    ]
    assert [scale.before for scale in found] == [0, 300, 400, 500, 600]
    assert found[-1].until == 700


def test_a_style_picture_keeps_its_proportion_to_the_picture() -> None:
    size, painting = (384, 512), (900, 600)
    settings = StyleSettings(min_scale=256, scale_factor=2, style_max_size=300)
    assert [scale.longest(settings, painting) for scale in scales(settings, size)] == [150, 300]
    assert [scale.longest(settings, (50, 80)) for scale in scales(settings, size)] == [40, 80]
    whole = replace(settings, style_max_size=None)
    assert [scale.longest(whole, painting) for scale in scales(whole, size)] == [450, 900]
    shared = replace(settings, style_scale=0.75)
    assert [scale.longest(shared, painting) for scale in scales(shared, size)] == [192, 384]


@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    smallest=st.integers(16, 400),
    factor=st.floats(1.05, 4),
)
def test_scales_grow_to_the_picture_and_begin_where_asked(
    size: tuple[int, int], smallest: int, factor: float
) -> None:
    settings = StyleSettings(min_scale=smallest, scale_factor=factor)
    sizes = [scale.size for scale in scales(settings, size)]
    assert sizes[-1] == size
    assert all(max(a) <= max(b) and min(a) <= min(b) for a, b in pairwise(sizes))
    assert all(max(one) >= smallest and min(one) >= SHORTEST_PX for one in sizes[:-1])
    first = sizes[0]
    assert max(first) < smallest * factor + 1 or min(first) < SHORTEST_PX * factor + 1


def test_without_a_smallest_scale_the_picture_s_own_is_the_only_one() -> None:
    (only,) = scales(StyleSettings(initial_iterations=9), (384, 512))
    assert (only.size, only.before, only.until) == ((384, 512), 0, 120)


def test_steps_count_over_all_scales_and_pictures_of_the_making_are_of_one_size(
    network: Network,
) -> None:
    making = Making(FrameSettings(every=3), (32, 44))
    events = list(rendering(network, SETTINGS, frames=making))
    told = [event for event in events if isinstance(event, Progress)]
    assert [(p.iteration, p.iterations) for p in told] == [(i, TOTAL) for i in range(1, TOTAL + 1)]
    kept = [event.name for event in events if isinstance(event, Artefact)]
    assert kept == FrameSettings(every=3).names(TOTAL, TOTAL)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_goes_on_bit_by_bit_from_every_iteration(network: Network, name: str) -> None:
    settings = replace(SETTINGS, optimizer=name)
    whole = finish(rendering(network, settings))
    kept = [
        event
        for event in rendering(network, settings, checkpoint=lambda: True)
        if isinstance(event, Checkpoint)
    ]
    assert [checkpoint.iteration for checkpoint in kept] == list(range(1, TOTAL + 1))
    for checkpoint in kept:
        rest = rendering(network, settings, resume=unpack(checkpoint.data))
        assert torch.equal(finish(rest), whole)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tiles_come_to_what_the_whole_comes_to(network: Network, name: str) -> None:
    settings = replace(SETTINGS, optimizer=name)
    whole, tiled = (finish(rendering(network, settings, tile_px=px)) for px in (None, 15))
    assert (tiled - whole).abs().max() < 1e-8


def test_a_start_is_made_to_fit_the_smallest_scale(network: Network) -> None:
    settings = replace(SETTINGS, start="content", weight_style=0.0, weight_denoise=0.0)
    first = next(rendering(network, settings))
    assert dict(first.losses)["content"] == 0
    given = next(rendering(network, replace(settings, start="noise"), start=picture(32, 44, 1)))
    assert dict(given.losses)["content"] == 0


def test_moments_grow_with_the_picture() -> None:
    adam = Adam(1.0)
    for _ in range(5):
        adam.step(torch.full((1, 3, 6, 8), 9.0), torch.full((1, 3, 6, 8), 0.25))
    before = adam.state()
    grown = Adam.grown(before, (9, 12))
    assert {name: tuple(tensor.shape) for name, tensor in grown.items()} == {
        "mean": (1, 3, 9, 12),
        "square": (1, 3, 9, 12),
        "count": (),
    }
    for name in ("mean", "square"):
        value = before[name].flatten()[0]
        torch.testing.assert_close(grown[name], value.expand(1, 3, 9, 12))


@given(seed=st.integers(0, 1000))
def test_second_moments_stay_nonnegative(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    square = torch.rand(1, 3, 7, 5, generator=generator) ** 8  # near zero beside near one
    state = {"mean": square, "square": square, "count": torch.tensor(3)}
    assert Adam.grown(state, (11, 9))["square"].min() >= 0
