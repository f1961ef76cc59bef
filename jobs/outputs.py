"""Which frames go into each animation, sheet, grid, table and plot of a job? What are these called?

Where a step makes several pictures of an input, each input gets an output of its own, also where a
sheet shows the input itself; else all inputs are in one together. Plots of losses and tables are of
a whole step, and a plot has a table beside it. A job with a matrix has a grid and a table, and a
step with `frames` an animation of each frame's making, whether they are asked for or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jobs import making, portions, steps, sweeps
from jobs.documents import Key
from jobs.kinds import OF_A_MATRIX, OF_A_STEP, SUFFIXES, OutputKind
from jobs.models import given
from jobs.names import Names
from jobs.origins import Shown, shown, shows_input
from jobs.plots import PlotSettings
from jobs.spec import JobSpec
from jobs.sweeps import Axis
from jobs.tables import TableSettings
from jobs.tasks import Frame, Task
from renderer.errors import JobError
from renderer.settings import AnimationSettings, FrameSettings, GridSettings, SheetSettings, nearest

Made = AnimationSettings | SheetSettings | GridSettings | TableSettings | PlotSettings
KINDS: dict[OutputKind, type[Made]] = {
    "gif": AnimationSettings,
    "sheet": SheetSettings,
    "grid": GridSettings,
    "table": TableSettings,
    "plot": PlotSettings,
    "making": AnimationSettings,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of an output: what it is called there, its task, its file, (height, width).

    ``place`` is where it stands on a grid: an index for each of its axes.
    """

    label: str
    task: str
    file: str
    size: tuple[int, int]
    frame: Frame
    place: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An animation, a sheet, a grid with its axes, or a table or plot; ``file`` is its name.

    A sheet may have pictures ``first``, before its cells, and ``beside`` them. The animation of the
    making of its one cell has ``frames``, which say of what pictures. ``cells`` are ``one_in`` so
    many frames, where there are very many.
    """

    kind: OutputKind
    file: str
    step: int
    settings: Made
    cells: tuple[Cell, ...]
    axes: tuple[Axis, ...] = ()
    first: tuple[Shown, ...] = ()
    beside: tuple[Shown, ...] = ()
    frames: FrameSettings | None = None
    one_in: int = 1


def outputs(
    spec: JobSpec, frames: Sequence[Sequence[Frame]], tasks: Mapping[str, Task]
) -> tuple[Output, ...]:
    """The outputs of a job with these frames by step. JobError if one can't be made."""
    found: list[Output] = []
    names = {kind: Names() for kind in SUFFIXES}
    for number, (kind, asked) in enumerate(_wanted(spec)):
        key: Key = ("outputs", number, kind)
        step = _step(spec, asked.of, (*key, "of"))
        settings = KINDS[kind](**given(asked, KINDS[kind]))
        of_step = _ends(frames[step]) if asked.last else frames[step]
        if isinstance(settings, GridSettings):
            _check_axes(spec, settings, of_step, key)
        groups = _groups(of_step, kind, alone=shows_input(settings))
        keeps = making.checked(spec, step, key) if kind == "making" else None
        for picture, cells in groups.items():
            middle = [] if step == len(spec.steps) - 1 else [folder(spec, step)]
            stem = "-".join([spec.title, *middle, *([picture] if len(groups) > 1 else [])])
            if kind == "gif" and isinstance(settings, AnimationSettings):
                _check_durations(spec, settings, len(cells), (*key, "durations"))
                _check_sizes(spec, cells, key)
            name = names[kind].take(stem)
            first, beside = shown(spec, settings, [tasks[cell.task] for cell in cells], tasks, key)
            made = Output(
                kind=kind,
                file=name,
                step=step,
                settings=settings,
                cells=cells,
                first=first,
                beside=beside,
                frames=keeps,
            )
            made = _placed(made, spec.base) if isinstance(settings, GridSettings) else made
            found += [own for suffix in SUFFIXES[kind] for own in _portioned(made, suffix)]
    return tuple(found)


def folder(spec: JobSpec, step: int) -> str:
    """Name of a step's folder: ``1-dream``."""
    return f"{step + 1}-{spec.steps[step].kind}"


def _wanted(spec: JobSpec) -> list[tuple[OutputKind, steps.Output]]:
    """The outputs that are asked for, and those that a matrix or `frames` have anyway."""
    kinds: tuple[OutputKind, ...] = tuple(SUFFIXES)
    found = [
        (kind, asked)
        for wanted in spec.outputs
        for kind in kinds
        if (asked := getattr(wanted, kind)) is not None
    ]
    missing = [kind for kind in OF_A_MATRIX if kind not in dict(found)] if spec.matrix else []
    found += [(kind, steps.Output.model_validate({})) for kind in missing]
    told = {
        _step(spec, asked.of, ("outputs", number, kind, "of"))
        for number, (kind, asked) in enumerate(found)
        if kind == "making"
    }
    return found + [("making", asked) for asked in making.lacking(spec, told)]


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
    found = {}
    for frame in frames:
        found[frame.input, tuple(s for s in frame.varied if s.of_matrix)] = frame
    return list(found.values())


def _groups(
    frames: Sequence[Frame], kind: OutputKind, *, alone: bool
) -> dict[str, tuple[Cell, ...]]:
    """The cells of each output, by the input's name where there is one output for each input.

    Each input has one ``alone`` where it is shown itself; its name needn't be told there.
    """
    several = Counter(frame.picture for frame in frames)
    drawn = kind not in OF_A_STEP and any(frame.parts for frame in frames)
    apart = kind not in OF_A_STEP and any(count > 1 for count in several.values())
    if kind == "grid":
        apart = not sweeps.of_inputs(frames)
    apart = apart or alone or drawn
    inputs = Counter(frame.input for frame in frames)
    labelled = alone or any(count > 1 for count in inputs.values())
    groups: dict[str, list[Cell]] = {}
    for frame in frames:
        label = frame.label if labelled else frame.input
        if kind in OF_A_STEP and labelled and len(several) > 1:
            label = f"{frame.input}, {frame.label}"
        cell = Cell(label, frame.task, frame.file, frame.size, frame)
        name = frame.input if kind == "grid" else frame.picture
        if kind == "making":
            apart, name = True, making.name(frame)
        shown = frame.parts if drawn else ()
        parts = [replace(cell, label=label, file=file) for label, file in shown]
        groups.setdefault(name if apart else "", []).extend(parts or [cell])
    return {picture: tuple(cells) for picture, cells in groups.items()}


def _portioned(output: Output, suffix: str) -> list[Output]:
    """An output as the files it is made as, of as many of its frames as go into these."""
    parts, name = portions.pages(output.settings, len(output.cells)), output.file
    if len(parts) > 1:
        return [
            replace(
                output,
                file=portions.page_name(name, number, len(parts)) + suffix,
                cells=output.cells[part],
                first=output.first if number == 1 else (),
            )
            for number, part in enumerate(parts, start=1)
        ]
    whole = suffix.endswith(".csv")  # there is always room for all rows of a table
    one_in = 1 if whole else portions.skipped(output.settings, len(output.cells))
    return [replace(output, file=name + suffix, cells=output.cells[::one_in], one_in=one_in)]


def _placed(grid: Output, base: Path) -> Output:
    """A grid with its axes, and its cells in their places."""
    assert isinstance(grid.settings, GridSettings)
    found = sweeps.axes([cell.frame for cell in grid.cells], base)
    axes = sweeps.arranged(found, grid.settings.across, grid.settings.down)
    cells = (replace(cell, place=sweeps.place(cell.frame, axes)) for cell in grid.cells)
    return replace(grid, cells=tuple(cells), axes=axes)


def _check_axes(spec: JobSpec, settings: GridSettings, frames: Sequence[Frame], key: Key) -> None:
    found = sweeps.axes(frames, spec.base)
    names = [axis.name for axis in found]
    if not found and not spec.matrix:
        fault = "nothing was varied; it needs a matrix, or a step with several layers or styles"
        raise JobError(spec.complaint(key, fault))
    for name in ("across", "down"):
        word = getattr(settings, name)
        if word and not any(axis.is_called(word) for axis in found):
            hint = nearest(word, names) or f" (varied: {', '.join(names) or 'nothing'})"
            raise JobError(spec.complaint((*key, name), f"{word!r} was not varied{hint}"))


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
