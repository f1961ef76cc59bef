"""What do the runner and the schedule tell each other? Events one way, instructions the other.

All are small frozen records that name a task by its id, an attempt by its number (from 1) and a
slot (a place where one task can run) by the name the runner gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why an attempt failed; each has its own retry budget."""

    ERROR = "error"
    WORKER_LOST = "worker_lost"
    PREEMPTED = "preempted"  # its node was announced as going, and went
    OUT_OF_MEMORY = "out_of_memory"
    DIVERGED = "diverged"  # in bfloat16: it is tried once in float32
    INPUT = "input"  # the picture itself is bad: trying again can't help, so there is no budget


@dataclass(frozen=True, slots=True)
class Item:
    """A task as the schedule sees it: an id, what it needs, and what earlier drivers did.

    ``shards`` is how many slots it can make use of at once.
    """

    task: str
    needs: tuple[str, ...] = ()
    finished: bool = False
    attempts: int = 0
    turn: int | None = None  # None: as they are added
    shards: int = 1


# Events: what the runner tells.


@dataclass(frozen=True, slots=True)
class TasksAdded:
    """More tasks, each after those it needs. Planning may add them little by little."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class PlanEnded:
    """No more tasks will be added."""


@dataclass(frozen=True, slots=True)
class ShardsAllowed:
    """From now on a task may take so many slots at once (before: one)."""

    shards: int


@dataclass(frozen=True, slots=True)
class SlotJoined:
    """A slot is there and free. ``node`` is empty where it isn't known.

    Of several that ran a task together, each tells by itself when it is free again, but for the one
    that an answer names.
    """

    slot: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class SlotLost:
    """A slot is gone, and with it what ran there. ``blamed``: it speaks against its node.

    Of several slots that one worker's end takes away only one does.
    """

    slot: str
    reason: str = "the worker was lost"
    cause: Cause = Cause.WORKER_LOST
    blamed: bool = True


@dataclass(frozen=True, slots=True)
class SlotLeaving:
    """A slot is to be given back: it gets no more tasks, and is released when what runs has ended.

    ``at_once``: what runs is to stop, at a checkpoint; elsewhere it goes on.
    """

    slot: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class SlotStays:
    """A slot that was to be given back isn't any more."""

    slot: str


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt has delivered its result. Its (leading) slot is free again."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Published:
    """The result is safely in the workspace."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt has failed, or its result could not be published. Its slot is free again.

    Of several it is that ``slot``, on which it failed.
    """

    task: str
    attempt: int
    cause: Cause
    reason: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """An attempt has ended without a result because it was told to. Its (leading) slot is free."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Start nothing more and stop what runs."""


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Start nothing for now and stop what runs; it is started again later."""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Go on after a pause."""


@dataclass(frozen=True, slots=True)
class Unblocked:
    """A blocked node has waited long enough."""

    node: str


Event = (
    TasksAdded
    | PlanEnded
    | ShardsAllowed
    | SlotJoined
    | SlotLost
    | SlotLeaving
    | SlotStays
    | Finished
    | Published
    | Failed
    | Stopped
    | CancelRequested
    | PauseRequested
    | ResumeRequested
    | Unblocked
)


# Instructions: what the runner is to do, or to write down.


@dataclass(frozen=True, slots=True)
class Start:
    """Run this attempt of the task on the slot, which leads the ``members``, if there are any."""

    task: str
    attempt: int
    slot: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publish:
    """Write this attempt's result to the workspace, then tell Published."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End this attempt; tell Stopped, Finished, Failed or SlotLost, whichever comes of it."""

    task: str
    attempt: int
    slot: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give the slot back: nothing runs there, and it is not to be told of again."""

    slot: str


@dataclass(frozen=True, slots=True)
class Retried:
    """For the record: the attempt failed, and the task will be started again."""

    task: str
    attempt: int
    cause: Cause
    reason: str
    left: int  # retries left for this cause


@dataclass(frozen=True, slots=True)
class GivenUp:
    """For the record: the attempt failed, and the task with it."""

    task: str
    attempt: int
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """For the record: the task can't run, since ``failed``, which it needs, has failed."""

    task: str
    failed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """The node gets no more tasks; tell Unblocked when it has waited long enough."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobDone:
    """Nothing more will happen. A job that was cancelled, or ``stopped`` since too many tasks
    failed (the text says how many), may leave tasks waiting or ready.
    """

    cancelled: bool = False
    stopped: str = ""


Instruction = Start | Publish | Stop | Release | Retried | GivenUp | Skip | Block | JobDone
