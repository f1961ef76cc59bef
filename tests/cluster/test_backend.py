"""The backend of this process: a record a poll, and nothing happens between polls."""

from __future__ import annotations

from collections.abc import Generator

from cluster.backend import INLINE, Attempt, InlineBackend, Joined, Left, Told
from cluster.records import Order, Record, Started, Stopped
from renderer.events import Progress
from tests.cluster.fakes import renders

ATTEMPT = Attempt("a", 1)


class Worker:
    """Answers as a worker without troubles does, and counts."""

    def __init__(self) -> None:
        self.told = 0
        self.stopped: list[str] = []

    def render(self, order: Order) -> Generator[Record, None, None]:
        for record in renders(order, ATTEMPT):
            if self.stopped:
                yield Stopped()
                return
            self.told += 1
            yield record

    def stop(self, task: str) -> None:
        self.stopped.append(task)


def test_its_slot_is_there_from_the_beginning() -> None:
    backend = InlineBackend(Worker, node="desk", device="cpu")
    assert backend.poll(0) == [Joined(INLINE, "desk", "cpu")]
    assert backend.poll(0) == []


def test_the_worker_is_made_with_the_first_order(order: Order) -> None:
    made = []
    backend = InlineBackend(lambda: made.append(Worker()) or made[-1], node="desk")
    backend.poll(0)
    assert made == []
    for _ in range(2):
        backend.start(INLINE, ATTEMPT, order)
    assert len(made) == 1


def test_a_poll_goes_on_to_the_next_record(order: Order) -> None:
    worker = Worker()
    backend = InlineBackend(lambda: worker, node="desk")
    backend.poll(0)
    backend.start(INLINE, ATTEMPT, order)
    assert worker.told == 0
    assert backend.poll(0) == [Told(INLINE, ATTEMPT, Started("desk", 1, "cpu", 1))]
    assert worker.told == 1
    kinds = [type(report.record) for _ in range(2) for report in backend.poll(0)]  # type: ignore
    assert kinds[0] is Progress
    assert backend.poll(0) == []


def test_cancel_asks_the_worker_to_stop(order: Order) -> None:
    worker = Worker()
    backend = InlineBackend(lambda: worker, node="desk")
    backend.poll(0)
    backend.start(INLINE, ATTEMPT, order)
    backend.poll(0)
    backend.cancel(Attempt("a", 2))
    assert not worker.stopped
    backend.cancel(ATTEMPT)
    assert worker.stopped == ["a"]
    assert backend.poll(0) == [Told(INLINE, ATTEMPT, Stopped())]
    assert backend.poll(0) == []


def test_kill_breaks_the_rendering_off(order: Order) -> None:
    backend = InlineBackend(Worker, node="desk")
    backend.poll(0)
    backend.start(INLINE, ATTEMPT, order)
    backend.poll(0)
    backend.kill(INLINE, "it was silent")
    assert backend.poll(0) == [Left(INLINE, "it was silent"), Joined(INLINE, "desk", "cpu")]
    assert backend.poll(0) == []
