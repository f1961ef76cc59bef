"""Ray: streams of records, real kills, cancels, GPU masks; the same bytes as in this process."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import ActorUnavailableError, OutOfMemoryError

import cluster.ray_backend
from cluster.backend import Attempt, InlineBackend, Joined, Left, Report, Told
from cluster.ray_actor import Slot
from cluster.ray_backend import RayBackend, cause_of
from cluster.ray_session import RaySession
from cluster.records import Done, Failed, Order, Started, Stopped
from cluster.resources import Allotment
from cluster.watchdog import Watchdog
from cluster.worker import Renderer
from jobs.messages import Cause
from renderer.events import Artefact, Checkpoint, Progress
from tests.cluster.conftest import with_iterations

FIRST, SECOND = Attempt("t" * 32, 1), Attempt("t" * 32, 2)  # the task of the tests' order
LONG = 100_000


@pytest.fixture
def backends(ray: Any) -> Iterator[Callable[..., RayBackend]]:
    """Makes backends on the tests' Ray, and closes them."""
    made: list[RayBackend] = []

    def make(workers: int = 1, *, gpus: float = 0.0, start_s: float | None = None) -> RayBackend:
        allotment = Allotment(workers, 1, gpus)
        made.append(RayBackend(RaySession().wait(), allotment, start_s=start_s))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


def until(
    backend: RayBackend | InlineBackend, wanted: Callable[[Report], bool], *, within_s: float = 90
) -> list[Report]:
    """All reports up to the first that is wanted."""
    seen: list[Report] = []
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for report in backend.poll(0.2):
            seen.append(report)
            if wanted(report):
                return seen
    raise AssertionError(f"not seen within {within_s} s: {seen}")


def joined(backend: RayBackend, count: int = 1) -> list[Joined]:
    found: list[Joined] = []
    while len(found) < count:
        found += [r for r in until(backend, is_(Joined)) if isinstance(r, Joined)]
    return found


def is_(kind: type) -> Callable[[Report], bool]:
    """Whether a report is of a kind, or tells a record of it."""
    return lambda r: isinstance(r, kind) or (isinstance(r, Told) and isinstance(r.record, kind))


def done(reports: list[Report]) -> Done:
    assert isinstance(reports[-1], Told)
    assert isinstance(reports[-1].record, Done)
    return reports[-1].record


def shared(order: Order, backend: RayBackend) -> Order:
    return replace(order, weights=backend.share(order.weights))


def test_frames_are_those_of_this_process(backends: Any, order: Order) -> None:
    inline = InlineBackend(Renderer, node="here")
    assert inline.poll(0) == [Joined("inline", "here", "cpu")]
    inline.start("inline", FIRST, order)
    expected = done(until(inline, is_(Done)))

    backend = backends()
    slot = joined(backend)[0].slot
    backend.start(slot, FIRST, shared(order, backend))
    reports = until(backend, is_(Done))
    assert done(reports).frame == expected.frame
    kinds = [type(r.record) for r in reports if isinstance(r, Told)]
    assert kinds[0] is Started
    assert set(kinds[1:-1]) == {Progress, Artefact}  # the last are its losses
    assert all(r.attempt == FIRST for r in reports if isinstance(r, Told))


def test_workers_of_a_shared_ray_have_one_heap_for_all_threads(ray: Any) -> None:
    session = replace(RaySession().wait(), ours=False)
    backend = RayBackend(session, Allotment(1, 1, 0.0))
    joined(backend)
    (slot,) = backend._slots.values()
    environment = Path(f"/proc/{slot.process}/environ").read_bytes().split(b"\0")
    backend.close()
    assert b"MALLOC_ARENA_MAX=1" in environment


def test_a_killed_worker_is_lost_and_joins_again(backends: Any, order: Order) -> None:
    backend = backends(2)
    slots = sorted(slot.slot for slot in joined(backend, 2))
    order = shared(order, backend)
    backend.start(slots[0], FIRST, with_iterations(order, LONG))
    started = until(backend, is_(Started))[-1].record
    until(backend, is_(Progress))
    os.kill(started.process, signal.SIGKILL)
    left = until(backend, is_(Left))[-1]
    assert isinstance(left, Left)
    assert left.slot == slots[0]
    assert slots[0] in left.reason
    # The other slot works on; the lost one comes back, and nothing of the attempt with it.
    backend.start(slots[1], SECOND, order)
    done(until(backend, is_(Done)))
    again = until(backend, is_(Joined))[-1]
    assert isinstance(again, Joined)
    backend.start(again.slot, SECOND, order)
    reports = until(backend, is_(Done))
    assert {r.attempt for r in reports if isinstance(r, Told)} == {SECOND}


def test_cancel_stops_in_mid_rendering_and_the_slot_lives(backends: Any, order: Order) -> None:
    backend = backends()
    slot = joined(backend)[0].slot
    order = shared(order, backend)
    backend.start(slot, FIRST, with_iterations(order, LONG))
    until(backend, is_(Progress))
    backend.cancel(FIRST)
    reports = until(backend, is_(Stopped), within_s=5)
    assert reports[-1] == Told(slot, FIRST, Stopped())
    # It was only asked to, and left all that it takes to go on.
    kept = [r.record for r in reports if is_(Checkpoint)(r) and isinstance(r, Told)]
    assert len(kept) == 1
    assert isinstance(kept[0], Checkpoint)
    assert kept[0].iteration >= 1
    backend.start(slot, SECOND, order)
    backend.cancel(FIRST)  # which is over
    done(until(backend, is_(Done)))


def test_a_stopped_process_is_killed_when_it_does_not_end(backends: Any, order: Order) -> None:
    backend = backends()
    slot = joined(backend)[0].slot
    order = shared(order, backend)
    backend.start(slot, FIRST, with_iterations(order, LONG))
    started = until(backend, is_(Started))[-1].record
    until(backend, is_(Progress))
    os.kill(started.process, signal.SIGSTOP)
    backend.cancel(FIRST, patience_s=0.5)
    left = until(backend, is_(Left))[-1]
    assert "did not stop" in left.reason
    assert gone(started.process)
    until(backend, is_(Joined))
    backend.start(slot, SECOND, order)
    reports = until(backend, is_(Done))
    assert {r.attempt for r in reports if isinstance(r, Told)} == {SECOND}


def test_kill_kills_what_no_signal_of_rays_reaches(backends: Any, order: Order) -> None:
    backend = backends()
    slot = joined(backend)[0].slot
    order = shared(order, backend)
    backend.start(slot, FIRST, with_iterations(order, LONG))
    started = until(backend, is_(Started))[-1].record
    os.kill(started.process, signal.SIGSTOP)
    backend.kill(slot, "it told nothing")
    left = backend.poll(0)[0]
    assert isinstance(left, Left)
    assert left.reason == f"{slot} on {started.node} was lost: it told nothing"
    until(backend, is_(Joined))
    assert gone(started.process)


@pytest.mark.parametrize("again", [False, True])
def test_a_process_that_stops_while_it_comes_up_is_replaced(
    backends: Any, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    stop, stopped = tmp_path / "stop", tmp_path / "stopped"

    class Stopping(Slot):
        """Its process stops, once, if it is to."""

        def __init__(self, *, gpus: float, threads: int) -> None:
            if stop.exists():
                stop.rename(stopped)
                stopped.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGSTOP)
            super().__init__(gpus=gpus, threads=threads)

    monkeypatch.setattr(cluster.ray_backend, "Slot", Stopping)
    if not again:
        stop.touch()
    backend = backends(start_s=5.0)
    if again:  # it is up, and is killed; Ray starts it once more
        slot = joined(backend)[0].slot
        backend.start(slot, FIRST, with_iterations(shared(order, backend), LONG))
        started = until(backend, is_(Started))[-1].record
        stop.touch()
        os.kill(started.process, signal.SIGKILL)
        until(backend, is_(Left))
    left = until(backend, is_(Left))[-1]
    assert isinstance(left, Left)
    assert re.fullmatch(r".* was lost: it has not come up for \d+ s, and was killed", left.reason)
    slot = joined(backend)[0].slot
    backend.start(slot, SECOND, shared(order, backend))
    done(until(backend, is_(Done)))
    assert gone(int(stopped.read_text()))


def test_a_process_that_stops_before_it_answers_its_first_order_is_found(
    backends: Any, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "process"

    class Stopping(Slot):
        def render(self, order: Order) -> Any:
            if not marker.exists():
                marker.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGSTOP)
                time.sleep(60)  # a process goes on for a moment until all its threads are stopped
            yield from super().render(order)

    monkeypatch.setattr(cluster.ray_backend, "Slot", Stopping)
    backend, dog = backends(), Watchdog(0.5)
    slot, order = joined(backend)[0].slot, shared(order, backend)
    backend.start(slot, FIRST, order)
    dog.began(slot, order.task)
    while not (found := dog.silent()):
        assert backend.poll(0.1) == []
    assert [name for name, _ in found] == [slot]
    backend.kill(slot, "it told nothing")
    until(backend, is_(Left))
    assert gone(int(marker.read_text()))
    until(backend, is_(Joined))
    backend.start(slot, SECOND, order)
    done(until(backend, is_(Done)))


def gone(process: int, *, within_s: float = 20.0) -> bool:
    """Whether a process ends within a while: a kill takes effect when the kernel comes to it."""
    deadline = time.monotonic() + within_s
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(process)


def alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def test_a_failure_tells_cause_and_node(backends: Any, order: Order) -> None:
    backend = backends()
    slot = joined(backend)[0]
    backend.start(slot.slot, FIRST, replace(order, picture=b"torn", weights=None))
    last = until(backend, is_(Failed))[-1]
    assert isinstance(last, Told)
    assert isinstance(last.record, Failed)
    assert (last.record.cause, last.record.node) == (Cause.INPUT, slot.node)


def test_each_worker_has_a_gpu_of_its_own(backends: Any) -> None:
    slots = joined(backends(2, gpus=1), 2)
    assert sorted(slot.gpus for slot in slots) == [("0",), ("1",)]
    assert {slot.device for slot in slots} == {"cpu"}  # they are not there, and torch says so


def test_workers_without_gpus_are_given_none(backends: Any) -> None:
    assert joined(backends())[0].gpus == ()


def test_more_workers_than_cores_on_a_ray_of_our_own(backends: Any) -> None:
    assert len(joined(backends(6), 6)) == 6


def test_a_worker_killed_for_memory_draws_on_that_budget() -> None:
    assert cause_of(OutOfMemoryError("the node is running low on memory")) is Cause.OUT_OF_MEMORY
    assert cause_of(ActorUnavailableError("it is gone", b"0" * 16)) is Cause.WORKER_LOST
