"""How do the pictures of a sweep become one picture with what was varied at its edges?

The first axis runs across, the second down, and any others make one block for each combination of
their values, with that as its heading. A cell without a picture stays empty; a grid that would have
next to nothing in it is a contact sheet.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

from renderer.animation import Frame, load
from renderer.errors import AnimationError
from renderer.framing import BACKGROUND, TITLE, shorten, thumbnail
from renderer.images import Picture, from_image
from renderer.lattice import Axis, Block, Heading, Layout, Place, blocks
from renderer.settings import GridSettings, SheetSettings
from renderer.sheets import draw_sheet

_EMPTY = (32, 32, 37)
_LABEL, _NAME = (198, 196, 190), (138, 136, 130)
_MAX_PIXELS = 2**26  # what all thumbnails together may take; more cells get smaller ones
_SPARSE = 16  # places for each picture; where there are more, a grid says nothing

__all__ = ["Axis", "Heading", "Place", "draw_grid", "grid"]


def grid(
    cells: Mapping[Place, Frame], axes: Sequence[Axis], settings: GridSettings | None = None
) -> Picture:
    """One picture of all cells; a cell's place has an index into each axis's headings.

    Raises AnimationError where there are no cells.
    """
    return from_image(draw_grid(cells, axes, settings))


def draw_grid(
    cells: Mapping[Place, Frame], axes: Sequence[Axis], settings: GridSettings | None = None
) -> Image.Image:
    """The same as Pillow's image, which takes a quarter of the memory."""
    settings = settings or GridSettings()
    if not cells:
        raise AnimationError("there are no pictures for a grid")
    places = math.prod(len(axis.headings) for axis in axes)
    if places > _SPARSE * len(cells):
        plain = SheetSettings(title=settings.title, thumbnail=settings.thumbnail)
        return draw_sheet(cells.values(), plain)
    side = min(settings.thumbnail, math.isqrt(_MAX_PIXELS // places))
    thumbnails = {place: thumbnail(load(cell), side) for place, cell in cells.items()}
    parts = blocks(axes)
    layout = Layout.of(thumbnails, parts, axes, side=side, title=settings.title)
    canvas = Image.new("RGB", (layout.width, layout.height), BACKGROUND)
    _Drawing(canvas, layout, thumbnails).draw(parts, axes, settings.title)
    return canvas


class _Drawing:
    """Draws onto a canvas."""

    def __init__(
        self, canvas: Image.Image, layout: Layout, thumbnails: Mapping[Place, Image.Image]
    ) -> None:
        self._canvas, self._layout, self._thumbnails = canvas, layout, thumbnails
        self._pen = ImageDraw.Draw(canvas)
        self._font = ImageFont.load_default(layout.text)
        self._axes = len(next(iter(thumbnails)))

    def draw(self, blocks: Sequence[Block], axes: Sequence[Axis], title: str) -> None:
        at = self._layout
        if title:
            font = ImageFont.load_default(at.title // 3)
            text = shorten(title, at.width - 2 * at.margin, font.getlength)
            self._pen.text((at.margin, at.margin), text, TITLE, font, anchor="lt")
        for number, block in enumerate(blocks):
            left, top = at.corner(number)
            if any(block.title for block in blocks):
                self._text(block.title, (left, top), at.block[0], TITLE, "lt")
                top += 2 * at.text
            if axes:
                self._names(axes, left, top)
                self._column_headings(axes[0], block, left, top)
            if len(axes) > 1:
                self._row_headings(axes[1], left, top)
            self._cells(block, left + at.left, top + at.above)

    def _names(self, axes: Sequence[Axis], left: int, top: int) -> None:
        at = self._layout
        if len(axes) > 1:
            bottom = top + at.above - at.gap
            self._text(axes[1].name, (left, bottom), at.left - at.gap, _NAME, "ld")
        wide = at.block[0] - at.left
        self._text(axes[0].name, (left + at.left + wide // 2, top), wide, _NAME, "mt")

    def _column_headings(self, axis: Axis, block: Block, left: int, top: int) -> None:
        at = self._layout
        for number, column in enumerate(block.columns):
            heading = axis.headings[column]
            middle = left + at.left + number * (at.cell[0] + at.gap) + at.cell[0] // 2
            bottom = top + at.above - at.gap
            small = heading.thumbnail(at.heading)
            if small is not None:
                bottom -= small.height
                self._canvas.paste(small, (middle - small.width // 2, bottom))
                bottom -= at.gap
            self._text(heading.text, (middle, bottom), at.cell[0], _LABEL, "md")

    def _row_headings(self, axis: Axis, left: int, top: int) -> None:
        at = self._layout
        for row, heading in enumerate(axis.headings):
            middle = top + at.above + row * (at.cell[1] + at.gap) + at.cell[1] // 2
            wide = at.left - 2 * at.gap
            small = heading.thumbnail(at.heading)
            if small is None:
                self._text(heading.text, (left, middle), wide, _LABEL, "lm")
                continue
            high = small.height + at.gap + at.text
            self._canvas.paste(small, (left, middle - high // 2))
            self._text(heading.text, (left, middle + (high + 1) // 2), wide, _LABEL, "ld")

    def _cells(self, block: Block, left: int, top: int) -> None:
        wide, high = self._layout.cell
        for (number, column), row in itertools.product(enumerate(block.columns), block.rows):
            x = left + number * (wide + self._layout.gap)
            y = top + row * (high + self._layout.gap)
            picture = self._thumbnails.get(block.place(column, row, axes=self._axes))
            if picture is None:
                self._pen.rectangle((x, y, x + wide - 1, y + high - 1), _EMPTY)
            else:
                corner = (x + (wide - picture.width) // 2, y + (high - picture.height) // 2)
                self._canvas.paste(picture, corner)

    def _text(
        self,
        text: str,
        place: tuple[int, int],
        width: int,
        colour: tuple[int, int, int],
        anchor: str,
    ) -> None:
        told = shorten(text, width, self._font.getlength)
        self._pen.text(place, told, colour, self._font, anchor=anchor)
