"""What was measured of a few sizes tells the time of all."""

from __future__ import annotations

import pytest
import torch

from renderer import calibration, networks
from renderer.calibration import Rates
from renderer.settings import StyleSettings

RATES = Rates(
    sums=((100, 1.0),),
    once=((100, 2.0), (400, 5.0), (900, 18.0)),
    twice=((100, 2.5),),
)


@pytest.mark.parametrize(
    ("area", "seconds"),
    [(100, 2.0), (250, 3.5), (400, 5.0), (900, 18.0), (1800, 36.0), (50, 1.5)],
)
def test_times_lie_between_what_was_measured_and_grow_beyond(area: int, seconds: float) -> None:
    assert RATES.step_s([area]) == pytest.approx(seconds)
    assert RATES.step_s([area, 100], graphs=2) == pytest.approx(seconds + 2.0)


def test_pieces_whose_graphs_are_not_kept_are_run_twice() -> None:
    assert RATES.step_s([200, 100]) == pytest.approx(5.0 + 2.0)
    assert RATES.step_s([200, 100], graphs=0) == pytest.approx(5.0 + 2.5)


def test_sums_alone_are_another_time() -> None:
    assert RATES.sums_s([300, 100]) == pytest.approx(4.0)


def test_a_smaller_piece_takes_no_longer_than_a_larger_one() -> None:
    disturbed = [(100, 0.2), (400, 9.0), (900, 0.5)]
    assert calibration.rising(disturbed) == ((100, 0.2), (400, 0.5), (900, 0.5))
    assert calibration.rising([(100, 2.0), (400, 1.0)]) == ((100, 1.0), (400, 1.0))


def test_every_size_is_measured_in_all_ways(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "SIDES_PX", {"cpu": (16, 24, 32)})
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv1_2")
    settings = StyleSettings(style_layers=("conv1_1", "conv1_2"), content_layers=("conv1_2",))
    ticks = iter(range(1000))
    found = calibration.measured(network, settings, clock=lambda: float(next(ticks)))
    expected = tuple((side * side, 1.0) for side in (16, 24, 32))  # one tick each
    assert found == Rates(expected, expected, expected)
