"""Which frames go into each animation, contact sheet and plot of a job, and what are these called?

Where a step makes several pictures of an input, each input gets an output of its own, also where a
sheet shows the input itself; else all inputs are in one together. A plot of losses is of a whole
step, and has a table beside it. A step that keeps pictures of its frames' making (``frames``) has
an animation of each one's making.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from jobs import steps
from jobs.documents import Key
from jobs.models import given
from jobs.names import Names
from jobs.origins import Shown, shown, shows_input
from jobs.plots import PlotSettings
from jobs.spec import JobSpec
from jobs.tasks import Frame, Task
from renderer.errors import JobError
from renderer.settings import AnimationSettings, FrameSettings, SheetSettings

OutputKind = Literal["gif", "sheet", "plot", "making"]
SUFFIXES: dict[OutputKind, tuple[str, ...]] = {
    "gif": (".gif",),
    "sheet": ("-sheet.png",),
    "plot": ("-losses.png", "-losses.csv"),
    "making": ("-making.gif",),
}
Made = AnimationSettings | SheetSettings | PlotSettings


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of an output: what it is called there, its task, its file, (height, width)."""

    label: str
    task: str
    file: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An animation, a contact sheet, or a plot or table of losses; ``file`` is its name.

    A sheet may have pictures ``first``, before its cells, and ``beside`` them. An animation of the
    making of its one cell has ``frames``, which say of what pictures.
    """

    kind: OutputKind
    file: str
    step: int
    settings: Made
    cells: tuple[Cell, ...]
    first: tuple[Shown, ...] = ()
    beside: tuple[Shown, ...] = ()
    frames: FrameSettings | None = None


def outputs(
    spec: JobSpec, frames: Sequence[Sequence[Frame]], tasks: Mapping[str, Task]
) -> tuple[Output, ...]:
    """The outputs of a job with these frames by step. JobError if one can't be made."""
    found: list[Output] = []
    names = {kind: Names() for kind in SUFFIXES}
    for number, wanted in enumerate(_with_making(spec)):
        kind, asked = _asked(wanted)
        key: Key = ("outputs", number, kind)
        step = _step(spec, asked.of, (*key, "of"))
        settings = _settings(asked, kind)
        of_step = _ends(frames[step]) if asked.last else frames[step]
        alone = shows_input(settings)
        groups = _groups(of_step, together=kind == "plot", alone=alone)
        keeps = None
        if kind == "making":
            keeps, groups = _keeps(spec, step, key), _each(groups)
        for picture, cells in groups.items():
            middle = [] if step == len(spec.steps) - 1 else [folder(spec, step)]
            stem = "-".join([spec.title, *middle, *([picture] if len(groups) > 1 else [])])
            if kind == "gif" and isinstance(settings, AnimationSettings):
                _check_durations(spec, settings, len(cells), (*key, "durations"))
                _check_sizes(spec, cells, key)
            name = names[kind].take(stem)
            first, beside = shown(spec, settings, [tasks[cell.task] for cell in cells], tasks, key)
            found += [
                Output(
                    kind=kind,
                    file=name + suffix,
                    step=step,
                    settings=settings,
                    cells=cells,
                    first=first,
                    beside=beside,
                    frames=keeps,
                )
                for suffix in SUFFIXES[kind]
            ]
    return tuple(found)


def folder(spec: JobSpec, step: int) -> str:
    """Name of a step's folder: ``1-dream``."""
    return f"{step + 1}-{'dream' if spec.steps[step].dream is not None else 'style'}"


def _asked(wanted: steps.Outputs) -> tuple[OutputKind, steps.Output]:
    """Which kind an output is, and what is said of it."""
    kinds: tuple[OutputKind, ...] = tuple(SUFFIXES)
    return next((kind, keys) for kind in kinds if (keys := getattr(wanted, kind)) is not None)


def _with_making(spec: JobSpec) -> list[steps.Outputs]:
    """The outputs that are asked for, and animations of what steps keep of their making."""
    told = {
        _step(spec, wanted.making.of, ("outputs", number, "making", "of"))
        for number, wanted in enumerate(spec.outputs)
        if wanted.making is not None
    }
    own = [
        {"making": {"of": str(number + 1)}}
        for number, step in enumerate(spec.steps)
        if number not in told and _frames(step) is not None
    ]
    return [*spec.outputs, *map(steps.Outputs.model_validate, own)]


def _frames(step: steps.Step) -> FrameSettings | None:
    """The pictures of its frames' making that a step keeps."""
    return next((kind.frames for kind in (step.dream, step.style) if kind is not None), None)


def _keeps(spec: JobSpec, step: int, key: Key) -> FrameSettings:
    found = _frames(spec.steps[step])
    if found is None:
        fault = f"{folder(spec, step)} keeps no pictures of its making; give it `frames:`"
        raise JobError(spec.complaint(key, f"{fault}, like `frames: {{every: 10}}`"))
    return found


def _step(spec: JobSpec, of: str | None, key: Key) -> int:
    """The step that is meant by its number from 1, its folder's name or its kind."""
    if of is None:
        return len(spec.steps) - 1
    folders = [folder(spec, step) for step in range(len(spec.steps))]
    found = [
        step
        for step, name in enumerate(folders)
        if of.strip() in (name, str(step + 1), name.partition("-")[2])
    ]
    if len(found) == 1:
        return found[0]
    fault = "is more than one step" if found else "is no step"
    raise JobError(spec.complaint(key, f"{of!r} {fault} (steps: {', '.join(folders)})"))


def _ends(frames: Sequence[Frame]) -> list[Frame]:
    """The last frame of each input in each variant: where a chain, or a list of layers, ends."""
    return list({(frame.input, frame.varied): frame for frame in frames}.values())


def _groups(frames: Sequence[Frame], *, together: bool, alone: bool) -> dict[str, tuple[Cell, ...]]:
    """The cells of each output, by the input's name where there is one output for each input.

    Each input has one ``alone`` where it is shown itself; its name needn't be told there.
    """
    several = Counter(frame.picture for frame in frames)
    apart = alone or (not together and any(count > 1 for count in several.values()))
    inputs = Counter(frame.input for frame in frames)
    labelled = alone or any(count > 1 for count in inputs.values())
    groups: dict[str, list[Cell]] = {}
    for frame in frames:
        label = frame.label if labelled else frame.input
        if together and labelled and len(several) > 1:
            label = f"{frame.input}, {frame.label}"
        cell = Cell(label=label, task=frame.task, file=frame.file, size=frame.size)
        groups.setdefault(frame.picture if apart else "", []).append(cell)
    return {picture: tuple(cells) for picture, cells in groups.items()}


def _each(groups: Mapping[str, tuple[Cell, ...]]) -> dict[str, tuple[Cell, ...]]:
    """A group of every cell, by its frame's name."""
    cells = [cell for group in groups.values() for cell in group]
    return {PurePosixPath(cell.file).stem: (cell,) for cell in cells}


def _settings(asked: steps.Output, kind: OutputKind) -> Made:
    if kind in ("gif", "making"):
        return AnimationSettings(**given(asked, AnimationSettings))
    if kind == "plot":
        return PlotSettings(**given(asked, PlotSettings))
    return SheetSettings(**given(asked, SheetSettings))


def _check_durations(spec: JobSpec, settings: AnimationSettings, frames: int, key: Key) -> None:
    if settings.durations and len(settings.durations) != frames:
        fault = f"has {len(settings.durations)} values for {frames} frames"
        raise JobError(spec.complaint(key, fault))


def _check_sizes(spec: JobSpec, cells: Sequence[Cell], key: Key) -> None:
    """An animation has one size; better to say so before anything is rendered."""
    first = cells[0]
    for cell in cells:
        if cell.size != first.size:
            (h1, w1), (h2, w2) = first.size, cell.size
            fault = f"{first.label} is {w1} x {h1} px and {cell.label} {w2} x {h2}"
            raise JobError(spec.complaint(key, f"frames must be of one size, but {fault}"))
