"""Batches on Ray: one worker, several slots, each with an attempt of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cluster.backend import Attempt, Joined, Leaving, Left, Told, Wishes
from cluster.ray_backend import RayBackend
from cluster.ray_session import RaySession
from cluster.records import Done, Failed, Order, Started, Stopped
from cluster.resources import Allotment, Node, Wanted, allot
from cluster.worker import Renderer
from jobs.batching import Batching, parse
from jobs.messages import Cause
from renderer import images
from renderer.errors import SettingError
from renderer.events import Progress
from tests.cluster.conftest import picture, with_iterations
from tests.cluster.test_ray_backend import is_, until

GPUS = (Node("a", 16, 2), Node("b", 16, 2))
SLOTS = ["worker-1", "worker-1.2", "worker-1.3"]


@pytest.fixture
def backend(ray: Any) -> Iterator[RayBackend]:
    """One worker with three slots, which have joined."""
    made = RayBackend(RaySession().wait(), Allotment(1, 1, 0.0, batch=3))
    assert [report.slot for report in heard(made, Joined, 3)] == SLOTS
    yield made
    made.close()


def heard(backend: RayBackend, kind: type, count: int) -> list[Any]:
    """So many reports of a kind."""
    found: list[Any] = []
    deadline = time.monotonic() + 120
    while len(found) < count and time.monotonic() < deadline:
        found += [report for report in backend.poll(0.2) if isinstance(report, kind)]
    return found


def start(backend: RayBackend, orders: list[Order]) -> None:
    weights = backend.share(orders[0].weights)
    for slot, order in zip(SLOTS, orders, strict=True):
        backend.start(slot, Attempt(order.task, 1), replace(order, weights=weights))


def ends(backend: RayBackend, count: int) -> dict[str, Any]:
    """How so many attempts have ended, by their tasks."""
    found: dict[str, Any] = {}
    deadline = time.monotonic() + 120
    while len(found) < count and time.monotonic() < deadline:
        for report in backend.poll(0.2):
            if isinstance(report, Told) and isinstance(report.record, Done | Failed):
                found[report.attempt.task] = report.record
    return found


def test_all_of_a_batch_render_and_what_is_bad_costs_nobody_else(
    backend: RayBackend, order: Order
) -> None:
    orders = [replace(order, task=str(n), seed=n, picture=picture(seed=n)) for n in range(3)]
    orders[1] = replace(orders[1], picture=b"no picture")
    start(backend, orders)
    found = ends(backend, 3)
    assert found["1"].cause is Cause.INPUT
    for one in (orders[0], orders[2]):
        (wanted,) = [r for r in Renderer().render(one) if isinstance(r, Done)]
        ours, theirs = (images.decode(r.frame).pixels for r in (found[one.task], wanted))
        assert (ours - theirs).abs().mean() < 1


def test_slots_of_a_worker_are_lost_and_come_again_together(
    backend: RayBackend, order: Order
) -> None:
    long = with_iterations(order, 100_000)
    start(backend, [replace(long, task=str(n)) for n in range(3)])
    (process,) = {
        r.record.process
        for r in until(backend, is_(Progress))
        if isinstance(r, Told) and isinstance(r.record, Started)
    }
    os.kill(process, signal.SIGKILL)
    left = heard(backend, Left, 3)
    assert sorted(one.slot for one in left) == SLOTS
    assert [one.along for one in left] == [False, True, True]
    assert {one.cause for one in left} == {Cause.WORKER_LOST}
    assert [report.slot for report in heard(backend, Joined, 3)] == SLOTS
    start(backend, [replace(order, task=str(n)) for n in range(3)])
    assert all(isinstance(end, Done) for end in ends(backend, 3).values())


def test_workers_of_several_slots_go_and_come_while_others_render(ray: Any, order: Order) -> None:
    backend = RayBackend(RaySession().wait(), Allotment(2, 1, 0.0, batch=2))
    try:
        slots = sorted(one.slot for one in heard(backend, Joined, 4))
        assert slots == ["worker-1", "worker-1.2", "worker-2", "worker-2.2"]
        weights = backend.share(order.weights)
        for number, slot in enumerate(slots[:3]):  # worker-2 has one to render, worker-1 two
            long = with_iterations(order, 100_000, task=str(number), weights=weights)
            backend.start(slot, Attempt(str(number), 1), long)
        heard_of(backend, {"0", "1", "2"})
        backend.employ(Wishes(99, 1, 50))
        leaving = heard(backend, Leaving, 2)
        assert [(one.slot, one.at_once) for one in leaving] == [
            ("worker-2", False),
            ("worker-2.2", False),
        ]
        backend.release("worker-2.2")
        heard_of(backend, {"0", "1", "2"})  # its worker goes on with what it renders
        backend.cancel(Attempt("2", 1))
        (stopped,) = until(backend, is_(Stopped))[-1:]
        assert isinstance(stopped, Told)
        assert stopped.slot == "worker-2"
        backend.release("worker-2")
        backend.employ(Wishes(99, 2, 50))
        assert [one.slot for one in heard(backend, Joined, 2)] == ["worker-3", "worker-3.2"]
        backend.start("worker-3.2", Attempt("2", 2), replace(order, task="2", weights=weights))
        assert isinstance(ends(backend, 1)["2"], Done)
        heard_of(backend, {"0", "1"})
    finally:
        backend.close()


def heard_of(backend: RayBackend, tasks: set[str]) -> None:
    """Returns when each of some tasks has come on since."""
    left, deadline = set(tasks), time.monotonic() + 120
    while left and time.monotonic() < deadline:
        for report in backend.poll(0.2):
            if isinstance(report, Told) and isinstance(report.record, Progress):
                left.discard(report.attempt.task)
    assert not left


@pytest.mark.parametrize(
    ("asked", "tasks", "workers", "gpus", "batch"),
    [
        (None, 100, 2, 0.0, 1),  # a CPU gains nothing
        (None, 100, 2, 1.0, 16),
        (None, 10, 2, 1.0, 5),  # each GPU has its share of them
        (8, 100, 2, 0.0, 8),
        (8, 3, 2, 1.0, 2),
        (1, 100, 2, 1.0, 1),
    ],
)
def test_pictures_at_a_time(
    asked: int | None, tasks: int, workers: int, gpus: float, batch: int
) -> None:
    assert Batching(asked).of(tasks, workers=workers, gpus=gpus) == batch
    assert Batching(asked).of(tasks, workers=workers, gpus=gpus, shards=2) == 1
    assert Batching(asked, possible=False).of(tasks, workers=workers, gpus=gpus) == 1


def test_a_job_on_gpus_gets_batches() -> None:
    assert allot(GPUS, Wanted(width=99, widest=99), shared=True).batch == 16
    one = Wanted(width=99, widest=99, batching=Batching(1))
    assert allot(GPUS, one, shared=True).batch == 1


@pytest.mark.parametrize(("side", "batch"), [(512, 16), (1024, 4), (4096, 1)])
def test_the_larger_the_pictures_the_fewer(side: int, batch: int) -> None:
    batching = Batching(largest_px=side**2)
    assert batching.of(100, workers=1, gpus=1.0) == batch
    assert replace(batching, count=8).of(100, workers=1, gpus=1.0) == 8


@pytest.mark.parametrize(("text", "count"), [("auto", None), ("1", 1), (" 16 ", 16)])
def test_a_setting_is_a_count_or_auto(text: str, count: int | None) -> None:
    assert parse(text) == count


@pytest.mark.parametrize("text", ["0", "many", "-1", "257", ""])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(SettingError, match="batch: must be a count from 1 to 256, or auto"):
        parse(text)
