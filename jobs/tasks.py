"""What is a task, and what is it called? Its id is a digest of all that determines its pixels."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from jobs.captions import Setting
from jobs.inputs import Source
from renderer.settings import AtlasSettings, FrameSettings, Settings, knobs

ALGORITHM_VERSION = 2
"""To be raised whenever the same settings come to give other pixels."""

ID_CHARACTERS = 32

Kind = Literal["dream", "style", "atlas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One dream or one style transfer of one picture, or channels of an atlas: what a worker does.

    ``id`` is a digest of all that determines the pixels, and of nothing else. The picture comes
    from ``source``, made to fit ``size``, or else from the carry of the first task in ``needs``;
    an atlas has neither. One more task there is the ``neighbour`` whose result a style transfer
    starts from.
    Layers in ``settings`` are names. ``weights`` is the digest of the network's weights down to
    ``until``, the deepest layer used. ``files`` are the names of the frame within the workspace:
    more than one where several frames come to the same pixels. A task that ``carries`` also
    delivers its picture as it is (``images.pack``), for the tasks that need it. One with ``frames``
    keeps pictures of its making (jobs.artefacts).
    """

    id: str
    kind: Kind
    step: int  # from 0
    index: int  # of its first frame within the step, from 0
    input: str
    label: str
    settings: Settings
    until: str
    weights: str
    needs: tuple[str, ...]
    source: Source | None
    styles: tuple[Source, ...]
    pictures: tuple[Source, ...] = ()  # the guides and masks that a dream's regions mean by number
    size: int | None
    seed: int
    format: str
    files: tuple[str, ...]
    carries: bool
    frames: FrameSettings | None = None

    @property
    def file(self) -> str:
        """The first of ``files``."""
        return self.files[0]

    @property
    def neighbour(self) -> str:
        """The task whose result this one starts from; empty where it starts as its settings say."""
        own = 0 if self.source else 1
        return self.needs[own] if len(self.needs) > own else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A place in the order of a step's results, and the task that renders it."""

    task: str
    step: int
    index: int
    picture: str  # the input file it goes back to
    input: str  # the same, with the frame's number where the file is an animation
    label: str
    file: str
    size: tuple[int, int]  # (height, width) to expect
    parts: tuple[tuple[str, str], ...] = ()  # (label, file) of what stands for it in outputs
    varied: tuple[Setting, ...] = ()  # what its variant of the job sets, as far as it matters here


def identify(
    settings: Settings,
    weights: str,
    picture: str | tuple[Source, int | None] | None,
    *,
    styles: tuple[Source, ...] = (),
    pictures: tuple[Source, ...] = (),
    neighbour: str = "",
    job_seed: int = 0,
) -> tuple[str, int]:
    """A task's id and its seed. ``picture`` is the task it comes from, or a source and its size.

    Neither names nor the place in the job matter: a job may grow without any id changing. The
    format of the file doesn't either; whether a file of this format is there, the workspace knows.
    The seed is of the picture (an atlas has none), not of the settings: what differs between the
    variants of a sweep comes of what was varied, and not of another noise.
    """
    content = {
        "algorithm": ALGORITHM_VERSION,
        "kind": type(settings).__name__,
        "settings": _exact(settings),
        "weights": weights,
        "picture": _pixels(picture) if isinstance(picture, tuple) else picture,
        "styles": [[style.digest, style.frame] for style in styles],
    }
    if pictures:
        content["pictures"] = [[picture.digest, picture.frame] for picture in pictures]
    if neighbour:
        content["start"] = neighbour
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    origin = json.dumps([content["kind"], content["picture"]], separators=(",", ":"))
    seed = int.from_bytes(hashlib.sha256(f"{job_seed}:{origin}".encode()).digest()[:8]) >> 1
    digest = hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
    return digest[:ID_CHARACTERS], seed


def described(settings: Settings) -> dict[str, Any]:
    """The settings as plain data, without those that determine nothing in them."""
    idle = () if isinstance(settings, AtlasSettings) else settings.idle
    plain = dataclasses.asdict(settings)
    return {name: value for name, value in plain.items() if name not in idle}


def _pixels(picture: tuple[Source, int | None]) -> list[Any]:
    source, size = picture
    return [source.digest, source.frame, size]


@lru_cache(maxsize=1024)
def _exact(settings: Settings) -> Mapping[str, Any]:
    """The settings with 3 and 3.0 told apart by type, never by how they were written."""
    plain = described(settings)
    for name, (kind, _, _) in knobs(type(settings)).items():
        if name in plain and float in (kind, *get_args(kind)):
            value = plain[name]
            plain[name] = [float(v) for v in value] if isinstance(value, tuple) else float(value)
    return plain
