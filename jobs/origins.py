"""What was a picture made of? The input and the style pictures, for sheets that show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jobs.documents import Key
from jobs.inputs import Source
from jobs.spec import JobSpec
from jobs.tasks import Task
from renderer.errors import JobError
from renderer.settings import SHOWN, SheetSettings

INPUT, STYLE = SHOWN


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that is shown though no task made it: what results were made of."""

    label: str
    source: Source


def shows_input(settings: object) -> bool:
    """Whether an output with these settings shows the input beside what was made of it."""
    return isinstance(settings, SheetSettings) and INPUT in (*settings.first, *settings.beside)


def shown(
    spec: JobSpec,
    settings: object,
    results: Sequence[Task],
    tasks: Mapping[str, Task],
    key: Key,
) -> tuple[tuple[Shown, ...], tuple[Shown, ...]]:
    """What a sheet of some results shows first, and beside them. ``tasks`` are all by their ids.

    Raises JobError, which names the output by its ``key``, where there is nothing to show.
    """
    if not isinstance(settings, SheetSettings):
        return (), ()
    found: dict[str, dict[Source, None]] = {INPUT: {}, STYLE: {}}
    for result in results:
        for source, what in origins(result, tasks):
            found[what][source] = None
    for name in ("first", "beside"):
        if STYLE in getattr(settings, name) and not found[STYLE]:
            fault = "there is no style to show: no style transfer leads to these pictures"
            raise JobError(spec.complaint((*key, name), fault))
    return _listed(settings.first, found), _listed(settings.beside, found)


def origins(task: Task, tasks: Mapping[str, Task]) -> Iterable[tuple[Source, str]]:
    """The pictures that lead to a task's, and what each is: ``input`` or ``style``."""
    if task.source is not None:
        yield task.source, INPUT
    for need in task.needs:
        yield from origins(tasks[need], tasks)
    for style in task.styles:
        yield style, STYLE


def _listed(wanted: Iterable[str], found: Mapping[str, Iterable[Source]]) -> tuple[Shown, ...]:
    return tuple(Shown(f"{what}: {one.name}", one) for what in wanted for one in found[what])
