"""Which tasks does a job come to, what does each need, and which frame is whose?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jobs.inputs import FailedInput, Source
from renderer.settings import DreamSettings, StyleSettings

Kind = Literal["dream", "style"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One dream or one style transfer of one picture: what a worker does in one go.

    ``id`` is a digest of all that determines the pixels, and of nothing else. The picture comes
    from ``source``, made to fit ``size``, or else from the carry of the one task in ``needs``.
    Layers in ``settings`` are names. ``weights`` is the digest of the network's weights down to
    ``until``, the deepest layer used. ``files`` are the names of the frame within the workspace:
    more than one where several frames of a step come to the same pixels. A task that ``carries``
    also delivers its picture as it is (``images.pack``), for the tasks that need it.
    """

    id: str
    kind: Kind
    step: int  # from 0
    index: int  # of its first frame within the step, from 0
    input: str
    label: str
    settings: DreamSettings | StyleSettings
    until: str
    weights: str
    needs: tuple[str, ...]
    source: Source | None
    styles: tuple[Source, ...]
    size: int | None
    seed: int
    format: str
    files: tuple[str, ...]
    carries: bool

    @property
    def file(self) -> str:
        """The first of ``files``."""
        return self.files[0]


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


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a job comes to.

    ``tasks`` is in the order to render them, each after the one it needs, depth first, so that
    early frames are finished early. ``frames`` holds every step's results in order.
    """

    tasks: tuple[Task, ...]
    frames: tuple[tuple[Frame, ...], ...]
    failed_inputs: tuple[FailedInput, ...] = ()
