"""The simulated farm, of few workers: what it asks of the driver, and what it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import saturation
from benchmarks.saturation import CHECKPOINT_BYTES, Load


def test_a_load_is_what_all_workers_tell_in_a_second() -> None:
    asked = Load(2.0, progress_per_s=5.0, checkpoints_per_s=0.5).asked(10)
    assert asked["tasks"] == 5.0
    assert asked["records"] == 3 * 5.0 + 10 * 5.5  # begun, losses, done; and what comes meanwhile
    assert asked["megabytes"] == pytest.approx((5 * 408_000 + 5 * CHECKPOINT_BYTES) / 1e6)


def test_a_ladder_doubles_its_load() -> None:
    for name in ("tasks", "records", "megabytes"):
        first, second, *_ = (load.asked(256) for load in saturation.ladder(name, 256))
        assert second[name] == pytest.approx(2 * first[name], rel=0.3)


def test_a_light_load_is_borne(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(saturation, "SETTLE_S", 0.2)
    monkeypatch.setattr(saturation, "MOST_TASKS", 10)
    light = Load(0.5, progress_per_s=8.0, checkpoints_per_s=0.5)
    monkeypatch.setattr(saturation, "ladder", lambda name, workers: [light])
    (step,) = saturation.climbed("tasks", tmp_path, workers=2, seconds=1.5)
    assert step["asked"]["tasks"] == 4.0
    assert step["tasks"] > 0
    assert step["records"] > step["tasks"]
    assert list((tmp_path / "out-0" / "frames").rglob("*.png"))


@pytest.mark.parametrize(
    ("done", "late_ms", "expected"), [(100, 1, False), (79, 1, True), (100, 1001, True)]
)
def test_who_is_late_or_does_less_is_saturated(done: float, late_ms: float, expected: bool) -> None:
    step = {"asked": {"tasks": 100.0}, "tasks": done, "late_ms": late_ms}
    assert saturation.saturated(step, "tasks") is expected


def test_a_ratio_is_what_cpu_time_was_enough_for_at_the_most_that_is_borne() -> None:
    steps = [
        {"asked": {"tasks": asked}, "tasks": done, "cpu": cpu, "late_ms": 1.0}
        for asked, done, cpu in ((10.0, 10.0, 0.2), (20.0, 19.0, 0.5), (40.0, 20.0, 1.0))
    ]
    assert saturation.borne(steps, "tasks") == 38.0
    assert saturation.borne(steps[2:], "tasks") == 20.0
