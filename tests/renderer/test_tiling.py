"""Random tiles cover every pixel once and are never too small to run."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.tiling import Span, random_tiles, tile_side


@pytest.mark.parametrize(
    ("length", "wanted", "side"),
    [
        (400, 400, 400),
        (300, 400, 300),
        (599, 400, 599),
        (601, 400, 301),
        (1000, 400, 500),
        (1, 400, 1),
    ],
)
def test_tile_side(length: int, wanted: int, side: int) -> None:
    assert tile_side(length, wanted) == side


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    wanted=st.integers(1, 200),
    smallest=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_tiles_cover_every_pixel_once(
    height: int, width: int, wanted: int, smallest: int, seed: int
) -> None:
    covered = np.zeros((height, width), int)
    for tile in random_tiles((height, width), wanted, random.Random(seed), smallest=smallest):
        (rows, columns), (run_rows, run_columns) = tile.own, tile.run
        covered[rows.slice, columns.slice] += 1
        for own, run, length in ((rows, run_rows, height), (columns, run_columns, width)):
            assert 0 <= run.start <= own.start < own.stop <= run.stop <= length
            assert run.length >= min(smallest, length)
            assert run == own or run.length == min(smallest, length)
    assert (covered == 1).all()


def test_starts_move_with_the_random_numbers() -> None:
    def edges(seed: int) -> list[Span]:
        tiles = random_tiles((100, 100), 50, random.Random(seed), smallest=1)
        return [tile.own[0] for tile in tiles]

    assert edges(1) == edges(1)
    assert edges(1) != edges(2)


def test_within_is_relative_to_the_outer_span() -> None:
    assert Span(7, 9).within(Span(5, 10)) == slice(2, 4)
