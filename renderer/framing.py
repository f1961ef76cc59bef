"""What stands around the pictures of a sheet: a heading, a caption, and pictures beside them?

The arrangement is that of figures in print: the pictures that results were made of stand small in a
column on the left, spread from the results' upper edge to their lower one; the caption is below.
All measures follow from the longest side that a result has on the sheet.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont

from renderer.animation import Frame, load
from renderer.images import Picture, fit, flatten, to_image

BACKGROUND, TITLE, LABEL = (22, 22, 26), (236, 234, 228), (168, 166, 160)
_ELLIPSIS = "…"
_LINE = 1.4  # of a caption: from one line to the next, in sizes of its letters


def framed(
    body: Image.Image,
    *,
    side: int,
    title: str = "",
    caption: str = "",
    beside: Sequence[Frame] = (),
) -> Image.Image:
    """The sheet around its results: margins, a heading, a caption, and pictures ``beside``.

    ``side`` is the longest side of a result, in px. Empty texts take no room.
    """
    column = _column(beside, side, body.height) if beside else None
    gap = gap_px(side)
    left = column.width + 2 * gap if column else 0
    height = max(body.height, column.height if column else 0)
    width = left + body.width
    heading = 3 * title_px(side) if title else 0
    below = _caption(caption, side, width) if caption else None
    foot = gap + below.height if below else 0
    whole = (width + 4 * gap, 4 * gap + heading + height + foot)
    canvas = Image.new("RGB", whole, BACKGROUND)
    if title:
        _draw_title(canvas, title, side)
    top = 2 * gap + heading
    if column:
        canvas.paste(column, (2 * gap, top + (height - column.height) // 2))
    canvas.paste(body, (2 * gap + left, top + (height - body.height) // 2))
    if below:
        canvas.paste(below, (2 * gap, top + height + gap))
    return canvas


def thumbnail(picture: Picture, side: int) -> Image.Image:
    """The picture with its longest side at ``side`` px, on grey where it is transparent."""
    return to_image(flatten(fit(picture, side), background=64.0))


def draw_label(
    canvas: Image.Image, text: str, *, middle: tuple[int, int], width: int, side: int
) -> None:
    """Write a label in the middle of a place, cut to ``width`` px."""
    font = ImageFont.load_default(label_px(side))
    text = shorten(text, width, font.getlength)
    ImageDraw.Draw(canvas).text(middle, text, LABEL, font, anchor="mm")


def gap_px(side: int) -> int:
    """Room between two pictures; margins are twice as wide."""
    return max(8, side // 16)


def label_px(side: int) -> int:
    """Size of a label's letters; its line is twice as high."""
    return max(10, side // 18)


def title_px(side: int) -> int:
    """Size of the heading's letters; its line is three times as high."""
    return max(14, side // 10)


def shorten(text: str, width: float, measure: Callable[[str], float]) -> str:
    """``text`` on one line, with an ellipsis in its middle where it is wider than ``width``.

    Both ends stay, because frames of one job often differ only at the end of their names.
    """
    text = _printable(text)
    if measure(text) <= width:
        return text
    kept = bisect_right(range(len(text)), width, key=lambda k: measure(_ends(text, k))) - 1
    return _ends(text, max(0, kept))


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """``text`` on lines no wider than ``width``, broken between words and at its line ends."""
    lines = []
    for paragraph in text.splitlines():
        line = ""
        for word in _printable(paragraph).split():
            longer = f"{line} {word}".strip()
            if line and measure(longer) > width:
                lines.append(line)
                longer = word
            line = longer if measure(longer) <= width else shorten(longer, width, measure)
        lines.append(line)
    return lines


def _ends(text: str, kept: int) -> str:
    tail = kept // 2
    return text[: kept - tail] + _ELLIPSIS + text[len(text) - tail :]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _column(cells: Sequence[Frame], side: int, height: int) -> Image.Image:
    """Some pictures one above the other, spread over ``height`` px if they fit into it."""
    gap, line = gap_px(side), 2 * label_px(side)
    room = max(side // 4, (height + gap) // len(cells) - gap - line)
    pictures = [_boxed(load(cell), side, room) for cell in cells]
    font = ImageFont.load_default(label_px(side))
    widest = max(math.ceil(font.getlength(_printable(label))) for label, _ in cells)
    width = max(min(widest, side), *(picture.width for picture in pictures))
    least = sum(picture.height + line for picture in pictures) + gap * (len(cells) - 1)
    spare = max(0, height - least)
    canvas = Image.new("RGB", (width, least + spare), BACKGROUND)
    for number, ((label, _), picture) in enumerate(zip(cells, pictures, strict=True)):
        above = sum(earlier.height + line + gap for earlier in pictures[:number])
        top = above + (spare * number // (len(cells) - 1) if len(cells) > 1 else spare // 2)
        canvas.paste(picture, ((width - picture.width) // 2, top))
        middle = (width // 2, top + picture.height + line // 2)
        draw_label(canvas, label, middle=middle, width=width, side=side)
    return canvas


def _boxed(picture: Picture, side: int, height: int) -> Image.Image:
    """A thumbnail no larger than ``side`` px, and no higher than ``height`` px."""
    share = picture.size[0] / max(picture.size)
    return thumbnail(picture, max(1, min(side, int(height / share))))


def _draw_title(canvas: Image.Image, title: str, side: int) -> None:
    font = ImageFont.load_default(title_px(side))
    margin = 2 * gap_px(side)
    text = shorten(title, canvas.width - 2 * margin, font.getlength)
    place = (margin, margin + title_px(side) // 2)
    ImageDraw.Draw(canvas).text(place, text, TITLE, font, anchor="lt")


def _caption(text: str, side: int, width: int) -> Image.Image:
    font = ImageFont.load_default(label_px(side))
    lines, line = wrap(text, width, font.getlength), int(_LINE * label_px(side))
    canvas = Image.new("RGB", (width, line * len(lines)), BACKGROUND)
    for number, words in enumerate(lines):
        ImageDraw.Draw(canvas).text((0, line * number), words, LABEL, font, anchor="lt")
    return canvas
