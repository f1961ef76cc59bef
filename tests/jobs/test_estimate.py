"""What a job costs, from what a person can count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.estimate import (
    FLOPS_PER_ACTIVATION,
    FLOPS_PER_MULTIPLICATION,
    convolution_rate,
    estimate,
    network_load,
)
from jobs.plan import Plan

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture(autouse=True)
def picture(paint: Paint) -> None:
    paint("a.png", size=(64, 48))


def style(**settings: Any) -> dict[str, Any]:
    return {"style": {"images": "a.png", "style_layers": 0, "content_layers": 0, **settings}}


def test_a_convolution_is_counted_by_hand() -> None:
    load = network_load("vgg16", "conv1_1")  # 3 to 64 channels, 3 x 3, and its ReLU
    values = load.activation_bytes / 4
    assert values in (64, 128)  # the ReLU may work in place
    multiplications = 3 * 64 * 9
    assert load.flops == (
        FLOPS_PER_MULTIPLICATION * multiplications + FLOPS_PER_ACTIVATION * values
    )
    assert load.weights_bytes == 4 * (multiplications + 64)


def test_a_deeper_layer_costs_more() -> None:
    layers = ("conv1_2", "conv2_2", "conv3_3", "conv5_3")
    costs = [network_load("vgg16", layer).flops for layer in layers]
    assert costs == sorted(costs)


def test_work_grows_with_iterations_and_pixels(planned: Planner) -> None:
    def flops(size: int, iterations: int) -> float:
        return estimate(planned(size=size, steps=[style(iterations=iterations)])).flops

    assert flops(128, 9) == 4 * flops(64, 9)
    assert flops(64, 19) == 2 * flops(64, 9)  # and once for the targets


def test_a_style_is_paid_for_at_every_scale(planned: Planner) -> None:
    def expected(**scales: Any) -> tuple[float, int]:
        found = estimate(planned(size=64, steps=[style(iterations=9, **scales)]))
        return found.flops, found.memory_bytes

    flops, memory = expected()
    both = expected(min_scale=32, scale_factor=2, initial_iterations=39)
    # 9 steps and a first look; and before them 39 and one, of a quarter of the pixels
    assert both == (flops * (1 + 4 / 4), memory)


def test_a_dream_is_paid_for_at_every_size(planned: Planner) -> None:
    def flops(repeats: int) -> float:
        step = {"dream": {"repeats": repeats, "rescale_factor": 0.5, "layers": 0}}
        return estimate(planned(size=64, steps=[step])).flops

    assert flops(1) == flops(0) * (1 + 1 / 4)


def test_tiles_bound_the_memory_of_a_dream(planned: Planner) -> None:
    def memory(size: int, tile: int) -> int:
        step = {"dream": {"tile_size": tile, "layers": "inception4c"}}
        return estimate(planned(size=size, steps=[step])).memory_bytes

    assert memory(1024, 128) < memory(1024, 1024) / 4


def test_what_is_finished_costs_nothing(planned: Planner) -> None:
    plan = planned(steps=[style()])
    found = estimate(plan, finished={task.id for task in plan.tasks}, flops_per_second=1e9)
    assert (found.tasks, found.pixels, found.flops, found.seconds) == (0, 0, 0, 0)


def test_slots_share_the_time_but_a_chain_is_as_long_as_it_is(
    planned: Planner, paint: Paint
) -> None:
    def seconds(slots: int, chain: bool) -> float:
        plan = planned(steps=[{"dream": {"layers": "1..4", "chain": chain}}])
        found = estimate(plan, flops_per_second=1e9, slots=slots).seconds
        assert found is not None
        return found

    assert seconds(4, chain=True) == pytest.approx(seconds(1, chain=True))
    assert seconds(2, chain=False) == pytest.approx(seconds(1, chain=False) / 2)


def test_pixels_are_those_of_the_frames(planned: Planner) -> None:
    assert estimate(planned(size=64, steps=[style()])).pixels == 64 * 48
    assert estimate(planned(steps=[style()])).seconds is None


def test_a_rate_is_measured() -> None:
    assert convolution_rate(seconds=0.05) > 1e8
