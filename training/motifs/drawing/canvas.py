"""What a motif is drawn on: coordinates, light, colours, and shaded parts put on one another.

Coordinates run from -1 to 1 (x to the right, y down) and are bent a little by the drawing's pose
(stretch, shear, mirror, wobble), so that no two drawings of a motif are alike. Parts are painted
back to front. Every part touches only the window it needs, which keeps a drawing of many parts
within a few milliseconds.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import uniform_filter

from training.motifs.drawing import finish, noise
from training.motifs.drawing.noise import Field

Colour = Any  # three numbers in 0..1, or a field of them (h, w, 3)
Points = Sequence[tuple[float, float]]
Box = tuple[slice, slice]

COATS = (  # hue, saturation, value of animals' coats
    (0.07, 0.60, 0.72), (0.09, 0.35, 0.88), (0.08, 0.65, 0.42), (0.05, 0.72, 0.58),
    (0.60, 0.10, 0.55), (0.10, 0.08, 0.92), (0.08, 0.25, 0.22), (0.11, 0.60, 0.85),
)  # fmt: skip


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


class Canvas:
    """One drawing in the making; ``finish`` returns it."""

    def __init__(self, rng: np.random.Generator, side_px: int = 128, *, texture: bool = False):
        self.rng = rng
        self.side = side_px
        self.texture = texture
        self.style = finish.choose(rng)
        self.rgb = np.zeros((side_px, side_px, 3), np.float32)
        self.alpha = np.zeros((side_px, side_px), np.float32)
        self.pixel = 2.2 / side_px
        self._pose()
        self._light()

    # ---- chance

    def between(self, low: float, high: float) -> float:
        """A number from low to high."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return bool(self.rng.random() < probability)

    def choice(self, *options: Any) -> Any:
        """One of the options."""
        return options[self.rng.integers(len(options))]

    # ---- colour

    def colour(
        self,
        hue: float | None = None,
        saturation: float | None = None,
        value: float | None = None,
        spread: float = 0.04,
    ) -> Field:
        """A colour near what is given (hue 0..1, by ``spread``); what is not given is any."""
        hue = self.rng.random() if hue is None else hue + self.between(-spread, spread)
        saturation = (
            self.between(0.3, 1) if saturation is None else saturation + self.between(-0.12, 0.12)
        )
        value = self.between(0.4, 1) if value is None else value + self.between(-0.1, 0.1)
        rgb = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0.03), 1))
        return np.array(rgb, np.float32)

    def coat(self) -> Field:
        """An animal's colour: mostly a natural one."""
        if self.chance(0.1):
            return self.colour(None, 0.5, 0.7)
        hue, saturation, value = COATS[self.rng.integers(len(COATS))]
        return self.colour(hue, saturation, value, 0.02)

    # ---- fields over the whole canvas (or a box of it)

    def noise(self, scale: float = 1.0, smooth: int = 2) -> Field:
        """Noise over the canvas; ``scale`` 1 is a tile's pixel for 1/64."""
        return self.noise_at(self.y * 64 * scale, self.x * 64 * scale, smooth)

    def noise_at(self, down: Field, across: Field, smooth: int = 2) -> Field:
        """Noise at any coordinates, in tile pixels."""
        start = self.rng.integers(0, noise.TILE_PX, 2)
        copy = int(self.rng.integers(2))
        return noise.sample(noise.tile(smooth, copy), down + start[0], across + start[1])

    def streaks_at(self, across: Field, along: Field) -> Field:
        """Streaks at any coordinates; ``along`` runs with the streak."""
        start = self.rng.integers(0, noise.TILE_PX, 2)
        copy = int(self.rng.integers(2))
        return noise.sample(noise.streaks(copy), across + start[0], along + start[1])

    def polar(self, cx: float = 0.0, cy: float = 0.0) -> tuple[Field, Field]:
        """Distance from (cx, cy) and angle."""
        dx, dy = self.x - cx, self.y - cy
        return np.sqrt(dx * dx + dy * dy) + 1e-4, np.arctan2(dy, dx)

    def inside(self, distance: Field, soft: float = 1.0) -> Field:
        """Cover 0..1 of where a signed distance (in canvas units) is positive."""
        return np.clip(0.5 + distance / (self.pixel * soft), 0, 1)

    # ---- painting

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

    def lit(
        self, colour: Colour, normal: tuple[Any, Any, Any], *, gloss: float = 0.2,
        tex: Field | None = None,
    ) -> Field:  # fmt: skip
        """The colour under the canvas's light: Lambert with a tinted sky, and a highlight."""
        nx, ny, nz = normal
        length = np.sqrt(nx * nx + ny * ny + nz * nz)
        facing = (nx * self.light[0] + ny * self.light[1] + nz * self.light[2]) / length
        facing = np.clip(facing, 0, 1)
        colour = np.asarray(colour, np.float32)
        if self.style.flat:
            shade = 1.04 - 0.2 * self.style.flat * (facing < 0.45)
        else:
            shade = self.ambient + (1.2 - self.ambient) * facing
        if tex is not None:
            shade = shade * (1 + tex)
        lit = colour * shade[..., None]
        if not self.style.flat:
            lit += self.sky * ((1 - facing) * 0.1)[..., None]
            lit += gloss * self.shine * (facing**self.sharpness)[..., None]
        return np.clip(lit, 0, 1)

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
        rgba = np.dstack([rgb, alpha])
        return (np.clip(rgba, 0, 1) * 255 + 0.5).astype(np.uint8)

    # ---- geometry

    def window(self, cx: float, cy: float, reach: float) -> Box:
        """Rows and columns that hold everything within ``reach`` of (cx, cy)."""
        px, py = self._inverse @ (cx, cy)
        half = (reach + self._bent) * self._growth + 2 / self.side
        low = [int(np.clip((p - half + 1) / 2 * self.side, 0, self.side - 1)) for p in (px, py)]
        high = [int(np.clip((p + half + 1) / 2 * self.side + 1, 1, self.side)) for p in (px, py)]
        return slice(low[1], max(high[1], low[1] + 1)), slice(low[0], max(high[0], low[0] + 1))

    def to_pixels(self, points: Any) -> Field:
        """Canvas coordinates (n, 2) in pixels, pose and wobble undone."""
        straight = np.asarray(points, np.float64) @ self._inverse.T
        flat = straight
        for _ in range(3):  # the bend is known at pixels only: a fixed point
            place = np.clip((flat + 1) / 2 * self.side, 0, self.side - 1).astype(int)
            flat = straight - self._bend[place[:, 1], place[:, 0]] @ self._inverse.T
        return (flat + 1) / 2 * self.side

    def _pose(self) -> None:
        stretch = self.between(0.84, 1.0), self.between(0.84, 1.0)
        turn, shear = self.between(-0.14, 0.14), self.between(-0.14, 0.14)
        mirror = self.choice(-1, 1)
        cos, sin = np.cos(turn), np.sin(turn)
        rotate = np.array([[cos, sin], [-sin, cos]])
        skew = np.array([[mirror / stretch[0], shear], [0, 1 / stretch[1]]])
        matrix = skew @ rotate * 1.04
        self._inverse = np.linalg.inv(matrix)
        self._growth = float(np.linalg.norm(self._inverse, 2))
        wobble = self.between(0, 0.028) * self.choice(0.3, 1, 1)
        along = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side * 2 - 1
        plain = np.stack(np.meshgrid(along, along), -1)
        grid = (plain + 1) * 64
        bend = [self.noise_at(grid[..., 1], grid[..., 0], 4) for _ in range(2)]
        lean = self.rng.uniform(-0.14, 0.14, 2)  # as if the thing turned to a side, or nodded
        turned = lean * (1 - plain * plain) * (not self.texture)
        self._bend = (wobble * np.clip(np.stack(bend, -1), -2.5, 2.5) + turned).astype(np.float32)
        self._bent = float(np.abs(self._bend).max())
        bent = (plain @ matrix.T + self._bend).astype(np.float32)
        self.x, self.y = np.ascontiguousarray(bent[..., 0]), np.ascontiguousarray(bent[..., 1])

    def _light(self) -> None:
        angle, lean = self.between(0, 2 * np.pi), self.between(0.35, 1.2)
        light = np.array([np.cos(angle) * lean, np.sin(angle) * lean - 0.4, 1.0])
        self.light = (light / np.linalg.norm(light)).astype(np.float32)
        self.ambient = self.between(0.22, 0.5)
        self.sharpness = self.between(10, 45)
        self.shine = self.colour(self.choice(0.12, 0.6), 0.15, 0.95)
        self.sky = self.colour(self.choice(0.6, 0.72, 0.08), 0.6, 0.7)

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


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 before ``low``, 1 after ``high``, smooth between (``low`` may be the larger)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Colour, second: Colour, share: Field) -> Field:
    """Colours from ``first`` (share 0) to ``second`` (share 1): (h, w, 3)."""
    share = np.asarray(share, np.float32)[..., None]
    return np.asarray(first, np.float32) * (1 - share) + np.asarray(second, np.float32) * share


def tint(colour: Colour, factor: float, lift: float = 0.0) -> Field:
    """A lighter or darker colour."""
    return np.clip(np.asarray(colour, np.float32) * factor + lift, 0, 1)


def shade(colour: Colour, factor: Field) -> Field:
    """The colour lightened and darkened by a field: (h, w, 3)."""
    return np.clip(np.asarray(colour, np.float32) * factor[..., None], 0, 1)


def curve(points: Points, *, closed: bool = False, steps: int = 6) -> list[tuple[float, float]]:
    """A smooth path through the points (Catmull-Rom)."""
    knots = np.asarray(points, np.float64)
    before, after = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    padded = np.concatenate([before, knots, after])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    path = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
        path.append((bend + (3 * b - a - 3 * c + d) * t**3) / 2)
    if not closed:
        path.append(knots[-1:])
    return [(float(px), float(py)) for px, py in np.concatenate(path)]
