"""A grid shows every picture in its column and row, and what was varied at its edges."""

from __future__ import annotations

import pytest
import torch

from renderer.animation import Frame
from renderer.errors import AnimationError
from renderer.grids import Axis, Heading, Place, grid
from renderer.images import Picture
from renderer.settings import GridSettings
from tests.renderer.test_sheets import BLUE, GREEN, RED, area_of, cell, middle_of

WHITE = (255.0, 255.0, 255.0)
SMALL = GridSettings(thumbnail=60)


def axis(name: str, *texts: str) -> Axis:
    return Axis(name, tuple(Heading(text) for text in texts))


def cells(*colours: tuple[tuple[float, float, float], Place]) -> dict[Place, Frame]:
    return {place: cell(colour, (40, 40)) for colour, place in colours}


def test_the_first_axis_runs_across_and_the_second_down() -> None:
    placed = cells((RED, (0, 0)), (GREEN, (1, 0)), (BLUE, (1, 1)))
    found = grid(placed, [axis("x", "1", "2"), axis("y", "3", "4")], SMALL)
    red, green, blue = (middle_of(found, colour) for colour in (RED, GREEN, BLUE))
    assert red[0] == green[0] < blue[0]
    assert red[1] < green[1] == blue[1]


def test_a_cell_without_a_picture_stays_empty() -> None:
    axes = [axis("x", "1", "2"), axis("y", "3", "4")]
    whole = grid(cells(*((RED, (x, y)) for x in (0, 1) for y in (0, 1))), axes, SMALL)
    lacking = grid(cells(*((RED, p) for p in ((0, 0), (1, 0), (0, 1)))), axes, SMALL)
    assert lacking.size == whole.size
    assert area_of(lacking, RED) == 3 * 60 * 60
    assert area_of(whole, RED) == 4 * 60 * 60


def test_one_axis_is_a_row() -> None:
    placed = cells((RED, (0,)), (GREEN, (1,)), (BLUE, (2,)))
    found = grid(placed, [axis("x", "1", "2", "3")], SMALL)
    red, green, blue = (middle_of(found, colour) for colour in (RED, GREEN, BLUE))
    assert red[0] == green[0] == blue[0]
    assert red[1] < green[1] < blue[1]


def test_a_long_axis_goes_on_below() -> None:
    placed = {(n,): cell(BLUE if n == 15 else RED, (40, 40)) for n in range(24)}
    found = grid(placed, [axis("x", *map(str, range(24)))], GridSettings(thumbnail=16))
    wide = found.size[1]
    assert wide < 24 * 16
    first = grid({(0,): placed[0,]}, [axis("x", *map(str, range(12)))], GridSettings(thumbnail=16))
    assert wide == first.size[1]
    assert middle_of(found, BLUE)[0] > middle_of(first, RED)[0]


def test_more_axes_make_blocks_with_headings() -> None:
    axes = [axis("x", "1", "2"), axis("y", "1"), axis("z", "a", "b"), axis("w", "c", "d")]
    placed = cells(
        (RED, (0, 0, 0, 0)), (GREEN, (1, 0, 0, 0)), (BLUE, (0, 0, 1, 1)), (WHITE, (0, 0, 0, 1))
    )
    found = grid(placed, axes, SMALL)
    red, green, blue = (middle_of(found, colour) for colour in (RED, GREEN, BLUE))
    assert red[0] == green[0]
    assert red[1] < green[1]
    assert blue[0] > red[0] or blue[1] > green[1]
    flat = grid(cells((RED, (0, 0)), (GREEN, (1, 0))), axes[:2], SMALL)
    assert found.size[0] * found.size[1] > 4 * (flat.size[0] - 60) * (flat.size[1] - 60)


def test_without_an_axis_there_is_one_picture() -> None:
    assert area_of(grid({(): cell(RED, (40, 40))}, [], SMALL), RED) == 60 * 60


def test_headings_and_titles_are_drawn() -> None:
    placed = cells((RED, (0, 0)), (RED, (1, 0)))
    blank = [axis("", "", ""), axis("", "")]
    plain = grid(placed, blank, SMALL)
    told = grid(placed, [axis("x", "0.1", "0.2"), axis("", "")], SMALL)
    assert told.size == plain.size
    assert not torch.equal(told.pixels, plain.pixels)
    rows = grid(placed, [blank[0], axis("gram", "sum")], SMALL)
    assert rows.size[1] > plain.size[1]
    titled = grid(placed, blank, GridSettings(thumbnail=60, title="Sweep"))
    assert titled.size[0] > plain.size[0]


@pytest.mark.parametrize("down", [False, True])
def test_a_value_may_be_shown_by_a_picture(down: bool) -> None:
    style = Picture(torch.tensor(BLUE)[None, :, None, None].expand(1, 3, 30, 30))
    shown = Axis("style", (Heading("s", lambda: style), Heading("t")))
    axes = [axis("x", "1"), shown] if down else [shown]
    placed = cells((RED, (0, 0)), (GREEN, (0, 1))) if down else cells((RED, (0,)), (GREEN, (1,)))
    found = grid(placed, axes, SMALL)
    (red_y, red_x), (blue_y, blue_x) = middle_of(found, RED), middle_of(found, BLUE)
    assert area_of(found, BLUE) == 20 * 20
    assert (blue_x < red_x and abs(blue_y - red_y) < 20) if down else blue_y < red_y
    if not down:
        assert blue_x == red_x


def test_pictures_of_several_sizes_stay_in_their_cells() -> None:
    placed = {(0,): cell(RED, (40, 20)), (1,): cell(BLUE, (20, 40))}
    found = grid(placed, [axis("x", "1", "2")], SMALL)
    assert area_of(found, RED) == area_of(found, BLUE) == 60 * 30


def test_a_grid_that_would_be_empty_is_a_sheet() -> None:
    many = [str(n) for n in range(1000)]
    placed = {(n, n): cell(RED, (40, 40)) for n in range(10)}
    found = grid(placed, [axis("x", *many), axis("y", *many)], SMALL)
    assert max(found.size) < 1000
    assert area_of(found, RED) == 10 * 60 * 60


def test_no_cells() -> None:
    with pytest.raises(AnimationError, match="no pictures for a grid"):
        grid({}, [axis("x", "1")])


@pytest.mark.parametrize("text", ["日本 😀", "two\nlines", "\udcff", "x" * 10_000])
def test_any_text_is_safe(text: str) -> None:
    axes = [axis(text, text), axis(text, text), axis(text, text)]
    found = grid(cells((RED, (0, 0, 0))), axes, GridSettings(thumbnail=60, title=text))
    assert area_of(found, RED) == 60 * 60
