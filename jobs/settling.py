"""Which channels do a job's stages get, once their pictures are looked at?

A choice by activation is decided on the source picture, also for the later layers of a chain and
for later steps: what these will be given isn't rendered yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

from jobs.activity import Activity, View
from jobs.blame import blamed
from jobs.branches import Branch
from jobs.choosing import Choice
from jobs.inputs import FailedInput, Source
from jobs.stages import Stage, Variant
from renderer.errors import ImageError, JobError
from renderer.settings import DreamSettings

Stages = tuple[Stage, ...]


def settle(
    branched: Sequence[Branch], pictures: Mapping[Source, Iterable[int]], activity: Activity | None
) -> Iterator[tuple[Source, dict[int, Branch]] | FailedInput]:
    """What each input goes through, one after the other, by the numbers of its branches.

    An input that can't be looked at comes as a failed one. Raises JobError for a picture that the
    job names and that can't be looked at, and WeightsError.
    """
    settlings = [Settling(branch, activity) for branch in branched]
    for source, numbers in pictures.items():
        try:
            yield source, {number: settlings[number].on(source) for number in numbers}
        except ImageError as error:
            yield FailedInput(source.path, str(error))


class Settling:
    """One branch's choices: at once those by pictures that it names, then those by its inputs."""

    def __init__(self, branch: Branch, activity: Activity | None) -> None:
        self._spec, self._activity = branch.spec, activity
        self._layers: dict[tuple[str, Choice], list[str]] = {}  # looked at together
        for variant in (variant for stage in branch.stages for variant in stage.variants):
            if variant.choice is not None:
                group = (variant.settings.network, variant.choice)
                self._layers.setdefault(group, []).append(variant.until)
        self._branch = replace(branch, stages=self._settled(branch.stages, None))

    def on(self, source: Source) -> Branch:
        """The branch of an input. ImageError where it can't be looked at."""
        if not self._layers:
            return self._branch  # one for all
        return replace(self._branch, stages=self._settled(self._branch.stages, source))

    def _settled(self, stages: Stages, source: Source | None) -> Stages:
        return tuple(
            replace(stage, variants=tuple(self._variant(v, source) for v in stage.variants))
            for stage in stages
        )

    def _variant(self, variant: Variant, source: Source | None) -> Variant:
        choice, settings = variant.choice, variant.settings
        picture = source if choice is None else choice.picture or source
        if choice is None or picture is None or not isinstance(settings, DreamSettings):
            return variant
        with blamed(self._spec, choice.key) if choice.picture else nullcontext():
            channels = self._channels(variant, choice, picture)
        return replace(variant, settings=replace(settings, channels=channels), choice=None)

    def _channels(self, variant: Variant, choice: Choice, picture: Source) -> tuple[int, ...]:
        if self._activity is None:
            raise JobError("channels can't be chosen by activation where there are no weights")
        network = variant.settings.network
        layers = self._layers[network, choice]
        named = choice.picture is not None
        view = View(picture, self._spec.size, named=named, region=choice.region)
        return self._activity.choose(choice, network, layers, view)[variant.until]
