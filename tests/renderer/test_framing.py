"""What stands around the pictures of a sheet."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderer.animation import Frame
from renderer.framing import framed, gap_px, label_px, thumbnail, wrap
from renderer.images import Picture

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SIDE = 160
GAP, LINE = gap_px(SIDE), 2 * label_px(SIDE)
BODY = Image.new("RGB", (SIDE, 120 + LINE), GREEN)
"""A result of 160 x 120 px with its label, as one patch."""


def cell(colour: tuple[int, int, int], size: tuple[int, int] = (30, 40)) -> Frame:
    pixels = torch.tensor(colour, dtype=torch.float32)[None, :, None, None].expand(1, 3, *size)
    return "", lambda: Picture(pixels)


def box(canvas: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge of all that has exactly this colour."""
    bands = [
        band.point(lambda v, want=want: 255 * (v == want))
        for band, want in zip(canvas.split(), colour, strict=True)
    ]
    mask = Image.merge("RGB", bands).convert("L").point(lambda v: 255 * (v == 255))
    found = mask.getbbox()
    assert found is not None
    return found


def test_margins_alone() -> None:
    canvas = framed(BODY, side=SIDE)
    assert canvas.size == (BODY.width + 4 * GAP, BODY.height + 4 * GAP)
    assert box(canvas, GREEN) == (2 * GAP, 2 * GAP, 2 * GAP + SIDE, 2 * GAP + BODY.height)


def test_two_pictures_beside_reach_from_the_upper_to_the_lower_edge() -> None:
    canvas = framed(BODY, side=SIDE, beside=[cell(RED), cell(BLUE)])
    body, red, blue = (box(canvas, colour) for colour in (GREEN, RED, BLUE))
    assert canvas.height == framed(BODY, side=SIDE).height
    assert red[1] == body[1]
    assert blue[3] + LINE == body[3]
    assert red[0] == blue[0]
    assert red[2] < body[0]
    room = (BODY.height + GAP) // 2 - GAP - LINE
    assert red[3] - red[1] == blue[3] - blue[1] == room
    assert red[2] - red[0] == int(room * 4 / 3)


def test_one_picture_beside_many_rows_is_no_larger_than_a_result_and_stands_in_the_middle() -> None:
    body = Image.new("RGB", (SIDE, 700), GREEN)
    canvas = framed(body, side=SIDE, beside=[cell(RED, (40, 20))])
    red, green = box(canvas, RED), box(canvas, GREEN)
    assert (red[2] - red[0], red[3] - red[1]) == (SIDE // 2, SIDE)
    assert abs((red[1] + red[3] + LINE) - (green[1] + green[3])) <= 1


def test_many_pictures_beside_make_the_sheet_higher() -> None:
    canvas = framed(BODY, side=SIDE, beside=[cell(RED)] * 6)
    assert canvas.height > framed(BODY, side=SIDE).height
    green = box(canvas, GREEN)
    assert abs((green[1] + green[3]) - canvas.height) <= 1


def test_a_caption_is_as_many_lines_as_it_needs() -> None:
    def below(text: str) -> int:
        return framed(BODY, side=SIDE, caption=text).height - framed(BODY, side=SIDE).height - GAP

    one, two = below("one"), below("one\ntwo")
    assert two == 2 * one > 0
    assert below("word " * 30) > two
    assert box(framed(BODY, side=SIDE, caption="one"), GREEN) == box(framed(BODY, side=SIDE), GREEN)


def test_wide_labels_widen_the_column_no_further_than_a_result() -> None:
    _, loader = cell(RED)
    wide = framed(BODY, side=SIDE, beside=[("word " * 50, loader)])
    assert box(wide, GREEN)[0] == 2 * GAP + SIDE + 2 * GAP


def test_thumbnails_fit_their_side() -> None:
    assert thumbnail(Picture(torch.zeros(1, 3, 30, 40)), 20).size == (20, 15)


class TestWrap:
    def test_breaks_between_words_and_at_line_ends(self) -> None:
        assert wrap("one two three\nfour", 8, len) == ["one two", "three", "four"]

    def test_a_word_without_room_is_cut(self) -> None:
        assert wrap("a abcdefghij b", 5, len) == ["a", "ab…ij", "b"]

    def test_nothing(self) -> None:
        assert wrap("", 5, len) == []

    @given(st.text(), st.integers(1, 30))
    def test_never_wider(self, text: str, width: int) -> None:
        assert all(len(line) <= width for line in wrap(text, width, len))

    @given(st.lists(st.text("abc", min_size=1, max_size=5)))
    def test_no_word_is_lost(self, words: list[str]) -> None:
        assert " ".join(wrap(" ".join(words), 5, len)).split() == words


@pytest.mark.parametrize("text", ["日本 😀 é", "two\nlines\tand\0more", "\udcff", "x" * 5000])
def test_any_text_is_safe(text: str) -> None:
    _, loader = cell(RED)
    framed(BODY, side=SIDE, title=text, caption=text, beside=[(text, loader)])
