"""What a motif is drawn on: shaded parts, put on one another from back to front.

Every part touches only the window it needs, which keeps a drawing of many parts within a few
milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import uniform_filter

from training.motifs.drawing import finish
from training.motifs.drawing.colours import Colour, smoothstep
from training.motifs.drawing.light import any_light
from training.motifs.drawing.noise import Field
from training.motifs.drawing.plane import Box, Plane, Points, curve


@dataclass(frozen=True)
class Ellipse:
    """An ellipse's window: its own coordinates, distance (1 at the rim), angle and cover."""

    box: Box
    u: Field
    v: Field
    distance: Field
    cover: Field

    @property
    def angle(self) -> Field:
        return np.arctan2(self.v, self.u)


class Canvas(Plane):
    """One drawing in the making; ``finish`` returns it."""

    def __init__(self, rng: np.random.Generator, side_px: int = 128, *, texture: bool = False):
        self.style = finish.choose(rng)
        super().__init__(rng, side_px, texture=texture)
        self.rgb = np.zeros((side_px, side_px, 3), np.float32)
        self.alpha = np.zeros((side_px, side_px), np.float32)
        self._lamp = any_light(self, self.style.flat)
        self.light = self._lamp.direction

    def lit(
        self, colour: Colour, normal: tuple[Any, Any, Any], *, gloss: float = 0.2,
        tex: Field | None = None,
    ) -> Field:  # fmt: skip
        """The colour of a surface with that normal under the canvas's light."""
        return self._lamp.on(colour, normal, gloss=gloss, tex=tex)

    def paint(self, cover: Field | float, colour: Colour, box: Box | None = None) -> None:
        """Lays a colour over the canvas where ``cover`` (0..1) says."""
        rows = box if box is not None else (slice(None), slice(None))
        alpha = self.alpha[rows]
        cover = np.broadcast_to(np.asarray(cover, np.float32), alpha.shape)
        alpha += (1 - alpha) * cover
        share = cover / np.maximum(alpha, 1e-6)
        rgb = self.rgb[rows]
        rgb += (np.asarray(colour, np.float32) - rgb) * share[..., None]

    def fill(self, colour: Colour) -> None:
        """Paints the whole square."""
        self.paint(1.0, colour)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> Ellipse:
        """The window of an ellipse; ``turn`` in radians."""
        box = self.window(cx, cy, max(rx, ry) + 2 * self.pixel)
        dx, dy = self.x[box] - cx, self.y[box] - cy
        if turn:
            cos, sin = np.cos(turn), np.sin(turn)
            dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
        u, v = dx / rx, dy / ry
        distance = np.sqrt(u * u + v * v) + 1e-6
        cover = np.clip(0.5 - (distance - 1) * min(rx, ry) / self.pixel, 0, 1)
        return Ellipse(box, u, v, distance, cover)

    def disc(
        self, cx: float, cy: float, rx: float, ry: float, colour: Colour, *,
        turn: float = 0.0, opacity: float = 1.0, clip: Field | None = None,
    ) -> None:  # fmt: skip
        """A flat ellipse."""
        part = self.ellipse(cx, cy, rx, ry, turn)
        cover = part.cover * opacity
        self.paint(cover if clip is None else cover * clip[part.box], colour, part.box)

    def glow(
        self, cx: float, cy: float, rx: float, ry: float, colour: Colour, *,
        turn: float = 0.0, opacity: float = 1.0, clip: Field | None = None,
    ) -> None:  # fmt: skip
        """A soft ellipse that fades towards its rim: blush, shadow, markings."""
        part = self.ellipse(cx, cy, rx, ry, turn)
        cover = opacity * np.clip(1 - part.distance, 0, 1) ** 0.7
        self.paint(cover if clip is None else cover * clip[part.box], colour, part.box)

    def ball(
        self, cx: float, cy: float, rx: float, ry: float, colour: Colour, *,
        turn: float = 0.0, gloss: float = 0.2, tex: Field | None = None, dome: float = 1.0,
        clip: Field | None = None, fuzz: float = 0.0,
    ) -> None:  # fmt: skip
        """A rounded, lit ellipse; ``tex`` darkens and lightens it, ``fuzz`` frays its rim."""
        part = self.ellipse(cx, cy, rx, ry, turn)
        distance, cover = part.distance, part.cover
        if fuzz:
            fray = 0.5 + 0.5 * self.noise_at(part.angle * 26, distance * 4, 0)
            cover = np.clip((1 - fuzz * np.clip(fray, 0, 2) - distance) * 14 + 0.5, 0, 1)
        nx, ny = part.u, part.v
        if turn:
            cos, sin = np.cos(turn), np.sin(turn)
            nx, ny = nx * cos - ny * sin, nx * sin + ny * cos
        nz = np.sqrt(np.clip(1 - distance * distance, 0, 1)) + 0.15
        if clip is not None:
            cover = cover * clip[part.box]
        texture = None if tex is None else tex[part.box] if tex.shape == self.alpha.shape else tex
        lit = self.lit(colour, (nx * dome, ny * dome, nz), gloss=gloss, tex=texture)
        self.paint(cover, lit, part.box)

    def relief(
        self, height: Field, colour: Colour, cover: Field | float = 1.0, *,
        depth: float = 1.0, gloss: float = 0.2, box: Box | None = None,
    ) -> None:  # fmt: skip
        """A lit surface of that height (canvas units)."""
        down, across = np.gradient(height)
        steep = depth * self.side / 6
        lit = self.lit(colour, (-across * steep, -down * steep, 1.0), gloss=gloss)
        self.paint(cover, lit, box)

    def polygon(self, points: Points, *, curved: bool = False) -> tuple[Box, Field]:
        """Window and cover of a polygon, or of the closed curve through its corners."""
        corners = self.to_pixels(curve(points, closed=True) if curved else points)
        low = np.floor(np.clip(corners.min(0) - 2, 0, self.side - 1)).astype(int)
        high = np.ceil(np.clip(corners.max(0) + 2, low + 1, self.side)).astype(int)
        width, height = (int(n) for n in high - low)
        image = Image.new("L", (2 * width, 2 * height))
        outline = [(float(px), float(py)) for px, py in (corners - low) * 2]
        ImageDraw.Draw(image).polygon(outline, fill=255)
        box = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        return box, np.asarray(image.reduce(2), np.float32) / 255

    def shape(
        self, points: Points, colour: Colour, *, curved: bool = True, puff: float = 0.0,
        gloss: float = 0.15, tex: Field | None = None, clip: Field | None = None,
        opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """A filled outline; ``puff`` rounds it as if it were stuffed (rim width, canvas units)."""
        box, cover = self.polygon(points, curved=curved)
        visible = cover * opacity if clip is None else cover * opacity * clip[box]
        shade = 1.0 if tex is None else 1 + tex[box][..., None]
        colour = np.asarray(colour, np.float32)
        if colour.ndim == 3 and colour.shape[:2] == self.alpha.shape:
            colour = colour[box]
        colour = np.clip(colour * shade, 0, 1)
        if not puff:
            self.paint(visible, colour, box)
            return
        reach = max(3, int(puff * self.side / 2))
        height = uniform_filter(uniform_filter(cover, reach, mode="constant"), reach)
        self.relief(np.sqrt(height) * puff * 1.6, colour, visible, gloss=gloss, box=box)

    def tube(
        self, points: Points, width: float | tuple[float, float], colour: Colour, *,
        gloss: float = 0.15, flat: bool = False, tex: Field | None = None,
    ) -> None:  # fmt: skip
        """A round rod along a path, from the first width to the second."""
        first, last = width if isinstance(width, tuple) else (width, width)
        count = len(points) - 1
        for index, ((ax, ay), (bx, by)) in enumerate(pairwise(points)):
            start = first + (last - first) * index / count
            end = first + (last - first) * (index + 1) / count
            self._rod((ax, ay, bx, by), (start, end), colour, gloss=gloss, flat=flat, tex=tex)

    def line(self, points: Points, width: float | tuple[float, float], colour: Colour) -> None:
        """A flat line along a path."""
        self.tube(points, width, colour, flat=True)

    def hairs(self, ends: Field, colours: Field, width_px: float = 1.0) -> None:
        """Many fine strokes: ends (n, 4) as x0, y0, x1, y1; colours (n, 3)."""
        image = Image.new("RGBA", (2 * self.side, 2 * self.side))
        pen = ImageDraw.Draw(image)
        pixels = self.to_pixels(ends.reshape(-1, 2)).reshape(-1, 4) * 2
        inks = (np.clip(colours, 0, 1) * 255).astype(int).tolist()
        width = max(1, round(2 * width_px * self.side / 128))
        for stroke, ink in zip(pixels.tolist(), inks, strict=True):
            pen.line(stroke, fill=(*ink, 255), width=width)
        drawn = np.asarray(image.reduce(2), np.float32) / 255
        self.paint(drawn[..., 3], drawn[..., :3])

    def comb(
        self, starts: Field, directions: Field, length: float, *, jitter: float = 0.25,
        width_px: float = 0.8,
    ) -> None:  # fmt: skip
        """Draws hairs from (n, 2) along (n, 2) that take up the colour they start on."""
        pixels = np.clip(self.to_pixels(starts), 0, self.side - 1).astype(int)
        seen = self.alpha[pixels[:, 1], pixels[:, 0]] > 0.5
        starts, directions, pixels = starts[seen], directions[seen], pixels[seen]
        count = len(starts)
        reach = length * self.rng.uniform(0.5, 1.3, (count, 1))
        bend = directions + self.rng.normal(0, 0.25, (count, 2))
        light = 1 + self.rng.normal(0, jitter, (count, 1))
        colours = self.rgb[pixels[:, 1], pixels[:, 0]] * light
        self.hairs(np.hstack([starts, starts + bend * reach]), colours, width_px)

    def comb_out(
        self, cx: float, cy: float, rx: float, ry: float, length: float, *, count: int = 260
    ) -> None:
        """Fur on an ellipse, combed away from its centre."""
        if self.style.flat:
            return
        angle = self.rng.uniform(0, 2 * np.pi, count)
        radius = np.sqrt(self.rng.uniform(0.05, 1, count))
        outward = np.stack([np.cos(angle), np.sin(angle)], -1)
        starts = outward * radius[:, None] * (rx, ry) + (cx, cy)
        self.comb(starts, outward, length)

    def eye(
        self, cx: float, cy: float, radius: float, iris: Colour, *,
        slit: float = 0.0, white: bool = False, pupil: float = 0.5, look: float = 0.0,
    ) -> None:  # fmt: skip
        """An eyeball with fibres in its iris, a dark rim, and highlights; ``slit`` narrows."""
        self.glow(cx, cy, radius * 1.5, radius * 1.5, (0.05, 0.03, 0.03), opacity=0.9)
        self.disc(cx, cy, radius * 1.1, radius * 1.1, (0.05, 0.03, 0.03))
        if white:
            self.ball(cx, cy, radius, radius, (0.96, 0.94, 0.9), gloss=0)
        reach = radius * (0.7 if white else 0.98)
        cx = cx + look * radius * 0.3
        part = self.ellipse(cx, cy, reach, reach)
        fibres = self.noise_at(part.angle * 13, part.distance * 5, 0)
        lift = 0.85 + 0.35 * part.v  # light gathers opposite to where it enters
        ring = 1 - 0.8 * smoothstep(0.72, 1.0, part.distance)
        core = 1 + 0.35 * smoothstep(0.75, 0.3, part.distance)
        shade = (lift * ring * core * (1 + 0.2 * fibres))[..., None]
        self.paint(part.cover, np.clip(np.asarray(iris) * shade, 0, 1), part.box)
        wide = reach * pupil
        self.disc(cx, cy, wide * (1 - 0.72 * slit), wide * (1 + 0.55 * slit), (0.01, 0.01, 0.02))
        side = -1 if self.light[0] < 0 else 1
        spot = radius * self.between(0.15, 0.24)
        self.disc(cx + side * radius * 0.28, cy - radius * 0.3, spot, spot, (1, 1, 1))
        small = spot * 0.5
        self.disc(
            cx - side * radius * 0.25, cy + radius * 0.3, small, small, (1, 1, 1), opacity=0.7
        )

    def finish(self) -> NDArray[np.uint8]:
        """The drawing (side, side, 4) in its style: RGBA, straight alpha."""
        if self.texture:
            self.alpha[:] = 1
        rgb, alpha = finish.apply(self.style, self.rgb, self.alpha, rng=self.rng)
        rgba = np.clip(np.dstack([rgb, alpha]), 0, 1)
        drawing: NDArray[np.uint8] = (rgba * 255 + 0.5).astype(np.uint8)
        return drawing

    def _rod(
        self, ends: tuple[float, float, float, float], widths: tuple[float, float],
        colour: Colour, *, gloss: float, flat: bool, tex: Field | None,
    ) -> None:  # fmt: skip
        ax, ay, bx, by = ends
        dx, dy = bx - ax, by - ay
        length = float(np.hypot(dx, dy)) + 1e-9
        wide = max(widths)
        box = self.window((ax + bx) / 2, (ay + by) / 2, length / 2 + wide + 2 * self.pixel)
        x, y = self.x[box] - ax, self.y[box] - ay
        along = np.clip((x * dx + y * dy) / (length * length), 0, 1)
        off_x, off_y = x - along * dx, y - along * dy
        off = np.sqrt(off_x * off_x + off_y * off_y)
        width = widths[0] + (widths[1] - widths[0]) * along
        cover = np.clip(0.5 - (off - width) / self.pixel, 0, 1)
        if flat:
            self.paint(cover, colour, box)
            return
        across = np.clip(off / width, 0, 1)
        normal = (off_x / width, off_y / width, np.sqrt(1 - across * across) + 0.15)
        texture = None if tex is None else tex[box]
        self.paint(cover, self.lit(colour, normal, gloss=gloss, tex=texture), box)
