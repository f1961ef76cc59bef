"""Which pictures does a job make for itself? Noise, white and black, as inputs without a file.

    inputs: [{noise: 512x512}, {white: 640x480}]

A generated picture has a path as if it lay in a file, ``noise://512x512/7.1/noise.bmp`` (the job's
seed, and which of its noises of this size it is). The path says all that its pixels depend on:
wherever and whenever it is read, it has the same bytes. Its size is WIDTHxHEIGHT, as people write
it.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jobs.names import safe
from renderer.decoding import MAX_PIXELS
from renderer.errors import ImageError
from renderer.settings import nearest

KINDS = ("noise", "white", "black")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{kind: {"type": "string", "pattern": r"^\d+ *[x×] *\d+$"} for kind in KINDS},
        "name": {"type": "string"},
    },
    "minProperties": 1,
    "maxProperties": 2,
    "additionalProperties": False,
}
"""What a generated picture looks like in a job file."""

_HEADER = "<2sIHHIIiiHHIIiiII"  # of a BMP file: 14 bytes of it and 40 of the picture
_HEADER_BYTES = struct.calcsize(_HEADER)


@dataclass(frozen=True, slots=True)
class Generated:
    """A picture to make: which kind, its (height, width) in px, and its name if it was given."""

    kind: str
    size: tuple[int, int]
    name: str = ""


def parse(value: Any) -> Generated:
    """The picture that a mapping of a job file asks for. ValueError in one line if it is none."""
    if unknown := [key for key in value if key not in (*KINDS, "name")]:
        known = nearest(str(unknown[0]), KINDS) or f"; known: {', '.join(KINDS)} and name"
        raise ValueError(f"there is no generated picture {unknown[0]!r}{known}")
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        raise ValueError(f"needs one of {', '.join(KINDS)} with a size, like {{noise: 512x512}}")
    size, name = _size(kinds[0], value[kinds[0]]), value.get("name", "")
    if not isinstance(name, str):
        raise ValueError(f"name: expected text, got {name!r}")
    return Generated(kinds[0], size, safe(name) if name else "")


def paths(pictures: Sequence[str | Generated], *, seed: int, longest: int | None) -> list[str]:
    """The paths of pictures, those of files as they are.

    ``longest`` is the size in px that the job asks for; generated pictures are made of that size at
    once, so that noise stays noise of single pixels. None leaves them the size they are given.
    Noises of one size differ from each other, and by the job's seed.
    """
    found: list[str] = []
    for picture in pictures:
        if isinstance(picture, str):
            found.append(picture)
            continue
        height, width = fitted(picture.size, longest)
        place, name = f"{picture.kind}://{width}x{height}", picture.name or picture.kind
        if picture.kind == "noise":
            number = 1 + sum(path.startswith(f"{place}/") for path in found)
            place = f"{place}/{seed}.{number}"
            name = picture.name or (f"noise-{number}" if number > 1 else "noise")
        found.append(f"{place}/{name}.bmp")
    return found


def is_generated(path: str) -> bool:
    """Whether a path is that of a generated picture."""
    return path.partition("://")[0] in KINDS


def read(path: str) -> bytes:
    """The picture's bytes, a BMP file: the same everywhere. ImageError if the path is no such."""
    kind, _, rest = path.partition("://")
    match = re.fullmatch(r"(\d+)x(\d+)(?:/(\d+\.\d+))?/[^/]+", rest)
    if match is None or kind not in KINDS or (kind == "noise") is (match[3] is None):
        raise ImageError(f"{path}: is no generated picture")
    width, height = int(match[1]), int(match[2])
    if fault := _fault(width, height):
        raise ImageError(f"{path}: {fault}")
    if kind == "noise":
        # A hash function, because its bytes are the same with every version of every library.
        rows = hashlib.shake_256(f"noise:{rest.rpartition('/')[0]}".encode()).digest(
            3 * width * height
        )
    else:
        rows = (b"\xff" if kind == "white" else b"\x00") * (3 * width * height)
    return _bmp(rows, width, height)


@lru_cache(maxsize=1024)  # pictures of one size share what it comes to
def fitted(size: tuple[int, int], longest: int | None) -> tuple[int, int]:
    """(height, width) in px of a picture made to fit ``longest`` px, as ``images.fit`` does."""
    if longest is None:
        return size
    scale = longest / max(size)
    height, width = (max(1, int(side * scale + 0.5)) for side in size)
    return height, width


def _size(kind: str, text: Any) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,9})\s*[x×X]\s*(\d{1,9})\s*", str(text))
    if match is None:
        raise ValueError(f"{kind}: a size is written WIDTHxHEIGHT, like 640x480, not {text!r}")
    width, height = int(match[1]), int(match[2])
    if fault := _fault(width, height):
        raise ValueError(f"{kind}: {fault}")
    return height, width


def _fault(width: int, height: int) -> str:
    if not width or not height:
        return f"{width} x {height} px: there would be nothing to see"
    if width * height > MAX_PIXELS:
        return f"{width} x {height} pixels are more than the limit of {MAX_PIXELS:,}"
    return ""


def _bmp(rows: bytes, width: int, height: int) -> bytes:
    """A BMP file of 3 bytes a pixel; its rows are filled up to multiples of 4 bytes."""
    line = 3 * width
    padding = bytes(-line % 4)
    body = b"".join(rows[start : start + line] + padding for start in range(0, len(rows), line))
    sizes = (_HEADER_BYTES + len(body), 0, 0, _HEADER_BYTES, 40, width, height, 1, 24, 0, len(body))
    return struct.pack(_HEADER, b"BM", *sizes, 0, 0, 0, 0) + body
