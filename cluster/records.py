"""What a worker is told, and what it tells: small frozen records that cross process borders.

A worker is given an ``Order`` and answers with a stream of records: one ``Started``, some
``Progress``, ``Checkpoint``, ``Artefact`` and ``Said``, and at the end one ``Done``, ``Failed`` or
``Stopped``. A stream that ends without one of these has lost its worker: an end proves nothing.

Where several workers render one picture, each is given the same order and a ``Seat``. Their leader
answers for all; the others tell that they have ``Started``, and end with ``Attended`` or
``Failed``. Any of them ends with ``Broken`` where it can't go on since another doesn't.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.messages import Cause
from renderer.events import Artefact, Checkpoint, Progress
from renderer.precision import FLOAT32
from renderer.settings import FrameSettings, Settings

Handle = Any
"""A value that a backend holds for its workers (``Backend.share``); to all others opaque."""


@dataclass(frozen=True)
class Pace:
    """How often a worker delivers a checkpoint: after iterations, after seconds (None: never).

    ``losses`` is how often it records losses (``jobs.curves``; 0: never).
    """

    every: int | None = None
    seconds: float | None = None
    losses: int | None = None


@dataclass(frozen=True)
class Order:
    """One attempt at one task, complete: a worker needs nothing else, and reads no disk.

    ``picture`` is the bytes of a source picture (``packed`` false) or the lossless pack that the
    task before it left (``packed`` true). ``weights`` is a handle on a ``weights.Weights``, and
    ``styles`` are handles on the style pictures' bytes, with their names and frames beside them;
    ``pictures`` are such of the guides and masks that a dream's regions mean by number.
    ``start`` is the pack that a style transfer starts from, if not as its settings say.
    ``resume`` is the checkpoint to go on from, and ``curve`` the table of losses that earlier
    attempts have left. ``frames`` says which pictures of the making are told. An atlas has no
    picture; ``cells`` are the ids of its cells by channel, and ``ready`` the files of those that
    needn't be rendered. ``squeezed`` is how often memory ran out before, and ``careful`` whether an
    attempt failed: then nothing is risked for speed. ``precision`` is what to render in, whatever
    the settings say; empty: as they say.
    """

    task: str
    name: str
    settings: Settings
    picture: bytes = field(repr=False)
    weights: Handle = field(repr=False)
    until: str
    digest: str
    packed: bool = False
    start: bytes = field(default=b"", repr=False)
    frame: int = 0
    styles: tuple[Style, ...] = ()
    pictures: tuple[Style, ...] = ()
    size: int | None = None
    seed: int = 0
    threads: int = 1
    tile_px: int | None = None
    squeezed: int = 0
    careful: bool = False
    precision: str = ""
    format: str = "png"
    carries: bool = False
    pace: Pace = Pace()
    resume: Checkpoint | None = None
    curve: bytes = field(default=b"", repr=False)
    frames: FrameSettings | None = None
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)
    cells: Mapping[int, str] = field(default_factory=dict, repr=False)
    ready: Mapping[int, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Seat:
    """A worker's place among those that render one picture: its rank (0 leads), of how many.

    ``name`` is no other attempt's. ``alone``: they are all on this machine, the cluster's only one.
    """

    rank: int
    count: int
    name: str
    alone: bool


@dataclass(frozen=True)
class Style:
    """A style picture, guide or mask: its name, which frame of it, and a handle on its bytes."""

    name: str
    frame: int
    data: Handle = field(repr=False)


@dataclass(frozen=True)
class Started:
    """A worker took the order up: which process, where, on which device, with how many threads.

    And in which precision (``renderer.precision``).
    """

    node: str
    process: int
    device: str
    threads: int
    precision: str = FLOAT32


@dataclass(frozen=True)
class Line:
    """A message that was logged: when (seconds since 1970, by the worker), how grave, by what.

    ``shared``: others of the batch have it too, any of which may have said it.
    """

    at: float
    level: str
    logger: str
    message: str
    shared: bool = False


@dataclass(frozen=True)
class Said:
    """What was logged on a node during an attempt (``cluster.overheard``)."""

    node: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Done:
    """The task is rendered: its encoded picture, and the pack for the tasks that need it.

    The attempt did the iterations after ``resumed``, in so many seconds.
    """

    frame: bytes = field(repr=False)
    carry: bytes | None = field(repr=False)
    size: tuple[int, int]
    iterations: int
    losses: tuple[tuple[str, float], ...]
    seconds: float
    resumed: int = 0


@dataclass(frozen=True)
class Failed:
    """The attempt came to nothing: why, the error's own line, where, and the traceback."""

    cause: Cause
    message: str
    node: str
    traceback: str = field(default="", repr=False)


@dataclass(frozen=True)
class Stopped:
    """The attempt ended because it was told to; its last checkpoint came before."""


@dataclass(frozen=True)
class Attended:
    """A member has done its part, to the end or until its leader stopped (which tells that)."""


@dataclass(frozen=True)
class Broken:
    """A worker can't go on, since another of those that render with it doesn't; it is sound."""

    reason: str
    node: str


Last = Done | Failed | Stopped | Attended | Broken
"""With one of these a stream of records ends."""

Record = Started | Progress | Checkpoint | Artefact | Said | Last
