"""What in a workspace does its job not need any more? Frames, artefacts, outputs, carries and all.

Only files that Reverie wrote are looked at: frames, artefacts and outputs by the log, the others by
their names. What the current plan knows stays, and so does a finished frame that has not got its
new name yet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jobs import artefacts, checkpoints
from jobs.history import ARTEFACTS, CARRY, FRAMES, History
from jobs.roster import Entry
from jobs.storage import Sizes, Storage, leftovers
from renderer.settings import FrameSettings

_LAST_GOOD_NAME = re.compile(r"(.+)\.iteration-[0-9]+\.png")
_CARRY_NAME = re.compile(rf"{CARRY}/[^/]+/([0-9a-f]+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that may go: what it is, its name, and the bytes that are free without it."""

    kind: str  # "frame", "last good picture", "checkpoint", "temporary" and so on
    name: str
    size_bytes: int


def stale(storage: Storage, entries: Sequence[Entry], history: History) -> list[Stale]:
    """All files in a workspace that its current plan doesn't need. OSError if it can't be read."""
    sizes = storage.sizes()
    done = history.finished(entries, sizes)
    pictures = list(storage.files(FRAMES))
    found = [("frame", name) for name in _frames(sizes, entries, history)]
    found += [("last good picture", name) for name in _last_good(pictures, entries, history, done)]
    found += [("artefact", name) for name in _artefacts(storage, entries, history)]
    found += [("output", name) for name in sorted(history.former)]
    found += [("carry", name) for name in _carries(storage, entries)]
    unfinished = {entry.id for entry in entries} - done
    found += [
        ("checkpoint", name)
        for task, _, name in checkpoints.found(storage)
        if task not in unfinished
    ]
    return _measured(storage, found)


def temporaries(storage: Storage) -> list[Stale]:
    """What is being written in a workspace, or was when its driver died. OSError likewise."""
    below = (FRAMES, ARTEFACTS, CARRY, checkpoints.CHECKPOINTS)
    return _measured(storage, [("temporary", name) for name in leftovers(storage, below)])


def _frames(sizes: Sizes, entries: Sequence[Entry], history: History) -> Iterator[str]:
    names = {file for entry in entries for file in entry.files}
    settled = {
        entry.id: set(entry.files) <= set(history.pictures(entry, sizes)) for entry in entries
    }
    for file, task in history.owners.items():
        if file not in names and settled.get(task, True) and sizes(file) is not None:
            yield file


def _last_good(
    pictures: Sequence[str], entries: Sequence[Entry], history: History, done: Collection[str]
) -> Iterator[str]:
    """Pictures that tasks left when they failed, and that have been finished or dropped since."""
    failed = {_stem(entry.file) for entry in entries if entry.id not in done}
    ours = {_stem(file) for file in (*history.owners, *(entry.file for entry in entries))}
    for picture in pictures:
        name = _LAST_GOOD_NAME.fullmatch(picture)
        if name and name[1] in ours and name[1] not in failed:
            yield picture


def _artefacts(storage: Storage, entries: Sequence[Entry], history: History) -> Iterator[str]:
    """What tasks have left that are planned no more, and pictures that none asks for any more."""
    planned = {entry.id: entry.frames for entry in entries}
    owners = history.artefacts
    for name in artefacts.names(storage):
        owner = owners.get(name.rpartition("/")[0])
        unwanted = planned.get(owner or "") is None and FrameSettings(every=1).among([name])
        if owner is not None and (owner not in planned or unwanted):
            yield name


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _carries(storage: Storage, entries: Sequence[Entry]) -> Iterator[str]:
    carrying = {entry.id for entry in entries if entry.carries}
    for name in storage.files(CARRY):
        match = _CARRY_NAME.fullmatch(name)
        if match and match[1] not in carrying:
            yield name


def _measured(storage: Storage, found: Sequence[tuple[str, str]]) -> list[Stale]:
    """The files that are there, with the bytes they free."""
    sizes = storage.freed([name for _, name in found])
    return [
        Stale(kind, name, size)
        for (kind, name), size in zip(found, sizes, strict=True)
        if size is not None
    ]
