"""Which steps keep pictures of how their frames came about, and animate them?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from jobs.documents import Key
from jobs.spec import JobSpec
from jobs.steps import Making
from jobs.tasks import Frame
from renderer.errors import JobError
from renderer.settings import FrameSettings


def kept(spec: JobSpec, step: int) -> FrameSettings | None:
    """The pictures of its frames' making that a step keeps."""
    wanted = spec.steps[step]
    return next((kind.frames for kind in (wanted.dream, wanted.style) if kind is not None), None)


def lacking(spec: JobSpec, told: Collection[int]) -> list[Making]:
    """Animations of what steps keep of their making, where none is ``told`` of."""
    steps = (n for n in range(len(spec.steps)) if n not in told and kept(spec, n) is not None)
    return [Making.model_validate({"of": str(step + 1)}) for step in steps]


def checked(spec: JobSpec, step: int, key: Key) -> FrameSettings:
    """The pictures that an animation of a step's makings is of. JobError if none are kept."""
    found = kept(spec, step)
    if found is None:
        fault = f"step {step + 1} keeps no pictures of its making; give it `frames: {{every: 10}}`"
        raise JobError(spec.complaint(key, fault))
    return found


def name(frame: Frame) -> str:
    """What tells the making of a frame from others: its file's own name."""
    return PurePosixPath(frame.file).stem
