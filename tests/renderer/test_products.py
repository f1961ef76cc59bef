"""Products of features: to the formula, in both layouts, with the gradient that autograd finds."""

from __future__ import annotations

import pytest
import torch

from renderer.products import NARROW, gram, product

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def activation(channels: int, dtype: torch.dtype, layout: torch.memory_format) -> torch.Tensor:
    generator = torch.Generator().manual_seed(channels)
    drawn = torch.randn(1, channels, 6, 9, generator=generator, dtype=torch.float64)
    return drawn.to(dtype).contiguous(memory_format=layout)


def plain(active: torch.Tensor) -> torch.Tensor:
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


def test_a_product_of_what_is_computed_by_hand() -> None:
    a = torch.tensor([[1.0, 2.0]]).expand(NARROW, 2).contiguous()
    assert product(a, torch.tensor([[3.0, 4.0], [5.0, 6.0]])).unique(dim=0).tolist() == [[11, 17]]
