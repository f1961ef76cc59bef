"""What does a workspace's log say? What is finished, how it was rendered, what failed.

Reading it needs no lock: ``read`` may be called beside a running driver. How a frame was rendered
is kept twice over: a ``recipe`` record holds settings, weights and styles once for all tasks that
share them, and a ``finished`` record names the recipe and the picture. That is enough to say later
why a frame is rendered again (jobs.reasons).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobs.inputs import Source
from jobs.kinds import SUFFIXES
from jobs.messages import Cause
from jobs.storage import Sizes, Storage
from jobs.tasks import ALGORITHM_VERSION, Task, described
from renderer.settings import FrameSettings

FRAMES, ARTEFACTS, CARRY = "frames", "artefacts", "carry"

RECIPE, FINISHED, RENAMED = "recipe", "finished", "renamed"
ARTEFACTS_BEGUN = "artefacts_begun"  # whose a folder of artefacts is from now on
STARTED, CHECKPOINT = "started", "checkpoint"
RETRIED, GIVEN_UP, FORGOTTEN = "retried", "given_up", "forgotten"
SAID = "said"  # what a task's worker logged
OPENED, ALLOWED, OUTPUTS = "opened", "workers_allowed", "outputs"
ALONG_THE_WAY = (CHECKPOINT, "checkpoint_damaged", ARTEFACTS_BEGUN, SAID)
"""Events of a task that don't end its attempt."""

_ENDS = tuple(end for ends in SUFFIXES.values() for end in ends)


@dataclass(frozen=True, slots=True)
class Result:
    """A finished task's frame: its names, its size, and how it was rendered.

    ``recipe`` is a key of ``History.recipes``; ``needs`` is the task that it went on from, or else
    ``picture`` is what it was made of. ``losses`` are the last iteration's, by name; ``seconds``
    are those of the attempt that finished it, which went on from iteration ``resumed``.
    """

    files: tuple[str, ...]
    size_bytes: int
    recipe: str = ""
    needs: str = ""
    picture: Mapping[str, Any] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    iterations: int = 0
    resumed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task was given up, and where."""

    cause: str
    reason: str
    node: str
    attempt: int


class Planned(Protocol):
    """What is asked of a planned task (a Task, or a roster's Entry)."""

    @property
    def id(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def frames(self) -> FrameSettings | None: ...


@dataclass(slots=True)
class History:
    """All that the records so far come to; ``remember`` adds one."""

    results: dict[str, Result] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # the task whose picture a file holds
    artefacts: dict[str, str] = field(default_factory=dict)  # the task whose a folder of them is
    homes: dict[str, str] = field(default_factory=dict)  # the folder that was a task's last
    widths: dict[str, int | None] = field(default_factory=dict)  # to which it shrinks pictures
    attempts: dict[str, int] = field(default_factory=dict)
    recipes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    diverged: set[str] = field(default_factory=set)  # in bfloat16, and so rendered in float32
    running: dict[str, str] = field(default_factory=dict)  # tasks begun and not ended: their node
    outputs: set[str] = field(default_factory=set)  # of the last plan
    former: set[str] = field(default_factory=set)  # of earlier ones, that this one has not
    allowed: tuple[int, int] | None = None  # workers that the driver may have, as one of how many

    def remember(self, record: Mapping[str, Any]) -> None:
        """Adds a record. What it lacks, or has of a wrong type, is passed over."""
        task, event = record.get("task"), record["event"]
        if event == RECIPE and isinstance(record.get("recipe"), dict):
            self.recipes[str(record.get("key"))] = record["recipe"]
        if event in (OPENED, ALLOWED):
            self._allow(record)
        if event == OUTPUTS and isinstance(names := record.get("outputs"), list):
            self.former |= self.outputs
            self.outputs = {name for name in names if _is_outputs(name)}
            self.former -= self.outputs
        if not isinstance(task, str):
            return
        if isinstance(attempt := record.get("attempt"), int):
            self.attempts[task] = max(attempt, self.attempts.get(task, 0))
        if event == GIVEN_UP:
            cause, reason, node = (str(record.get(key, "")) for key in ("cause", "reason", "node"))
            self.failures[task] = Failure(cause, reason, node, self.attempts.get(task, 0))
        else:
            self.failures.pop(task, None)
        if event == STARTED:
            self.running[task] = str(record.get("node", ""))
        elif event not in ALONG_THE_WAY:
            self.running.pop(task, None)
        if event == RETRIED and record.get("cause") == Cause.DIVERGED:
            self.diverged.add(task)
        if event == FORGOTTEN:
            self.results.pop(task, None)
            self.forgotten.add(task)
            self.diverged.discard(task)
        if event == ARTEFACTS_BEGUN and _is_below(home := record.get("folder"), ARTEFACTS):
            self.artefacts[str(home)] = task
            self.homes[task] = str(home)
            if record.get("width") is None:  # as most are
                self.widths.pop(task, None)
            else:
                self.widths[task] = record["width"]
        files = record.get("files")
        if isinstance(files, list) and all(_is_below(file, FRAMES) for file in files):
            self._result(task, files, record)

    def home(self, task: str) -> str:
        """The folder of a task's artefacts; nothing if it has none, or another has taken it."""
        home = self.homes.get(task, "")
        return home if self.artefacts.get(home) == task else ""

    def pictures(self, task: Planned, sizes: Sizes) -> list[str]:
        """The files that hold the task's picture, in the format that is wanted."""
        result = self.results.get(task.id)
        if result is None:
            return []
        suffix = os.path.splitext(task.file)[1]  # not by pathlib: there may be 20,000
        return [
            file
            for file in result.files
            if file.endswith(suffix)
            and self.owners.get(file) == task.id
            and sizes(file) == result.size_bytes
        ]

    def shown(self, task: Planned, sizes: Sizes, *, until: int) -> bool:
        """Whether the pictures of a task's making are there that it is to keep, so far."""
        if task.frames is None:
            return True
        home, result = self.home(task.id), self.results.get(task.id)
        if not home or self.widths.get(task.id) != task.frames.width:
            return False
        names = task.frames.names(until, result.iterations if result else None)
        return all(sizes(f"{home}/{name}") is not None for name in names)

    def made(self, task: Planned, sizes: Sizes) -> bool:
        """The same of a finished task, and to its last iteration."""
        result = self.results.get(task.id)
        return result is not None and self.shown(task, sizes, until=result.iterations)

    def finished(self, tasks: Sequence[Planned], sizes: Sizes) -> set[str]:
        """Ids of the tasks that needn't be rendered.

        A finished task that lacks pictures of its making counts as unfinished; so does one whose
        carry is gone, where a task that needs it is unfinished.
        """
        done = {t.id for t in tasks if self.pictures(t, sizes) and self.made(t, sizes)}
        wanted: set[str] = set()
        for task in reversed(tasks):
            if task.id in wanted and sizes(carry_name(task.id)) is None:
                done.discard(task.id)
            if task.id not in done:
                wanted.update(task.needs)
        return done

    def _allow(self, record: Mapping[str, Any]) -> None:
        workers, jobs = record.get("workers"), record.get("jobs")
        known = isinstance(workers, int) and isinstance(jobs, int)
        self.allowed = (workers, jobs) if known else None  # type: ignore[assignment]

    def _result(self, task: str, files: list[str], record: Mapping[str, Any]) -> None:
        size = record.get("size_bytes")
        known = self.results.get(task)
        if record["event"] == RENAMED and known is not None:
            self.results[task] = dataclasses.replace(known, files=tuple(files))
        else:
            picture, losses, seconds = (record.get(k) for k in ("picture", "losses", "seconds"))
            iterations, resumed = (record.get(k) for k in ("iterations", "resumed"))
            self.results[task] = Result(
                files=tuple(files),
                size_bytes=size if isinstance(size, int) else -1,
                recipe=str(record.get("recipe", "")),
                needs=str(record.get("needs", "")),
                picture=picture if isinstance(picture, dict) else {},
                losses=losses if isinstance(losses, dict) else {},
                iterations=iterations if isinstance(iterations, int) else 0,
                resumed=resumed if isinstance(resumed, int) else 0,
                seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
            )
            self.forgotten.discard(task)
        self.owners.update(dict.fromkeys(files, task))


def read(storage: Storage) -> History:
    """What the log in a workspace says; nothing if there is none. OSError if it can't be read."""
    history = History()
    for record in storage.records():
        history.remember(record)
    return history


def recipe(task: Task) -> dict[str, Any]:
    """How a task renders whatever picture it is given, as the log keeps it."""
    made = {
        "algorithm": ALGORITHM_VERSION,
        "kind": task.kind,
        "settings": _plain(described(task.settings)),
        "until": task.until,
        "weights": task.weights,
        "styles": [picture(style, None) for style in task.styles],
    }
    if task.neighbour:
        made["start"] = "neighbour"
    if task.pictures:
        made["pictures"] = [picture(aid, None) for aid in task.pictures]
    return made


def recipe_key(recipe: Mapping[str, Any]) -> str:
    """A short digest of a recipe."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def picture(source: Source, size: int | None) -> dict[str, Any]:
    """A source picture as the log keeps it: its name, its bytes' digest, which frame, its size."""
    name = source.path.rpartition("/")[2]
    return {"name": name, "digest": source.digest[:16], "frame": source.frame, "size": size}


def carry_name(task: str) -> str:
    """The file of what a task carries to the next."""
    return f"{CARRY}/{task[:2]}/{task}.safetensors"


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON gives them back."""
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}
    return dict(json.loads(json.dumps(plain)))


def _is_outputs(name: object) -> bool:
    """Whether a name that was read from the log can be that of an animation, a sheet and so on."""
    return isinstance(name, str) and name.endswith(_ENDS) and not {"/", "\\"}.intersection(name)


def _is_below(name: object, folder: str) -> bool:
    """Whether a name that was read from the log can be that of something in a folder of ours."""
    if not isinstance(name, str) or "\\" in name:
        return False
    parts = name.split("/")
    return len(parts) > 1 and parts[0] == folder and not {"", ".", ".."}.intersection(parts)
