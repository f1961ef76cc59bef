"""A picture in pieces has the gradient, the losses and the style of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from renderer import networks, style
from renderer.comparison import variation
from renderer.losses import total_variation
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.pieces import Piece, cores, gradient, piece
from renderer.settings import StyleSettings
from renderer.spans import Region, Span
from renderer.targets import blended_grams
from tests.renderer import reference

DEEPEST = {"vgg16": "conv3_1", "motifs": "inception4b", "inception5h": "inception4a"}


@cache
def network(name: str) -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry(name), DEEPEST[name]).double()


def picture(height: int, width: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, 3, height, width, dtype=torch.float64, generator=generator)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_pieces_have_the_gradient_and_the_losses_of_the_whole(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DEEPEST)))
    built, layers = network(name), network(name).layers
    chosen = StyleSettings(
        network=name,
        content_layers=(data.draw(st.sampled_from(layers)),),
        style_layers=tuple(data.draw(st.lists(st.sampled_from(layers), min_size=1, unique=True))),
        gram=data.draw(st.sampled_from(["sum", "mean"])),
        iterations=1,
    )
    size = data.draw(st.tuples(st.integers(40, 110), st.integers(40, 110)))
    content, painting = picture(*size, 1), picture(60, 70, 2)
    seen: list[tuple[tuple[str, float], ...]] = []
    results = []
    for tile_px in (None, data.draw(st.integers(8, 70))):
        steps = style.steps(content, [painting], built, chosen, seed=3, tile_px=tile_px)
        seen.append(next(steps).losses)  # type: ignore[union-attr]
        try:
            next(steps)
        except StopIteration as end:
            results.append(end.value)
    for (_, whole), (_, tiled) in zip(*seen, strict=True):
        assert abs(tiled - whole) <= 1e-12 * abs(whole)
    assert (results[1] - results[0]).abs().max() < 1e-8


def test_a_tiled_run_agrees_with_the_formulas() -> None:
    chosen = StyleSettings(
        network="vgg16",
        content_layers=("conv2_1",),
        style_layers=("conv1_1", "conv2_2", "conv3_1"),
        iterations=3,
    )
    content, painting, built = picture(45, 58, 1), picture(33, 41, 2), network("vgg16")
    image = reference.array(style.start_image(content, chosen, seed=3))
    for _ in range(chosen.iterations):
        image, _ = reference.style_step(
            image,
            reference.array(content),
            reference.array(painting),
            built,
            content_layers=["conv2_1"],
            style_layers=list(chosen.style_layers),
            weights=(1.5, 10.0, 0.3),
            step_size=10.0,
        )
    *_, result = _run(style.steps(content, [painting], built, chosen, seed=3, tile_px=17))
    assert abs(reference.array(result) - image).max() < 1e-9 * 255


def _run(steps):  # type: ignore[no-untyped-def]
    result = yield from steps
    yield result


def test_a_start_from_the_content_divides_by_no_rounding() -> None:
    chosen = StyleSettings(
        network="motifs",
        content_layers=("inception3a",),
        style_layers=("conv3",),
        start="content",
        iterations=1,
    )
    content, painting = picture(70, 64, 1).float(), picture(60, 70, 2).float()
    built = networks.build(networks.entry("motifs"), "inception3a")
    for tile_px in (None, 23):
        first = next(style.steps(content, [painting], built, chosen, tile_px=tile_px))
        assert dict(first.losses)["content"] == 0  # type: ignore[union-attr]


def test_style_pictures_are_run_in_pieces_too() -> None:
    flow, painting = Flow(network("vgg16"), ["conv2_2"]), picture(60, 70, 2)
    chosen = StyleSettings(style_max_size=None, gram="mean", style_layers=("conv2_2",))
    whole, tiled = (
        blended_grams(flow, [painting], chosen, tile_px=tile_px)["conv2_2"]
        for tile_px in (None, 25)
    )
    assert tiled.allclose(whole, rtol=1e-12)
    once = blended_grams(flow, [painting, painting], chosen)["conv2_2"]
    assert once.allclose(whole, rtol=1e-12)


def test_variations_of_pieces_add_up() -> None:
    image, size = picture(20, 31, 4), (20, 31)
    flow = Flow(network("vgg16"), ["conv1_1"])
    parts = [piece(flow, size, core) for core in cores(Region.whole(size), 7)]
    total = sum(variation(image[(..., *one.field.picture.slices)], one) for one in parts)
    assert abs(total - total_variation(image)) < 1e-9


def test_pieces_are_run_twice_but_those_whose_graphs_are_kept() -> None:
    image, size = picture(16, 16, 5), (16, 16)
    flow, whole = Flow(network("vgg16"), ["conv1_1"]), Region.whole(size)
    for tile_px, graphs, runs in ((None, 1, 1), (None, 0, 2), (8, 1, 7), (8, 3, 5), (8, 9, 4)):
        parts = [piece(flow, size, core) for core in cores(whole, tile_px)]
        seen = []

        def sums(
            part: Tensor, one: Piece, /, *, known: bool = False, seen: list[Piece] = seen
        ) -> dict[str, Tensor]:
            seen.append(one)
            square = part[(..., *one.core.within(one.field.picture))].square().sum()
            return {"square": square - square.detach() if known else square}

        def slopes(totals: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {"square": torch.ones(())}

        found = gradient(image, whole, parts, sums=sums, slopes=slopes, graphs=graphs)
        assert len(seen) == runs
        assert torch.equal(found, 2 * image)


def test_cores_are_of_about_equal_size() -> None:
    region = Region(Span(3, 103), Span(0, 40))
    found = cores(region, 30)
    assert len(found) == 4 * 2
    assert {core.size for core in found} == {(25, 20)}
    assert sum(core.area for core in found) == region.area
    assert cores(region, None) == (region,)
