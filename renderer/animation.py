"""How do frames become an animation?

Frames come as (name, loader) pairs and are loaded one at a time, so an animation of any length
takes the memory of a few frames. A GIF counts time in hundredths of a second: durations are
rounded so that the whole keeps its length.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from renderer import palettes
from renderer.errors import AnimationError
from renderer.gif import MAX_SIDE_PX, GifWriter
from renderer.images import Picture, resample, to_image
from renderer.settings import AnimationSettings

Frame = tuple[str, Callable[[], Picture]]

_MIN_CENTISECONDS = 2  # browsers show anything shorter ten times slower


def write_gif(
    frames: Iterable[Frame], path: Path | str, settings: AnimationSettings | None = None
) -> int:
    """Number of frames shown, after writing ``frames`` to ``path`` as an animated GIF.

    The file appears under its name when it is complete. Pixels whose alpha is below a half are
    transparent. Raises AnimationError, which names the frames, where there are none, where their
    sizes differ, where ``durations`` doesn't fit them, and where the file can't be written.
    """
    settings = settings or AnimationSettings()
    frames = list(frames)
    path = Path(path)
    if not frames:
        raise AnimationError(f"{path.name}: there are no frames to animate")
    times = centiseconds(len(frames), settings)
    images = _Reader(frames, settings.width)
    palette = palettes.choose(images) if settings.palette == "shared" else None
    with _published(path) as file:
        _write(file, images, times, settings=settings, palette=palette)
    return len(times)


def order(frames: int, *, bounce: bool = False) -> list[int]:
    """Which frame is shown when; bouncing goes back without repeating either end."""
    forward = list(range(frames))
    return forward + forward[-2:0:-1] if bounce else forward


def centiseconds(frames: int, settings: AnimationSettings) -> list[int]:
    """How long each shown frame stays, in 1/100 s; the sum is right to within one unit."""
    if settings.durations and len(settings.durations) != frames:
        raise AnimationError(
            f"durations: {len(settings.durations)} values for {frames} frames; give one for each"
        )
    wanted = [d / 10 for d in settings.durations] or [100 / settings.fps] * frames
    times, due, shown = [], 0.0, 0
    for frame in order(frames, bounce=settings.bounce):
        due += wanted[frame]
        times.append(max(_MIN_CENTISECONDS, round(due) - shown))
        shown += times[-1]
    return times


def load(frame: Frame) -> Picture:
    """The picture of a (name, loader) pair; AnimationError names the one that can't be read."""
    name, loader = frame
    try:
        return loader()
    except OSError as error:
        raise AnimationError(f"{name!r} can't be read ({error.strerror or error})") from error


class _Reader:
    """The frames as 8-bit images, in order, each loaded when its turn comes and of one size."""

    def __init__(self, frames: Sequence[Frame], width: int | None) -> None:
        self._frames = frames
        self._width = width

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Image.Image]:
        first = None
        for frame in self._frames:
            picture = load(frame)
            first = first or (frame[0], picture.size)
            _check_equal(frame[0], picture.size, first)
            picture = _narrowed(picture, self._width)
            if max(picture.size) > MAX_SIDE_PX:
                raise AnimationError(
                    f"{frame[0]!r} is over {MAX_SIDE_PX:,} px, the most that a GIF holds a side"
                )
            yield to_image(picture)


def _check_equal(name: str, size: tuple[int, int], first: tuple[str, tuple[int, int]]) -> None:
    if size != first[1]:
        raise AnimationError(
            f"frames of unequal size: {name!r} is {size[1]} x {size[0]} px, but {first[0]!r} is "
            f"{first[1][1]} x {first[1][0]} px; render them at one size"
        )


def _narrowed(picture: Picture, width: int | None) -> Picture:
    height, own_width = picture.size
    if width is None or own_width <= width:
        return picture
    return resample(picture, (max(1, int(height * width / own_width + 0.5)), width))


def _write(
    file: BinaryIO,
    reader: _Reader,
    times: list[int],
    *,
    settings: AnimationSettings,
    palette: Image.Image | None,
) -> None:
    shared = bytes(palette.getpalette() or ()) if palette else None
    writer = GifWriter(file, plays=settings.loop, palette=shared)
    images = iter(reader)
    shown = order(len(reader), bounce=settings.bounce)
    for position, (frame, time) in enumerate(zip(shown, times, strict=True)):
        if position < len(reader):
            image = next(images)
            colours = palette or palettes.choose([image])
            indexed = palettes.index(image, colours, dither=settings.dither != "none")
            writer.append(indexed, time, transparent=image.mode == "RGBA")
        else:
            writer.repeat(frame, time)
    writer.close()


@contextmanager
def _published(path: Path) -> Iterator[BinaryIO]:
    """A file under a temporary name, which takes its own when all is written and synced."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise AnimationError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
