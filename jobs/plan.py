"""Which tasks does a job come to, what does each need, and which frame is whose?

Every input goes through the stages of jobs.stages; each variant makes one task of each picture it
is given. Work that two frames share, within a step or across steps, is one task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from jobs.aims import check_masks
from jobs.inputs import FailedInput, Source, expand, gather
from jobs.names import Names
from jobs.outputs import Cell, Output, folder, outputs
from jobs.spec import JobSpec
from jobs.stages import Stage, Variant, blamed, stages
from jobs.tasks import Frame, Task, identify
from renderer import networks
from renderer.errors import JobError

__all__ = ["Cell", "FailedInput", "Frame", "Output", "Plan", "Source", "Task", "plan"]

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
SHOWN_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a job comes to.

    ``tasks`` is in the order to render them, each after the one it needs, depth first, so that
    early frames are finished early. ``frames`` holds every step's results in order. ``width`` is
    how many tasks can run side by side from the start.
    """

    name: str
    tasks: tuple[Task, ...]
    frames: tuple[tuple[Frame, ...], ...]
    outputs: tuple[Output, ...]
    failed_inputs: tuple[FailedInput, ...] = ()

    @property
    def width(self) -> int:
        """How many tasks can run side by side from the start: those that need no other."""
        return sum(not task.needs for task in self.tasks)


def plan(spec: JobSpec, weights: Callable[[str, str], str]) -> Plan:
    """The plan of a job. ``weights(network, until)`` is the digest of a network's weights.

    Inputs that are no pictures are listed in the plan. Raises JobError, with a line for each
    fault, for what is wrong in the job, and whatever ``weights`` raises.
    """
    resolved = stages(spec)
    _check_networks(spec)
    sources, failed = _inputs(spec)
    check_masks(spec, resolved, sources)
    grower = _Grower(spec, resolved, cache(weights))
    for source in sources:
        grower.grow(source)
    frames = tuple(tuple(step) for step in grower.frames)
    return Plan(
        name=spec.title,
        tasks=tuple(grower.tasks.values()),
        frames=frames,
        outputs=outputs(spec, frames),
        failed_inputs=failed,
    )


def _check_networks(spec: JobSpec) -> None:
    for network in spec.weights:
        with blamed(spec, ("weights", network)):
            networks.entry(network)


def _inputs(spec: JobSpec) -> tuple[tuple[Source, ...], tuple[FailedInput, ...]]:
    paths: list[str] = []
    faults = []
    for number, pattern in enumerate(spec.inputs):
        try:
            paths += expand(pattern, spec.base)
        except JobError as error:
            faults.append(spec.complaint(("inputs", number), str(error)))
    if faults:
        raise JobError("\n".join(faults))
    sources, failed = gather(paths)
    if not sources:
        lines = [item.reason for item in failed[:SHOWN_FAULTS]]
        lines.append(f"no picture can be read ({len(failed)} tried)")
        raise JobError("\n".join(spec.complaint(("inputs",), line) for line in lines))
    return sources, failed


class _Grower:
    """Tasks and frames so far; ``grow`` adds those of one source."""

    def __init__(
        self, spec: JobSpec, resolved: tuple[Stage, ...], weights: Callable[[str, str], str]
    ) -> None:
        self.spec, self.stages, self.weights = spec, resolved, weights
        self.tasks: dict[str, Task] = {}
        self.frames: list[list[Frame]] = [[] for _ in resolved]
        self.names = [Names() for _ in resolved]

    def grow(self, source: Source) -> None:
        """Adds all tasks that come of a source, each followed by those that come of it."""
        self._branch(source, 0, above=None, name=source.name, labels=())

    def _branch(
        self,
        source: Source,
        step: int,
        *,
        above: Task | None,
        name: str,
        labels: tuple[str, ...],
    ) -> None:
        if step == len(self.stages):
            return
        stage = self.stages[step]
        for place, variant in enumerate(stage.variants):
            goes_on = stage.chain and place + 1 < len(stage.variants)
            own = "-".join(part for part in (name, variant.part) if part)
            told = (*labels, variant.label) if len(stage.variants) > 1 else labels
            carries = goes_on or step + 1 < len(self.stages)
            file = self._file(step, own)
            task = self._task(source, step, variant, above=above, file=file, carries=carries)
            self._frame(task, source, step, label=", ".join(told) or variant.label, file=file)
            self._branch(source, step + 1, above=task, name=own, labels=told)
            if stage.chain:
                above = task

    def _file(self, step: int, name: str) -> str:
        unique = self.names[step].take(name) + SUFFIXES[self.spec.format]
        return f"frames/{folder(self.spec, step)}/{unique}"

    def _task(
        self,
        source: Source,
        step: int,
        variant: Variant,
        *,
        above: Task | None,
        file: str,
        carries: bool,
    ) -> Task:
        weights = self.weights(variant.settings.network, variant.until)
        task_id, seed = identify(
            variant.settings,
            weights,
            above.id if above else (source, self.spec.size),
            styles=variant.styles,
            pictures=variant.pictures,
            job_seed=self.spec.seed,
        )
        known = self.tasks.get(task_id)
        if known is not None:
            files = (*known.files, file)
            task = replace(known, files=files, carries=known.carries or carries)
        else:
            task = Task(
                id=task_id,
                kind=self.stages[step].kind,
                step=step,
                index=len(self.frames[step]),
                input=source.name,
                label=variant.label,
                settings=variant.settings,
                until=variant.until,
                weights=weights,
                needs=(above.id,) if above else (),
                source=None if above else source,
                styles=variant.styles,
                pictures=variant.pictures,
                size=None if above else self.spec.size,
                seed=seed,
                format=self.spec.format,
                files=(file,),
                carries=carries,
            )
        self.tasks[task_id] = task
        return task

    def _frame(self, task: Task, source: Source, step: int, *, label: str, file: str) -> None:
        self.frames[step].append(
            Frame(
                task=task.id,
                step=step,
                index=len(self.frames[step]),
                picture=source.picture,
                input=source.name,
                label=label,
                file=file,
                size=source.fitted(self.spec.size),
            )
        )
