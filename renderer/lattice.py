"""Where are the blocks, headings and pictures of a grid? Its layout, in px, without drawing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageFont

from renderer.framing import shorten, thumbnail
from renderer.images import Picture

_ASPECT = 1.5  # width to height that the blocks are arranged for
_IN_A_ROW = 12  # pictures of a single axis; it goes on below

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A value on an axis, and a picture of it where there is one (a style) and it can be had."""

    text: str
    picture: Callable[[], Picture | None] | None = None

    def thumbnail(self, side: int) -> Image.Image | None:
        """The picture made to fit a square of ``side`` px."""
        picture = None if self.picture is None else self.picture()
        return None if picture is None else thumbnail(picture, side)


@dataclass(frozen=True, slots=True)
class Axis:
    """What was varied, and its values in order."""

    name: str
    headings: tuple[Heading, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A table of cells: its title, its columns and rows, and its place on all further axes."""

    title: str
    columns: range
    rows: range
    others: Place = ()

    def place(self, column: int, row: int, *, axes: int) -> Place:
        """The place of a cell among all, of which each has ``axes`` indexes."""
        return (column, row, *self.others)[:axes]


def blocks(axes: Sequence[Axis]) -> list[Block]:
    """The blocks of a grid: one for each combination of values of the third and further axes.

    A single axis goes on in a further block where it is too long for a row.
    """
    counts = [len(axis.headings) for axis in axes]
    if len(axes) < 2:
        count = counts[0] if axes else 1
        wide = math.ceil(count / math.ceil(count / _IN_A_ROW))
        starts = range(0, count, wide)
        return [Block("", range(s, min(s + wide, count)), range(1)) for s in starts]
    others = itertools.product(*map(range, counts[2:]))
    across, down = range(counts[0]), range(counts[1])
    return [Block(_title(axes[2:], place), across, down, place) for place in others]


def _title(axes: Sequence[Axis], place: Place) -> str:
    pairs = zip(axes, place, strict=True)
    return ", ".join(f"{axis.name} {axis.headings[number].text}" for axis, number in pairs)


@dataclass(frozen=True)
class Layout:
    """Where things are, in px. Blocks are alike, as wide as the widest."""

    side: int
    cell: tuple[int, int]  # (width, height)
    gap: int
    text: int  # height of a line of text
    left: int  # width of what stands to the left of the cells
    above: int  # height of what stands above them, without a block's title
    block: tuple[int, int]
    across: int  # blocks in a row
    count: int
    title: int

    @classmethod
    def of(
        cls,
        thumbnails: Mapping[Place, Image.Image],
        blocks: Sequence[Block],
        axes: Sequence[Axis],
        *,
        side: int,
        title: str,
    ) -> Layout:
        gap, text = max(4, side // 24), max(11, side // 13)
        cell = (
            max(picture.width for picture in thumbnails.values()),
            max(picture.height for picture in thumbnails.values()),
        )
        name = 0 if not axes else round(1.6 * text)
        left = _row_headings_px(axes[1], text, side) + 2 * gap if len(axes) > 1 else 0
        above = name + (_headings_px(axes[0], text, side) if axes else 0)
        heading = 2 * text if any(block.title for block in blocks) else 0
        columns = max(len(block.columns) for block in blocks)
        wide = left + columns * (cell[0] + gap) - gap
        high = heading + above + len(blocks[0].rows) * (cell[1] + gap) - gap
        across = 1 if len(axes) < 3 else _blocks_across(len(blocks), wide, high)
        return cls(
            side=side,
            cell=cell,
            gap=gap,
            text=text,
            left=left,
            above=above,
            block=(wide, high),
            across=across,
            count=len(blocks),
            title=3 * round(1.3 * text) if title else 0,
        )

    @property
    def margin(self) -> int:
        return 3 * self.gap

    @property
    def between(self) -> int:
        """Room between two blocks."""
        return 4 * self.gap

    @property
    def width(self) -> int:
        return 2 * self.margin + self.across * (self.block[0] + self.between) - self.between

    @property
    def height(self) -> int:
        down = math.ceil(self.count / self.across)
        return 2 * self.margin + self.title + down * (self.block[1] + self.between) - self.between

    def corner(self, block: int) -> tuple[int, int]:
        down, across = divmod(block, self.across)
        return (
            self.margin + across * (self.block[0] + self.between),
            self.margin + self.title + down * (self.block[1] + self.between),
        )

    @property
    def heading(self) -> int:
        """Longest side of a picture that stands for a value."""
        return _heading_side(self.side)


def _heading_side(side: int) -> int:
    return max(16, side // 3)


def _headings_px(axis: Axis, text: int, side: int) -> int:
    """Height of the headings of columns, with the gap below them."""
    pictures = any(heading.picture is not None for heading in axis.headings)
    gap = max(4, side // 24)
    return text + 2 * gap + (_heading_side(side) + gap if pictures else 0)


def _row_headings_px(axis: Axis, text: int, side: int) -> int:
    """Width of the headings of rows and of the axis's name: as they need it, up to a limit."""
    font = ImageFont.load_default(text)
    words = [axis.name, *(heading.text for heading in axis.headings)]
    longest = max(math.ceil(font.getlength(shorten(word, side, font.getlength))) for word in words)
    pictures = any(heading.picture is not None for heading in axis.headings)
    return max(longest, _heading_side(side) if pictures else 0)


def _blocks_across(count: int, width: int, height: int) -> int:
    """How many blocks make a row, so that rows are full and the whole has the wanted shape."""

    def far(across: int) -> float:
        down = math.ceil(count / across)
        shape = across * width / (down * height)
        return abs(math.log(shape / _ASPECT)) + (across * down - count) / count

    return min(range(1, count + 1), key=far)
