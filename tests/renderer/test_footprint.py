"""What pieces take is measured, and pieces are chosen by it."""

from __future__ import annotations

from functools import cache

import torch

from renderer import networks
from renderer.footprint import SMALLEST_TILE_PX, Footprint, fitting_tile, picture_bytes
from renderer.networks.flow import Flow
from renderer.pieces import cores, piece
from renderer.spans import Region

SIZE = (4096, 3000)
WHOLE = Region.whole(SIZE)


@cache
def flow(until: str = "conv2_2", *, double: bool = False) -> Flow:
    torch.manual_seed(0)
    built = networks.build(networks.entry("vgg16"), until)
    return Flow(built.double() if double else built, [until])


def test_what_a_graph_keeps_is_counted() -> None:
    # The picture as the first convolution reads it, and what each ReLU gives: 64 channels twice at
    # full size, a pooled 64 with its indices of 8 bytes, 128 twice at a quarter of the positions.
    kept = 4 * (3 + 64 + 64 + 64 / 4 + 128 / 4 + 128 / 4) + 8 * 64 / 4
    beside = 2 * 4 * 64
    found = Footprint.measured(flow()).field_bytes
    assert kept + beside <= found <= 1.1 * (kept + beside)


def test_twice_the_precision_takes_about_twice_the_memory() -> None:
    single, double = (Footprint.measured(flow(double=d)).field_bytes for d in (False, True))
    assert 1.8 < double / single <= 2


def test_tiles_are_the_largest_that_keep_within_the_budget() -> None:
    for budget in (0.1e9, 0.4e9, 2e9):
        tile_px = fitting_tile(flow(), WHOLE, SIZE, budget)
        assert tile_px is not None
        largest = max(
            Footprint.measured(flow()).piece_bytes(piece(flow(), SIZE, core))
            for core in cores(WHOLE, tile_px)
        )
        assert 0.4 * budget < largest <= budget


def test_what_fits_is_left_whole_and_what_never_fits_is_cut_small() -> None:
    assert fitting_tile(flow(), WHOLE, SIZE, 1e12) is None
    assert fitting_tile(flow(), WHOLE, SIZE, 20e9) is None
    assert fitting_tile(flow(), WHOLE, SIZE, 1e3) == SMALLEST_TILE_PX


def test_optimisers_remember_whole_pictures() -> None:
    plain = picture_bytes((100, 200), "gradient_descent")
    assert plain < picture_bytes((100, 200), "adam") < picture_bytes((100, 200), "lbfgs")
