"""What pieces take is measured, and pieces are chosen by it."""

from __future__ import annotations

from functools import cache

import torch

from renderer import networks
from renderer.footprint import (
    BESIDE,
    BETWEEN,
    SECOND_RUN,
    SMALLEST_TILE_PX,
    Footprint,
    Layouts,
    room,
    surely_fits,
)
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.pieces import cores, piece
from renderer.settings import StyleSettings
from renderer.spans import Region

SIZE = (4096, 3000)
WHOLE = Region.whole(SIZE)
SETTINGS = StyleSettings(content_layers=("conv2_2",), style_layers=("conv2_2",))


@cache
def network(until: str = "conv2_2", *, name: str = "vgg16", double: bool = False) -> Network:
    torch.manual_seed(0)
    built = networks.build(networks.entry(name), until)
    return built.double() if double else built


def flow(*, double: bool = False) -> Flow:
    return Flow(network(double=double), ["conv2_2"])


@cache
def layouts(optimizer: str = "gradient_descent", shards: int = 1) -> Layouts:
    settings = StyleSettings(
        content_layers=("conv2_2",), style_layers=("conv2_2",), optimizer=optimizer
    )
    return Layouts(flow(), settings, SIZE, shards)


def test_what_a_graph_keeps_is_counted() -> None:
    # What each ReLU gives: 64 channels twice at full size, 128 twice at a quarter of the positions;
    # and the indices of a pool of 64, of 8 bytes.
    kept = 4 * (64 + 64 + 128 / 4 + 128 / 4) + 8 * 64 / 4
    beside = BESIDE * 4 * 64
    found = Footprint.measured(flow()).field_bytes
    assert kept + beside <= found <= 1.1 * (kept + beside)


def test_twice_the_precision_takes_about_twice_the_memory() -> None:
    single, double = (Footprint.measured(flow(double=d)).field_bytes for d in (False, True))
    assert 1.8 < double / single <= 2.1  # float32 multiplies without keeping what it reads


def test_an_arrangement_counts_what_grows_with_the_tile_and_what_with_the_picture() -> None:
    pixels, whole, tiled = SIZE[0] * SIZE[1], layouts().at(None), layouts().at(1000)
    assert (whole.pieces, whole.runs, whole.lap_px) == (1, 1, 0)
    assert tiled.pieces == 5 * 3
    # conv2_2 reads 14 px, but a pool begins at even ones; and the variation reads a pixel more
    assert 12 <= tiled.lap_px <= 16
    assert 1 + SECOND_RUN * 14 / 15 < tiled.runs < 1.05 * (1 + SECOND_RUN)
    assert tiled.pageable_bytes == 4 * 128 / 4 * pixels
    largest = BETWEEN["cpu"] * max(
        Footprint.measured(flow()).piece_bytes(piece(flow(), SIZE, core))
        for core in cores(WHOLE, 1000)
    )
    assert largest < tiled.least_bytes < largest + 6 * 12 * pixels
    assert layouts("adam").at(1000).least_bytes > tiled.least_bytes
    history = layouts("lbfgs").at(1000).pageable_bytes - tiled.pageable_bytes
    assert history == 20 * 12 * pixels


def test_arrangements_keep_within_the_budget_and_use_it() -> None:
    runs = []
    for budget in (0.8e9, 1.5e9, 4e9, 16e9, 64e9):
        found = layouts().best(budget)
        assert found.least_bytes <= budget
        runs.append(found.runs)
    assert runs == sorted(runs, reverse=True)  # the more memory, the less is run
    assert runs[-1] == 1
    assert layouts().best(64e9).tile_px is None


def test_what_is_left_of_a_budget_keeps_graphs() -> None:
    one = layouts().at(512)
    each = layouts().at(512, 2).bytes - one.bytes
    found = layouts().best(one.least_bytes + 20.5 * each)
    assert found.graphs > 1
    assert found.runs <= layouts().at(512, 21).runs
    assert layouts().at(512, 10**6).graphs == one.pieces


def test_where_nothing_fits_tiles_are_the_smallest_that_make_sense() -> None:
    assert layouts().best(1e3).tile_px == SMALLEST_TILE_PX
    # Those of a deep layer lap over farther than 64 px.
    settings = StyleSettings(
        network="motifs", content_layers=("inception4c",), style_layers=("inception4c",)
    )
    deep = Layouts.of(network("inception4c", name="motifs"), settings, (1024, 1024)).best(1e3)
    assert deep.tile_px is not None
    assert deep.lap_px <= deep.tile_px


def test_more_workers_take_less_each() -> None:
    alone, four = layouts().at(None), layouts(shards=4).at(None)
    assert 0.25 < four.bytes / alone.bytes < 0.3
    assert four.pieces == 1
    assert four.runs > 1  # they lap over


def test_what_surely_fits_does() -> None:
    assert not surely_fits(SETTINGS, SIZE, 64e9)
    assert layouts().best(64e9).tile_px is None  # though it would
    assert surely_fits(SETTINGS, SIZE, 128e9)


def test_room_is_what_is_left() -> None:
    one = layouts().at(512)
    assert room(one, {"cpu": one.least_bytes + 5})["cpu"] == 5
    assert room(one, {"cpu": 0})["cpu"] == 0
