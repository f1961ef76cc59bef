"""From where can a task that was cut short go on? Its checkpoints, the newest that is sound.

They lie in ``checkpoints/3f/3f81…-200.safetensors``, by task id and iteration. What is in them is
``renderer.checkpoints``' business; here they come, are counted, and go when their task is finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from jobs.storage import Storage
from renderer.errors import CheckpointError
from renderer.settings import Knob, check

CHECKPOINTS = "checkpoints"
_NAME = re.compile(r"([0-9a-f]+)-([0-9]+)\.safetensors")


@dataclass(frozen=True, kw_only=True)
class CheckpointSettings:
    """How often a task's state is kept, so that it can go on where it stood.

    One is due as soon as either count is reached. With both switched off, none is taken.
    """

    every: Annotated[
        int | None,
        Knob("iterations after which a checkpoint is due; null or 0: never", ge=0, le=1_000_000),
    ] = 100
    seconds: Annotated[
        float | None,
        Knob("time after which a checkpoint is due; null or 0: never", unit="s", ge=0, le=1e6),
    ] = 60.0
    keep: Annotated[int, Knob("checkpoints to keep of each running task", ge=1, le=100)] = 2

    def __post_init__(self) -> None:
        check(self)

    @property
    def wanted(self) -> bool:
        """Whether checkpoints are taken at all."""
        return bool(self.every or self.seconds)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sound checkpoint: so many iterations are done, and all that the rest depends on."""

    iteration: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A checkpoint that can't be gone on from, and was removed."""

    iteration: int
    reason: str


class Checkpoints:
    """The checkpoints in a workspace. OSError for what its storage refuses."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: dict[str, list[int]] = {}  # task -> iterations, ascending
        for task, iteration, _ in found(storage):
            self._kept.setdefault(task, []).append(iteration)
        for iterations in self._kept.values():
            iterations.sort()

    def add(self, task: str, iteration: int, data: bytes, *, keep: int) -> None:
        """Puts a checkpoint in its place, and removes the oldest ones beyond ``keep``."""
        self._storage.write({_name(task, iteration): data})
        kept = sorted({*self._kept.get(task, ()), iteration})
        self._kept[task] = kept[-keep:]
        self._storage.remove([_name(task, old) for old in kept[:-keep]])

    def latest(self, task: str) -> tuple[Checkpoint | None, list[Damaged]]:
        """The newest sound checkpoint, and the damaged ones that came before it."""
        damaged: list[Damaged] = []
        for iteration in reversed(self._kept.get(task, ())):
            try:
                return self._sound(task, iteration), damaged
            except FileNotFoundError as error:
                damaged.append(Damaged(iteration, str(error.strerror)))
            except CheckpointError as error:
                damaged.append(Damaged(iteration, str(error)))
            self._storage.remove([_name(task, iteration)])
        self._kept.pop(task, None)
        return None, damaged

    def drop(self, task: str) -> None:
        """Removes a task's checkpoints."""
        if kept := self._kept.pop(task, None):
            self._storage.remove([_name(task, iteration) for iteration in kept])

    def _sound(self, task: str, iteration: int) -> Checkpoint:
        from renderer.checkpoints import unpack  # brings torch, which not every command needs

        data = self._storage.read(_name(task, iteration))
        state = unpack(data)
        if state.iteration != iteration:
            raise CheckpointError(f"the checkpoint is of iteration {state.iteration}")
        return Checkpoint(iteration, data)


def found(storage: Storage) -> Iterator[tuple[str, int, str]]:
    """(task, iteration, file's name) of every checkpoint in a workspace."""
    for name in storage.files(CHECKPOINTS):
        if match := _NAME.fullmatch(name.rpartition("/")[2]):
            yield match[1], int(match[2]), name


def _name(task: str, iteration: int) -> str:
    return f"{CHECKPOINTS}/{task[:2]}/{task}-{iteration}.safetensors"
