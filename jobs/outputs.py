"""Which frames go into each animation and contact sheet of a job, and what are these called?

Where a step makes several pictures of an input, each input gets an output of its own, also where a
sheet shows the input itself; else all inputs are in one together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from jobs import steps
from jobs.documents import Key
from jobs.inputs import Source
from jobs.models import given
from jobs.names import Names
from jobs.spec import JobSpec
from jobs.tasks import Frame, Task
from renderer.errors import JobError
from renderer.settings import SHOWN, AnimationSettings, SheetSettings

INPUT, STYLE = SHOWN
OutputKind = Literal["gif", "sheet"]
SUFFIXES: dict[OutputKind, str] = {"gif": ".gif", "sheet": "-sheet.png"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of an output: what it is called there, its task, its file, (height, width)."""

    label: str
    task: str
    file: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that is shown though no task made it: what results were made of."""

    label: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An animation or a contact sheet; ``file`` is its name in the workspace.

    A sheet may have pictures ``first``, before its cells, and ``beside`` them.
    """

    kind: OutputKind
    file: str
    step: int
    settings: AnimationSettings | SheetSettings
    cells: tuple[Cell, ...]
    first: tuple[Shown, ...] = ()
    beside: tuple[Shown, ...] = ()


def outputs(
    spec: JobSpec, frames: Sequence[Sequence[Frame]], tasks: Mapping[str, Task]
) -> tuple[Output, ...]:
    """The outputs of a job with these frames by step. JobError if one can't be made."""
    found: list[Output] = []
    names = {kind: Names() for kind in SUFFIXES}
    for number, wanted in enumerate(spec.outputs):
        kind: OutputKind = "gif" if wanted.gif is not None else "sheet"
        asked = next(keys for keys in (wanted.gif, wanted.sheet) if keys is not None)
        key: Key = ("outputs", number, kind)
        step = _step(spec, asked.of, (*key, "of"))
        settings = _settings(asked, kind)
        of_step = _ends(frames[step]) if asked.last else frames[step]
        groups = _groups(of_step, shown=INPUT in _shown(settings))
        for picture, cells in groups.items():
            middle = [] if step == len(spec.steps) - 1 else [folder(spec, step)]
            stem = "-".join([spec.title, *middle, *([picture] if len(groups) > 1 else [])])
            if isinstance(settings, AnimationSettings):
                _check_durations(spec, settings, len(cells), (*key, "durations"))
                _check_sizes(spec, cells, key)
            file = names[kind].take(stem) + SUFFIXES[kind]
            made = Output(kind=kind, file=file, step=step, settings=settings, cells=cells)
            found.append(_with_origins(spec, made, tasks, key))
    return tuple(found)


def folder(spec: JobSpec, step: int) -> str:
    """Name of a step's folder: ``1-dream``."""
    return f"{step + 1}-{'dream' if spec.steps[step].dream is not None else 'style'}"


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
    """The last frame that each input came to, where a chain or a list of layers ends."""
    return list({frame.input: frame for frame in frames}.values())


def _groups(frames: Sequence[Frame], *, shown: bool) -> dict[str, tuple[Cell, ...]]:
    """The cells of each output, by the input's name where there is one output for each input.

    Where the input is ``shown``, its name needn't be told of what was made of it.
    """
    several = Counter(frame.picture for frame in frames)
    apart = shown or any(count > 1 for count in several.values())
    inputs = Counter(frame.input for frame in frames)
    labelled = shown or any(count > 1 for count in inputs.values())
    groups: dict[str, list[Cell]] = {}
    for frame in frames:
        label = frame.label if labelled else frame.input
        cell = Cell(label=label, task=frame.task, file=frame.file, size=frame.size)
        groups.setdefault(frame.picture if apart else "", []).append(cell)
    return {picture: tuple(cells) for picture, cells in groups.items()}


def _with_origins(spec: JobSpec, output: Output, tasks: Mapping[str, Task], key: Key) -> Output:
    """The output with what its pictures were made of, as far as its settings ask for that."""
    if not isinstance(output.settings, SheetSettings):
        return output
    found = {INPUT: list[Source](), STYLE: list[Source]()}
    for cell in output.cells:
        for source, what in _origins(tasks[cell.task], tasks):
            if source not in found[what]:
                found[what].append(source)
    shown: dict[str, Any] = {}
    for name in ("first", "beside"):
        wanted = getattr(output.settings, name)
        if STYLE in wanted and not found[STYLE]:
            fault = "there is no style to show: no style transfer leads to these pictures"
            raise JobError(spec.complaint((*key, name), fault))
        shown[name] = tuple(
            Shown(f"{what}: {source.name}", source) for what in wanted for source in found[what]
        )
    return replace(output, **shown)


def _origins(task: Task, tasks: Mapping[str, Task]) -> Iterable[tuple[Source, str]]:
    """The input and the style pictures that lead to a task's picture."""
    if task.source is not None:
        yield task.source, INPUT
    for need in task.needs:
        yield from _origins(tasks[need], tasks)
    for style in task.styles:
        yield style, STYLE


def _shown(settings: AnimationSettings | SheetSettings) -> tuple[str, ...]:
    return (*settings.first, *settings.beside) if isinstance(settings, SheetSettings) else ()


def _settings(asked: steps.Output, kind: OutputKind) -> AnimationSettings | SheetSettings:
    if kind == "gif":
        return AnimationSettings(**given(asked, AnimationSettings))
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
