"""How do many pictures become one labelled contact sheet?

Cells come as (label, loader) pairs and are loaded one at a time; only their thumbnails are kept.
What stands around the cells is of renderer.framing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from renderer.animation import Frame, load
from renderer.errors import AnimationError
from renderer.framing import BACKGROUND, draw_label, framed, gap_px, label_px, shorten, thumbnail
from renderer.images import Picture, from_image
from renderer.settings import SheetSettings

__all__ = ["draw_sheet", "sheet", "shorten"]

_ASPECT = 1.5  # width to height that an automatic number of columns aims at
_MAX_PIXELS = 2**26  # what all thumbnails together may take; more cells get smaller ones


def sheet(
    cells: Iterable[Frame],
    settings: SheetSettings | None = None,
    *,
    beside: Sequence[Frame] = (),
) -> Picture:
    """One picture with every cell's thumbnail, in order, row by row, each above its label.

    Pictures ``beside`` stand in a column on the left. Raises AnimationError where there are no
    cells.
    """
    return from_image(draw_sheet(cells, settings, beside=beside))


def draw_sheet(
    cells: Iterable[Frame],
    settings: SheetSettings | None = None,
    *,
    beside: Sequence[Frame] = (),
) -> Image.Image:
    """The same as Pillow's image, which takes a quarter of the memory."""
    settings = settings or SheetSettings()
    cells = list(cells)
    if not cells:
        raise AnimationError("there are no pictures for a contact sheet")
    side = min(settings.thumbnail, math.isqrt(_MAX_PIXELS // len(cells)))
    thumbnails = [thumbnail(load(cell), side) for cell in cells]
    layout = _layout(thumbnails, side, settings.columns)
    body = Image.new("RGB", (layout.width, layout.height), BACKGROUND)
    for position, ((label, _), picture) in enumerate(zip(cells, thumbnails, strict=True)):
        _draw_cell(body, (label, picture), layout.corner(position), layout)
    thumbnails.clear()
    return framed(body, side=side, title=settings.title, caption=settings.caption, beside=beside)


@dataclass(frozen=True)
class _Layout:
    """Where cells are, in px: columns of equal width, rows as high as their highest picture."""

    side: int
    gap: int
    cell: int
    columns: int
    label: int
    rows: tuple[int, ...]
    tops: tuple[int, ...]

    @property
    def width(self) -> int:
        return self.columns * (self.cell + self.gap) - self.gap

    @property
    def height(self) -> int:
        return self.tops[-1] + self.rows[-1] + self.label

    def corner(self, position: int) -> tuple[int, int, int]:
        """Left edge, top edge and picture height of a cell."""
        row, column = divmod(position, self.columns)
        return column * (self.cell + self.gap), self.tops[row], self.rows[row]


def _layout(thumbnails: Sequence[Image.Image], side: int, columns: int | None) -> _Layout:
    gap, label = gap_px(side), 2 * label_px(side)
    cell = max(thumbnail.width for thumbnail in thumbnails)
    highest = max(thumbnail.height for thumbnail in thumbnails)
    if columns is None:
        wanted = math.sqrt(len(thumbnails) * _ASPECT * (highest + label + gap) / (cell + gap))
        columns = _evened(len(thumbnails), max(1, round(wanted)))
    columns = min(len(thumbnails), columns)
    rows = [thumbnails[start : start + columns] for start in range(0, len(thumbnails), columns)]
    heights = [max(thumbnail.height for thumbnail in row) for row in rows]
    return _Layout(
        side=side,
        gap=gap,
        cell=cell,
        columns=columns,
        label=label,
        rows=tuple(heights),
        tops=tuple(itertools.accumulate((h + label + gap for h in heights[:-1]), initial=0)),
    )


def _evened(cells: int, columns: int) -> int:
    """As many columns as fill the rows best, with no more rows than ``columns`` would give."""
    rows = math.ceil(cells / min(columns, cells))
    return math.ceil(cells / rows)


def _draw_cell(
    canvas: Image.Image,
    cell: tuple[str, Image.Image],
    corner: tuple[int, int, int],
    layout: _Layout,
) -> None:
    label, picture = cell
    left, top, height = corner
    at = (left + (layout.cell - picture.width) // 2, top + (height - picture.height) // 2)
    canvas.paste(picture, at)
    middle = (left + layout.cell // 2, top + height + layout.label // 2)
    draw_label(canvas, label, middle=middle, width=layout.cell, side=layout.side)
