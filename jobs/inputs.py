"""Which pictures does a job mean? Files, folders, globs and URLs become a list of sources."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from upath import UPath

from renderer.errors import ImageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture, or one frame of an animation, that a task reads.

    ``name`` is unique in the job and fit for file names; ``picture`` is the same for all frames of
    one file. ``digest`` is the SHA-256 of the file's bytes and ``size`` its (height, width).
    """

    name: str
    picture: str
    path: str
    frame: int
    digest: str
    size: tuple[int, int]

    def read(self) -> bytes:
        """The file's bytes. ImageError if it is gone, or not what it was when it was planned."""
        try:
            data: bytes = UPath(self.path).read_bytes()
        except OSError as error:
            raise ImageError(f"{self.path}: can't be read ({error.strerror or error})") from error
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise ImageError(f"{self.path}: has changed since the job was planned; run it again")
        return data


@dataclass(frozen=True, slots=True)
class FailedInput:
    """A picture that can't be rendered, known from its header; the rest of the job goes on."""

    path: str
    reason: str
