"""Gradients of dreams: tiles run together are as alone, and pieces make up the whole picture."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from renderer import networks, objectives
from renderer.batches import batches
from renderer.dream import smallest_side
from renderer.gang import Gang
from renderer.losses import standardised
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.networks.joints import Joints
from renderer.networks.mosaic import Mosaic
from renderer.objectives import Objective
from renderer.slopes import Tiled, Whole, dealt
from renderer.tiling import random_tiles

DEEPEST = {
    "googlenet": "inception3a",
    "motifs": "inception4a",
    "vgg16": "conv2_2",
    "squeezenet1_1": "fire3",
    "googlenet_bn": "inception3a",
    "inception5h": "inception3a",
}


@cache
def network(name: str) -> Network:
    """Random weights, in float64, to a layer below some pools."""
    torch.manual_seed(0)
    built = networks.build(networks.entry(name), DEEPEST[name]).double()
    for norm in (m for m in built.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.normal_(norm.bias)  # nothing may rely on zeros that stay zeros
    return built


def aims(name: str) -> list[Objective]:
    """Two objectives: of two layers with weights, and guided."""
    deepest, lower = DEEPEST[name], network(name).layers[1]
    count = networks.channels(networks.entry(name), deepest)
    guide = torch.rand(1, count, 3, 4, dtype=torch.float64, generator=torch.manual_seed(2))
    mixed = objectives.layer(deepest, (0, 3)) - 0.4 * objectives.layer(lower)
    return [mixed, objectives.guided(deepest, guide)]


def picture(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(height + width)
    return 255 * torch.rand(1, 3, height, width, dtype=torch.float64, generator=generator)


def alone(
    name: str, wanted: Sequence[Objective], tile: torch.Tensor
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Each term by itself, straight through the network."""
    slopes, values = [], []
    for one in wanted:
        total = torch.zeros_like(tile)
        for weight, term in one.terms:
            x = tile.clone().requires_grad_()
            value = term.value(network(name).features(x, [term.layer])[term.layer])
            (slope,) = torch.autograd.grad(value, x)
            total += weight * standardised(slope)
            values.append(value.detach())
        slopes.append(total)
    return slopes, torch.stack(values)


@pytest.mark.parametrize("name", DEEPEST)
@examples(max_examples=4)
@given(
    height=st.integers(24, 130),
    width=st.integers(24, 130),
    wanted=st.integers(32, 90),
    seed=st.integers(0, 99),
)
def test_tiles_together_are_as_they_are_alone(
    name: str, height: int, width: int, wanted: int, seed: int
) -> None:
    image, raised = picture(height, width), aims(name)
    smallest = smallest_side(network(name), DEEPEST[name])
    joints = Joints(Flow(network(name), [layer for one in raised for layer in one.layers]))
    found, values = Tiled(joints, raised, wanted, smallest, Gang())(image, random.Random(seed))
    total = torch.zeros_like(values)
    for tile in random_tiles((height, width), wanted, random.Random(seed), smallest=smallest):
        rows, columns = tile.run
        slopes, own = alone(name, raised, image[:, :, rows.slice, columns.slice])
        total += own * tile.area / (height * width)
        for slope, whole in zip(slopes, found, strict=True):
            error = slope[(..., *tile.within)] - whole[(..., *tile.slices)]
            assert error.abs().max() < 1e-12 * slope.abs().max()
    assert (values - total).abs().max() < 1e-12 * total.abs().max()


def test_networks_whose_padding_depends_on_the_size_take_tiles_of_equal_shape() -> None:
    joints = {name: Joints(Flow(network(name), [DEEPEST[name]])) for name in DEEPEST}
    assert [name for name in DEEPEST if not joints[name].fit] == ["inception5h"]
    tiles = list(random_tiles((300, 300), 60, random.Random(0), smallest=16))
    made = batches(tiles, joints["inception5h"], most_px=8 * 60 * 60)
    assert max(len(batch.tiles) for batch in made) == 8
    assert {t for batch in made for t in batch.tiles} == set(tiles)


def canvases(mosaic: Mosaic | None) -> list[tuple[int, int]]:
    """The sizes of the canvases that tiles run through."""
    return [] if mosaic is None else [mosaic.size, *canvases(mosaic.then)]


def test_all_cuts_of_a_picture_have_the_same_canvases() -> None:
    joints = Joints(Flow(network("googlenet"), [DEEPEST["googlenet"]]))
    for size in ((300, 300), (610, 450), (200, 900)):
        shapes = set()
        for seed in range(20):
            tiles = list(random_tiles(size, 120, random.Random(seed), smallest=16))
            made = batches(tiles, joints, most_px=2**16)
            assert {t for batch in made for t in batch.tiles} == set(tiles)
            shapes.add(tuple(size for batch in made for size in canvases(batch.mosaic)))
        assert len(shapes) == 1


def test_gaps_are_no_wider_than_windows_need() -> None:
    # conv1 pads 3 px and has a stride of 2: 3 px between tiles, up to the next even number.
    joints = Joints(Flow(network("googlenet"), ["conv1"]))
    assert joints.units == (2, 2)
    mosaic = Mosaic.of(joints, [(10, [7, 20]), (16, [9])])
    tops = [place.rows.start for place in mosaic.places]
    assert tops == [0, 0, 14]
    assert [place.columns.start for place in mosaic.places] == [0, 10, 0]


@pytest.mark.parametrize("name", DEEPEST)
@examples(max_examples=3)
@given(
    height=st.integers(30, 110),
    width=st.integers(30, 110),
    tile_px=st.integers(24, 80),
)
def test_a_whole_picture_in_pieces_is_as_in_one(
    name: str, height: int, width: int, tile_px: int
) -> None:
    image, raised = picture(height, width), aims(name)
    flow = Flow(network(name), [layer for one in raised for layer in one.layers])
    expected, scores = alone(name, raised, image)
    for tile in (None, tile_px):
        found, values = Whole(flow, raised, tile, Gang())(image, random.Random())
        assert (values - scores).abs().max() < 1e-12 * scores.abs().max()
        for slope, direct in zip(found, expected, strict=True):
            assert (slope - direct).abs().max() < 1e-10 * direct.abs().max()


def test_members_of_a_gang_share_the_tiles() -> None:
    tiles = list(random_tiles((300, 500), 60, random.Random(0), smallest=16))
    for count in (1, 2, 3, 5, 100):
        gangs = [Gang() for _ in range(count)]
        for rank, gang in enumerate(gangs):
            gang.count, gang.rank = count, rank
        shares = [dealt(tiles, gang) for gang in gangs]
        assert [tile for share in shares for tile in share] == tiles
        if count <= 5:
            areas = [sum(tile.area for tile in share) for share in shares]
            assert max(areas) - min(areas) <= 2 * 60 * 60
