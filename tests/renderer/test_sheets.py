"""A contact sheet shows every picture, in order, with a label that fits."""

from __future__ import annotations

import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderer.animation import Frame
from renderer.errors import AnimationError, SettingError
from renderer.images import Picture
from renderer.settings import SheetSettings
from renderer.sheets import sheet, shorten

RED, GREEN, BLUE = (255.0, 0.0, 0.0), (0.0, 255.0, 0.0), (0.0, 0.0, 255.0)


def cell(
    colour: tuple[float, float, float], size: tuple[int, int] = (20, 30), *, label: str = "a"
) -> Frame:
    pixels = torch.tensor(colour)[None, :, None, None].expand(1, 3, *size)
    return label, lambda: Picture(pixels)


def middle_of(found: Picture, colour: tuple[float, float, float]) -> tuple[float, float]:
    """Mean (row, column) of the pixels of exactly this colour."""
    mask = (found.pixels[0] == torch.tensor(colour)[:, None, None]).all(dim=0)
    assert mask.any()
    rows, columns = mask.nonzero().float().mean(dim=0).tolist()
    return rows, columns


def area_of(found: Picture, colour: tuple[float, float, float]) -> int:
    return int((found.pixels[0] == torch.tensor(colour)[:, None, None]).all(dim=0).sum())


def test_cells_follow_the_order_of_reading() -> None:
    cells = [cell(RED), cell(GREEN), cell(BLUE)]
    found = sheet(cells, SheetSettings(columns=2, thumbnail=60))
    red, green, blue = (middle_of(found, colour) for colour in (RED, GREEN, BLUE))
    assert red[0] == green[0] < blue[0]
    assert red[1] == blue[1] < green[1]


def test_thumbnails_have_the_wanted_longest_side() -> None:
    found = sheet([cell(RED, (20, 30)), cell(BLUE, (50, 10))], SheetSettings(thumbnail=60))
    assert area_of(found, RED) == 60 * 40
    assert area_of(found, BLUE) == 60 * 12


def test_narrow_pictures_are_centred_in_their_column() -> None:
    cells = [cell(RED, (20, 30)), cell(BLUE, (30, 10))]
    found = sheet(cells, SheetSettings(columns=1, thumbnail=60))
    assert middle_of(found, RED)[1] == middle_of(found, BLUE)[1] == (found.size[1] - 1) / 2


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (12, 4), (24, 6)])
def test_automatic_columns_fill_a_wide_sheet(count: int, columns: int) -> None:
    found = sheet([cell(RED, (40, 40))] * count, SheetSettings(thumbnail=40))
    row = found.pixels[0, 0, 16 + 20]
    edges = ((row[1:] == 255) & (row[:-1] != 255)).sum().item()
    assert edges == columns


def test_title_and_labels_are_drawn() -> None:
    plain = sheet([cell(RED, label="")], SheetSettings(thumbnail=100))
    labelled = sheet([cell(RED, label="inception4c")], SheetSettings(thumbnail=100))
    titled = sheet([cell(RED, label="")], SheetSettings(thumbnail=100, title="Chain"))
    assert labelled.size == plain.size
    assert not torch.equal(labelled.pixels, plain.pixels)
    assert titled.size[0] > plain.size[0]
    assert titled.size[1] == plain.size[1]


@pytest.mark.parametrize(
    "label", ["日本 😀 é", "two\nlines\tand\0more", "\udcff", "", "x" * 10_000]
)
def test_any_label_is_safe(label: str) -> None:
    usual = sheet([cell(RED)], SheetSettings(thumbnail=64, title="title"))
    assert sheet(
        [cell(RED, label=label)], SheetSettings(thumbnail=64, title=label or "t")
    ).size == (usual.size)


def test_transparent_parts_show_the_ground() -> None:
    picture = Picture(torch.full((1, 3, 8, 8), 255.0), torch.zeros(1, 1, 8, 8))
    found = sheet([("clear", lambda: picture)], SheetSettings(thumbnail=64))
    assert (found.pixels == 255).sum() == 0


def test_only_thumbnails_are_kept() -> None:
    alive: list[int] = []

    def loader() -> Picture:
        assert sum(alive) <= 1
        picture = Picture(torch.zeros(1, 3, 40, 40))
        alive.append(1)
        weakref.finalize(picture, alive.pop)
        return picture

    sheet([("one", loader)] * 20, SheetSettings(thumbnail=16))


def test_many_cells_get_smaller_thumbnails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderer.sheets._MAX_PIXELS", 4 * 50 * 50)
    found = sheet([cell(RED, (30, 30))] * 4, SheetSettings(thumbnail=256))
    assert area_of(found, RED) == 4 * 50 * 50


def test_no_cells() -> None:
    with pytest.raises(AnimationError, match="no pictures for a contact sheet"):
        sheet([])


def test_a_picture_that_is_gone() -> None:
    def gone() -> Picture:
        raise FileNotFoundError(2, "No such file")

    with pytest.raises(AnimationError, match="'lost' can't be read"):
        sheet([("lost", gone)])


def test_bounds() -> None:
    with pytest.raises(SettingError, match="thumbnail: must be at least 16 px"):
        SheetSettings(thumbnail=0)


class TestShorten:
    def test_what_fits_stays(self) -> None:
        assert shorten("abc", 3, len) == "abc"

    def test_both_ends_stay(self) -> None:
        assert shorten("chelsea-01-conv2", 7, len) == "che…nv2"

    def test_no_room(self) -> None:
        assert shorten("abc", 0, len) == "…"

    def test_one_line(self) -> None:
        assert shorten("a\nb\tc", 10, len) == "a b c"

    @given(st.text(), st.integers(1, 30))
    def test_never_wider(self, text: str, width: int) -> None:
        assert len(shorten(text, width, len)) <= width
