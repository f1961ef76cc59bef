"""Taps: to the formula, in both layouts, with the gradient that autograd finds without them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from renderer import networks
from renderer.networks.flow import Flow, Slices
from renderer.products import NARROW
from renderer.spans import Region, Span
from renderer.taps import gram, with_gram, with_squares

LAYOUTS = (torch.contiguous_format, torch.channels_last)
DEEPEST = {"vgg16": "conv3_2", "motifs": "inception4a", "inception5h": "inception4a"}


def activation(channels: int, dtype: torch.dtype, layout: torch.memory_format) -> Tensor:
    generator = torch.Generator().manual_seed(channels)
    drawn = torch.randn(1, channels, 6, 9, generator=generator, dtype=torch.float64)
    return drawn.to(dtype).contiguous(memory_format=layout)


def plain(active: Tensor) -> Tensor:
    flat = active.double()[0].flatten(1)
    return flat @ flat.T


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [3, NARROW])
@pytest.mark.parametrize(
    ("dtype", "near"), [(torch.float64, 1e-13), (torch.float32, 1e-5), (torch.bfloat16, 1e-5)]
)
def test_a_gram_matrix_and_its_slope(
    channels: int, dtype: torch.dtype, near: float, layout: torch.memory_format
) -> None:
    active = activation(channels, dtype, layout).requires_grad_()
    exact = active.detach().double().requires_grad_()
    weights = torch.linspace(-1, 1, channels**2, dtype=torch.float64).view(channels, channels)
    found, wanted = gram(active), plain(exact)
    assert found.dtype == torch.promote_types(dtype, torch.float32)
    assert (found - wanted).abs().max() <= near * wanted.abs().max()
    (slope,) = torch.autograd.grad(found, active, weights.to(found))
    (wanted,) = torch.autograd.grad(wanted, exact, weights)
    assert slope.dtype == dtype
    assert slope.is_contiguous(memory_format=layout)
    coarse = 0.02 if dtype == torch.bfloat16 else near
    assert (slope - wanted).abs().max() <= coarse * wanted.abs().max()


def test_a_part_of_a_larger_activation_has_its_own() -> None:
    whole = activation(4, torch.float32, torch.channels_last).requires_grad_()
    part = whole[..., 1:4, 2:7]
    found = gram(part)
    assert torch.allclose(found.double(), plain(part.detach()), atol=1e-5)
    (slope,) = torch.autograd.grad(found.trace(), whole)
    wanted = torch.zeros_like(whole)
    wanted[..., 1:4, 2:7] = 2 * part.detach()
    assert torch.allclose(slope, wanted, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [3, NARROW])
@pytest.mark.parametrize(
    "where",
    [
        (slice(0, 6), slice(0, 9)),
        (slice(1, 4), slice(0, 9)),
        (slice(0, 6), slice(2, 9)),
        (slice(1, 6), slice(2, 7)),
    ],
)
def test_slopes_are_added_to_what_comes_back(
    channels: int, where: Slices, layout: torch.memory_format
) -> None:
    value = activation(channels, torch.float64, layout).requires_grad_()
    target = torch.full_like(value[(..., *where)].detach(), 0.5)
    weights = torch.linspace(-1, 1, channels**2, dtype=torch.float64).view(channels, channels)

    def slope(passed: Tensor, sums: list[Tensor]) -> Tensor:
        total = (passed * 3).sin().sum() + (sums[0] * weights).sum() + 2 * sums[1]
        return torch.autograd.grad(total, value)[0]

    through, product = with_gram(value, where)
    through, squares = with_squares(through, where, target)
    part = value[(..., *where)]
    wanted = slope(value, [plain(part), (part - target).square().sum()])
    assert torch.allclose(slope(through, [product, squares]), wanted, rtol=1e-12)


def test_what_nothing_reads_has_the_slope_of_its_sum_alone() -> None:
    value = activation(3, torch.float64, torch.channels_last).requires_grad_()
    _, found = with_gram(value, (slice(1, 2), slice(0, 9)))
    (slope,) = torch.autograd.grad(found.trace(), value)
    wanted = torch.zeros_like(value)
    wanted[:, :, 1:2] = 2 * value.detach()[:, :, 1:2]
    assert torch.allclose(slope, wanted)
    through, found = with_gram(value, (slice(1, 2), slice(0, 9)))
    assert torch.equal(torch.autograd.grad(through.sum(), value)[0], torch.ones_like(value))


@pytest.mark.parametrize("name", sorted(DEEPEST))
def test_a_network_s_gradient_is_what_it_is_without_taps(name: str) -> None:
    torch.manual_seed(0)
    built = networks.build(networks.entry(name), DEEPEST[name]).double()
    flow, size = Flow(built, built.layers), (70, 61)
    wanted = {layer: middle(flow.size(layer, size)) for layer in built.layers}
    field = flow.field(size, wanted)
    image = 255 * torch.rand(1, 3, *field.picture.size, dtype=torch.float64)
    image.requires_grad_()
    tapped: list[Tensor] = []

    def tap(layer: str, value: Tensor, where: Slices) -> Tensor:
        value, found = with_gram(value, where)
        value, squares = with_squares(value, where, torch.ones_like(value[(..., *where)]))
        tapped.extend((found.square().mean(), squares / squares.detach()))
        return value

    flow.tapped(image, field, tap)
    aside: list[Tensor] = []
    for part in flow.features(image, field).values():
        squares = (part - 1).square().sum()
        aside.extend((plain(part).square().mean(), squares / squares.detach()))
    for own, other in zip(tapped, aside, strict=True):
        assert abs(own - other) <= 1e-12 * abs(other)
    own, other = (
        torch.autograd.grad(torch.stack(sums).sum(), image)[0] for sums in (tapped, aside)
    )
    assert (own - other).abs().max() <= 1e-10 * other.abs().max()


def middle(size: tuple[int, int]) -> Region:
    """A part that leaves out some rows above and some columns to the right."""
    height, width = size
    return Region(Span(height // 3, height), Span(0, width - width // 4))
