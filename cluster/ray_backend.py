"""The backend that renders on Ray: one actor a slot, one stream of records an attempt.

What Ray does when things break was measured, and this is built on it: a killed actor shows as an
error on its stream after a second or so, and then as a clean end; calls to it fail for a while,
until Ray has restarted it; it knows nothing any more. So an attempt whose stream breaks is lost,
with its slot, and the slot is asked with growing pauses until it answers again. Ray itself retries
no task: it would redo the work from the start, behind the schedule's back. A stopped process
(SIGSTOP) shows as nothing at all, so ``kill`` doesn't leave it to Ray. One that stops while it
comes up leaves its actor pending or restarting without end: after ``start_s`` the actor is given
up, which has Ray kill the process (five seconds later, by force), and a new one takes the slot.

A worker that renders several pictures at once has a slot for each; they come and go together, and
the first of them is asked.

An attempt of several slots (``cluster.joint``) has a stream for each. Where it falls silent, all
wait for one of them: who is stopped doesn't answer, and the others do within two seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cluster.backend import (
    PATIENCE_S,
    Allowed,
    Attempt,
    Joined,
    Leaving,
    Left,
    Refused,
    Report,
    Staying,
    Told,
    Wishes,
    is_last,
)
from cluster.joint import Joint
from cluster.placement import Placement
from cluster.ray_actor import CONTROL, Ready, Slot, kill
from cluster.ray_errors import reason
from cluster.ray_session import Session
from cluster.records import Failed, Handle, Order, Seat
from cluster.refusals import Refusals
from cluster.resources import Allotment
from cluster.staffing import Staffing
from cluster.watchdog import Listening
from jobs.messages import Cause
from renderer import heap
from renderer.errors import ClusterError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
"""How long a slot that doesn't answer is left alone: doubled each time."""

READ_WITHIN_S = 60.0
"""How long an answer that is there may take to be read; an owner that died can hold it for ever."""

AHEAD = 64
"""Records that a worker may tell before they are read: pictures of a making are large, and many."""

ANSWER_S = 2.0
"""How long a worker may take to say that it is there: it does so beside its rendering."""

GRACE_S = 10.0
"""How long a worker may render on by itself when those that rendered with it do no more."""

PATIENCE, LATE = 6, 4
"""How often in a row a slot's actor may die, or not come up in time, where no other slot is up."""


@dataclass(eq=False)
class _Slot:
    """A slot's actor and what is awaited of it: ``ready`` until it is ``up``, ``running`` after."""

    name: str
    actor: Any
    beside: list[_Slot] = field(default_factory=list)  # of the same actor, the first leads
    ready: Any = None
    running: tuple[Attempt, Any] | None = None
    joint: Joint | None = None  # where it renders with others
    node: str = ""
    node_id: str = ""
    process: int = 0
    up: bool = False
    asked: int = 0  # how often since it was up
    died: int = 0  # how often its actor did, for good, since it was up
    ask_at: float = 0.0
    waited_s: float = 0.0  # for its present actor to come up
    late: int = 0  # how often since it was up an actor did not come up in time
    force_at: float | None = None  # when a cancelled attempt is out of time

    @property
    def awaited(self) -> Any:
        """The stream or the answer that is awaited; None between two questions."""
        return self.running[1] if self.running else self.ready

    @property
    def worker(self) -> str:
        """The name of its worker: of the first of the slots that this one has."""
        return self.beside[0].name

    def renewed(self, actor: Any) -> None:
        """Its worker has a new actor."""
        for one in self.beside:
            one.actor = actor


class RayBackend:
    """Slots on a Ray of our own or on a cluster; see ``cluster.backend.Backend``.

    On a Ray of our own the actors ask Ray for no CPUs: nobody else is there to share with, and the
    user may want more workers than cores. A slot that hasn't come up within ``start_s`` of
    listening gets a new actor, and twice as long; None: it is waited for without end. A slot that
    is to be given back may render on for ``yield_s``.
    """

    def __init__(
        self,
        session: Session,
        allotment: Allotment,
        *,
        start_s: float | None = None,
        yield_s: float = 30.0,
    ) -> None:
        self.threads, self.shards = allotment.threads, allotment.shards
        self._start_s, self._listening, self._listened_s = start_s, Listening(), 0.0
        self._allotment = allotment
        self._cpus = 0 if session.ours else allotment.threads
        # Processes of a Ray of our own have it from it: they start a second sooner without.
        self._environment = None if session.ours else {"env_vars": heap.ENVIRONMENT}
        self._alone = len(session.nodes) == 1
        self._placement = Placement(allotment, shared=not session.ours)
        self._staffing = Staffing(allotment, shared=not session.ours, grace_s=yield_s)
        self._refusals = Refusals()
        self._wishes: Wishes | None = None
        self._allowed: Allowed | None = None
        self._slots: dict[str, _Slot] = {}
        self._lost: list[Report] = []
        self._here = ray.get_runtime_context().get_node_id()
        self._hire(self._staffing.first())

    def share(self, value: object) -> Handle:
        return ray.put(value)

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        if not members:
            self._start(self._slots[slot], attempt, order)
            return
        slots = [self._slots[name] for name in (slot, *members)]
        nodes = {one.name: one.node for one in slots}
        joint = Joint(attempt, nodes, clock=lambda: self._listened_s)
        name = f"{attempt.task}-{attempt.number}"
        alone = self._alone and len({one.node_id for one in slots}) == 1
        # Neither is waited for here: Ray hands them on once they are there.
        address, shared = slots[0].actor.host.remote(alone), ray.put(order)
        for rank, one in enumerate(slots):
            seat = Seat(rank, len(slots), name, alone)
            self._start(one, attempt, shared, seat, address)
            one.joint = joint

    def _start(self, slot: _Slot, attempt: Attempt, *order: Any) -> None:
        options = {"num_returns": "streaming", "_generator_backpressure_num_objects": AHEAD}
        slot.running = (attempt, slot.actor.render.options(**options).remote(*order))

    def employ(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def release(self, slot: str) -> None:
        gone = self._slots.pop(slot)
        if gone.worker not in {one.worker for one in self._slots.values()}:
            ray.kill(gone.actor, no_restart=True)
            self._placement.release(gone.worker)
            self._staffing.crew.gone(gone.worker)

    def poll(self, timeout_s: float) -> list[Report]:
        if moves := self._moves():  # by themselves: what follows is to be done before all else
            return moves
        self._ask_again()
        self._insist()
        self._send_off()
        awaited = {slot.awaited: slot for slot in self._slots.values() if slot.awaited is not None}
        reports, self._lost = self._lost, []
        for ref in _ready(list(awaited), 0 if reports else timeout_s):
            slot = awaited[ref]
            if slot.awaited is not ref:
                continue  # lost just now, along with another of its worker's
            reports += self._read(slot, *slot.running) if slot.running else self._read_ready(slot)
        self._replace_the_late()
        self._end_if_all_are_refused()
        return reports

    def cancel(self, attempt: Attempt, *, patience_s: float = PATIENCE_S) -> None:
        for slot in self._slots.values():
            leads = slot.joint is None or slot.joint.leader == slot.name
            runs = slot.running is not None and slot.running[0] == attempt
            if runs and leads and slot.force_at is None:
                slot.actor.stop.remote(attempt.task)
                slot.force_at = time.monotonic() + patience_s

    def kill(self, slot: str, reason: str) -> None:
        for one in self._stuck(self._slots[slot]):
            self._kill(one)
            self._lost += self._lose(one, reason)

    def close(self) -> None:
        for actor in {slot.actor for slot in self._slots.values()}:
            ray.kill(actor, no_restart=True)
        self._slots.clear()
        self._placement.close()
        self._staffing.close()

    def _moves(self) -> list[Report]:
        """Begin workers that are to come; tell who is to go."""
        if self._wishes is None:
            return []
        slots = self._slots.values()
        nodes = {slot.worker: slot.node_id for slot in slots if slot.up}
        busy = [slot.worker for slot in slots if slot.running]
        wishes = replace(self._wishes, useful=-(-self._wishes.useful // self._allotment.batch))
        moves = self._staffing.moves(wishes, nodes=nodes, busy=busy)
        self._hire(moves.hire)
        reports: list[Report] = [Leaving(s.name) for s in slots if s.worker in moves.leave]
        reports += [Leaving(s.name, at_once=True) for s in slots if s.worker in moves.stop]
        reports += [Staying(s.name) for s in slots if s.worker in moves.stay]
        share = self._staffing.share
        allowed = Allowed(share.workers, share.jobs) if share else None
        if allowed and allowed != self._allowed:
            self._allowed = allowed
            reports.append(allowed)
        return reports

    def _hire(self, teams: int) -> None:
        if self._refusals:
            teams = min(teams, max(0, self._room - len(self._slots)) // self._staffing.team)
        for _ in range(teams):
            names = self._staffing.crew.hired(self._staffing.team)
            self._placement.add(names)
            for name in names:
                slots = _slots(name, self._actor(name), self._allotment.batch)
                self._slots |= {slot.name: slot for slot in slots}
                _ask(slots[0])

    def _stuck(self, slot: _Slot) -> list[_Slot]:
        """Who is in the way where a slot doesn't go on: itself or, of several, who doesn't answer.

        All of them, if all do answer.
        """
        if slot.joint is None or slot.joint.settled:
            return [slot]
        together = [one for one in self._slots.values() if one.joint is slot.joint]
        answers = {one.actor.there.remote(): one for one in together}
        silent = ray.wait(list(answers), num_returns=len(answers), timeout=ANSWER_S)[1]
        return [answers[ref] for ref in silent] or together

    def _kill(self, slot: _Slot) -> None:
        if slot.node_id == self._here:
            kill(slot.process)
        else:  # Ray's own kill asks the process, which may be past answering
            strategy = NodeAffinitySchedulingStrategy(slot.node_id, soft=False)
            killer = ray.remote(num_cpus=0, max_retries=0)(kill)
            killer.options(scheduling_strategy=strategy).remote(slot.process)

    def _actor(self, name: str) -> Any:
        options = {
            **(self._placement.options(name) or self._where()),
            "num_cpus": self._cpus,
            "num_gpus": self._allotment.gpus,
            "max_restarts": -1,
            "max_task_retries": 0,
            "max_concurrency": self._allotment.batch,
            "concurrency_groups": {CONTROL: 1},
            "runtime_env": self._environment,
        }
        own = self._allotment
        told = {"gpus": own.gpus, "threads": own.threads}
        if own.batch > 1:
            told["batch"] = own.batch
        return ray.remote(**options)(Slot).remote(**told)

    def _where(self) -> dict[str, Any]:
        """What is required of the node of an actor."""
        wanted = self._allotment
        labels = {**wanted.labels, **self._refusals.labels()}
        found: dict[str, Any] = {"label_selector": labels} if labels else {}
        return found | ({"accelerator_type": wanted.gpu_type} if wanted.gpu_type else {})

    def _read(self, slot: _Slot, attempt: Attempt, stream: Any) -> list[Report]:
        try:
            record = ray.get(next(stream), timeout=READ_WITHIN_S)
        except RayTaskError as error:  # raised outside the worker's own border: a broken order
            record = Failed(Cause.ERROR, reason(error), slot.node, traceback=str(error))
        except StopIteration:
            return self._lose(slot, "its stream of records ended without a result")
        except RayError as error:
            return self._lose(slot, reason(error), cause_of(error))
        joint = slot.joint
        if is_last(record):
            slot.running = slot.joint = slot.force_at = None
        return joint.heard(slot.name, record) if joint else [Told(slot.name, attempt, record)]

    def _lose(self, slot: _Slot, reason: str, cause: Cause = Cause.WORKER_LOST) -> list[Report]:
        """A worker's slots are lost together; the first of them is asked again."""
        others = [one for one in slot.beside if one is not slot and (one.up or one.running)]
        found: list[Any] = self._lose_one(slot, reason, cause)
        for one in others:
            found += (replace(left, along=True) for left in self._lose_one(one, reason, cause))
        slot.beside[0].ask_at = time.monotonic() + FIRST_PAUSE_S
        return found

    def _lose_one(self, slot: _Slot, reason: str, cause: Cause) -> list[Any]:
        joint = slot.joint
        slot.running = slot.joint = slot.force_at = None
        slot.up, slot.waited_s = False, 0.0
        where = f" on {slot.node}" if slot.node else ""
        if cause is Cause.WORKER_LOST and self._staffing.doomed(slot.node_id):
            cause = Cause.PREEMPTED
        left = Left(slot.name, f"{slot.name}{where} was lost: {reason}", cause)
        return joint.lost(left) if joint else [left]

    def _read_ready(self, slot: _Slot) -> list[Report]:
        ref, slot.ready = slot.ready, None
        try:
            up: Ready = ray.get(ref, timeout=READ_WITHIN_S)
        except RayError as error:
            self._not_up(slot, error)
            return []
        if why := self._refusals.why(up):
            return self._refuse(slot, up, why)
        for one in slot.beside:
            one.up, one.asked, one.died, one.late = True, 0, 0, 0
            one.node = up.node
            one.node_id, one.process = up.node_id, up.process
        return [Joined(one.name, up.node, up.device, up.gpus) for one in slot.beside]

    def _refuse(self, slot: _Slot, up: Ready, why: str) -> list[Report]:
        """Give a slot back; another takes its place where another node has room for it."""
        for one in slot.beside:
            self.release(one.name)
        return [Refused(up.node, why)] if self._refusals.add(up, why) else []

    def _end_if_all_are_refused(self) -> None:
        """End where nobody renders, and no node is left that could."""
        if self._refusals and not self._any_up and not self._room:
            raise self._refusals.none_left()

    @property
    def _room(self) -> int:
        """How many workers there is room for beside those nodes that were refused."""
        return self._refusals.room(self._allotment, shared=bool(self._cpus))

    def _not_up(self, slot: _Slot, error: RayError) -> None:
        if isinstance(error, ActorDiedError):  # for good: Ray restarts it no more
            slot.renewed(self._actor(slot.name))
            slot.died += 1
        if slot.died >= PATIENCE and not self._any_up:
            raise ClusterError(f"{slot.name} doesn't come up: {reason(error)}") from error
        pause = min(FIRST_PAUSE_S * 2**slot.asked, LONGEST_PAUSE_S)
        slot.ask_at = time.monotonic() + pause

    def _insist(self) -> None:
        """Kill what was told to stop and still runs.

        Ray's own cancel, which is heard between two records, could do no more than the telling,
        which is heard after every iteration; and the stream of a stopped process that Ray was told
        to cancel blocks its reader for good (seen with Ray 2.60).
        """
        now = time.monotonic()
        for slot in self._slots.values():
            if slot.running and slot.force_at is not None and now >= slot.force_at:
                self.kill(slot.name, "it did not stop when it was told to")

    def _send_off(self) -> None:
        """Kill who renders on by itself: on a GPU nothing tells it that the others don't."""
        for slot in self._slots.values():
            if slot.joint and slot.joint.ending_s > GRACE_S:
                self.kill(slot.name, "it did not end when those did that rendered with it")

    def _replace_the_late(self) -> None:
        passed_s = self._listening.passed_s()
        self._listened_s += passed_s
        for slot in self._first:
            if slot.up or self._start_s is None:
                continue
            slot.waited_s += passed_s
            if slot.waited_s > self._start_s * 2**slot.late:
                ray.kill(slot.actor, no_restart=True)
                slot.renewed(self._actor(slot.name))
                slot.ready = None
                slot.late += 1
                if slot.late >= LATE and not self._any_up:
                    raise ClusterError(f"{slot.name} doesn't come up: tried {LATE} times")
                reason = f"it has not come up for {slot.waited_s:.0f} s, and was killed"
                self._lost += self._lose(slot, reason)

    @property
    def _first(self) -> list[_Slot]:
        """The first slot of every worker."""
        return [slot for slot in self._slots.values() if slot is slot.beside[0]]

    @property
    def _any_up(self) -> bool:
        return any(slot.up for slot in self._slots.values())

    def _ask_again(self) -> None:
        for slot in self._slots.values():
            if slot.ask_at and time.monotonic() >= slot.ask_at:
                slot.ask_at = 0.0
                _ask(slot)


def _slots(name: str, actor: Any, count: int) -> list[_Slot]:
    """The slots of one worker."""
    names = [name, *(f"{name}.{number}" for number in range(2, count + 1))]
    slots = [_Slot(one, actor) for one in names]
    for slot in slots:
        slot.beside = slots
    return slots


def _ask(slot: _Slot) -> None:
    slot.ready = slot.actor.ready.remote()
    slot.asked += 1


def _ready(refs: list[Any], timeout_s: float) -> list[Any]:
    """Those of the streams and answers that have something to read; waits for the first."""
    if not refs:
        time.sleep(timeout_s)
        return []
    if not ray.wait(refs, num_returns=1, timeout=timeout_s)[0]:
        return []
    return list(ray.wait(refs, num_returns=len(refs), timeout=0)[0])


def cause_of(error: RayError) -> Cause:
    """Which budget of retries a lost worker draws on: Ray kills one where memory runs short."""
    if isinstance(error, OutOfMemoryError):
        return Cause.OUT_OF_MEMORY
    return Cause.PREEMPTED if getattr(error, "preempted", False) else Cause.WORKER_LOST
