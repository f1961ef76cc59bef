"""Work and time of a step are those that a person can count."""

from __future__ import annotations

from functools import cache

import pytest

from renderer import networks
from renderer.gang import layouts
from renderer.networks.flow import Flow
from renderer.scaling import Machine, Volume, allowed, speedup, step_s, volume
from renderer.targets import Layers

LAYERS = Layers(content=("conv1_2",), style=("conv1_1", "conv1_2"))
MACHINE = Machine(
    flops_per_second=1e9,
    near_bytes_per_second=1e6,
    far_bytes_per_second=1e5,
    node_members=4,
    latency_s=0.01,
)


@cache
def flow() -> Flow:
    return Flow(networks.build(networks.entry("vgg16"), "conv1_2"), ["conv1_1", "conv1_2"])


def test_one_computes_all_and_tells_no_one() -> None:
    found = volume(flow(), LAYERS, layouts(flow(), (10, 20), 1))
    convolutions = 4 * 200 * 9 * (3 * 64 + 64 * 64)
    grams = 4 * 200 * 2 * 64 * 64
    assert found == Volume(1, convolutions + grams, convolutions + grams, 0, 0)
    assert step_s(found, MACHINE) == found.flops / 1e9


def test_two_tell_each_other_sums_and_what_laps_over() -> None:
    # Two convolutions of 3 x 3 reach two pixels: each holds 12 of 20 rows, and 4 are with both.
    parts = layouts(flow(), (20, 10), 2)
    found = volume(flow(), LAYERS, parts)
    assert [part.own.size for part in parts] == [(12, 10)] * 2
    assert found.exchanged_bytes == 4 * 10 * 3 * 4
    assert found.reduced_bytes == 8 * (2 * 64 * 65 // 2 + 1 + 1 + 2 * 3)
    # Of conv1_1, 11 rows are computed, and of conv1_2 10; Gram matrices are of the own rows.
    assert found.flops == 4 * 9 * (110 * 3 * 64 + 100 * 64 * 64) + 4 * 100 * 2 * 64 * 64
    assert allowed(parts) == 200 / 120


def test_all_layers_of_vgg_allow_what_halos_leave() -> None:
    # Half of what a position's field is wider than its stride: (196 - 16) / 2, (92 - 8) / 2.
    for until, reach in (("conv5_3", 90), ("conv4_3", 42)):
        entry = networks.entry("vgg16")
        names = entry.layers[: entry.layers.index(until) + 1]
        deep = Flow(networks.build(entry, until), names)
        assert allowed(layouts(deep, (1024, 1024), 2)) == 1024 / (512 + reach)


def test_the_time_of_a_step() -> None:
    work = Volume(
        members=4, flops=5e8, whole_flops=16e8, reduced_bytes=200_000, exchanged_bytes=100_000
    )
    # 0.5 s, 2 · 3/4 · 0.2 MB and 0.1 MB at 1 MB/s, and two sums of four messages, one exchange.
    assert step_s(work, MACHINE) == pytest.approx(0.5 + 0.3 + 0.1 + 0.09)
    assert speedup(work, MACHINE) == pytest.approx(1.6 / 0.99)


def test_more_than_a_node_go_by_the_slower_link() -> None:
    work = Volume(
        members=8, flops=1e8, whole_flops=8e8, reduced_bytes=80_000, exchanged_bytes=10_000
    )
    # 2 · 7/8 · 80 kB and 10 kB at 0.1 MB/s; two sums of six messages, one exchange.
    assert step_s(work, MACHINE) == pytest.approx(0.1 + 1.4 + 0.1 + 0.13)
