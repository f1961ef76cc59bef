"""How do many pictures become one labelled contact sheet?

Cells come as (label, loader) pairs and are loaded one at a time; only their thumbnails are kept.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from renderer.animation import Frame, load
from renderer.errors import AnimationError
from renderer.images import Picture, fit, flatten, to_image
from renderer.settings import SheetSettings

_BACKGROUND, _TITLE, _LABEL = (22, 22, 26), (236, 234, 228), (168, 166, 160)
_ASPECT = 1.5  # width to height that an automatic number of columns aims at
_MAX_PIXELS = 2**26  # what all thumbnails together may take; more cells get smaller ones
_ELLIPSIS = "…"


def sheet(cells: Iterable[Frame], settings: SheetSettings | None = None) -> Picture:
    """One picture with every cell's thumbnail, in order, row by row, each above its label.

    Raises AnimationError where there are no cells.
    """
    settings = settings or SheetSettings()
    cells = list(cells)
    if not cells:
        raise AnimationError("there are no pictures for a contact sheet")
    side = min(settings.thumbnail, math.isqrt(_MAX_PIXELS // len(cells)))
    thumbnails = [_thumbnail(load(cell), side) for cell in cells]
    layout = _layout(thumbnails, side, settings)
    canvas = Image.new("RGB", (layout.width, layout.height), _BACKGROUND)
    if settings.title:
        _draw_title(canvas, settings.title, layout)
    for position, ((label, _), thumbnail) in enumerate(zip(cells, thumbnails, strict=True)):
        _draw_cell(canvas, (label, thumbnail), layout.corner(position), layout)
    pixels = torch.from_numpy(np.array(canvas, np.float32).transpose(2, 0, 1).copy())
    return Picture(pixels[None])


def shorten(text: str, width: float, measure: Callable[[str], float]) -> str:
    """``text`` on one line, with an ellipsis in its middle where it is wider than ``width``.

    Both ends stay, because frames of one job often differ only at the end of their names.
    """
    text = "".join(c if c.isprintable() else " " for c in text)
    if measure(text) <= width:
        return text
    kept = bisect_right(range(len(text)), width, key=lambda k: measure(_ends(text, k))) - 1
    return _ends(text, max(0, kept))


def _ends(text: str, kept: int) -> str:
    tail = kept // 2
    return text[: kept - tail] + _ELLIPSIS + text[len(text) - tail :]


@dataclass(frozen=True)
class _Layout:
    """Where things are, in px: columns of equal width, rows as high as their highest picture."""

    margin: int
    gap: int
    cell: int
    columns: int
    title: int
    label: int
    rows: tuple[int, ...]

    @property
    def width(self) -> int:
        return 2 * self.margin + self.columns * (self.cell + self.gap) - self.gap

    @property
    def height(self) -> int:
        rows = sum(row + self.label + self.gap for row in self.rows) - self.gap
        return 2 * self.margin + self.title + rows

    def corner(self, position: int) -> tuple[int, int, int]:
        """Left edge, top edge and picture height of a cell."""
        row, column = divmod(position, self.columns)
        above = sum(height + self.label + self.gap for height in self.rows[:row])
        left = self.margin + column * (self.cell + self.gap)
        return left, self.margin + self.title + above, self.rows[row]


def _layout(thumbnails: Sequence[Image.Image], side: int, settings: SheetSettings) -> _Layout:
    gap = max(8, side // 16)
    label = 2 * _label_px(side)
    cell = max(thumbnail.width for thumbnail in thumbnails)
    highest = max(thumbnail.height for thumbnail in thumbnails)
    columns = min(len(thumbnails), settings.columns or len(thumbnails))
    if settings.columns is None:
        wanted = math.sqrt(len(thumbnails) * _ASPECT * (highest + label + gap) / (cell + gap))
        columns = _evened(len(thumbnails), max(1, round(wanted)))
    rows = [thumbnails[start : start + columns] for start in range(0, len(thumbnails), columns)]
    return _Layout(
        margin=2 * gap,
        gap=gap,
        cell=cell,
        columns=columns,
        title=3 * _title_px(side) if settings.title else 0,
        label=label,
        rows=tuple(max(thumbnail.height for thumbnail in row) for row in rows),
    )


def _evened(cells: int, columns: int) -> int:
    """As many columns as fill the rows best, with no more rows than ``columns`` would give."""
    rows = math.ceil(cells / min(columns, cells))
    return math.ceil(cells / rows)


def _label_px(side: int) -> int:
    return max(10, side // 18)


def _title_px(side: int) -> int:
    return max(14, side // 10)


def _thumbnail(picture: Picture, side: int) -> Image.Image:
    return to_image(flatten(fit(picture, side), background=64.0))


def _draw_title(canvas: Image.Image, title: str, layout: _Layout) -> None:
    size = layout.title // 3
    font = ImageFont.load_default(size)
    text = shorten(title, layout.width - 2 * layout.margin, font.getlength)
    place = (layout.margin, layout.margin + size // 2)
    ImageDraw.Draw(canvas).text(place, text, _TITLE, font, anchor="lt")


def _draw_cell(
    canvas: Image.Image,
    cell: tuple[str, Image.Image],
    corner: tuple[int, int, int],
    layout: _Layout,
) -> None:
    label, thumbnail = cell
    left, top, height = corner
    at = (left + (layout.cell - thumbnail.width) // 2, top + (height - thumbnail.height) // 2)
    canvas.paste(thumbnail, at)
    font = ImageFont.load_default(layout.label // 2)
    text = shorten(label, layout.cell, font.getlength)
    place = (left + layout.cell // 2, top + height + layout.label // 2)
    ImageDraw.Draw(canvas).text(place, text, _LABEL, font, anchor="mm")
