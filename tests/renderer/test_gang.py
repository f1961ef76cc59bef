"""Several processes render one picture: as one would, whatever they are asked for."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from renderer.gang import grid, layouts
from renderer.networks.flow import Flow
from renderer.packing import half_length
from renderer.scaling import SUM_BYTES, SUMMATIONS, volume
from renderer.settings import DreamSettings, StyleSettings
from renderer.spans import Region
from renderer.targets import Layers
from tests.renderer.members import Case, Outcome, network, render

MEMBERS = 4
VGG = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=("conv1_1", "conv2_2", "conv3_1"),
    iterations=3,
)
MOTIFS = StyleSettings(
    network="motifs",
    content_layers=("inception3a",),
    style_layers=("conv1", "conv3", "inception4a"),
    gram="mean",
    start="content",
    iterations=3,
)
SCALED = replace(VGG, min_scale=30, scale_factor=1.5, initial_iterations=4)
DREAM = DreamSettings(layer="conv3", iterations=2, repeats=1, tile_size=40)
CASES = [
    (Case(2, (61, 48), VGG), "conv3_1"),
    (Case(3, (61, 53), replace(VGG, optimizer="adam")), "conv3_1"),
    (Case(4, (50, 67), replace(VGG, optimizer="lbfgs", iterations=6)), "conv3_1"),
    (Case(4, (97, 83), MOTIFS), "inception4a"),
    (Case(3, (90, 71), replace(MOTIFS, optimizer="adam"), tile_px=30), "inception4a"),
    (Case(1, (61, 48), VGG, tile_px=20), "conv3_1"),
    (Case(2, (61, 48), replace(SCALED, optimizer="adam")), "conv3_1"),
    (Case(4, (61, 48), replace(SCALED, optimizer="lbfgs"), tile_px=25), "conv3_1"),
    (Case(3, (99, 128), DREAM), "conv3"),
    (Case(2, (99, 128), replace(DREAM, gradient="whole"), tile_px=60), "conv3"),
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[list[Outcome | None]]:
    """What each member came to, by case."""
    folder = tmp_path_factory.mktemp("gang")
    torch.save(CASES, folder / "cases")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    root = Path(__file__).parents[2]
    code = "from pathlib import Path; from tests.renderer.members import main; main({}, {}, {}, {})"
    members = [
        subprocess.Popen(
            [sys.executable, "-c", code.format(rank, MEMBERS, port, f"Path({str(folder)!r})")],
            cwd=root,
        )
        for rank in range(MEMBERS)
    ]
    try:
        assert [member.wait(timeout=120) for member in members] == [0] * MEMBERS
    finally:
        for member in members:
            member.kill()
    return [torch.load(folder / f"result-{n}", weights_only=False) for n in range(MEMBERS)]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_members_together_come_to_what_one_comes_to(
    number: int, rendered: list[list[Outcome | None]]
) -> None:
    case, until = CASES[number]
    alone = render(replace(case, tile_px=None), until, None)
    for member in range(MEMBERS):
        outcome = rendered[member][number]
        assert (outcome is None) is (member >= case.members)
        if outcome is not None:
            assert (outcome.image - alone.image).abs().max() < 1e-8
            assert torch.tensor(outcome.losses).allclose(torch.tensor(alone.losses), rtol=1e-10)


def test_members_agree_to_the_bit(rendered: list[list[Outcome | None]]) -> None:
    for number, (case, _) in enumerate(CASES):
        images = [rendered[member][number].image for member in range(case.members)]  # type: ignore[union-attr]
        assert all(torch.equal(images[0], image) for image in images)


def test_members_tell_each_other_no_more_than_is_counted_beforehand(
    rendered: list[list[Outcome | None]],
) -> None:
    for number in (0, 3):
        case, until = CASES[number]
        assert isinstance(case.settings, StyleSettings)
        built, steps = network(case.settings.network, until), case.settings.iterations
        names = Layers.of(built, case.settings)
        flow = Flow(built, [*names.content, *names.style])
        work = volume(flow, names, layouts(flow, case.size, case.members))
        style_bytes = SUM_BYTES * sum(half_length(flow.channels(n)) for n in names.style)
        told = [rendered[member][number].traffic for member in range(case.members)]  # type: ignore[union-attr]
        assert {one.reductions for one in told} == {1 + SUMMATIONS * steps}
        assert {one.reduced_bytes for one in told} == {style_bytes + work.reduced_bytes * steps}
        in_float64 = 2 * work.exchanged_bytes * steps
        assert max(one.exchanged_bytes for one in told) == in_float64
        height, width = case.size
        gathered = 3 * 8 * height * width * (case.members - 1) * (steps + 1)
        assert sum(one.gathered_bytes for one in told) == gathered  # after each step, and at last


def test_one_goes_on_where_several_stood(rendered: list[list[Outcome | None]]) -> None:
    for number in (1, 2, 6, 7):
        case, until = CASES[number]
        outcome = rendered[0][number]
        assert outcome is not None
        kept = outcome.checkpoint
        assert kept is not None
        longer = replace(case.settings, iterations=case.settings.iterations + 2)
        unbroken = render(replace(case, settings=longer), until, None)
        resumed = render(replace(case, settings=longer), until, None, kept)
        assert (resumed.image - unbroken.image).abs().max() < 1e-7


def test_a_member_s_largest_pieces_come_first() -> None:
    for layout in layouts(Flow(network("vgg16", "conv2_1"), ["conv2_1"]), (90, 70), 2, 20):
        areas = [one.field.picture.area for one in layout.pieces]
        assert areas == sorted(areas, reverse=True)
        assert areas[0] > areas[-1]
        assert sum(one.core.area for one in layout.pieces) == layout.core.area


def test_a_grid_covers_a_picture_once() -> None:
    rng = random.Random(0)
    for _ in range(100):
        size, count = (rng.randint(8, 99), rng.randint(8, 99)), rng.randint(1, 8)
        seen = torch.zeros(size)
        for region in grid(size, count):
            seen[region.slices] += 1
        assert seen.eq(1).all()
        assert len(grid(size, count)) == count
    assert [r.size for r in grid((100, 400), 4)] == [(100, 100)] * 4
    assert [r.size for r in grid((400, 400), 4)] == [(200, 200)] * 4
    assert [r.size for r in grid((400, 400), 2)] == [(200, 400)] * 2  # rows lie together in memory
    assert Region.whole((3, 5)) in grid((3, 5), 1)
