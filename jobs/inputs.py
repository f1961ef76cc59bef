"""Which pictures does a job mean? Files, folders, globs and URLs become a list of sources.

Folders and globs are listed in natural order (9 before 10) and hold back what isn't a picture by
its suffix. An animated GIF, WebP or PNG is as many sources as it has frames. URLs are whatever
fsspec opens (``s3://bucket/photos/*.jpg``), and generated pictures (jobs.generated).
"""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from upath import UPath

from jobs import generated
from jobs.names import Names, stems
from jobs.seen import Facts, Seen, forget
from jobs.storage import is_url, one_line
from renderer import decoding
from renderer.decoding import MAX_PIXELS
from renderer.errors import ImageError, JobError
from renderer.settings import nearest

SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".apng")
_PNG_MARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""What a PNG that says how it is to be turned has somewhere among its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture, or one frame of an animation, that a task reads.

    ``name`` is unique in the job and fit for file names; ``picture`` is the same for all frames of
    one file. ``digest`` is the SHA-256 of the file's bytes, ``size`` its (height, width) in px.
    """

    name: str
    picture: str
    path: str
    frame: int
    digest: str
    size: tuple[int, int]

    def read(self) -> bytes:
        """The file's bytes. ImageError if it is gone, or not what it was when it was planned."""
        data = _bytes(self.path)
        if hashlib.sha256(data).hexdigest() != self.digest:
            forget(self.path)
            raise ImageError(f"{self.path}: has changed since the job was planned; run it again")
        return data

    def fitted(self, longest: int | None) -> tuple[int, int]:
        """(height, width) of the picture once ``images.fit`` has made it ``longest`` px."""
        return generated.fitted(self.size, self.longest(longest))

    def longest(self, wanted: int | None) -> int | None:
        """The longest side to give the picture; a generated one has its size from the start."""
        return None if generated.is_generated(self.path) else wanted


@dataclass(frozen=True, slots=True)
class FailedInput:
    """A picture that can't be rendered, known from its header; the rest of the job goes on."""

    path: str
    reason: str


def expand(pattern: str, base: Path) -> list[str]:
    """The full paths that a file, folder, glob or URL stands for, relative ones from ``base``.

    JobError if there is nothing; it names a near file name where there is one.
    """
    try:
        if generated.is_generated(pattern):
            return [pattern]
        if is_url(pattern):
            return _expand_url(pattern)
        return _expand_local(pattern, base)
    except JobError:
        raise
    except ImportError as error:
        raise JobError(f"{pattern}: {error}; install what it names, or use a file") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise JobError(f"{pattern}: can't be looked up ({one_line(error)})") from error


def gather(
    paths: Iterable[str], names: Sequence[str] | None = None
) -> tuple[tuple[Source, ...], tuple[FailedInput, ...]]:
    """The sources in some files, each file once, and those files that are no readable pictures.

    With unique ``names``, one for each path, files come under these, as often as they are named.
    """
    sources: list[Source] = []
    failed: list[FailedInput] = []
    unique = list(dict.fromkeys(paths) if names is None else paths)
    taken, seen = Names(), Seen(unique)
    named = stems(unique) if names is None else names
    found = seen.each(unique, _inspect)
    for path, name, facts in zip(unique, named, found, strict=True):
        if isinstance(facts, ImageError):
            failed.append(FailedInput(path, str(facts)))
            continue
        digits = max(2, len(str(facts.frames)))
        for frame in range(facts.frames):
            own = name if facts.frames == 1 else f"{name}-{frame + 1:0{digits}}"
            sources.append(
                Source(
                    name=taken.take(own),
                    picture=name,
                    path=path,
                    frame=frame,
                    digest=facts.digest,
                    size=facts.size,
                )
            )
    seen.save()
    return tuple(sources), tuple(failed)


def listed(failed: Iterable[FailedInput]) -> bytes:
    """A table of pictures that can't be rendered, as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("picture", "reason"))
    rows.writerows((one.path, one.reason.removeprefix(f"{one.path}: ")) for one in failed)
    return text.getvalue().encode(errors="surrogateescape")


def natural(text: str) -> str:
    """A key that sorts numbers within text by their value, and text without regard to case.

    One text, since of a tuple of its parts 100,000 names would take four times the memory.
    """
    return re.sub(r"\d+|\D+", _ranked, text)


def _ranked(part: re.Match[str]) -> str:
    """Numbers come before text, and the shorter of two numbers before the longer."""
    if not part[0].isdecimal():
        return f"\1{part[0].casefold()}\0"
    digits = str(int(part[0]))
    return f"\0{chr(len(digits))}{digits}{part[0]}\0"


def _expand_local(pattern: str, base: Path) -> list[str]:
    path = base / Path(pattern).expanduser()
    if path.is_dir():
        return _listed(pattern, [item.path for item in os.scandir(path) if _shown(item)])
    if path.exists():
        return [os.path.normpath(path)]
    if glob.has_magic(pattern):
        found = [item for item in glob.glob(str(path), recursive=True) if os.path.isfile(item)]
        return _listed(pattern, [item for item in found if _fits(item, pattern)])
    raise JobError(f"{pattern}: there is no such file or folder{_neighbour(path)}")


def _expand_url(pattern: str) -> list[str]:
    head, magic, tail = _split(pattern)
    path = UPath(head)
    if magic:
        found = [str(item) for item in path.glob(tail) if item.is_file()]
        return _listed(pattern, [item for item in found if _fits(item, pattern)])
    if path.is_dir():
        return _listed(pattern, [str(item) for item in path.iterdir() if _shown(item)])
    if path.exists():
        return [pattern]
    raise JobError(f"{pattern}: there is no such file or folder")


def _split(pattern: str) -> tuple[str, bool, str]:
    """The folder before the first part with a wildcard, whether there is one, and the rest."""
    parts = pattern.split("/")
    for place, part in enumerate(parts):
        if glob.has_magic(part):
            return "/".join(parts[:place]), True, "/".join(parts[place:])
    return pattern, False, ""


def _listed(pattern: str, paths: Sequence[str]) -> list[str]:
    if not paths:
        raise JobError(f"{pattern}: holds no picture ({', '.join(SUFFIXES)})")
    found = [_normal(path) for path in paths]
    if len({os.path.dirname(path) for path in found}) == 1:  # then the names alone tell the order
        return sorted(found, key=lambda path: natural(os.path.basename(path)))
    return sorted(found, key=natural)


def _normal(path: str) -> str:
    return path if is_url(path) else os.path.normpath(path)


def _shown(item: os.DirEntry[str] | UPath) -> bool:
    return _is_picture(item.name) and not item.name.startswith(".") and item.is_file()


def _fits(path: str, pattern: str) -> bool:
    """Whether a match is wanted: a pattern that says its suffix is taken at its word."""
    suffix = PurePath(pattern).suffix
    return _is_picture(path) or (bool(suffix) and not glob.has_magic(suffix))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _neighbour(path: Path) -> str:
    try:
        return nearest(path.name, os.listdir(path.parent))
    except OSError:
        return f" (nor a folder {path.parent})"


def _inspect(path: str) -> Facts:
    """What a file holds, of which only the header is decoded."""
    data = _bytes(path)
    with decoding.opened(data, name=path, max_pixels=MAX_PIXELS) as image:
        turned = _may_tell_orientation(image.format, data) and decoding.orientation(image) >= 5
        width, height = image.size[::-1] if turned else image.size
        return Facts(hashlib.sha256(data).hexdigest(), decoding.frames(image), (height, width))


def _may_tell_orientation(format: str | None, data: bytes) -> bool:
    """Whether to ask for it: a PNG may say it behind its pixels, which are decoded to get there."""
    return format != "PNG" or any(mark in data for mark in _PNG_MARKS)


def _bytes(path: str) -> bytes:
    if generated.is_generated(path):
        return generated.read(path)
    try:
        data: bytes = UPath(path).read_bytes() if is_url(path) else Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: can't be read ({one_line(error)})") from error
    return data
