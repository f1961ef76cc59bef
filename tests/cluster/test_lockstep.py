"""Attempts go on together, and end, fail and wait each by itself."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import torch

from cluster import overheard
from cluster.backend import INLINE, Attempt, Joined, Left, Told, is_last
from cluster.batch_backend import BatchBackend
from cluster.lockstep import Ensemble, Lockstep
from cluster.records import Done, Failed, Order, Pace, Record, Stopped
from cluster.worker import Renderer
from jobs.messages import Cause
from renderer import checkpoints, images
from renderer.checkpoints import State
from renderer.errors import ImageError
from renderer.events import Checkpoint, Progress
from renderer.wishes import Granter, Wish
from tests.cluster.conftest import picture, with_iterations

SHORT_S = 60.0


def counting(
    steps: int, log: list[int], *, aside: threading.Event | None = None
) -> Generator[Record | Wish, None, None]:
    """Wishes for numbers; ``log`` has the sizes of the batches that they came in."""
    if aside is not None:
        wish = Wish(lambda: aside.wait(SHORT_S), aside=True)
        yield wish
        assert wish.get()
    for step in range(steps):

        def together(numbers: list[int]) -> list[int]:
            log.append(len(numbers))
            return numbers

        wish = Wish(lambda step=step: step, alike="numbers", subject=step, together=together)  # type: ignore[misc]
        yield wish
        yield Progress(wish.get() + 1, steps)
    yield Stopped()


class Refusal:
    """Refuses what it is given; ``seen`` tells of it for as long as anybody holds it."""

    seen: weakref.ref[Any]

    def __call__(self, *given: Any, **how: Any) -> Any:
        error = ImageError("this picture is like no other")
        self.seen = weakref.ref(error)
        try:
            raise error
        finally:
            del error  # or its own traceback would hold it


def test_all_go_on_to_their_next_wish_and_are_granted_at_once() -> None:
    log: list[int] = []
    lockstep = Lockstep(Granter())
    for name, steps in {"a": 1, "b": 3, "c": 3}.items():
        lockstep.add(name, counting(steps, log))
    told: dict[str, list[Record]] = {"a": [], "b": [], "c": []}
    while not all(records and isinstance(records[-1], Stopped) for records in told.values()):
        for name, record in lockstep.carry_on():
            told[name].append(record)
    assert log == [3, 2, 2]
    assert told["a"] == [Progress(1, 1), Stopped()]
    assert told["b"] == told["c"] == [*(Progress(n + 1, 3) for n in range(3)), Stopped()]


def test_one_that_is_dropped_or_held_keeps_nobody() -> None:
    log: list[int] = []
    lockstep = Lockstep(Granter())
    for name in "abc":
        lockstep.add(name, counting(2, log))
    lockstep.drop("a")
    assert lockstep.carry_on({"b"}) == []  # c goes on alone, granted by itself
    assert lockstep.carry_on({"b"}) == [("c", Progress(1, 2))]
    assert log == []


def test_every_thread_hears_of_its_own_attempt() -> None:
    ensemble, log = Ensemble(Granter()), list[int]()
    steps = {str(n): n for n in range(1, 6)}

    def heard(name: str) -> list[Record]:
        return list(ensemble.records(name, counting(steps[name], log)))

    with ThreadPoolExecutor(5) as threads:
        found = dict(zip(steps, threads.map(heard, steps), strict=True))
    for name, count in steps.items():
        assert found[name] == [*(Progress(n + 1, count) for n in range(count)), Stopped()]


def test_nobody_waits_for_what_is_done_aside() -> None:
    ensemble, log, gate = Ensemble(Granter()), list[int](), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(lambda: list(ensemble.records("a", counting(1, log, aside=gate))))
        assert list(ensemble.records("b", counting(3, log)))[-1] == Stopped()
        assert not slow.done()
        gate.set()
        assert slow.result(SHORT_S) == [Progress(1, 1), Stopped()]


def test_a_thread_that_goes_away_takes_its_attempt_along() -> None:
    ensemble, log = Ensemble(Granter()), list[int]()
    left = ensemble.records("a", counting(3, log))
    assert next(iter(left)) == Progress(1, 3)
    left.close()  # type: ignore[attr-defined]
    assert list(ensemble.records("b", counting(2, log)))[-1] == Stopped()
    assert log == []


@pytest.fixture
def backend() -> BatchBackend:
    """Three slots in this process."""
    return BatchBackend(lambda: Renderer(node="desk"), node="desk", batch=3)


def ended(backend: BatchBackend, count: int) -> dict[str, list[Record]]:
    """All records by task, until so many attempts have ended."""
    found: dict[str, list[Record]] = {}
    while sum(is_last(records[-1]) for records in found.values()) < count:
        for report in backend.poll(0):
            assert isinstance(report, Told)
            found.setdefault(report.attempt.task, []).append(report.record)
    return found


def test_orders_of_a_batch_are_rendered_as_alone(backend: BatchBackend, order: Order) -> None:
    slots = [report.slot for report in backend.poll(0) if isinstance(report, Joined)]
    assert slots == [INLINE, f"{INLINE}.2", f"{INLINE}.3"]
    orders = [
        replace(order, task=str(n), seed=n, picture=picture(seed=n)) for n in range(len(slots))
    ]
    for slot, one in zip(slots, orders, strict=True):
        backend.start(slot, Attempt(one.task, 1), one)
    found = ended(backend, 3)
    for one in orders:
        (wanted,) = [r for r in Renderer().render(one) if isinstance(r, Done)]
        done = found[one.task][-1]
        assert isinstance(done, Done)
        ours, theirs = (images.decode(each.frame).pixels for each in (done, wanted))
        assert (ours - theirs).abs().mean() < 1  # in float32 a dream's ties tip
        assert done.iterations == wanted.iterations


def test_what_is_bad_or_diverges_costs_nobody_else(backend: BatchBackend, order: Order) -> None:
    backend.poll(0)
    nowhere = torch.full((1, 3, 40, 40), torch.nan)
    wild = Checkpoint(3, checkpoints.pack(State(3, {"image": nowhere})))
    for slot, one in {
        INLINE: replace(order, task="good"),
        f"{INLINE}.2": replace(order, task="bad", picture=b"no picture"),
        f"{INLINE}.3": replace(order, task="wild", resume=wild),
    }.items():
        backend.start(slot, Attempt(one.task, 1), one)
    found = {task: records[-1] for task, records in ended(backend, 3).items()}
    assert isinstance(found["good"], Done)
    assert isinstance(found["bad"], Failed)
    assert found["bad"].cause is Cause.INPUT
    assert isinstance(found["wild"], Failed)
    assert "no longer finite" in found["wild"].message


def test_who_has_ended_is_let_go_of_without_waiting_for_the_collector(
    backend: BatchBackend, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "decode", refused := Refusal())
    backend.poll(0)
    gc.disable()
    try:
        backend.start(INLINE, Attempt("bad", 1), replace(order, task="bad"))
        (report,) = [one for one in ended(backend, 1)["bad"] if isinstance(one, Failed)]
        assert "is like no other" in report.message
        assert refused.seen() is None
        assert not overheard._listening
    finally:
        gc.enable()


def test_one_is_stopped_and_the_others_go_on(backend: BatchBackend, order: Order) -> None:
    backend.poll(0)
    long = with_iterations(order, 10_000, task="long")
    backend.start(INLINE, Attempt("long", 1), long)
    backend.start(f"{INLINE}.2", Attempt("short", 1), replace(order, task="short"))
    backend.cancel(Attempt("long", 1))
    found = ended(backend, 2)
    assert isinstance(found["long"][-1], Stopped)
    assert isinstance(found["short"][-1], Done)


def test_a_slot_that_is_killed_is_there_again(backend: BatchBackend, order: Order) -> None:
    backend.poll(0)
    backend.start(INLINE, Attempt("long", 1), with_iterations(order, 10_000, task="long"))
    backend.kill(INLINE, "it was silent")
    assert backend.poll(0) == [Left(INLINE, "it was silent"), Joined(INLINE, "desk", "cpu")]
    backend.start(INLINE, Attempt("t", 1), order)
    assert isinstance(ended(backend, 1)["t"][-1], Done)


def test_a_checkpoint_of_one_of_a_batch_is_taken_up_alone(
    backend: BatchBackend, order: Order
) -> None:
    backend.poll(0)
    long = with_iterations(order, 4, pace=Pace(every=3))
    orders = [replace(long, task=str(n), seed=n, picture=picture(seed=n)) for n in range(3)]
    for number, one in enumerate(orders):
        backend.start(f"{INLINE}.{number + 1}" if number else INLINE, Attempt(one.task, 1), one)
    found = ended(backend, 3)
    for one in orders:
        kept = next(r for r in found[one.task] if isinstance(r, Checkpoint))
        assert kept.iteration == 3
        alone = list(Renderer().render(replace(one, resume=kept)))[-1]
        done = found[one.task][-1]
        assert isinstance(alone, Done)
        assert isinstance(done, Done)
        ours, theirs = (images.decode(each.frame).pixels for each in (done, alone))
        assert (ours - theirs).abs().mean() < 1
