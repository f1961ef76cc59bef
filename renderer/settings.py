"""Every knob of dream, style transfer and atlas: type, default, bounds, one line of help, unit.

The defaults are those of the report (Insing & Vloet 2018, which took them from Hvass Laboratories'
TensorFlow tutorials 14 and 15). A network's registry entry may replace some of them
(``NetworkEntry.dream`` and ``.style``), and what the user says replaces both: ``resolve`` does
that in one place. The job file, ``--set``, the shorthand commands, ``reverie schema`` and the
documentation are all made from the annotations here.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from renderer.aims import Region, check_regions, guides
from renderer.errors import SettingError


@dataclass(frozen=True, slots=True)
class Knob:
    """What is known of a setting beside its type and its default."""

    help: str
    unit: str = ""
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[str, ...] = ()


SHOWN = ("input", "style")
"""What a sheet may show beside results: the pictures they were made of."""

PRECISION = Knob(
    "numbers that the network multiplies in; auto: bfloat16 on devices that have it, where it is "
    "about twice as fast or more",
    choices=("auto", "float32", "bfloat16"),
)
"""Of dreams and style transfers alike (``renderer.precision``)."""


@dataclass(frozen=True, kw_only=True)
class DreamSettings:
    """One Deep Dream of one picture: what is amplified, and how.

    With neither ``channels`` nor ``classes`` the whole layer is amplified. ``classes`` raises the
    scores of the named classes at the network's classifier, and then ``layer`` is ``classes``.
    Where there are ``regions``, they say what is amplified, and the three say nothing.
    """

    network: Annotated[str, Knob("network that dreams (`reverie networks` lists them)")] = (
        "googlenet"
    )
    layer: Annotated[
        str, Knob("layer to amplify: a name or an index (`reverie layers NETWORK` lists them)")
    ] = "inception4c"
    channels: Annotated[
        tuple[int, ...], Knob("amplify these channels of the layer only; empty: all", ge=0)
    ] = ()
    classes: Annotated[
        tuple[str, ...], Knob("dream towards these classes (`reverie classes NETWORK`)")
    ] = ()
    iterations: Annotated[
        int, Knob("gradient-ascent steps at each pyramid level", ge=1, le=1_000_000)
    ] = 10
    step_size: Annotated[
        float, Knob("standard deviation of one update", unit="0..255 levels", gt=0, le=10_000)
    ] = 3.0
    gradient: Annotated[
        str,
        Knob(
            "gradient of random tiles, each by itself (the report: all parts move alike), or of "
            "the whole picture (it moves most where there is most to raise)",
            choices=("tiles", "whole"),
        ),
    ] = "tiles"
    tile_size: Annotated[
        int, Knob("wanted side of the tiles a gradient is computed in", unit="px", ge=32, le=65_536)
    ] = 400
    repeats: Annotated[
        int, Knob("times the picture is shrunk; 0 dreams at its own size only", ge=0, le=32)
    ] = 4
    rescale_factor: Annotated[float, Knob("size ratio between pyramid levels", gt=0, lt=1)] = 0.7
    blend: Annotated[
        float, Knob("share of the original mixed back in at each level", ge=0, le=1)
    ] = 0.2
    smooth_colour: Annotated[
        bool, Knob("smooth the gradient across the colour channels too, as the report does")
    ] = True
    guide_max_size: Annotated[
        int | None,
        Knob("longest side a guide is shrunk to; null: as it is", unit="px", ge=16),
    ] = 300
    precision: Annotated[str, PRECISION] = "float32"
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        check(self)
        check_regions(self.regions)

    @property
    def idle(self) -> frozenset[str]:
        """Names of the settings that determine nothing here, since what they are of isn't there."""
        unused = {
            "regions": self.regions,
            "guide_max_size": guides(self.regions),
            "tile_size": self.gradient == "tiles",
        }
        return frozenset(name for name, used in unused.items() if not used)


@dataclass(frozen=True, kw_only=True)
class StyleSettings:
    """One style transfer: which layers compare content and style, and how the image moves."""

    network: Annotated[str, Knob("network that compares (`reverie networks` lists them)")] = "vgg16"
    content_layers: Annotated[
        tuple[str, ...], Knob("layers that compare content: names, indexes or ranges")
    ] = ("conv3_1",)
    style_layers: Annotated[
        tuple[str, ...], Knob("layers that compare style: names, indexes or ranges like 0..12")
    ] = ("0..12",)
    iterations: Annotated[
        int, Knob("optimisation steps (at each scale, where there are several)", ge=1, le=1_000_000)
    ] = 120
    step_size: Annotated[
        float,
        Knob(
            "standard deviation of one update (adam: learning rate; lbfgs: the most)",
            unit="0..255 levels",
            gt=0,
            le=10_000,
        ),
    ] = 10.0
    optimizer: Annotated[
        str,
        Knob(
            "how the image moves: steps of one size (the report), Adam, or L-BFGS",
            choices=("gradient_descent", "adam", "lbfgs"),
        ),
    ] = "gradient_descent"
    weight_content: Annotated[float, Knob("weight of the content loss", ge=0)] = 1.5
    weight_style: Annotated[float, Knob("weight of the style loss", ge=0)] = 10.0
    weight_denoise: Annotated[float, Knob("weight of the total-variation loss", ge=0)] = 0.3
    style_max_size: Annotated[
        int | None,
        Knob("longest side a style picture is shrunk to; null: as it is", unit="px", ge=16),
    ] = 300
    style_scale: Annotated[
        float | None,
        Knob(
            "longest side a style picture is shrunk to, as a share of the picture's; null: "
            "style_max_size",
            gt=0,
            le=100,
        ),
    ] = None
    style_weights: Annotated[
        tuple[float, ...], Knob("share of each style picture; empty: equal shares", ge=0)
    ] = ()
    gram: Annotated[
        str,
        Knob(
            "Gram matrix summed over positions (the report; ties style strength to picture size) "
            "or averaged over them",
            choices=("sum", "mean"),
        ),
    ] = "sum"
    start: Annotated[
        str,
        Knob(
            "picture to start from: grey noise (the report) or the content",
            choices=("noise", "content"),
        ),
    ] = "noise"
    min_scale: Annotated[
        int | None,
        Knob(
            "style the picture coarse to fine, beginning at about this longest side; null: at its "
            "own size alone",
            unit="px",
            ge=16,
        ),
    ] = None
    scale_factor: Annotated[
        float, Knob("size ratio from one scale to the next larger", ge=1.05, le=16)
    ] = 1.4142
    initial_iterations: Annotated[
        int | None,
        Knob(
            "optimisation steps at the smallest scale; null: as at the others", ge=1, le=1_000_000
        ),
    ] = None
    precision: Annotated[str, PRECISION] = "float32"

    def __post_init__(self) -> None:
        check(self)

    @property
    def idle(self) -> frozenset[str]:
        """Names of the settings that determine nothing here."""
        unused = {"min_scale", "scale_factor", "initial_iterations"}
        replaced = "style_scale" if self.style_scale is None else "style_max_size"
        return frozenset({replaced, *(unused if self.min_scale is None else ())})


_OF_MAKING = re.compile(r"(?:^|/)iteration-([0-9]{5,7})\.png$")


@dataclass(frozen=True, kw_only=True)
class FrameSettings:
    """Which pictures of an optimisation are kept, to see it come about. No pixel depends on it."""

    every: Annotated[
        int,
        Knob(
            "iterations from one kept picture to the next; the first and the last are kept too",
            ge=1,
            le=1_000_000,
        ),
    ] = 10
    width: Annotated[
        int | None,
        Knob("shrink wider pictures to this width; null: as they are", unit="px", ge=1, le=65_536),
    ] = None

    def __post_init__(self) -> None:
        check(self)

    def keeps(self, iteration: int, total: int) -> bool:
        """Whether the picture after an iteration of so many is kept; 0 is the one before all."""
        return iteration % self.every == 0 or iteration == total

    def names(self, until: int, total: int | None = None) -> list[str]:
        """The files of the pictures that are kept until an iteration, which may be the last."""
        iterations = [*range(0, until + 1, self.every)]
        if until == total and iterations[-1] != until:
            iterations.append(until)
        return [self.name(iteration) for iteration in iterations]

    def among(self, files: Iterable[str]) -> list[str]:
        """Those of the files, in folders or not, that are such pictures, and the last, in order."""
        found = {int(match[1]): file for file in files if (match := _OF_MAKING.search(file))}
        return [found[i] for i in sorted(found) if self.keeps(i, max(found))]

    @staticmethod
    def name(iteration: int) -> str:
        """The file of the picture after an iteration: ``iteration-00010.png``."""
        return f"iteration-{iteration:05d}.png"


@dataclass(frozen=True, kw_only=True)
class AtlasSettings:
    """What channels of a layer see: a picture of each, rendered from noise.

    A channel's picture depends on the weights, the layer, its number and these settings, and on no
    other channel.
    """

    network: Annotated[str, Knob("network to look into (`reverie networks` lists them)")] = (
        "googlenet"
    )
    layer: Annotated[
        str, Knob("layer to look into: a name or an index (`reverie layers NETWORK` lists them)")
    ] = "inception4c"
    channels: Annotated[
        tuple[int, ...], Knob("channels to render; empty: all of the layer", ge=0)
    ] = ()
    size: Annotated[int, Knob("side of a channel's picture", unit="px", ge=16, le=4096)] = 128
    iterations: Annotated[int, Knob("steps from noise", ge=1, le=1_000_000)] = 128
    step_size: Annotated[
        float, Knob("learning rate of Adam, of the picture's parameters", gt=0, le=100)
    ] = 0.05
    objective: Annotated[
        str,
        Knob(
            "what rises: the channel's mean, or its value in the middle of the picture",
            choices=("channel", "neuron"),
        ),
    ] = "channel"
    fourier: Annotated[
        bool, Knob("move the picture's frequencies, as strong as in photographs, not its pixels")
    ] = True
    decorrelate: Annotated[
        bool, Knob("move colours along the axes in which those of photographs are uncorrelated")
    ] = True
    jitter: Annotated[
        float, Knob("the picture is shifted so far at most before each step", unit="px", ge=0)
    ] = 8.0
    rotation: Annotated[float, Knob("and turned so far", unit="degrees", ge=0, le=180)] = 10.0
    zoom: Annotated[float, Knob("and made larger or smaller by such a share", ge=0, lt=1)] = 0.1
    images: Annotated[
        int, Knob("pictures of each channel, side by side, that are to differ", ge=1, le=64)
    ] = 1
    diversity: Annotated[
        float,
        Knob("with several images: weight of their difference, as a share of the objective", ge=0),
    ] = 1.0

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class AnimationSettings:
    """One GIF of a job's frames: how fast, which way, and with which colours."""

    fps: Annotated[float, Knob("frames a second", ge=0.01, le=50)] = 6.0
    durations: Annotated[
        tuple[int, ...],
        Knob("time of each frame, one value a frame; replaces fps", unit="ms", ge=20, le=655_350),
    ] = ()
    loop: Annotated[int, Knob("times it plays; 0: for ever", ge=0, le=65_536)] = 0
    bounce: Annotated[bool, Knob("play forward, then backward")] = False
    palette: Annotated[
        str,
        Knob(
            "255 colours for each frame (truer) or shared by all (smaller, steadier)",
            choices=("frame", "shared"),
        ),
    ] = "frame"
    dither: Annotated[
        str,
        Knob("how missing colours are mixed", choices=("floyd-steinberg", "none")),
    ] = "floyd-steinberg"
    width: Annotated[
        int | None, Knob("shrink wider frames to this width; null: as they are", unit="px", ge=1)
    ] = None
    most: Annotated[
        int,
        Knob("frames at most; of more, one in so many is shown, at even distances", ge=1, le=10**6),
    ] = 10_000

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class SheetSettings:
    """One contact sheet: small pictures in rows, each with its label."""

    title: Annotated[str, Knob("heading of the sheet; empty: none")] = ""
    caption: Annotated[str, Knob("text below the pictures; empty: none")] = ""
    columns: Annotated[
        int | None, Knob("pictures in a row; null: as the sheet looks best", ge=1, le=1000)
    ] = None
    thumbnail: Annotated[
        int, Knob("longest side of a picture on the sheet", unit="px", ge=16, le=4096)
    ] = 256
    page: Annotated[
        int, Knob("pictures on a sheet at most; more go on further sheets", ge=1, le=100_000)
    ] = 500
    first: Annotated[
        tuple[str, ...],
        Knob(
            "what the pictures were made of, to show before them: the input, the style pictures",
            choices=SHOWN,
        ),
    ] = ()
    beside: Annotated[
        tuple[str, ...],
        Knob("the same, to show small in a column on the left, from top to bottom", choices=SHOWN),
    ] = ()

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class GridSettings:
    """One grid of a sweep's pictures: what was varied stands at its edges."""

    title: Annotated[str, Knob("heading of the grid; empty: none")] = ""
    across: Annotated[
        str, Knob("setting whose values are the columns; empty: the first that is varied")
    ] = ""
    down: Annotated[
        str, Knob("setting whose values are the rows; empty: the next; any others make blocks")
    ] = ""
    thumbnail: Annotated[
        int, Knob("longest side of a picture on the grid", unit="px", ge=16, le=4096)
    ] = 256

    def __post_init__(self) -> None:
        check(self)


Settings = DreamSettings | StyleSettings | AtlasSettings
S = TypeVar("S", DreamSettings, StyleSettings, AtlasSettings)


def knobs(kind: type) -> dict[str, tuple[Any, Knob, Any]]:
    """The settings of a dataclass by name: (type, knob, default), in order of definition."""
    return _known(kind)


@cache
def _known(kind: type) -> dict[str, tuple[Any, Knob, Any]]:
    # Kept: reading annotations takes longer than all else that checks a sweep's settings.
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for field in fields(kind):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            base, knob = get_args(hint)[:2]
            found[field.name] = (base, knob, field.default)
    return found


def resolve(kind: type[S], defaults: Mapping[str, Any], given: Mapping[str, Any]) -> S:
    """The settings of ``kind``: its own defaults, then a network's ``defaults``, then ``given``.

    Raises SettingError for an unknown key, with the nearest known one, and for a bad value.
    """
    known = [field.name for field in fields(kind)]
    for key in (*defaults, *given):
        if key not in known:
            raise SettingError(f"there is no setting {key!r}{nearest(key, known)}")
    return kind(**{**defaults, **given})


def nearest(word: str, known: Iterable[str]) -> str:
    """A suggestion to append to an error: ``"; did you mean 'x'?"``, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def check(settings: Any) -> None:
    """Raise SettingError for the first setting that is of the wrong type or out of its bounds."""
    for name, (kind, knob, _) in knobs(type(settings)).items():
        value = getattr(settings, name)
        _check_type(name, value, kind)
        for item in value if isinstance(value, tuple) else (value,):
            if item is not None:
                _check_bounds(name, item, knob)


def _check_type(name: str, value: Any, kind: Any) -> None:
    if get_origin(kind) is tuple:
        if not isinstance(value, tuple):
            raise SettingError(f"{name}: expected a list, got {value!r}")
        for item in value:
            _check_type(name, item, get_args(kind)[0])
        return
    allowed = get_args(kind) or (kind,)
    if float in allowed:
        allowed = (*allowed, int)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        expected = " or ".join("null" if a is type(None) else a.__name__ for a in allowed)
        raise SettingError(f"{name}: expected {expected}, got {value!r}")


def _check_bounds(name: str, value: Any, knob: Knob) -> None:
    if knob.choices and value not in knob.choices:
        choices = " or ".join(knob.choices)
        raise SettingError(
            f"{name}: must be {choices}, not {value!r}{nearest(str(value), knob.choices)}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"{name}: must be a finite number, not {value}")
    unit = f" {knob.unit}" if knob.unit else ""
    for bound, broken, words in (
        (knob.ge, operator.lt, "at least"),
        (knob.gt, operator.le, "more than"),
        (knob.le, operator.gt, "at most"),
        (knob.lt, operator.ge, "less than"),
    ):
        if bound is not None and broken(value, bound):
            raise SettingError(f"{name}: must be {words} {bound:g}{unit}, not {value!r}")
