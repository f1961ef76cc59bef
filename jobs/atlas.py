"""Which tasks does an atlas come to? So many channels of a layer each, from noise.

A channel's picture is the same whichever task renders it, so it has an identity of its own: the id
of the task that would render it alone (jobs.cells).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

from jobs.activity import Activity, View
from jobs.artefacts import home
from jobs.blame import blamed
from jobs.choosing import Choice
from jobs.documents import Key
from jobs.models import given
from jobs.names import Names, safe
from jobs.outputs import folder
from jobs.spec import JobSpec
from jobs.stages import layer_channels
from jobs.steps import AtlasStep
from jobs.tasks import Frame, Task, identify
from renderer import networks
from renderer.atlas import cell_size, file_name
from renderer.errors import JobError, SettingError
from renderer.settings import AtlasSettings, DreamSettings, resolve

MAX_BATCH, LEAST_TASKS = 32, 8
"""A layer's channels make tasks of so many, but enough of them to go round some workers."""

Weights = Callable[[str, str], str]


def tasks(
    spec: JobSpec, step: AtlasStep, weights: Weights, activity: Activity | None, *, suffix: str
) -> tuple[tuple[Task, ...], tuple[Frame, ...]]:
    """The tasks of an atlas, and the sheets that they make. Raises JobError."""
    key: Key = ("steps", 0, "atlas")
    own = given(step, AtlasSettings)
    if spec.matrix is not None:
        fault = "can't vary an atlas; render one for each of the settings"
        raise JobError(spec.complaint(("matrix",), fault))
    with blamed(spec, (*key, "network")):
        entry = networks.entry(own.get("network", AtlasSettings.network))
    with blamed(spec, (*key, "layers")):
        default = entry.dream.get("layer", DreamSettings.layer)
        layers = networks.resolve_layers(entry, step.layers or (default,))
    chosen = layer_channels(spec, entry, step.channels, layers=layers, key=(*key, "channels"))
    found: list[Task] = []
    names = Names()
    for layer in layers:
        with blamed(spec, key):
            settings = resolve(AtlasSettings, {}, {**own, "layer": layer, "channels": ()})
        wanted = chosen.get(layer) or tuple(range(networks.channels(entry, layer)))
        if isinstance(wanted, Choice):
            wanted = _decided(spec, wanted, activity, network=entry.name, layer=layer)
        for batch in batches(wanted, step.batch):
            part = dataclasses.replace(settings, channels=batch)
            name = names.take(f"{safe(layer)}-{_span(batch)}") + suffix
            file = f"frames/{folder(spec, 0)}/{name}"
            known = weights(entry.name, layer)
            found.append(_task(spec, part, known, index=len(found), file=file))
    return tuple(found), tuple(_frame(task) for task in found)


def batches(channels: Sequence[int], size: int | None) -> Iterator[tuple[int, ...]]:
    """The channels in tasks of ``size``, or of a size that suits their number."""
    size = size or min(MAX_BATCH, math.ceil(len(channels) / LEAST_TASKS))
    for start in range(0, len(channels), size):
        yield tuple(channels[start : start + size])


def parts(task: Task) -> tuple[tuple[int, str], ...]:
    """(channel, file in the workspace) of the pictures that a task of an atlas makes."""
    assert isinstance(task.settings, AtlasSettings)
    where = home(task.file)
    return tuple((c, f"{where}/{file_name(c)}") for c in task.settings.channels)


def _decided(
    spec: JobSpec, choice: Choice, activity: Activity | None, *, network: str, layer: str
) -> tuple[int, ...]:
    """The channels that see most, or least, in a picture that the job names."""
    with blamed(spec, choice.key):
        if choice.picture is None:
            raise SettingError("an atlas has no input; name a picture with `of: picture.png`")
        if activity is None:
            raise SettingError("can't be chosen by activation where there are no weights")
        view = View(choice.picture, spec.size, named=True, region=choice.region)
        return activity.choose(choice, network, [layer], view)[layer]


def _task(spec: JobSpec, settings: AtlasSettings, weights: str, *, index: int, file: str) -> Task:
    task_id, seed = identify(settings, weights, None, job_seed=spec.seed)
    return Task(
        id=task_id,
        kind="atlas",
        step=0,
        index=index,
        input=f"{settings.network} {settings.layer}",
        label=f"{settings.layer} {_span(settings.channels)}",
        settings=settings,
        until=settings.layer,
        weights=weights,
        needs=(),
        source=None,
        styles=(),
        size=None,
        seed=seed,
        format=spec.format,
        files=(file,),
        carries=False,
    )


def _frame(task: Task) -> Frame:
    settings = task.settings
    assert isinstance(settings, AtlasSettings)
    return Frame(
        task=task.id,
        step=0,
        index=task.index,
        picture=safe(settings.layer),
        input=task.input,
        label=task.label,
        file=task.file,
        size=cell_size(settings),
        parts=tuple((str(channel), file) for channel, file in parts(task)),
    )


def _span(channels: Sequence[int]) -> str:
    """``0000-0031``, or ``0012`` alone."""
    return "-".join(f"{channel:04}" for channel in dict.fromkeys((channels[0], channels[-1])))
