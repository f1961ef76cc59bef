"""Several workers render one picture on a real Ray: the right one, whoever dies, stops or fails."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import cluster.ray_backend
from cluster.backend import Attempt, Freed, Joined, Left, Report, Told
from cluster.ray_actor import Slot
from cluster.ray_backend import RayBackend
from cluster.ray_session import RaySession
from cluster.records import Done, Failed, Order, Pace, Started, Stopped, Style
from cluster.resources import Allotment
from cluster.watchdog import Watchdog
from cluster.worker import Renderer
from jobs.messages import Cause
from renderer import checkpoints, images
from renderer.events import Artefact, Checkpoint, Progress
from renderer.settings import FrameSettings, StyleSettings
from tests.cluster.conftest import NETWORK, UNTIL, picture
from tests.cluster.test_ray_backend import gone, is_

FIRST, SECOND = Attempt("t" * 32, 1), Attempt("t" * 32, 2)
LONG = 100_000
EXHAUSTED = "exhausted.png"
SETTINGS = StyleSettings(
    network=NETWORK,
    content_layers=("conv2",),
    style_layers=("conv1", "conv2"),
    optimizer="adam",
    iterations=6,
)


@pytest.fixture(scope="module")
def backend(ray: Any) -> Iterator[RayBackend]:
    """Two workers that render together; a member's memory runs out where a picture is so named."""

    class Small(Slot):
        def render(self, order: Order, seat: Any = None, address: Any = None) -> Any:
            if order.name == EXHAUSTED and seat.rank == 1:
                self._renderer.network = _exhausted  # type: ignore[method-assign]
            yield from super().render(order, seat, address)
            self._renderer.__dict__.pop("network", None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster.ray_backend, "Slot", Small)
        made = RayBackend(RaySession().wait(), Allotment(2, 1, 0.0, shards=2))
        yield made
        made.close()


def _exhausted(order: Order) -> Any:
    raise torch.OutOfMemoryError("no more")


@pytest.fixture
def style_order(order: Order) -> Order:
    """A style transfer of a few iterations; ``weights`` is the value itself."""
    painting = Style("brush.png", 0, picture(seed=5, size=36))
    return replace(order, settings=SETTINGS, styles=(painting,), until=UNTIL, carries=True)


@dataclass
class Pair:
    """Two workers that are there, free, and take orders together."""

    backend: RayBackend
    slots: tuple[str, ...] = ()
    heard: deque[Report] = field(default_factory=deque)

    def until(self, wanted: Callable[[Report], bool], *, within_s: float = 90) -> list[Report]:
        """All reports up to the first that is wanted."""
        seen: list[Report] = []
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.heard.extend(self.backend.poll(0.2))
            while self.heard:
                seen.append(self.heard.popleft())
                if wanted(seen[-1]):
                    return seen
        raise AssertionError(f"not seen within {within_s} s; the last: {seen[-3:]}")

    def start(self, order: Order, attempt: Attempt = FIRST) -> None:
        weights = self.backend.share(order.weights)
        styles = tuple(replace(s, data=self.backend.share(s.data)) for s in order.styles)
        shared = replace(order, weights=weights, styles=styles)
        self.backend.start(self.slots[0], attempt, shared, self.slots[1:])

    def processes(self) -> list[int]:
        """Once both have taken an order up: their processes, the leader's first."""
        found: dict[str, int] = {}
        while len(found) < 2:
            told = self.until(is_(Started))[-1]
            assert isinstance(told, Told)
            found[told.slot] = told.record.process  # type: ignore[union-attr]
        return [found[slot] for slot in self.slots]

    def free(self, reports: list[Report] | None = None, *, but: str = "") -> list[Report]:
        """All reports until both are free or back again (but one, of which the end is told)."""
        reports = reports or []
        while not {r.slot for r in reports if isinstance(r, Freed | Joined)} | {but} >= set(
            self.slots
        ):
            reports += self.until(lambda r: isinstance(r, Freed | Joined))
        return reports

    def ended(self, kind: type) -> list[Report]:
        """All reports until an attempt has ended in a way, and both are free again."""
        reports = self.until(is_(kind))
        return self.free(reports, but=reports[-1].slot)


@pytest.fixture
def pair(backend: RayBackend) -> Iterator[Pair]:
    """Two workers, free before and after a test."""
    made = Pair(backend)
    names = {slot.name for slot in backend._slots.values()}
    up = {slot.name for slot in backend._slots.values() if slot.up}
    while up != names:
        up.add(made.until(is_(Joined))[-1].slot)
    made.slots = tuple(sorted(names))
    yield made
    assert not any(slot.running for slot in backend._slots.values())


def record(reports: list[Report], kind: type) -> Any:
    return next(r.record for r in reports if isinstance(r, Told) and isinstance(r.record, kind))


def alone(order: Order) -> list[Any]:
    """What one worker tells of an order."""
    return list(Renderer().render(order))


def pixels(done: Any) -> torch.Tensor:
    return images.unpack(done.carry).pixels


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() < 0.05)


def test_two_render_what_one_renders_and_the_same_bytes_twice(
    pair: Pair, style_order: Order
) -> None:
    pair.start(style_order)
    reports = pair.ended(Done)
    together = record(reports, Done)
    (by_itself,) = (r for r in alone(style_order) if isinstance(r, Done))
    assert close(pixels(together), pixels(by_itself))
    assert together.iterations == 6
    for (name, value), (_, expected) in zip(together.losses, by_itself.losses, strict=True):
        assert value == pytest.approx(expected, rel=1e-3), name
    # Only the leader tells what it renders; of the other one there is no more than that it began.
    member = [r.record for r in reports if isinstance(r, Told) and r.slot == pair.slots[1]]
    assert [type(r) for r in member] == [Started]
    pair.start(style_order, SECOND)
    assert record(pair.ended(Done), Done).frame == together.frame


def test_a_checkpoint_of_two_is_taken_up_by_one_and_the_other_way(
    pair: Pair, style_order: Order
) -> None:
    kept = replace(style_order, pace=Pace(every=3))
    pair.start(kept)
    together = record(reports := pair.ended(Done), Done)
    half = record(reports, Checkpoint)
    assert half.iteration == 3
    (resumed,) = (r for r in alone(replace(kept, resume=half)) if isinstance(r, Done))
    assert close(pixels(resumed), pixels(together))

    half = next(r for r in alone(kept) if isinstance(r, Checkpoint))
    pair.start(replace(kept, resume=half), SECOND)
    reports = pair.ended(Done)
    assert close(pixels(record(reports, Done)), pixels(together))
    assert record(reports, Progress).iteration == 4


def test_frames_of_the_making_are_told_once(pair: Pair, style_order: Order) -> None:
    pair.start(replace(style_order, frames=FrameSettings(every=3)))
    reports = pair.ended(Done)
    told = [r for r in reports if isinstance(r, Told) and isinstance(r.record, Artefact)]
    names = [r.record.name for r in told if r.record.name.endswith(".png")]  # type: ignore[union-attr]
    assert len(names) == len(set(names)) == 3
    assert {r.slot for r in told} == {pair.slots[0]}


@pytest.mark.parametrize("victim", [0, 1])
def test_who_is_killed_ends_the_attempt_for_all(
    pair: Pair, style_order: Order, victim: int
) -> None:
    pair.start(replace(style_order, settings=replace(SETTINGS, iterations=LONG)))
    slot, process = pair.slots[victim], pair.processes()[victim]
    pair.until(is_(Progress))
    os.kill(process, signal.SIGKILL)
    reports = pair.until(is_(Left))
    left = reports[-1]
    assert isinstance(left, Left)
    assert left.slot == slot
    assert left.cause is Cause.WORKER_LOST
    assert not any(is_(Failed)(r) for r in reports)
    pair.free(reports[:-1])
    pair.start(style_order, SECOND)
    reports = pair.ended(Done)
    assert {r.attempt for r in reports if isinstance(r, Told)} == {SECOND}


def test_who_is_stopped_is_found_among_those_who_wait_for_it(
    pair: Pair, style_order: Order
) -> None:
    pair.start(replace(style_order, settings=replace(SETTINGS, iterations=LONG)))
    slot, process = pair.slots[1], pair.processes()[1]
    dog = Watchdog(1.0)
    dog.began(pair.slots[0], FIRST.task)
    pair.until(is_(Progress))
    os.kill(process, signal.SIGSTOP)
    while not (silent := dog.silent()):
        for report in pair.backend.poll(0.1):
            if isinstance(report, Told):
                dog.heard(report.slot, report.record)
    assert [name for name, _ in silent] == [pair.slots[0]]  # which is all that can be seen
    pair.backend.kill(pair.slots[0], "it told nothing")
    left = pair.until(is_(Left))[-1]
    assert isinstance(left, Left)
    assert left.slot == slot
    assert "it told nothing" in left.reason
    assert gone(process)
    pair.free()
    pair.start(style_order, SECOND)
    pair.ended(Done)


def test_a_stop_leaves_one_checkpoint_of_all(pair: Pair, style_order: Order) -> None:
    pair.start(replace(style_order, settings=replace(SETTINGS, iterations=LONG)))
    pair.until(is_(Progress))
    pair.backend.cancel(FIRST)
    reports = pair.ended(Stopped)
    kept = record(reports, Checkpoint)
    assert tuple(checkpoints.image(kept.data).shape) == (1, 3, 40, 40)
    assert not any(is_(Left)(r) for r in reports)


def test_a_members_failure_comes_out_with_its_own_cause(pair: Pair, style_order: Order) -> None:
    pair.start(replace(style_order, name=EXHAUSTED))
    reports = pair.ended(Failed)
    told = next(r for r in reports if is_(Failed)(r))
    assert isinstance(told, Told)
    assert told.slot == pair.slots[1]
    assert told.record.cause is Cause.OUT_OF_MEMORY  # type: ignore[union-attr]
    assert not any(is_(Left)(r) for r in reports)


def test_nothing_listens_beyond_this_machine(pair: Pair, style_order: Order) -> None:
    before = {address for process in processes_of(pair) for address in listening(process)}
    pair.start(replace(style_order, settings=replace(SETTINGS, iterations=LONG)))
    processes = pair.processes()
    pair.until(is_(Progress))
    now = [address for process in processes for address in listening(process)]
    assert {address for address in now if address not in before} <= {"127.0.0.1"}
    assert now.count("127.0.0.1") >= 3  # the store, and gloo in each of them
    pair.backend.cancel(FIRST)
    pair.ended(Stopped)


def processes_of(pair: Pair) -> list[int]:
    return [slot.process for slot in pair.backend._slots.values()]


def listening(process: int) -> list[str]:
    """The addresses (IPv4, or all of them) at which a process listens."""
    inodes = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(link.readlink().name)
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address = fields[1].partition(":")[0]
                packed = bytes.fromhex(address)[::-1]
                found.append(socket.inet_ntoa(packed) if len(packed) == 4 else address)
    return found
