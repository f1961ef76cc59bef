"""Can the masks of a job's dreams be laid on its pictures? Asked before anything is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from jobs.branches import Branch
from jobs.complaints import SHOWN_FAULTS
from jobs.documents import Key
from jobs.inputs import Source
from jobs.stages import Stage
from renderer.errors import JobError
from renderer.regions import same_ratio
from renderer.settings import DreamSettings


def check_masks(branched: Sequence[Branch], pictures: Mapping[Source, Iterable[int]]) -> None:
    """Raise JobError, a line for each of the first faults, where a mask has another ratio.

    ``pictures`` are the inputs, with the numbers of the branches that render each.
    """
    faults: dict[str, None] = {}
    for source, numbers in pictures.items():
        for branch in (branched[number] for number in numbers):
            for key, mask in _masks(branch.stages):
                if not same_ratio(mask.size, source.fitted(branch.spec.size)):
                    fault = (
                        f"{PurePath(mask.path).name} is {_size(mask)} px and {source.name} "
                        f"{_size(source)}: a mask must have its picture's ratio of sides"
                    )
                    faults[branch.spec.complaint(key, fault)] = None
    if faults:
        raise JobError("\n".join(list(faults)[:SHOWN_FAULTS]))


def _masks(stages: Sequence[Stage]) -> Iterator[tuple[Key, Source]]:
    """The masks of all dreams, and where the job names them; a step's variants share theirs."""
    for step, stage in enumerate(stages):
        variant = stage.variants[0]
        regions = variant.settings.regions if isinstance(variant.settings, DreamSettings) else ()
        for place, region in enumerate(regions):
            if region.mask is not None:
                key = ("steps", step, "dream", "regions", place, "mask")
                yield key, variant.pictures[region.mask]


def _size(source: Source) -> str:
    height, width = source.size
    return f"{width} x {height}"
