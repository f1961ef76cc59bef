"""Local response normalisation: torch's own values and gradients, by another way."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from renderer.networks.response import ResponseNorm


@pytest.mark.parametrize(
    ("size", "alpha", "beta", "k"),
    [(5, 1e-4, 0.75, 1.0), (11, 11e-4, 0.5, 2.0), (4, 0.3, 0.6, 1.5), (9, 2.0, 0.75, 1.0)],
)
def test_agrees_with_torch(size: int, alpha: float, beta: float, k: float) -> None:
    torch.manual_seed(0)
    image = (30 * torch.randn(2, 7, 5, 6, dtype=torch.float64)).requires_grad_()
    slope = torch.randn(2, 7, 5, 6, dtype=torch.float64)
    expected = nn.LocalResponseNorm(size, alpha, beta, k)(image)
    found = ResponseNorm(size, alpha, beta, k)(image)
    (theirs,), (ours,) = (torch.autograd.grad(y, image, slope) for y in (expected, found))
    assert (found - expected).abs().max() < 1e-12 * expected.abs().max()
    assert (ours - theirs).abs().max() < 1e-12 * theirs.abs().max()


def test_keeps_its_precision_and_layout() -> None:
    image = torch.rand(1, 8, 4, 4).to(torch.bfloat16, memory_format=torch.channels_last)
    found = ResponseNorm(5)(image)
    assert found.dtype == torch.bfloat16
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert (found.float() - nn.LocalResponseNorm(5)(image.float())).abs().max() < 0.01
