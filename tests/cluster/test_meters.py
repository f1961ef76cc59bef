"""What is counted of a run, and that nothing that goes wrong with it harms the run."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from cluster import notices as n
from cluster.gauges import MemoryMeter
from cluster.meters import Meters
from cluster.runner import Watch
from jobs.schedule import Counts
from tests.cluster.watching import failed, finished, joined, progress, started

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Library:
    """Stands for ray.util.metrics: keeps what it is told."""

    def __init__(self) -> None:
        self.values: Values = defaultdict(float)
        self.broken = False

    def Counter(self, name: str, **about: Any) -> Any:
        return _Metric(self, name, about["tag_keys"])

    Gauge = Counter

    def of(self, name: str) -> dict[str, float]:
        """The values of a metric, by its tags but the job."""
        return {
            " ".join(value for key, value in tags if key != "job"): found
            for (one, tags), found in self.values.items()
            if one == f"reverie_{name}"
        }


class _Metric:
    def __init__(self, library: Library, name: str, keys: tuple[str, ...]) -> None:
        self._library, self._name, self._keys = library, name, keys

    def _key(self, tags: dict[str, str]) -> Any:
        if self._library.broken:
            raise RuntimeError("the agent is gone")
        assert set(tags) == set(self._keys)
        return self._name, tuple((key, tags[key]) for key in self._keys)

    def inc(self, value: float, *, tags: dict[str, str]) -> None:
        assert value > 0
        self._library.values[self._key(tags)] += value

    def set(self, value: float, *, tags: dict[str, str]) -> None:
        self._library.values[self._key(tags)] = value


def metered(library: Library, seen: list[n.Notice]) -> Watch:
    meters = Meters("harbour", lambda task: "dream", library=library)
    watch = meters.watching(Watch(seen.append))
    meters.begin()
    return watch


RETRIED = n.TaskRetried(task="a.png", file="a.png", cause="error", reason="it broke", left=1)


def test_frames_iterations_failures_and_checkpoints_are_counted_by_node_and_kind() -> None:
    library, seen = Library(), list[n.Notice]()
    watch = metered(library, seen)
    kept = n.TaskCheckpointed(
        task="a.png", file="a.png", worker="worker-1", iteration=4, size_bytes=500, seconds=0.25
    )
    told = [joined(), started(), progress(3), kept, RETRIED,
            started(resumed=4), progress(7), finished(seconds=2.5),
            joined("worker-2", node="farm"), started("b.png", worker="worker-2"),
            failed("b.png")]  # fmt: skip
    for notice in told:
        watch.notify(notice)
    assert seen == told
    assert library.of("frames_finished") == {"desk dream": 1}
    assert library.of("iterations") == {"desk dream": 3 + 6}
    assert library.of("render_seconds") == {"desk dream": 2.5}
    assert library.of("checkpoint_bytes") == {"desk dream": 500}
    assert library.of("checkpoint_seconds") == {"desk dream": 0.25}
    assert library.of("retries") == {"desk dream error": 1}
    assert library.of("failures") == {"desk dream error": 1, "farm dream error": 1}


def test_a_task_that_was_skipped_is_no_failure() -> None:
    library = Library()
    watch = metered(library, [])
    watch.notify(failed("b.png", needs="a.png"))
    assert library.of("failures") == {}


def test_the_queue_and_the_workers_are_told_as_they_are() -> None:
    library = Library()
    watch = metered(library, [])
    for worker in ("worker-1", "worker-2"):
        watch.notify(joined(worker))
    watch.counted(Counts(waiting=3, ready=2, running=2, finished=1))
    assert library.of("tasks")["waiting"] == 3
    assert library.of("tasks")["ready"] == 2
    assert library.of("tasks")["running"] == 2
    assert library.of("workers") == {"desk": 2}
    watch.counted(Counts(finished=8))  # too soon to be told
    assert library.of("tasks")["waiting"] == 3
    watch.notify(n.WorkerLost(worker="worker-1", reason="killed"))
    assert library.of("workers") == {"desk": 1}
    watch.counted(Counts(finished=8))
    assert library.of("tasks")["waiting"] == 0


def test_what_goes_wrong_ends_the_metering_and_nothing_else() -> None:
    library, seen = Library(), list[n.Notice]()
    watch = metered(library, seen)
    watch.notify(joined())
    library.broken = True
    watch.notify(started())
    watch.notify(progress(3))
    library.broken = False
    watch.notify(progress(5))
    assert len(seen) == 4
    assert library.of("iterations") == {}
    library.broken = True
    meter = MemoryMeter("desk", library=library)
    assert list(meter.metered([1, 2], "harbour")) == [1, 2]


def test_without_ray_nothing_is_counted() -> None:
    seen: list[n.Notice] = []
    watch = Meters("harbour", lambda task: 1 / 0).watching(Watch(seen.append))
    watch.notify(started())
    watch.counted(Counts())
    assert seen == [started()]


def test_a_worker_tells_its_memory() -> None:
    library = Library()
    meter = MemoryMeter("desk", library=library)
    assert list(meter.metered(iter("abc"), "harbour")) == ["a", "b", "c"]
    ((tags, value),) = library.of("worker_memory_bytes").items()
    assert tags.startswith("desk ")
    assert 10e6 < value < 1e12
