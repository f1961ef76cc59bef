"""Which tasks does a job come to, what does each need, and which frame is whose?

Every input goes through the stages of jobs.stages; each variant makes one task of each picture it
is given. Work that two frames share, within a step, across steps or between the variants of a
matrix (jobs.branches), is one task.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from jobs import atlas
from jobs.activity import Activity
from jobs.branches import Branch, branches, none_left, part, sources
from jobs.captions import Setting, made
from jobs.inputs import FailedInput, Source
from jobs.masks import check_masks
from jobs.names import Names
from jobs.outputs import Cell, Output, folder, outputs
from jobs.patterns import Called
from jobs.settling import settle
from jobs.spec import JobSpec
from jobs.stages import Stage, Variant, blamed
from jobs.tasks import Frame, Task, identify
from jobs.tuning import Tuning
from renderer import networks

__all__ = ["Cell", "FailedInput", "Frame", "Output", "Plan", "Source", "Task", "plan"]

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a job comes to.

    ``tasks`` is in the order to render them, each after the one it needs, depth first, so that
    early frames are finished early. ``frames`` holds every step's results in order. ``variants``
    are the ids of the tasks that lead to each variant of a matrix, in its order.
    """

    name: str
    tasks: tuple[Task, ...]
    frames: tuple[tuple[Frame, ...], ...]
    outputs: tuple[Output, ...]
    failed_inputs: tuple[FailedInput, ...] = ()
    variants: tuple[frozenset[str], ...] = ()

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """The (height, width) of every task's picture."""
        return {frame.task: frame.size for step in self.frames for frame in step}

    @property
    def width(self) -> int:
        """How many tasks can run side by side all along: tasks over the longest path of needs."""
        depths: dict[str, int] = {}
        for task in self.tasks:
            depths[task.id] = 1 + max((depths[need] for need in task.needs), default=0)
        return math.ceil(len(depths) / max(depths.values(), default=1))

    @property
    def widest(self) -> int:
        """How many at most: those that no other needs."""
        return len(self.tasks) - len({need for task in self.tasks for need in task.needs})


def plan(
    spec: JobSpec, weights: Callable[[str, str], str], *, activity: Activity | None = None
) -> Plan:
    """The plan of a job. ``weights(network, until)`` is the digest of a network's weights.

    ``activity`` is asked where channels are chosen by what they see.
    Inputs that are no pictures are listed in the plan. Raises JobError, with a line for each
    fault, for what is wrong in the job, and whatever ``weights`` raises.
    """
    _check_networks(spec)
    if spec.steps[0].atlas is not None:
        tasks, sheets = atlas.tasks(
            spec, spec.steps[0].atlas, cache(weights), activity, suffix=SUFFIXES[spec.format]
        )
        known = {task.id: task for task in tasks}
        return Plan(spec.title, tasks, (sheets,), outputs(spec, (sheets,), known))
    branched = branches(spec)
    pictures, failed, rows = sources(spec)
    check_masks(branched, pictures)
    grower, tuning = _Grower(spec, branched, cache(weights)), Tuning()
    variants: list[set[str]] = [set() for _ in branched]
    for settled in settle(branched, pictures, activity):
        if isinstance(settled, FailedInput):
            failed = (*failed, settled)
            continue
        source, own = settled
        grower.begin()
        for number, branch in own.items():
            met = grower.grow(source, tuning.of(branch, rows.get(source.picture)))
            if spec.matrix:
                variants[number] |= met
    if not grower.tasks:
        raise none_left(spec, failed)
    frames = tuple(tuple(step) for step in grower.frames)
    return Plan(
        name=spec.title,
        tasks=tuple(grower.tasks.values()),
        frames=frames,
        outputs=outputs(spec, frames, grower.tasks),
        failed_inputs=failed,
        variants=tuple(map(frozenset, variants)) if spec.matrix else (),
    )


def _check_networks(spec: JobSpec) -> None:
    for network in spec.weights:
        with blamed(spec, ("weights", network)):
            networks.entry(network)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a picture came to be: the input, the variant of each stage, what was set on the way."""

    source: Source
    places: tuple[int, ...] = ()
    settings: tuple[Setting, ...] = ()

    def on(self, place: int, settings: tuple[Setting, ...]) -> _Way:
        return _Way(self.source, (*self.places, place), settings)


class _Grower:
    """Tasks and frames so far; ``grow`` adds those of one source in one branch.

    What only the branches of one source have in common is held until the next one's ``begin``:
    there may be 100,000 of them.
    """

    def __init__(
        self, spec: JobSpec, branched: Sequence[Branch], weights: Callable[[str, str], str]
    ) -> None:
        self.spec, self.weights = spec, weights
        self._several = [
            any(len(branch.stages[step].variants) > 1 for branch in branched)
            for step in range(len(spec.steps))
        ]
        firsts = {s for b in branched for s in b.variant.settings if s.rank[0] == 0}
        self._first = sorted(firsts, key=lambda setting: setting.rank)
        self.tasks: dict[str, Task] = {}
        self.frames: list[list[Frame]] = [[] for _ in spec.steps]
        self.names = [Names() for _ in spec.steps]
        self._called = [Called(spec.names) for _ in spec.steps]
        self._ways: dict[_Way, str] = {}  # to tasks: branches have ways in common

    def begin(self) -> None:
        """Another source comes, with all its branches."""
        self._ways.clear()

    def grow(self, source: Source, branch: Branch) -> set[str]:
        """Adds all tasks that come of a source, each followed by those that come of it.

        Returns the ids of those in the branch, which may have been there before.
        """
        self._branch, self._met = branch, set[str]()
        varied = branch.variant.of(None)
        name = "-".join(word for word in (source.name, part(varied)) if word)
        labels = tuple(setting.label for setting in varied)
        self._descend(_Way(source, settings=varied), above=None, name=name, labels=labels)
        return self._met

    def _descend(
        self, way: _Way, *, above: Task | None, name: str, labels: tuple[str, ...]
    ) -> None:
        step = len(way.places)
        if step == len(self._branch.stages):
            return
        stage = self._branch.stages[step]
        varied = self._branch.variant.of(step)
        labels = (*labels, *(setting.label for setting in varied))
        settings = (*way.settings, *varied)
        for place, variant in enumerate(stage.variants):
            goes_on = stage.chain and place + 1 < len(stage.variants)
            own = "-".join(word for word in (name, part(varied), variant.part) if word)
            told = (*labels, variant.label) if len(stage.variants) > 1 else labels
            carries = goes_on or step + 1 < len(self._branch.stages)
            here = way.on(place, (*settings, *self._made(variant, stage.kind, here=(step, place))))
            if here not in self._ways:
                label = ", ".join(told) or variant.label
                self._ways[here] = self._add(
                    here, stage, variant, above=above, name=own, label=label, carries=carries
                )
            task = self.tasks[self._ways[here]]
            self._met.add(task.id)
            self._descend(here, above=task, name=own, labels=told)
            if stage.chain:
                above = task

    def _add(
        self,
        way: _Way,
        stage: Stage,
        variant: Variant,
        *,
        above: Task | None,
        name: str,
        label: str,
        carries: bool,
    ) -> str:
        step = len(way.places) - 1
        file = self._file(step, name, way.source.name)
        task = self._task(way, stage, variant, above=above, file=file, carries=carries)
        self.tasks[task.id] = task
        source, size = way.source, self._branch.spec.size
        self.frames[step].append(
            Frame(
                task=task.id,
                step=step,
                index=len(self.frames[step]),
                picture=source.picture,
                input=source.name,
                label=label,
                file=file,
                size=source.fitted(size),
                varied=way.settings,
            )
        )
        return task.id

    def _made(self, variant: Variant, kind: str, *, here: tuple[int, int]) -> tuple[Setting, ...]:
        """What tells a step's picture from its others, where it makes several in any branch."""
        step, place = here
        pictures = tuple(style.path for style in variant.styles)
        one = made(kind, step, place=place, label=variant.label, pictures=pictures)
        return (one,) if self._several[step] else ()

    def _neighbour(self, way: _Way) -> str:
        """The task that a warm start begins with: the nearest one before, along the first axis.

        It is made to carry its picture on. Empty where there is none, and where none is asked for.
        """
        if self.spec.matrix is None or not self.spec.matrix.warm_start:
            return ""
        for setting in (s for s in way.settings if s.rank[0] == 0):
            for before in reversed(self._first[: setting.rank[1]]):
                near = tuple(before if s is setting else s for s in way.settings)
                found = self._ways.get(replace(way, settings=near), "")
                if found:
                    self.tasks[found] = replace(self.tasks[found], carries=True)
                    return found
        return ""

    def _file(self, step: int, name: str, stem: str) -> str:
        if not self.spec.names:
            own = self.names[step].take(name)
        else:
            layer, number = name.removeprefix(stem).removeprefix("-"), len(self.frames[step]) + 1
            with blamed(self.spec, ("names",)):
                own = self._called[step].take(stem=stem, layer=layer, frame=number)
        return f"frames/{folder(self.spec, step)}/{own}{SUFFIXES[self.spec.format]}"

    def _task(
        self,
        way: _Way,
        stage: Stage,
        variant: Variant,
        *,
        above: Task | None,
        file: str,
        carries: bool,
    ) -> Task:
        job, step, source = self._branch.spec, len(way.places) - 1, way.source
        neighbour = self._neighbour(way) if stage.kind == "style" else ""
        weights = self.weights(variant.settings.network, variant.until)
        task_id, seed = identify(
            variant.settings,
            weights,
            above.id if above else (source, source.longest(job.size)),
            styles=variant.styles,
            pictures=variant.pictures,
            neighbour=neighbour,
            job_seed=job.seed,
        )
        known = self.tasks.get(task_id)
        if known is not None:
            return replace(
                known,
                files=(*known.files, file),
                carries=known.carries or carries,
                frames=known.frames or stage.frames,
            )
        return Task(
            id=task_id,
            kind=stage.kind,
            step=step,
            index=len(self.frames[step]),
            input=source.name,
            label=variant.label,
            settings=variant.settings,
            until=variant.until,
            weights=weights,
            needs=(*([above.id] if above else ()), *([neighbour] if neighbour else ())),
            source=None if above else source,
            styles=variant.styles,
            pictures=variant.pictures,
            size=None if above else source.longest(job.size),
            seed=seed,
            format=self.spec.format,
            files=(file,),
            carries=carries,
            frames=stage.frames,
        )
