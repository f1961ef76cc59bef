"""What has come of a job? Its files, a look at what still runs, and animations made anew.

`output`, `preview`, `assemble`. Nothing is rendered, and no job file or weights are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.tables import Json, answer, say, say_json
from cluster.commands.workspaces import Folder, Frames, chosen, workspace
from cluster.knobs import given, parameters, with_parameters
from cluster.phrases import frames_line, shown
from renderer.errors import ImageError, JobError, WorkspaceError
from renderer.settings import AnimationSettings

if TYPE_CHECKING:
    from jobs.roster import Entry
    from jobs.storage import Storage

To = Annotated[
    Path | None,
    typer.Option("--to", metavar="DIR", help="also copy them there", show_default=False),
]
Into = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="where to put the pictures", show_default=False),
]
Animation = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE.gif", help="the file to write", show_default=False),
]
Step = Annotated[
    int | None,
    typer.Option("--step", metavar="N", help="the step whose frames are meant", min=1),
]


def output_command(folder: Folder, json: Json = False, to: To = None) -> None:
    """List what a job has made: animations, sheets and tables, and the frames of its last step."""
    from jobs import roster
    from jobs.storage import below

    storage = workspace(folder)
    entries = roster.load(storage)
    last = max((entry.step for entry in entries), default=0)
    with storage.told():
        names = made(storage)
        names += [e.file for e in finished(storage, entries) if e.step == last]
    if to is not None:
        names = _copied(storage, names, to)
    else:
        place = storage.place if json else shown(storage.place)
        names = [below(place, name) for name in names]
    if json:
        say_json(names)
    else:
        say(*(names or ["nothing is done yet"]))


def preview_command(
    folder: Folder, frames: Frames = None, out: Into = None, json: Json = False
) -> None:
    """Write pictures of frames that are not finished, as they stood at their last checkpoint.

    Without frames: of all that have a checkpoint.
    """
    from jobs import roster

    storage = workspace(folder)
    entries = roster.load(storage)
    wanted = chosen(entries, frames) if frames else {entry.id for entry in entries}
    newest, made = _newest(storage), []
    for entry in (one for one in entries if one.id in wanted and one.id in newest):
        iteration, image = _last_seen(storage, entry.id, newest)
        if image is None:  # it is finished by now
            continue
        path = (out or Path()) / f"{PurePosixPath(entry.file).stem}.iteration-{iteration}.png"
        _write(path, image)
        made.append({"file": str(path), "frame": entry.file, "iteration": iteration})
    if not made:
        raise JobError("none of these has a checkpoint: they are finished, or hardly begun")
    told = [f"{one['file']}  ({one['frame']} after iteration {one['iteration']:,})" for one in made]
    answer({"folder": storage.place, "previews": made}, *told, as_json=json)


def assemble_command(
    folder: Folder,
    frames: Frames = None,
    step: Step = None,
    out: Animation = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Make an animation of finished frames, in the plan's order, without rendering again.

    Without frames: of those of the last step, or of --step.
    """
    from jobs import portions, roster
    from renderer import images
    from renderer.animation import write_gif

    made_so = _animation(settings)
    storage = workspace(folder)
    entries = roster.load(storage)
    last = max((entry.step for entry in entries), default=0) if step is None else step - 1
    wanted = chosen(entries, frames) if frames else {e.id for e in entries if e.step == last}
    with storage.told():
        those = [entry for entry in finished(storage, entries) if entry.id in wanted]
    if not those:
        raise JobError(f"none of the {len(wanted)} frames that are meant is finished")
    path = out or Path(f"{storage.place.rstrip('/').rpartition('/')[2]}.gif")

    def reader(name: str) -> Any:
        return lambda: images.decode(storage.read(name), name=name)

    one_in = portions.skipped(made_so, len(those))
    shown_ones = [(entry.file, reader(entry.file)) for entry in those[::one_in]]
    write_gif(shown_ones, path, made_so)
    missing = len(wanted) - len(those)
    lacking = f", {missing:,} missing" if missing else ""
    told = f"{path}  ({frames_line(len(shown_ones), one_in=one_in)}{lacking})"
    answer({"file": str(path), "frames": len(shown_ones), "missing": missing}, told, as_json=json)


with_parameters(assemble_command, parameters(AnimationSettings))


def made(storage: Storage) -> list[str]:
    """Names of a job's outputs that are there."""
    from jobs.kinds import SUFFIXES
    from jobs.page import PAGE

    endings = tuple(ending for kind in SUFFIXES.values() for ending in kind)
    names = sorted(storage.files())
    return [name for name in names if name.endswith(endings) or name == PAGE]


def finished(storage: Storage, entries: Sequence[Entry]) -> list[Entry]:
    """The tasks whose frames are there, in the plan's order."""
    from jobs import history

    done = history.read(storage).finished(entries, storage.sizes())
    return [entry for entry in entries if entry.id in done]


def _animation(options: dict[str, Any]) -> AnimationSettings:
    """The settings that were given as options. JobError names the option that can't be."""
    from renderer.errors import SettingError

    try:
        return AnimationSettings(**_listed(given(AnimationSettings, options)))
    except SettingError as error:
        raise JobError(f"--{error}") from error


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}


def _copied(storage: Storage, names: Sequence[str], folder: Path) -> list[str]:
    from jobs.history import FRAMES

    copies = []
    try:
        for name in names:
            parts = PurePosixPath(name).parts
            path = folder.joinpath(*(parts[2:] if parts[0] == FRAMES else parts))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(storage.read(name))
            copies.append(shown(str(path)))
    except OSError as error:
        raise WorkspaceError(f"{folder}: can't be written ({error.strerror or error})") from error
    return copies


def _newest(storage: Storage) -> dict[str, tuple[int, str]]:
    """The iteration and the name of each task's newest checkpoint."""
    from jobs import checkpoints

    newest: dict[str, tuple[int, str]] = {}
    with storage.told():
        for task, iteration, name in checkpoints.found(storage):
            newest[task] = max((iteration, name), newest.get(task, (0, "")))
    return newest


def _last_seen(
    storage: Storage, task: str, newest: dict[str, tuple[int, str]]
) -> tuple[int, bytes | None]:
    """The iteration of a task's newest checkpoint, and its picture; None if there is none by now.

    Its driver keeps but the last few, and may remove one between looking and reading.
    """
    from renderer import checkpoints, images
    from renderer.images import Picture

    while task in newest:
        iteration, name = newest[task]
        with storage.told():
            try:
                state = checkpoints.unpack(storage.read(name))
            except FileNotFoundError:
                newest = _newest(storage)
                continue
        return iteration, images.encode(Picture(state.tensors["image"]))
    return 0, None


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ImageError(f"{path}: can't be written ({error.strerror or error})") from error
