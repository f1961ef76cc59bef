"""Which 255 colours stand for the many of a picture or of a whole animation?

A histogram of all frames is cut by medians (Heckbert 1982; Pillow's), and a few steps of k-means
(Lloyd 1982) then move each colour into the middle of those it stands for. There, common colours
count by the square root of their number, so that small bright things keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from renderer.gif import TRANSPARENT

OPAQUE_FROM = 128  # a GIF pixel is there or not there: alpha below this is not there

Array = npt.NDArray[Any]

_MAX_CELLS = 2**13
_SAMPLE_PIXELS = 2**18
_LLOYD_STEPS = 3


def choose(images: Iterable[Image.Image]) -> Image.Image:
    """A palette image with at most 255 colours for these RGB or RGBA frames; holds one at a time.

    The 256th index, TRANSPARENT, is left for pixels that aren't there.
    """
    histogram = _Histogram()
    for image in images:
        histogram.add(_visible(image))
    colours, counts = histogram.colours, histogram.counts
    if len(colours) == 0:
        return _palette(np.zeros((1, 3)))
    if len(colours) > TRANSPARENT:
        colours = _lloyd(colours, np.sqrt(counts), _median_cut(colours, counts))
    return _palette(colours)


def index(image: Image.Image, palette: Image.Image, *, dither: bool) -> Image.Image:
    """The frame in mode P with the colours of ``palette``; transparent pixels are TRANSPARENT."""
    method = Image.Dither.FLOYDSTEINBERG if dither else Image.Dither.NONE
    indexed = image.convert("RGB").quantize(palette=palette, dither=method)
    if image.mode == "RGBA":
        hidden = image.getchannel("A").point(lambda alpha: 255 * (alpha < OPAQUE_FROM))
        indexed.paste(TRANSPARENT, mask=hidden)
    return indexed


class _Histogram:
    """Mean colours (n, 3) of the cells of a grid over RGB, and how many pixels fell into each.

    The grid is exact at first and gets coarser when there are more cells than are worth keeping.
    """

    def __init__(self) -> None:
        self.colours = np.zeros((0, 3))
        self.counts = np.zeros(0)
        self._dropped_bits = 0

    def add(self, pixels: Array) -> None:
        """Count the pixels (n, 3) of one frame."""
        codes, counts = np.unique(_codes(pixels), return_counts=True)
        colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
        self.colours = np.concatenate([self.colours, colours])
        self.counts = np.concatenate([self.counts, counts])
        self._merge()
        while len(self.counts) > _MAX_CELLS:
            self._dropped_bits += 1
            self._merge()

    def _merge(self) -> None:
        cells = self.colours.astype(np.int64) >> self._dropped_bits
        _, cell = np.unique(_codes(cells), return_inverse=True)
        self.colours, self.counts = _means(self.colours, self.counts, cell)


def _codes(colours: Array) -> Array:
    red, green, blue = colours.astype(np.int32).T
    codes: Array = (red << 16) | (green << 8) | blue
    return codes


def _means(colours: Array, weights: Array, group: Array) -> tuple[Array, Array]:
    """Weighted mean colour and total weight of each group, numbered from 0 without gaps."""
    totals = np.bincount(group, weights)
    sums = [np.bincount(group, weights * channel) for channel in colours.T]
    return np.stack(sums, axis=1) / totals[:, None], totals


def _median_cut(colours: Array, counts: Array) -> Array:
    """At most 255 colours (m, 3) by median cut of a picture with the histogram's shares."""
    shares = (counts / counts.sum() * _SAMPLE_PIXELS).round().astype(np.intp)
    pixels = np.repeat(colours.round().astype(np.uint8), np.maximum(1, shares), axis=0)
    cut = Image.fromarray(pixels[None]).quantize(TRANSPARENT, method=Image.Quantize.MEDIANCUT)
    return np.array(cut.getpalette(), np.float64).reshape(-1, 3)[:TRANSPARENT]


def _lloyd(colours: Array, weights: Array, centres: Array) -> Array:
    for _ in range(_LLOYD_STEPS):
        distances = (centres**2).sum(axis=1) - 2 * colours @ centres.T
        _, nearest = np.unique(distances.argmin(axis=1), return_inverse=True)
        centres, _ = _means(colours, weights, nearest)
    return centres


def _visible(image: Image.Image) -> Array:
    pixels = np.asarray(image).reshape(-1, len(image.getbands()))
    return pixels[pixels[:, 3] >= OPAQUE_FROM, :3] if image.mode == "RGBA" else pixels


def _palette(colours: Array) -> Image.Image:
    """Palette image of 256 entries; those left over repeat the last colour, and stay unused."""
    entries = colours.round().astype(np.uint8).tobytes()
    palette = Image.new("P", (1, 1))
    palette.putpalette(entries + entries[-3:] * (256 - len(colours)))
    return palette
