"""A backend that renders nothing, and does what a test tells it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cluster.backend import Attempt, Joined, Left, Report, Told, Wishes
from cluster.records import Done, Failed, Handle, Order, Record, Started, Stopped
from jobs.messages import Cause
from renderer import images
from renderer.events import Progress

Answer = Callable[[Order, Attempt], list[Record]]


def frame() -> bytes:
    """A picture of 4 x 4 px."""
    import torch

    return images.encode(images.Picture(torch.full((1, 3, 4, 4), 100.0)))


FRAME = frame()


def renders(order: Order, attempt: Attempt) -> list[Record]:
    """The answer of a worker that has no troubles."""
    done = Done(FRAME, b"carry" if order.carries else None, (4, 4), 2, (("objective", 1.0),), 0.5)
    return [Started("desk", 1, "cpu", order.threads), Progress(1, 2, (("objective", 1.0),)), done]


def fails(cause: Cause = Cause.ERROR, reason: str = "it broke") -> list[Record]:
    """The answer of a worker on which something fails."""
    return [Started("desk", 1, "cpu", 1), Failed(cause, reason, "desk", "Traceback ...")]


class FakeBackend:
    """Slots that answer each order at once, by ``answer``; a record a poll.

    ``orders`` keeps what was started. ``lose`` takes a slot away with what it renders, ``join``
    brings one. An answer without an end leaves its slot busy until ``cancel`` or ``lose``.
    """

    threads = shards = 1

    def __init__(self, *slots: str, answer: Answer = renders) -> None:
        self.answer = answer
        self.orders: list[tuple[str, Attempt, Order]] = []
        self.cancelled: list[Attempt] = []
        self.killed: list[str] = []
        self.shared: list[object] = []
        self.wishes: list[Wishes] = []
        self.released: list[str] = []
        self.closed = False
        self._reports: deque[Report] = deque(Joined(slot, "desk", "cpu") for slot in slots)

    def share(self, value: object) -> Handle:
        self.shared.append(value)
        return value

    def start(
        self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
    ) -> None:
        self.orders.append((slot, attempt, order))
        answers = self.answer(order, attempt)
        self._reports += [Told(slot, attempt, record) for record in answers]

    def employ(self, wishes: Wishes) -> None:
        self.wishes.append(wishes)

    def release(self, slot: str) -> None:
        self.released.append(slot)

    def tell(self, report: Report) -> None:
        """Something else that the backend reports."""
        self._reports.append(report)

    def poll(self, timeout_s: float) -> list[Report]:
        return [self._reports.popleft()] if self._reports else []

    def cancel(self, attempt: Attempt, *, patience_s: float = 0) -> None:
        self.cancelled.append(attempt)
        slot = next(slot for slot, known, _ in self.orders if known == attempt)
        self._reports.append(Told(slot, attempt, Stopped()))

    def kill(self, slot: str, reason: str) -> None:
        self.killed.append(slot)
        self._reports.append(Left(slot, reason))

    def lose(self, slot: str) -> None:
        """A slot's worker dies."""
        self._reports.append(Left(slot, f"{slot} was lost"))

    def tell_first(self, slot: str, attempt: Attempt, *records: Record) -> None:
        """Records that are heard before all that is on its way."""
        self._reports.extendleft(Told(slot, attempt, record) for record in records[::-1])

    def join(self, slot: str) -> None:
        """A slot's worker is there again."""
        self._reports.append(Joined(slot, "desk", "cpu"))

    def close(self) -> None:
        self.closed = True
