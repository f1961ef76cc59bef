"""What in a workspace does its job not need any more? Frames, artefacts, carries, checkpoints.

Only files that Reverie wrote are looked at: frames and artefacts by the log, the others by their
names. What the current plan knows stays, and so does a finished frame that has not got its new name
yet.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs import artefacts, checkpoints
from jobs.files import leftovers
from jobs.history import CARRY, FRAMES, History
from jobs.roster import Entry

_LAST_GOOD_NAME = re.compile(r"(.+)\.iteration-[0-9]+\.png")
_CARRY_NAME = re.compile(r"([0-9a-f]+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that may go: what it is, and the bytes that are free without it."""

    kind: str  # "frame", "last good picture", "artefact", "carry", "checkpoint" or "temporary"
    path: Path
    size_bytes: int


def stale(folder: Path, entries: Sequence[Entry], history: History) -> list[Stale]:
    """All files in a workspace that its current plan doesn't need. OSError if it can't be read."""
    done = history.finished(entries, folder)
    found = [("frame", path) for path in _frames(folder, entries, history)]
    found += [("last good picture", path) for path in _last_good(folder, entries, history, done)]
    found += [("artefact", path) for path in _artefacts(folder, entries, history)]
    found += [("carry", path) for path in _carries(folder, entries)]
    unfinished = {entry.id for entry in entries} - done
    found += [
        ("checkpoint", path)
        for task, _, path in checkpoints.found(folder)
        if task not in unfinished
    ]
    return _measured(found)


def temporaries(folder: Path) -> list[Stale]:
    """What is being written in a workspace, or was when its driver died. OSError likewise."""
    below = (FRAMES, CARRY, checkpoints.CHECKPOINTS, *artefacts.steps(folder))
    return _measured([("temporary", path) for path in leftovers(folder, below)])


def _frames(folder: Path, entries: Sequence[Entry], history: History) -> Iterator[Path]:
    names = {file for entry in entries for file in entry.files}
    settled = {
        entry.id: set(entry.files) <= set(history.pictures(entry, folder)) for entry in entries
    }
    for file, task in history.owners.items():
        if file not in names and settled.get(task, True) and (folder / file).is_file():
            yield folder / file


def _last_good(
    folder: Path, entries: Sequence[Entry], history: History, done: Collection[str]
) -> Iterator[Path]:
    """Pictures that tasks left when they failed, and that have been finished or dropped since."""
    failed = {_stem(entry.file) for entry in entries if entry.id not in done}
    ours = {_stem(file) for file in (*history.owners, *(entry.file for entry in entries))}
    for path in folder.glob(f"{FRAMES}/*/*.png"):
        name = _LAST_GOOD_NAME.fullmatch(path.relative_to(folder).as_posix())
        if name and name[1] in ours and name[1] not in failed:
            yield path


def _artefacts(folder: Path, entries: Sequence[Entry], history: History) -> Iterator[Path]:
    """What tasks have left that are planned no more."""
    planned = {entry.id for entry in entries}
    for home, task in history.artefacts.items():
        if task not in planned:
            yield from (folder / home / name for name in artefacts.names(folder / home))


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _carries(folder: Path, entries: Sequence[Entry]) -> Iterator[Path]:
    carrying = {entry.id for entry in entries if entry.carries}
    with contextlib.suppress(FileNotFoundError):
        for below in os.scandir(folder / CARRY):
            for item in os.scandir(below) if below.is_dir() else ():
                match = _CARRY_NAME.fullmatch(item.name)
                if match and match[1] not in carrying:
                    yield Path(item)


def _measured(found: Sequence[tuple[str, Path]]) -> list[Stale]:
    """The files with the bytes they free: of one with several names, the last name frees them."""
    names: dict[int, int] = {}
    measured = []
    for kind, path in found:
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            names[state.st_ino] = names.get(state.st_ino, 0) + 1
            free = names[state.st_ino] == state.st_nlink
            measured.append(Stale(kind, path, state.st_size if free else 0))
    return measured
