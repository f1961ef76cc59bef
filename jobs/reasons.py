"""Why is something rendered again? In words: ``style.iterations 120 → 3600``.

A frame's file is there, but another task's picture is in it: the job has changed since. The log
says how that picture was rendered (jobs.history), and what differs is the reason; if it went on
from another task's picture, the reason may lie there. What was never rendered needs no reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jobs.history import History, picture, recipe
from jobs.storage import Sizes
from jobs.tasks import Task

MAX_CHARACTERS = 60
NONE = "none"


@dataclass(frozen=True, slots=True)
class Reason:
    """What has changed, how many tasks are rendered again for it, and the first one's file."""

    text: str
    tasks: int
    file: str


def reasons(
    tasks: Sequence[Task], done: Collection[str], history: History, sizes: Sizes
) -> tuple[Reason, ...]:
    """Why each task that isn't done, though it once was, is rendered again; alike ones together.

    ``done`` are the ids of those that needn't be rendered (``History.finished``).
    """
    detective = _Detective(tasks, history, sizes)
    found: dict[str, list[str]] = {}
    for task in tasks:
        if task.id not in done and (text := detective.why(task)):
            found.setdefault(text, []).append(task.file)
    return tuple(Reason(text, len(files), files[0]) for text, files in found.items())


class _Detective:
    def __init__(self, tasks: Sequence[Task], history: History, sizes: Sizes) -> None:
        self._tasks = {task.id: task for task in tasks}
        self._history, self._sizes = history, sizes

    def why(self, task: Task) -> str:
        """Why a task is rendered again; empty if it is new."""
        if task.id in self._history.forgotten:
            return "asked for by `reverie retry`"
        for file in task.files:
            owner = self._history.owners.get(file)
            if owner is not None and owner != task.id:
                return ", ".join(self.changes(owner, task)) or "the job has changed"
        result = self._history.results.get(task.id)
        if result is None:
            return ""
        if self._history.pictures(task, self._sizes):
            if task.frames and not self._history.made(task, self._sizes):
                return f"frames of its making are asked for (every {task.frames.every})"
            return "what it carries to the next step is gone"
        return _lost(result.files, task)

    def changes(self, old: str, task: Task) -> list[str]:
        """What differs between a task that was rendered and one that is to be."""
        result = self._history.results.get(old)
        before = self._history.recipes.get(result.recipe) if result else None
        if result is None or before is None:
            return []
        told = _recipes(before, recipe(task))
        if task.source and result.picture:
            told += _pictures(result.picture, picture(task.source, task.size))
        elif task.needs and result.needs:
            above = self._tasks.get(task.needs[0])
            if above is not None and above.id != result.needs:
                told += self.changes(result.needs, above) or ["what it goes on from"]
        elif task.source or task.needs:
            told.append("what it goes on from")
        return list(dict.fromkeys(told)) or (
            ["what it starts from"] if task.neighbour else ["seed"]
        )


def _lost(files: Iterable[str], task: Task) -> str:
    """Why a finished task has no picture of the wanted kind."""
    suffix = PurePosixPath(task.file).suffix
    others = {PurePosixPath(file).suffix for file in files} - {suffix}
    if others:
        return f"format {' '.join(sorted(others))[1:]} → {suffix[1:]}"
    return "the frame is gone, or was changed"


def _recipes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    if before.get("kind") != now["kind"]:
        return [f"{before.get('kind')} → {now['kind']}"]
    kind = now["kind"]
    old, new = before.get("settings", {}), now["settings"]
    told = [
        f"{kind}.{name} {_shown(old.get(name))} → {_shown(new.get(name))}"
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    ]
    same_network = (old.get("network"), before.get("until")) == (new["network"], now["until"])
    if same_network and before.get("weights") != now["weights"]:
        told.append(f"weights of {new['network']} changed")
    for key, what in (("styles", "style.images"), ("pictures", f"{kind} pictures")):
        told += _beside(before.get(key, []), now.get(key, []), what)
    if before.get("start") != now.get("start"):
        told.append("what it starts from")
    if before.get("algorithm") != now["algorithm"]:
        told.append("another version of Reverie")
    return told


def _beside(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], what: str
) -> list[str]:
    """What differs between the pictures beside a task's own: its styles, its guides and masks."""
    names = [[str(item.get("name")) for item in items] for items in (old, new)]
    if names[0] != names[1]:
        return [f"{what} {_shown(names[0])} → {_shown(names[1])}"]
    word = what.partition(".")[0].removesuffix(" pictures")
    return [f"{word} picture {b['name']} changed" for a, b in zip(old, new, strict=True) if a != b]


def _pictures(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    told = []
    if old.get("name") != new["name"]:
        told.append(f"input {old.get('name')} → {new['name']}")
    elif (old.get("digest"), old.get("frame")) != (new["digest"], new["frame"]):
        told.append(f"input {new['name']} changed")
    if old.get("size") != new["size"]:
        told.append(f"size {_shown(old.get('size'))} → {_shown(new['size'])}")
    return told


def _shown(value: Any) -> str:
    """A setting's value in few characters."""
    if value is None or value in ([], ""):
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _region(value) if "aims" in value else _aim(value)
    text = ", ".join(map(_shown, value)) if isinstance(value, list) else _number(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 3]}..."


def _region(region: Mapping[str, Any]) -> str:
    """``conv3 + 0.3 inception4c by mask 2``; pictures are counted from 1."""
    mask = region.get("mask")
    aims = " + ".join(map(_aim, region["aims"]))
    return aims if mask is None else f"{aims} by mask {mask + 1}"


def _aim(aim: Mapping[str, Any]) -> str:
    what = ", ".join(aim.get("classes") or (str(aim.get("layer")),))
    channels = aim.get("channels")
    what = f"{what} ({len(channels)} channels)" if channels else what
    guide = aim.get("guide")
    what = what if guide is None else f"{what} to guide {guide + 1}"
    return f"{_number(aim.get('weight'))} {what}".removeprefix("1 ")


def _number(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
