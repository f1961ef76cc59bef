"""What does each channel of a layer see? A picture of each, rendered from noise.

Feature visualisation after Olah, Mordvintsev & Schubert, "Feature Visualization" (Distill 2017),
and lucid: Adam raises the mean of a channel's activations over a picture that is moved a little
before each step (``transforms``) and held as decorrelated frequencies (``parametrisation``).
Silent channels are woken (``rectifiers``).

All that is random is drawn from the seed, the channel and the step. On a CPU each channel is
computed by itself, so that no bit of its picture depends on the others: convolutions of a larger
batch add up in another order, and the ascent makes that visible. On a GPU ``at_once`` channels go
in one batch, and another batch may change a picture's details, though not what it shows.

    sheet = finish(steps(network, AtlasSettings(layer="inception4c", channels=(12, 97)), seed=7))
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from renderer import images
from renderer.ascent import Climb, Slope
from renderer.checkpoints import State, pack
from renderer.events import Artefact, Checkpoint, Event, Progress
from renderer.images import Picture
from renderer.networks import Network
from renderer.settings import AtlasSettings, SheetSettings
from renderer.sheets import sheet

MAX_THUMBNAIL_PX = 256


@dataclass(frozen=True, eq=False)
class Cell:
    """A channel's picture, (1, 3, H, W) in whole levels, and its objective there.

    ``dead``: nothing woke the channel; its objective is exactly 0.
    """

    channel: int
    pixels: Tensor = field(repr=False)
    objective: float

    @property
    def dead(self) -> bool:
        """Whether the channel doesn't answer to its own picture."""
        return self.objective == 0

    @property
    def name(self) -> str:
        """What its artefact is called."""
        return file_name(self.channel)


def file_name(channel: int) -> str:
    """What a channel's artefact is called."""
    return f"channel-{channel:04}.png"


def cell_size(settings: AtlasSettings) -> tuple[int, int]:
    """(height, width) of a channel's picture, or of its several pictures side by side."""
    columns = math.ceil(math.sqrt(settings.images))
    return math.ceil(settings.images / columns) * settings.size, columns * settings.size


def encoded(cell: Cell) -> bytes:
    """A cell as a PNG that says nothing of how it was made."""
    return images.encode(Picture(cell.pixels))


def steps(
    network: Network,
    settings: AtlasSettings,
    *,
    seed: int = 0,
    at_once: int = 1,
    ready: Mapping[int, bytes] | None = None,
    encode: Callable[[Cell], bytes] = encoded,
    fetch_losses: Callable[[], bool] | None = None,
    checkpoint: Callable[[], bool] | None = None,
    resume: State | None = None,
) -> Generator[Event, None, Tensor]:
    """Render channels, ``at_once`` in a batch, each an Artefact as soon as it is done.

    Returns a sheet of them all, (1, 3, H, W). ``ready`` are the files of channels that are there
    already; they are neither rendered nor told again, and whoever resumes hands in those that were
    told. Progress counts the steps of all channels together. ``encode`` makes a cell's file; the
    others are as in ``dream.steps``. Raises NetworkError for an unknown layer or channel,
    SettingError for a size too small for the layer.
    """
    slope = Slope.of(network, settings, seed)
    done = {c: read(data, file_name(c)) for c, data in (ready or {}).items()}
    total = len(slope.channels) * settings.iterations
    for climb in climbs(slope, [c for c in slope.channels if c not in done], at_once, resume):
        before = len(done) * settings.iterations
        while climb.step < settings.iterations:
            value = climb.go()
            so_far = before + climb.step * len(climb.channels)
            wanted = fetch_losses is None or fetch_losses()
            yield Progress(so_far, total, (("objective", value.item()),) if wanted else ())
            if checkpoint is not None and checkpoint():
                yield Checkpoint(so_far, pack(State(so_far, climb.state)))
        for cell in cells(climb):
            done[cell.channel] = cell.pixels
            yield Artefact(cell.name, encode(cell))
    return overview(done, slope.channels, settings)


def climbs(
    slope: Slope, missing: Sequence[int], at_once: int, resume: State | None
) -> Iterator[Climb]:
    """The batches to render, the first of them as ``resume`` left it if it is still wanted."""
    left = list(missing)
    if resume is not None:
        climb = Climb.resumed(slope, resume)
        if set(climb.channels) <= set(left):
            left = [channel for channel in left if channel not in climb.channels]
            yield climb
    for start in range(0, len(left), at_once):
        yield Climb(slope, left[start : start + at_once])


def cells(climb: Climb) -> Iterator[Cell]:
    """The pictures of a climb as they are written: rounded, several of a channel side by side."""
    slope, each = climb.slope, climb.slope.settings.images
    split = torch.split(climb.parameters, each)
    for channel, parameters in zip(climb.channels, split, strict=True):
        with torch.no_grad():
            pictures = slope.form.pixels(parameters).round()
            values, _ = slope.scores(pictures, [channel])
        yield Cell(channel, beside(pictures).to("cpu", torch.float32), values.mean().item())


def beside(pictures: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) in rows of √N as one, (1, 3, H', W'); black where there are none."""
    count, channels, height, width = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    canvas = pictures.new_zeros(rows * columns, channels, height, width)
    canvas[:count] = pictures
    grid = canvas.view(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    return grid.reshape(1, channels, rows * height, columns * width)


def read(data: bytes, name: str) -> Tensor:
    """A cell's pixels. Raises ImageError for a file that is damaged."""
    return images.decode(data, name=name).pixels


def overview(
    done: Mapping[int, Tensor], channels: Sequence[int], settings: AtlasSettings
) -> Tensor:
    """A labelled sheet of the channels' pictures, (1, 3, H, W)."""
    labelled = [(str(c), functools.partial(Picture, done[c])) for c in channels]
    side = min(max(done[c].shape[-1] for c in channels), MAX_THUMBNAIL_PX)
    return sheet(labelled, SheetSettings(thumbnail=side)).pixels
