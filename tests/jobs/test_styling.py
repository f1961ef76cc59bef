"""What a style transfer will take, from rates that a person can reckon with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs import rates, styling
from jobs.estimate import estimate
from jobs.plan import Plan
from jobs.styling import FILE_S, Means, Styling, stylings
from renderer import calibration
from renderer.calibration import Rates
from renderer.footprint import HEAP_BYTES, Layouts
from renderer.networks import Network
from renderer.settings import StyleSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]

LOOK_S, PIXEL_S, TWICE_S = 1e-6, 2e-6, 2.8e-6
LINEAR = Rates(
    sums=((100, 100 * LOOK_S),),
    once=((100, 100 * PIXEL_S), (200, 200 * PIXEL_S)),
    twice=((100, 100 * TWICE_S),),
)
ROOM = 1e12


@pytest.fixture(autouse=True)
def picture(paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint("a.png", size=(300, 200))
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that takes two microseconds a pixel, half of that for its sums, 2.8 for both."""
    monkeypatch.setattr(rates, "rates", lambda *given, **more: LINEAR)
    monkeypatch.setattr(styling, "GATHER_S", 0)


@pytest.fixture
def styled(planned: Planner) -> Callable[..., Styling]:
    """The styling of a picture of 300 x 200 px."""

    def make(means: Means, **settings: Any) -> Styling:
        step = {"images": "a.png", "style_layers": 0, "content_layers": 0, **settings}
        plan = planned(size=300, steps=[{"style": step}])
        (found,) = stylings(plan, means, most={task.id: 3 for task in plan.tasks}).values()
        return found

    return make


def test_a_whole_picture_takes_its_pixels_time(styled: Callable[..., Styling], known: None) -> None:
    one = styled(Means(ROOM), iterations=10)
    pixels = 300 * 200
    assert one.arrangement.tile_px is None
    assert one.seconds == pytest.approx(pixels * (10 * PIXEL_S + LOOK_S + FILE_S))
    assert one.warnings == ()


def test_tiles_are_run_twice_but_for_one_and_lap_over(
    styled: Callable[..., Styling], known: None
) -> None:
    one = styled(Means(ROOM, tile_px=100), iterations=10)
    assert one.arrangement.pieces == 6
    # conv1_1 reads one pixel on each side: inner tiles have 102 rows or columns, outer ones 101
    areas = sorted(rows * columns for rows in (101, 101) for columns in (101, 102, 101))
    step = areas[0] * PIXEL_S + sum(areas[1:]) * TWICE_S
    expected = 10 * step + sum(areas) * LOOK_S + 300 * 200 * FILE_S
    assert one.seconds == pytest.approx(expected)


def test_shards_take_the_longest_one_s_time(styled: Callable[..., Styling], known: None) -> None:
    one = styled(Means(ROOM, shards=2), iterations=10)
    pixels = 151 * 200
    expected = pixels * (10 * PIXEL_S + LOOK_S) + 300 * 200 * FILE_S
    assert one.seconds == pytest.approx(expected)
    alone = styled(Means(ROOM))
    own, whole = (each.memory_bytes - HEAP_BYTES["cpu"] for each in (one, alone))
    assert own == pytest.approx(whole * 151 / 300, rel=0.01)


def test_several_workers_take_a_while_to_gather(
    styled: Callable[..., Styling], known: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, alone = styled(Means(ROOM, shards=2)), styled(Means(ROOM))
    before = one.seconds, alone.seconds
    monkeypatch.setattr(styling, "GATHER_S", 7)
    one, alone = replace(one), replace(alone)
    assert (one.seconds, alone.seconds) == (pytest.approx(before[0] + 7), before[1])


def test_a_job_s_time_is_that_of_its_workers(planned: Planner, paint: Paint, known: None) -> None:
    paint("b.png", colour=7, size=(300, 200))
    step = {"images": "a.png", "style_layers": 0, "content_layers": 0, "iterations": 10}
    plan = planned(size=300, inputs=["a.png", "b.png"], steps=[{"style": step}])
    most = {task.id: 2 for task in plan.tasks}

    def seconds(shards: int, slots: int) -> float:
        found = stylings(plan, Means(ROOM, shards=shards), most=most)
        told = estimate(plan, flops_per_second=1e9, slots=slots, stylings=found).seconds
        assert told is not None
        return told

    assert seconds(1, 2) == pytest.approx(seconds(1, 1) / 2)
    assert seconds(2, 2) == pytest.approx(seconds(1, 2), rel=0.05)  # both on each in turn
    assert seconds(2, 4) == pytest.approx(seconds(1, 2) / 2, rel=0.05)
    assert seconds(4, 4) == seconds(2, 4)  # of a task's two


def test_what_memory_has_no_room_for_lies_in_a_file(styled: Callable[..., Styling]) -> None:
    roomy = styled(Means(ROOM, tile_px=100))
    assert (roomy.file_bytes, roomy.memory_bytes) == (0, int(roomy.arrangement.bytes))
    tight = replace(roomy, means=Means(roomy.arrangement.least_bytes + 1000, tile_px=100))
    targets = 4 * 64 * 300 * 200
    assert tight.file_bytes == pytest.approx(targets - 1000, abs=2)
    assert tight.memory_bytes + tight.file_bytes == pytest.approx(roomy.memory_bytes, abs=2)


def test_tiles_that_lap_over_farther_than_they_reach_are_warned_of(
    styled: Callable[..., Styling],
) -> None:
    deep = {"network": "motifs", "style_layers": "inception4b", "content_layers": "conv2"}
    (warning,) = styled(Means(ROOM, tile_px=70), **deep).warnings
    assert warning.startswith("resources.tile (--tile): 70 px laps over ")
    assert "leave it out (1.0 times" in warning
    assert styled(Means(ROOM, tile_px=70), style_layers=0).warnings == ()


def test_what_not_even_the_smallest_tiles_fit_into_is_told(styled: Callable[..., Styling]) -> None:
    (warning,) = styled(Means(1e6)).warnings
    assert warning.startswith("memory: 300 x 200 px in tiles of 64 px take ")
    assert "which may have 1 MB" in warning


def test_rates_are_measured_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(network: Network, settings: StyleSettings) -> Rates:
        asked.append(network.until)
        return LINEAR

    monkeypatch.setattr(calibration, "measured", measured)
    settings = StyleSettings(style_layers=("conv1_1",), content_layers=("conv1_1",))
    assert rates.rates(settings, "conv1_1", threads=1, measure=False) is None
    for _ in range(2):
        assert rates.rates(settings, "conv1_1", threads=1) == LINEAR
    assert rates.rates(replace(settings, iterations=7), "conv1_1", threads=1) == LINEAR
    assert len(asked) == 1
    rates.rates(settings, "conv1_1", threads=2)  # another speed
    assert len(asked) == 2


def test_damaged_rates_are_measured_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(calibration, "measured", lambda *given: LINEAR)
    settings = StyleSettings(style_layers=("conv1_1",), content_layers=("conv1_1",))
    file = tmp_path / "cache" / rates.NAME
    file.parent.mkdir()
    for damaged in ("{", "[]", '{"a": 3}', '{"a": [[1, 2]]}'):
        file.write_text(damaged)
        assert rates.rates(settings, "conv1_1", threads=1) == LINEAR
        assert rates.rates(settings, "conv1_1", threads=1, measure=False) == LINEAR


def test_areas_are_those_of_the_pieces() -> None:
    from renderer import networks
    from renderer.gang import Gang
    from renderer.networks.flow import Flow

    flow = Flow(networks.build(networks.entry("motifs"), "inception3a"), ["inception3a"])
    layouts = Layouts(flow, StyleSettings(network="motifs"), (301, 207))
    pieces = Gang().layout(flow, (301, 207), 80).pieces
    assert layouts.areas(80) == [[one.field.picture.area for one in pieces]]
