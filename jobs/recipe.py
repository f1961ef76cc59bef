"""What must a picture say of itself so that it can be rendered again?

A frame's metadata holds the tasks that led to it, from the source picture on, with every setting
resolved. ``recipe`` writes that, ``reading`` makes the tasks of it again; their ids prove that
nothing was lost. Paths are kept relative to the job's folder: they tell strangers no more than
needed, and the frame's bytes don't depend on where the project lies. ``reading`` looks for the
pictures by these paths from several folders, and takes only the very bytes that were used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.inputs import Source
from jobs.storage import is_url
from jobs.tasks import Frame, Task, described, identify
from renderer.aims import Region
from renderer.atlas import cell_size
from renderer.errors import JobError, SettingError
from renderer.settings import PRECISION as KNOB
from renderer.settings import AtlasSettings, DreamSettings, StyleSettings

BESIDE = {"carries", "frames"}
"""What of a task says nothing of its pixels."""

TILE = "tile"
"""Holds in a recipe the side of a style transfer's tiles, given or chosen by the worker."""

PRECISION = "precision"
"""Holds in a recipe what the worker resolved ``precision`` to."""

SETTINGS = {"dream": DreamSettings, "style": StyleSettings, "atlas": AtlasSettings}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The tasks that lead to one frame, each after the one it needs, and how they were run."""

    job: str
    seed: int
    threads: int
    tile_px: int | None
    shards: int
    precision: str  # that it was rendered in, where the settings leave it open
    tasks: tuple[Task, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The one frame that is wanted."""
        last = self.tasks[-1]
        sizes = [task.source.fitted(task.size) for task in self.tasks if task.source]
        if isinstance(last.settings, AtlasSettings):
            sizes.append(cell_size(last.settings))
        frame = Frame(
            task=last.id,
            step=last.step,
            index=0,
            picture=last.input,
            input=last.input,
            label=last.label,
            file=last.file,
            size=sizes[0],
        )
        return (frame,)


def recipe(
    chain: Sequence[Task],
    *,
    job: str,
    seed: int,
    threads: int,
    base: Path,
    tile_px: int | None = None,
    shards: int = 1,
) -> dict[str, Any]:
    """What is written into the frame of the last task of ``chain``, as plain data.

    ``seed`` is the job's; ``base`` is the folder that paths are kept relative to. The worker adds
    under ``precision`` what it rendered in, if that isn't what the settings say.
    """
    tasks = [_plain(task, base) for task in chain]
    cut = {} if tile_px is None else {TILE: tile_px}
    if shards > 1:
        cut["shards"] = shards
    return {"job": job, "seed": seed, "threads": threads, **cut, "tasks": tasks}


def reading(data: Mapping[str, Any], *, folders: Iterable[Path], name: str) -> Recipe:
    """The recipe in a frame's metadata; its pictures are looked for from ``folders``.

    Raises JobError, which names the frame, where the data is no recipe, a picture isn't found, or
    the tasks come to other ids than they had: then this version would render other pixels.
    """
    folders = tuple(folders)
    try:
        tasks = [_task(item, folders) for item in data["tasks"]]
        tasks[-1] = dataclasses.replace(tasks[-1], carries=False)
        seed, threads = int(data["seed"]), int(data["threads"])
        tile_px = int(data[TILE]) if TILE in data else None
        shards = int(data.get("shards", 1))
        precision = str(data.get(PRECISION, ""))
        if precision not in ("", *KNOB.choices):
            raise ValueError(precision)
        same = all(_identified(task, seed) == (task.id, task.seed) for task in tasks)
    except (LookupError, TypeError, ValueError, SettingError) as error:
        raise JobError(f"{name}: its metadata is no recipe that this version knows") from error
    if not same:
        raise JobError(f"{name}: was rendered by a version of Reverie that made other pixels")
    return Recipe(
        job=str(data["job"]),
        seed=seed,
        threads=threads,
        tile_px=tile_px,
        shards=shards,
        precision=precision,
        tasks=tuple(tasks),
    )


def _identified(task: Task, job_seed: int) -> tuple[str, int]:
    above = task.needs[0] if task.needs else None
    picture = (task.source, task.size) if task.source else above
    return identify(
        task.settings,
        task.weights,
        picture,
        styles=task.styles,
        pictures=task.pictures,
        neighbour=task.neighbour,
        job_seed=job_seed,
    )


def _plain(task: Task, base: Path) -> dict[str, Any]:
    plain = {field.name: getattr(task, field.name) for field in dataclasses.fields(task)}
    plain["settings"] = described(task.settings)
    plain["source"] = task.source and _described(task.source, base)
    plain["styles"] = [_described(style, base) for style in task.styles]
    plain["pictures"] = [_described(picture, base) for picture in task.pictures]
    if not task.pictures:
        del plain["pictures"]
    return {key: value for key, value in plain.items() if key not in BESIDE}


def _described(source: Source, base: Path) -> dict[str, Any]:
    return {**dataclasses.asdict(source), "path": relative(source.path, base)}


def relative(path: str, base: Path) -> str:
    """A path as seen from ``base``; URLs, and paths on another drive, as they are."""
    if is_url(path):
        return path
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:
        return path


def _task(data: Mapping[str, Any], folders: tuple[Path, ...]) -> Task:
    known = {field.name for field in dataclasses.fields(Task)} - {*BESIDE, "pictures"}
    given = {key: _tuple(data[key]) for key in known}
    settings = {key: _tuple(value) for key, value in data["settings"].items()}
    if "regions" in settings:
        settings["regions"] = tuple(map(Region.read, settings["regions"]))
    given["settings"] = SETTINGS[data["kind"]](**settings)
    given["source"] = _source(data["source"], folders) if data["source"] else None
    given["styles"] = tuple(_source(style, folders) for style in data["styles"])
    given["pictures"] = tuple(_source(aid, folders) for aid in data.get("pictures", ()))
    return Task(**given, carries=True)


def _source(data: Mapping[str, Any], folders: tuple[Path, ...]) -> Source:
    source = Source(**{key: _tuple(value) for key, value in data.items()})
    return dataclasses.replace(source, path=found(source, folders))


def found(source: Source, folders: Iterable[Path]) -> str:
    """Where the source's very bytes lie: at its path from one of the folders, or right in one.

    Raises JobError that says which picture is missing.
    """
    if is_url(source.path):
        return source.path
    for folder in folders:
        for path in (folder / source.path, folder / Path(source.path).name):
            if _is(path, source.digest):
                return os.path.normpath(path)
    raise JobError(
        f"the picture {source.path} (sha256 {source.digest[:12]}) isn't there, or is another one "
        "now; put it beside the frame, or into the folder you call from"
    )


def _is(path: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
